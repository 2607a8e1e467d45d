// SPDX-License-Identifier: Apache-2.0
// The protocol on a library of three painted things: counts, ranges, and one seed one result.
#include "editing/training/composite_evaluation.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

Image painted(int channels, uint8_t red, uint8_t green) {
  Image image;
  image.width = image.height = 64;
  image.channels = channels;
  image.u8.assign(image.sample_count(), 255);
  for (size_t i = 0; i < 64 * 64; ++i) {
    image.u8[i * static_cast<size_t>(channels)] = red;
    image.u8[i * static_cast<size_t>(channels) + 1] =
        static_cast<uint8_t>(green + 60 * ((i / 8 + i / 512) % 2));
  }
  return image;
}

std::shared_ptr<const PhotoLibrary> library() {
  auto library = std::make_shared<PhotoLibrary>();
  library->photographs.push_back({"a.jpg", painted(3, 90, 120), {"a field"}, true});
  library->cutouts.push_back({"frog.png", painted(4, 10, 190), "a frog", {"an animal"}, "green"});
  library->cutouts.push_back({"fire.png", painted(4, 230, 10), "a fire engine", {}, "red"});
  library->cutouts.push_back({"owl.png", painted(4, 120, 90), "an owl", {"a bird"}, ""});
  return library;
}

TEST(CompositeEvaluation, MeasuresMasksOnObjectsThatAreLargeEnough) {
  const auto clip = testing::small_clip();
  QuietJob job;
  CompositeEvaluationOptions options;
  options.scenes = 3;
  options.size = 48;
  const SegmentEvaluation first = evaluate_segment(*clip, library(), options, job);
  EXPECT_EQ(first.scenes, 3);
  EXPECT_GT(first.miou_everything, 0.05);
  for (const double share : {first.miou, first.miou_background, first.pointing}) {
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
  }
  EXPECT_EQ(evaluate_segment(*clip, library(), options, job).miou, first.miou);
}

TEST(CompositeEvaluation, MeasuresWhetherTheWrongWordIsLowest) {
  const auto clip = testing::small_clip();
  QuietJob job;
  CompositeEvaluationOptions options;
  options.scenes = 8;
  options.size = 48;
  std::vector<VocabularyWord> vocabulary;
  for (const char* look :
       {"bright", "dark", "warm", "cold", "vivid", "black and white", "hazy", "blurry"}) {
    vocabulary.push_back({look, std::string("a ") + look + " photo"});
  }
  for (const char* thing : {"frog", "fire engine", "owl", "house", "tree"}) {
    vocabulary.push_back({thing, std::string("a photo of a ") + thing});
  }
  const DiagnoseEvaluation result = evaluate_diagnose(*clip, library(), vocabulary, options, job);
  EXPECT_GT(result.captions, 4);
  for (const double share : {result.lowest_contrast, result.lowest_attention, result.found,
                             result.false_alarms, result.lowest_look, result.lowest_object}) {
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
  }
  EXPECT_NE(result.json().find("\"lowest_contrast\""), std::string::npos);
  auto empty = std::make_shared<PhotoLibrary>(*library());
  empty->cutouts.clear();
  EXPECT_THROW(evaluate_diagnose(*clip, empty, vocabulary, options, job), Error);
}

}  // namespace
}  // namespace vane
