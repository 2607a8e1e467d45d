// SPDX-License-Identifier: Apache-2.0
// Oracle: measurements written here, whose meaning is plain; a caption must be true of its face.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "engine/base/error.h"
#include "engine/data/face_set.h"
#include "engine/data/face_words.h"
#include "engine/data/faces_source.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using A = FaceAttribute;
using M = FaceMeasure;

/// A face seen from the front with nothing remarkable.
FaceMeasures ordinary() {
  FaceMeasures m{};
  const auto set = [&m](M measure, float value) { m[static_cast<size_t>(measure)] = value; };
  set(M::detected, 1);
  set(M::mouth_width, 1);
  set(M::mouth_gap, 0.08f);
  set(M::eye_opening, 0.2f);
  set(M::hair_lightness, 35);
  set(M::hair_chroma, 14);
  set(M::skin_lightness, 55);
  set(M::background_lightness, 50);
  set(M::background_evenness, 0.9f);
  set(M::background_b, 8);
  return m;
}

FaceMeasures changed(std::initializer_list<std::pair<M, float>> changes) {
  FaceMeasures m = ordinary();
  for (const auto& [measure, value] : changes) m[static_cast<size_t>(measure)] = value;
  return m;
}

Answer answer_of(const FaceMeasures& measures, A attribute) {
  return face_truth(measures)[static_cast<size_t>(attribute)];
}

TEST(Faces, ThresholdsLeaveADeadZone) {
  EXPECT_EQ(answer_of(ordinary(), A::smile), Answer::unclear);
  EXPECT_EQ(answer_of(changed({{M::mouth_curve, 0.2f}, {M::mouth_gap, 0.2f}}), A::smile),
            Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::mouth_width, 0.75f}}), A::smile), Answer::no);
  EXPECT_EQ(answer_of(changed({{M::mouth_gap, 0.3f}}), A::open_mouth), Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::mouth_gap, 0.01f}}), A::open_mouth), Answer::no);
  EXPECT_EQ(answer_of(ordinary(), A::head_turned), Answer::no);
  EXPECT_EQ(answer_of(changed({{M::yaw, 14}}), A::head_turned), Answer::unclear);
  EXPECT_EQ(answer_of(changed({{M::yaw, -25}}), A::head_turned), Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::yaw, -25}}), A::turned_left), Answer::no);
  EXPECT_EQ(answer_of(changed({{M::yaw, 25}}), A::turned_left), Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::hair_lightness, 15}}), A::dark_hair), Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::hair_lightness, 60}}), A::dark_hair), Answer::no);
  EXPECT_EQ(answer_of(changed({{M::hair_lightness, 60}, {M::hair_chroma, 30}}), A::blond_hair),
            Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::hair_lightness, 60}, {M::hair_chroma, 3}}), A::grey_hair),
            Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::background_lightness, 90}}), A::bright_background), Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::background_lightness, 10}}), A::bright_background), Answer::no);
  EXPECT_EQ(answer_of(changed({{M::background_a, 5}, {M::background_b, -30}}), A::blue_background),
            Answer::yes);
  EXPECT_EQ(
      answer_of(changed({{M::background_a, -25}, {M::background_b, 25}}), A::green_background),
      Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::background_a, 25}, {M::background_b, 20}}), A::warm_background),
            Answer::yes);
  EXPECT_EQ(answer_of(changed({{M::light_side, 20}}), A::lit_from_left), Answer::yes);
}

TEST(Faces, WhatWasNotMeasuredIsUnclear) {
  const FaceTruth nothing = face_truth(changed({{M::detected, 0}, {M::mouth_gap, 0.3f}}));
  for (const Answer value : nothing) EXPECT_EQ(value, Answer::unclear);
  const float nan = std::nanf("");
  EXPECT_EQ(answer_of(changed({{M::hair_lightness, nan}}), A::dark_hair), Answer::unclear);
  EXPECT_EQ(answer_of(changed({{M::hair_lightness, nan}}), A::grey_hair), Answer::unclear);
}

TEST(Faces, AMirrorExchangesSidesOnly) {
  const FaceTruth truth = face_truth(changed({{M::yaw, 25}, {M::mouth_gap, 0.3f}}));
  const FaceTruth mirror = mirrored(truth);
  EXPECT_EQ(mirror[static_cast<size_t>(A::turned_left)], Answer::no);
  EXPECT_EQ(mirror[static_cast<size_t>(A::open_mouth)], Answer::yes);
  EXPECT_EQ(mirrored(mirror), truth);
}

TEST(Faces, DegreesAreOneWhereAnAnswerBeginsToBeClear) {
  const auto degree = [](const FaceMeasures& measures, A attribute) {
    return face_degrees(measures)[static_cast<size_t>(attribute)];
  };
  EXPECT_FLOAT_EQ(degree(changed({{M::hair_lightness, 16}}), A::dark_hair), 1);
  EXPECT_FLOAT_EQ(degree(changed({{M::hair_lightness, 40}}), A::dark_hair), -1);
  EXPECT_FLOAT_EQ(degree(changed({{M::hair_lightness, 64}}), A::dark_hair), -3);
  EXPECT_FLOAT_EQ(degree(changed({{M::hair_lightness, 28}}), A::dark_hair), 0);
  EXPECT_TRUE(std::isnan(degree(ordinary(), A::blond_hair)));
  EXPECT_TRUE(std::isnan(degree(changed({{M::background_evenness, 0.2f}}), A::bright_background)));
  const FaceDegrees turned = face_degrees(changed({{M::yaw, 10}, {M::mouth_gap, 0.3f}}));
  const FaceDegrees mirror = mirrored(turned);
  EXPECT_FLOAT_EQ(mirror[static_cast<size_t>(A::turned_left)], -0.5f);
  EXPECT_EQ(mirror[static_cast<size_t>(A::open_mouth)], turned[static_cast<size_t>(A::open_mouth)]);
}

TEST(Faces, GradesOrderFacesThatNoCaptionTellsApart) {
  const std::vector<A> asked = {A::dark_hair, A::blond_hair, A::smile};
  Rng rng(1);
  const auto hair = [&](float lightness) {
    const std::vector<Grade> grades =
        face_grades(face_degrees(changed({{M::hair_lightness, lightness}})), asked, rng);
    EXPECT_EQ(grades.size(), 2u);  // blond hair has no scale
    EXPECT_EQ(grades.front().of, "dark-hair");
    EXPECT_NE(grades.front().texts.right.find("hair"), std::string::npos);
    EXPECT_NE(grades.front().texts.right, grades.front().texts.wrong);
    return grades.front().degree;
  };
  EXPECT_GT(hair(24), hair(32));
  EXPECT_EQ(hair(90), -2);
}

TEST(Faces, PhrasesAreTrueAndSayWhatTheyAssert) {
  const FaceTruth truth =
      face_truth(changed({{M::mouth_curve, 0.2f}, {M::mouth_gap, 0.2f}, {M::hair_lightness, 15}}));
  const std::vector<Fact> facts = face_facts(truth);
  const std::vector<A> all = {A::smile, A::dark_hair, A::blond_hair, A::turned_left};
  Rng rng(1);
  int smiles = 0;
  for (int i = 0; i < 2000; ++i) {
    const Caption phrase = random_face_phrase(truth, all, rng);
    EXPECT_TRUE(holds(phrase.asserts, facts)) << phrase.text;
    bool says_smile = false;
    for (const char* word : {"smil", "happy", "cheerful", "friendly"}) {
      says_smile = says_smile || phrase.text.find(word) != std::string::npos;
    }
    EXPECT_EQ(says_smile, holds({face_fact(A::smile, true)}, phrase.asserts)) << phrase.text;
    EXPECT_EQ(phrase.text.find("blond"), std::string::npos);
    EXPECT_EQ(phrase.text.find("left"), std::string::npos);
    smiles += says_smile;
  }
  EXPECT_GT(smiles, 500);
  EXPECT_FALSE(holds({face_fact(A::smile, false)}, facts));
}

TEST(Faces, ChoicesAskAboutClearAttributesInTheirOwnWords) {
  FaceTruth truth{};
  truth[static_cast<size_t>(A::smile)] = Answer::yes;
  truth[static_cast<size_t>(A::dark_hair)] = Answer::no;
  constexpr std::array kAsked = {A::smile, A::open_mouth};
  const auto says = [](const std::string& text, bool value) {
    const FaceWords& words = words_of(A::smile, value);
    const auto within = [&](std::string_view word) {
      return text.ends_with(" " + std::string(word)) ||
             text.find(" " + std::string(word) + " person") != std::string::npos;
    };
    return std::any_of(words.phrases.begin(), words.phrases.end(), within) ||
           std::any_of(words.adjectives.begin(), words.adjectives.end(), within);
  };
  Rng rng(3);
  for (int i = 0; i < 50; ++i) {
    const std::vector<Choice> choices = face_choices(truth, kAsked, rng);
    // The mouth is unclear, and nobody asks about hair.
    ASSERT_EQ(choices.size(), 1u);
    EXPECT_TRUE(says(choices[0].right, true)) << choices[0].right;
    EXPECT_TRUE(says(choices[0].wrong, false)) << choices[0].wrong;
  }
}

TEST(Faces, EvaluationPhrasesHaveBothSides) {
  for (const A attribute :
       {A::smile, A::open_mouth, A::head_turned, A::dark_hair, A::bright_background}) {
    const FacePhrases phrases = face_phrases(attribute);
    EXPECT_FALSE(phrases.yes.empty());
    EXPECT_FALSE(phrases.no.empty());
    EXPECT_GE(phrases.unseen.size(), 3u);
    for (const auto& [yes, no] : phrases.unseen) EXPECT_NE(yes, no);
  }
  EXPECT_EQ(face_phrases(A::smile).yes, "a smiling person");
  EXPECT_EQ(face_phrases(A::smile).no, "a person with a neutral face");
}

class FaceFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("vane_faces_") + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Faces whose left half is red and whose right half is blue; those of even index smile and look
  /// to the left.
  void write(int64_t number, int count, int size = 16, const std::string& origin = "test") const {
    std::vector<FaceRecord> faces;
    for (int i = 0; i < count; ++i) {
      FaceRecord face;
      for (int k = 0; k < size * size; ++k) {
        const bool left = k % size < size / 2;
        for (const int value : {left ? 200 : 30, 40, left ? 30 : 200}) {
          face.rgb.push_back(static_cast<uint8_t>(value));
        }
      }
      face.measures = i % 2 ? ordinary()
                            : changed({{M::mouth_curve, 0.2f}, {M::mouth_gap, 0.2f}, {M::yaw, 25}});
      face.landmarks.assign(136, 0.5f);
      face.w.assign(8, static_cast<float>(i));
      faces.push_back(face);
    }
    write_face_file(face_file(folder_, number), size, origin, faces);
  }
  fs::path folder_;
};

TEST_F(FaceFolder, WhatWasWrittenComesBack) {
  write(0, 20);
  write(1, 5);
  QuietJob job;
  const FaceSet set = FaceSet::load(folder_, job);
  ASSERT_EQ(set.count(), 25);
  EXPECT_EQ(set.size(), 16);
  EXPECT_EQ(set.picture(24).u8[0], 200);
  EXPECT_EQ(set.answer(0, A::smile), Answer::yes);
  EXPECT_EQ(set.answer(1, A::smile), Answer::unclear);
  EXPECT_EQ(faces_in_file(face_file(folder_, 1), 16, "test"), 5);
  EXPECT_EQ(faces_in_file(face_file(folder_, 2), 16, "test"), 0);
  EXPECT_THROW(faces_in_file(face_file(folder_, 1), 32, "test"), Error);
  EXPECT_THROW(faces_in_file(face_file(folder_, 1), 16, "other"), Error);
}

TEST_F(FaceFolder, DamageAndMixturesAreRefused) {
  QuietJob job;
  EXPECT_THROW(FaceSet::load(folder_, job), Error);
  write(0, 10);
  write(1, 10, 32);
  EXPECT_THROW(FaceSet::load(folder_, job), Error);
  fs::resize_file(face_file(folder_, 1), 3000);
  EXPECT_THROW(FaceSet::load(folder_, job), Error);
}

/// A face of one colour that tells its number.
FaceRecord numbered_face(int64_t i) {
  FaceRecord face;
  face.rgb.assign(16 * 16 * 3, static_cast<uint8_t>(i));
  face.measures = ordinary();
  face.landmarks.assign(136, 0.25f);
  face.w.assign(8, static_cast<float>(i));
  return face;
}

TEST_F(FaceFolder, AnInterruptedSetKeepsItsWholeFiles) {
  QuietJob job;
  std::vector<int64_t> made;
  const auto make = [&made](int64_t i) {
    if (i == 130 && made.size() < 150) throw Cancelled{130};
    made.push_back(i);
    return numbered_face(i);
  };
  EXPECT_THROW(write_face_set(folder_, 150, 16, "seed 1", make, job), Cancelled);
  EXPECT_TRUE(fs::exists(face_file(folder_, 0)));
  EXPECT_FALSE(fs::exists(face_file(folder_, 1)));
  made.assign(150, -1);
  EXPECT_EQ(write_face_set(folder_, 150, 16, "seed 1", make, job), 100);
  // Only the second file is made, from its beginning, and whole.
  ASSERT_EQ(made.size(), 250u);
  EXPECT_EQ(made[150], 100);
  EXPECT_EQ(made.back(), 199);
  const FaceSet set = FaceSet::load(folder_, job);
  ASSERT_EQ(set.count(), 200);
  for (int64_t i = 0; i < 200; ++i) EXPECT_EQ(set.picture(i).u8[0], i);
  EXPECT_EQ(write_face_set(folder_, 150, 16, "seed 1", make, job), 200);
  EXPECT_EQ(made.size(), 250u);
}

TEST_F(FaceFolder, AFileThatIsNotWholeIsMadeAgain) {
  write(0, 40, 16, "seed 1");
  QuietJob job;
  EXPECT_EQ(write_face_set(folder_, 100, 16, "seed 1", numbered_face, job), 0);
  EXPECT_EQ(FaceSet::load(folder_, job).count(), 100);
}

TEST_F(FaceFolder, AnotherSetIsNotOverwritten) {
  write(0, 100, 16, "seed 1");
  QuietJob job;
  for (const auto& [size, origin] : {std::pair{16, "seed 2"}, std::pair{32, "seed 1"}}) {
    try {
      write_face_set(folder_, 100, size, origin, numbered_face, job);
      ADD_FAILURE() << "overwritten";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
    }
  }
  EXPECT_EQ(faces_in_file(face_file(folder_, 0), 16, "seed 1"), 100);
}

TEST_F(FaceFolder, AFileIsReadBackForMeasuringAgain) {
  write(0, 3);
  const FaceFile file = read_face_file(face_file(folder_, 0));
  EXPECT_EQ(file.size, 16);
  EXPECT_EQ(file.origin, "test");
  ASSERT_EQ(file.faces.size(), 3u);
  EXPECT_EQ(file.faces[2].w, std::vector<float>(8, 2));
  EXPECT_EQ(file.faces[2].landmarks, std::vector<float>(136, 0.5f));
  EXPECT_EQ(file.faces[2].rgb[0], 200);
  EXPECT_EQ(file.faces[2].measures[static_cast<size_t>(M::detected)], 1);
  fs::resize_file(face_file(folder_, 0), 2000);
  EXPECT_THROW(read_face_file(face_file(folder_, 0)), Error);
}

TEST_F(FaceFolder, FilesWithOtherMeasurementsNameTheRemedy) {
  write(0, 3);
  std::string bytes;
  {
    std::ifstream file(face_file(folder_, 0), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const size_t at = bytes.find("mouth-curve");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 11, "mouth-nurve");
  std::ofstream(face_file(folder_, 0), std::ios::binary) << bytes;
  QuietJob job;
  try {
    FaceSet::load(folder_, job);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
    EXPECT_NE(error.hint().find("vane faces dataset --from"), std::string::npos);
  }
  EXPECT_EQ(read_face_file(face_file(folder_, 0)).faces.size(), 3u);
}

TEST_F(FaceFolder, SamplesAreTrueReproducibleAndKeepTheSplitApart) {
  write(0, 40);
  QuietJob job;
  const auto set = std::make_shared<const FaceSet>(FaceSet::load(folder_, job));
  FacesData data;
  data.look_share = 0;
  const FacesSource source(set, data, 12, 3);
  EXPECT_EQ(source.description(), "36 faces");
  EXPECT_EQ(FacesSource(set, data, 12, 3, true).description(), "4 held-out faces");
  int flipped = 0;
  for (uint64_t i = 0; i < 300; ++i) {
    const CaptionedPicture sample = source.sample(i);
    ASSERT_EQ(sample.rgb.size(), 12u * 12u * 3u);
    EXPECT_TRUE(holds(sample.caption.asserts, sample.facts)) << sample.caption.text;
    EXPECT_TRUE(holds({subject_fact("a face")}, sample.facts));
    // Blue at the left edge: the picture was mirrored, and those who look aside look to the right.
    const bool mirror = sample.rgb[2] > sample.rgb[0];
    flipped += mirror;
    if (holds({face_fact(A::smile, true)}, sample.facts)) {
      EXPECT_TRUE(holds({face_fact(A::turned_left, !mirror)}, sample.facts));
    }
    EXPECT_EQ(sample.rgb, source.sample(i).rgb);
    EXPECT_EQ(sample.caption.text, source.sample(i).caption.text);
  }
  EXPECT_GT(flipped, 90);
  EXPECT_LT(flipped, 210);
}

TEST_F(FaceFolder, UnderLooksColoursOfThingsAreNotSpokenOf) {
  write(0, 20);
  QuietJob job;
  const auto set = std::make_shared<const FaceSet>(FaceSet::load(folder_, job));
  FacesData data;
  data.look_share = 1;
  const FacesSource source(set, data, 12, 3);
  int looks = 0;
  for (uint64_t i = 0; i < 300; ++i) {
    const CaptionedPicture sample = source.sample(i);
    EXPECT_TRUE(holds(sample.caption.asserts, sample.facts)) << sample.caption.text;
    for (int look = 0; look < kLookCount; ++look) {
      looks += holds({look_fact(static_cast<Look>(look))}, sample.caption.asserts);
    }
  }
  EXPECT_GT(looks, 100);
}

}  // namespace
}  // namespace vane
