// SPDX-License-Identifier: Apache-2.0
// Oracle: the meaning of the sentences; a caption must assert what it says and nothing else.
#include "engine/data/captions.h"

#include <gtest/gtest.h>

#include "engine/data/photo_library.h"

namespace vane {
namespace {

CaptionMaterial foggy_frog() {
  CaptionMaterial material;
  material.looks = {Look::hazy, Look::low_contrast, Look::sharp};
  material.subjects = {"the sea"};
  material.objects = {"a frog", "an animal"};
  return material;
}

TEST(Captions, EveryCaptionIsTrueOfItsPicture) {
  const CaptionMaterial material = foggy_frog();
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    const Caption caption = random_caption(material, {Look::hazy}, rng);
    EXPECT_FALSE(caption.text.empty());
    EXPECT_TRUE(holds(caption.asserts, facts_of(material))) << caption.text;
  }
}

TEST(Captions, WordsAndAssertionsAgree) {
  const CaptionMaterial material = foggy_frog();
  Rng rng(2);
  int about_frog = 0, about_fog = 0, about_nothing = 0;
  for (int i = 0; i < 2000; ++i) {
    const Caption caption = random_caption(material, {Look::hazy}, rng);
    const bool says_frog = caption.text.find("a frog") != std::string::npos;
    const bool asserts_frog = holds({subject_fact("a frog")}, caption.asserts);
    EXPECT_EQ(says_frog, asserts_frog) << caption.text;
    bool says_fog = false;
    for (const char* word : {"fog", "haz", "mist", "smoky"}) {
      says_fog = says_fog || caption.text.find(word) != std::string::npos;
    }
    // "haze free" and "foggy, cold" belong to looks that this picture does not show.
    EXPECT_EQ(says_fog, holds({look_fact(Look::hazy)}, caption.asserts)) << caption.text;
    about_frog += says_frog;
    about_fog += says_fog;
    about_nothing += caption.asserts.empty();
  }
  EXPECT_GT(about_frog, 600);
  EXPECT_GT(about_fog, 300);
  EXPECT_GT(about_nothing, 5);
}

TEST(Captions, APlainPhotoIsTrueOfEverything) {
  EXPECT_TRUE(holds({}, {}));
  EXPECT_TRUE(holds({}, facts_of(foggy_frog())));
  EXPECT_FALSE(holds({look_fact(Look::warm)}, facts_of(foggy_frog())));
}

TEST(Captions, TestPhrasesReadAsEnglish) {
  EXPECT_EQ(look_phrase(Look::warm), "a warm photo");
  EXPECT_EQ(look_phrase(Look::overexposed), "an overexposed photo");
  EXPECT_EQ(look_phrase(Look::monochrome), "a black and white photo");
}

TEST(Captions, NounPhrasesComeOutOfShortCaptions) {
  EXPECT_EQ(noun_phrase_of_caption("A brown hen."), "a brown hen");
  EXPECT_EQ(noun_phrase_of_caption("An albino peahen (a female peafowl, or peacock)."),
            "an albino peahen");
  EXPECT_EQ(noun_phrase_of_caption("A \u201cFuji\u201d apple."), "a fuji apple");
  EXPECT_EQ(noun_phrase_of_caption("Boom!!!"), "");
  EXPECT_EQ(noun_phrase_of_caption("Hard candy\u2014yum!"), "");
  EXPECT_EQ(noun_phrase_of_caption(""), "");
}

TEST(Captions, PluralsReadAsEnglish) {
  EXPECT_EQ(plural_of("a frog"), "frogs");
  EXPECT_EQ(plural_of("a red fox"), "red foxes");
  EXPECT_EQ(plural_of("a piece of cake"), "pieces of cake");
  EXPECT_EQ(plural_of("a mouse in a box"), "mice in a box");
  EXPECT_EQ(plural_of("a daisy"), "daisies");
  EXPECT_EQ(plural_of("a toy"), "toys");
  EXPECT_EQ(plural_of("a potato"), "potatoes");
  EXPECT_EQ(plural_of("the moon"), "");
  EXPECT_EQ(plural_of("bread"), "");
}

TEST(Captions, ARelationIsTrueInItsOrderOnly) {
  CaptionMaterial material;
  material.objects = {"a frog", "a car"};
  material.relation = {"left of", "a frog", "a car"};
  const std::vector<Fact> facts = facts_of(material);
  CaptionMaterial swapped = material;
  swapped.relation = {"left of", "a car", "a frog"};
  const std::vector<Fact> swapped_facts = facts_of(swapped);
  Rng rng(3);
  int ordered = 0;
  for (int i = 0; i < 500; ++i) {
    const Caption caption = random_caption(material, {}, rng);
    EXPECT_TRUE(holds(caption.asserts, facts)) << caption.text;
    const size_t frog = caption.text.find("a frog"), car = caption.text.find("a car");
    const bool left = caption.text.find("left of") != std::string::npos;
    const bool right = caption.text.find("right of") != std::string::npos;
    if (!left && !right) continue;
    ++ordered;
    EXPECT_EQ(frog < car, left) << caption.text;
    EXPECT_FALSE(holds(caption.asserts, swapped_facts)) << caption.text;
  }
  EXPECT_GT(ordered, 150);
}

TEST(Captions, ACountIsTrueOfThatManyOnly) {
  CaptionMaterial two, three;
  two.objects = three.objects = {"a frog"};
  two.count = 2;
  three.count = 3;
  Rng rng(4);
  int counted = 0;
  for (int i = 0; i < 500; ++i) {
    const Caption caption = random_caption(two, {}, rng);
    EXPECT_TRUE(holds(caption.asserts, facts_of(two))) << caption.text;
    const bool says = caption.text.find("two frogs") != std::string::npos ||
                      caption.text.find("2 frogs") != std::string::npos;
    counted += says;
    EXPECT_EQ(says, !holds(caption.asserts, facts_of(three))) << caption.text;
  }
  EXPECT_GT(counted, 250);
}

}  // namespace
}  // namespace vane
