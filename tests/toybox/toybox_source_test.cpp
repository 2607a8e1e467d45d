// SPDX-License-Identifier: Apache-2.0
// Oracle: the attribute tables of the scenes.
#include "generators/toybox/toybox_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "engine/base/error.h"
#include "generators/toybox/toy_captions.h"
#include "generators/toybox/toy_world.h"

namespace vane {
namespace {

TEST(ToyboxSource, EveryCaptionIsTrueOfItsPictureAndSamplesRepeat) {
  const ToyboxSource source({});
  for (uint64_t i = 0; i < 60; ++i) {
    const CaptionedPicture sample = source.sample(i);
    EXPECT_TRUE(holds(sample.caption.asserts, sample.facts)) << sample.caption.text;
    EXPECT_FALSE(sample.caption.asserts.empty()) << sample.caption.text;
    EXPECT_EQ(sample.rgb.size(), 64u * 64u * 3u);
  }
  const CaptionedPicture again = source.sample(17);
  EXPECT_EQ(again.rgb, source.sample(17).rgb);
  EXPECT_EQ(again.caption.text, source.sample(17).caption.text);
}

TEST(ToyboxSource, FoilsAreFalseAndMostlyTheSameWords) {
  const ToyboxSource source({});
  int foils = 0, close = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    const CaptionedPicture sample = source.sample(i);
    if (sample.foil.text.empty()) continue;
    ++foils;
    EXPECT_FALSE(holds(sample.foil.asserts, sample.facts)) << sample.foil.text;
    EXPECT_NE(sample.foil.text, sample.caption.text);
    size_t same = 0;
    while (same < std::min(sample.foil.text.size(), sample.caption.text.size()) &&
           sample.foil.text[same] == sample.caption.text[same]) {
      ++same;
    }
    close += 2 * same > sample.caption.text.size();
  }
  EXPECT_GT(foils, 70);
  EXPECT_GT(close, foils / 3);
}

TEST(ToyboxSource, ChoicesAreBetweenATrueAndAFalseTextInTheSameWords) {
  for (const ToyQuestion& question : toy_questions()) {
    Rng rng(7);
    int asked = 0;
    for (uint64_t i = 0; i < 40; ++i) {
      const ToyScene scene = make_toy_scene(5, i, {});
      const Choice choice = toy_choice(scene, question, rng);
      EXPECT_EQ(choice.right.empty(), toy_answer(scene, question).empty());
      if (choice.right.empty()) continue;
      ++asked;
      EXPECT_NE(choice.right, choice.wrong);
    }
    EXPECT_GT(asked, 0) << question.key;
  }
  const ToyboxSource source({});
  int with_choices = 0;
  for (uint64_t i = 0; i < 40; ++i) with_choices += !source.sample(i).choices.empty();
  // Several things by night leave little to ask about.
  EXPECT_GT(with_choices, 30);
}

TEST(ToyboxSource, HeldOutScenesAreOthers) {
  ToyboxSourceConfig config;
  config.held_out = true;
  const ToyboxSource held_out(config), training({});
  EXPECT_NE(held_out.sample(0).rgb, training.sample(0).rgb);
}

TEST(ToyboxSource, GroupsOftenDifferInOneAttributeOnly) {
  const ToyboxSource source({});
  int close = 0;
  for (uint64_t group = 0; group < 40; ++group) {
    const std::vector<Fact> a = source.sample(4 * group).facts,
                            b = source.sample(4 * group + 1).facts;
    std::vector<Fact> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    const size_t differing = a.size() + b.size() - 2 * both.size();
    // One value against another, with what goes along with it (a hat and its colour).
    close += differing <= 6;
  }
  EXPECT_GT(close, 20);
}

TEST(ToyQuestions, AnswersAreWhatTheSceneHasAndTextsSaySo) {
  for (const ToyQuestion& question : toy_questions()) {
    for (const bool unseen : {false, true}) {
      const std::vector<std::string> texts = toy_texts(question, "mug", unseen);
      ASSERT_EQ(question.values.size(), texts.size());
      for (size_t i = 0; i < texts.size(); ++i) {
        EXPECT_GT(texts[i].size(), std::string("this image shows ").size()) << question.key;
        for (size_t j = 0; j < i; ++j) EXPECT_NE(texts[i], texts[j]);
      }
    }
    int answered = 0;
    for (uint64_t i = 0; i < 60; ++i) {
      const ToyScene scene = make_toy_scene(3, i, {});
      const std::string answer = toy_answer(scene, question);
      if (answer.empty()) continue;
      ++answered;
      const std::string_view truth = question.of == "scene" ? scene.attribute(question.key)
                                     : question.key == "kind"
                                         ? std::string_view(scene.things.front().kind)
                                         : scene.things.front().attribute(question.key);
      EXPECT_EQ(answer, truth);
    }
    EXPECT_GT(answered, 0) << question.of << " " << question.key;
  }
}

TEST(ToyQuestions, NothingIsAskedThatFrameOrLightHides) {
  const auto answer = [](const char* kind, const char* light, std::string_view key) {
    std::string found;
    for (uint64_t i = 0; i < 30 && found.empty(); ++i) {
      ToyWish wish;
      wish.kind = kind;
      wish.light = light;
      wish.set = {{"hat", "none"},          {"beard", "none"},        {"mouth", "smile"},
                  {"hair", "short"},        {"hair_colour", "blond"}, {"pose", "waving"},
                  {"clothes_colour", "red"}};
      const ToyScene scene = make_toy_scene(4, i, wish);
      for (const ToyQuestion& question : toy_questions()) {
        if (question.of == "character" && question.key == key) found = toy_answer(scene, question);
      }
    }
    return found;
  };
  EXPECT_EQ(answer("close-up", "front", "mouth"), "smile");
  EXPECT_EQ(answer("close-up", "night", "mouth"), "");
  EXPECT_EQ(answer("close-up", "back", "mouth"), "");
  EXPECT_EQ(answer("close-up", "front", "clothes_colour"), "");
  EXPECT_EQ(answer("portrait", "front", "clothes_colour"), "red");
  EXPECT_EQ(answer("portrait", "front", "pose"), "");
  EXPECT_EQ(answer("character", "front", "pose"), "waving");
  EXPECT_EQ(answer("portrait", "front", "hair_colour"), "blond");
  EXPECT_EQ(answer("portrait", "sunset", "hair_colour"), "");
}

TEST(ToyCaptions, ACloseUpIsNotDescribedByItsClothes) {
  ToyWish wish;
  wish.kind = "close-up";
  for (uint64_t i = 0; i < 60; ++i) {
    const ToyScene scene = make_toy_scene(5, i, wish);
    Rng rng(i);
    for (const ToyCaption& told : {toy_caption(scene, rng), toy_short_caption(scene, rng)}) {
      for (const ToyClaim& claim : told.claims) {
        EXPECT_FALSE(claim.attribute.key.starts_with("clothes")) << told.text;
        EXPECT_NE(claim.attribute.key, "pose") << told.text;
      }
    }
  }
}

TEST(ToyQuestions, VocabularyHoldsWordsWithTheirCaptions) {
  const auto words = toy_vocabulary();
  const auto has = [&](const std::string& word, const std::string& caption) {
    return std::count(words.begin(), words.end(), std::pair(word, caption)) > 0;
  };
  EXPECT_TRUE(has("smiling toy person", "a picture of a smiling toy person"));
  EXPECT_FALSE(has("orange toy", "a picture of an orange toy"));
  EXPECT_TRUE(has("mug", "a picture of a mug"));
}

TEST(ToyWish, ASetAttributeChangesNothingElse) {
  ToyWish wish;
  wish.kind = "character";
  const ToyScene plain = make_toy_scene(1, 5, wish);
  wish.set = {{"mouth", "frown"}};
  const ToyScene frown = make_toy_scene(1, 5, wish);
  EXPECT_EQ(frown.things[0].attribute("mouth"), "frown");
  for (const ToyAttribute& attribute : plain.things[0].attributes) {
    if (attribute.key != "mouth") {
      EXPECT_EQ(frown.things[0].attribute(attribute.key), attribute.value);
    }
  }
  EXPECT_EQ(plain.camera.world_to_camera, frown.camera.world_to_camera);
  wish.set = {{"moustache", "yes"}};
  EXPECT_THROW(make_toy_scene(1, 5, wish), Error);
}

TEST(ToyWish, APortraitShowsTheHeadLarger) {
  ToyWish wish;
  wish.kind = "character";
  const double whole = make_toy_scene(1, 5, wish).camera.to_camera({0, 0, 1.32f})[2];
  wish.kind = "portrait";
  const ToyScene portrait = make_toy_scene(1, 5, wish);
  const double near = portrait.camera.to_camera({0, 0, 1.32f})[2];
  EXPECT_LT(near, whole);
  wish.kind = "close-up";
  EXPECT_LT(make_toy_scene(1, 5, wish).camera.to_camera({0, 0, 1.32f})[2], near);
  EXPECT_EQ(portrait.kind, "character");
}

}  // namespace
}  // namespace vane
