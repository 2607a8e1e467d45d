// SPDX-License-Identifier: Apache-2.0
// Oracle: fields of two objects whose features are the texts themselves.
#include "editing/language/field_search.h"

#include <gtest/gtest.h>

#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::LinearClip;

constexpr int kSide = 6;  // Gaussians along the edge of a flat patch
constexpr int64_t kCount = 2 * kSide * kSide;

// Two patches side by side; Gaussian i is of object i / (kCount / 2) by `share`, of the other by
// the rest.
LanguageLevel level_of(const std::string& name, const std::vector<Tensor>& features,
                       uint8_t share) {
  LanguageLevel level;
  level.name = name;
  level.object.assign(kCount * kFieldSlots, kNoObject);
  level.share.assign(kCount * kFieldSlots, 0);
  level.weight.assign(kCount, 1.f);
  for (int64_t i = 0; i < kCount; ++i) {
    const auto mine = static_cast<int16_t>(i >= kCount / 2);
    const auto at = static_cast<size_t>(i * kFieldSlots);
    level.object[at] = mine;
    level.share[at] = share;
    level.object[at + 1] = static_cast<int16_t>(1 - mine);
    level.share[at + 1] = static_cast<uint8_t>(255 - share);
  }
  for (const Tensor& feature : features) {
    const Tensor row = feature.contiguous();
    level.features.insert(level.features.end(), row.data_ptr<float>(),
                          row.data_ptr<float>() + row.numel());
  }
  level.mass = {1, 1};
  level.views = {1, 1};
  return level;
}

struct FieldSearch : ::testing::Test {
  LinearClip clip{12, 3};
  SplatCloud cloud;
  LanguageField field;
  QuietJob job;

  FieldSearch() {
    field.gaussians = kCount;
    field.dim = 12;
    for (int64_t i = 0; i < kCount; ++i) {
      const int64_t in_patch = i % (kCount / 2);
      cloud.position.push_back(static_cast<float>(in_patch % kSide) +
                               (i >= kCount / 2 ? 20.f : 0.f));
      cloud.position.push_back(static_cast<float>(in_patch / kSide));
      cloud.position.push_back(0);
      cloud.opacity_logit.push_back(4);
    }
  }
  Tensor text(const std::string& words) const {
    return text_questions(clip, {words}).front().feature;
  }
  FoundInSpace search(const std::string& words, const SearchOptions& options = {}) {
    const QuestionSet set =
        make_questions(clip, text_questions(clip, {words}), {"a teapot"}, {}, 0.9);
    return search_space(cloud, field, set, options, job).front();
  }
};

TEST_F(FieldSearch, AGaussianIsWhatItIsMostlyOf) {
  field.levels = {level_of("l", {text("a mug"), text("a teapot")}, 140)};
  const FoundInSpace mug = search("a mug");
  ASSERT_TRUE(mug.present);
  ASSERT_EQ(mug.gaussians.size(), static_cast<size_t>(kCount / 2));
  EXPECT_EQ(mug.gaussians.back(), kCount / 2 - 1);
  // Though they are mixed with the other, they score as a mug does.
  field.levels = {level_of("l", {text("a mug"), text("a teapot")}, 255)};
  EXPECT_DOUBLE_EQ(search("a mug").score, mug.score);
}

TEST_F(FieldSearch, PartsMustBeMoreRelevantThanWholesByTheMargin) {
  const Tensor mug = text("a mug"), teapot = text("a teapot");
  const Tensor like_a_mug = unit(mug + 0.3 * teapot);
  field.levels = {level_of("s", {mug, teapot}, 255), level_of("l", {like_a_mug, teapot}, 255)};
  SearchOptions options;
  options.part_margin = 0;
  const FoundInSpace part = search("a mug", options);
  EXPECT_EQ(part.level, 0);
  options.part_margin = 0.5;
  const FoundInSpace whole = search("a mug", options);
  EXPECT_EQ(whole.level, 1);
  EXPECT_LT(whole.score, part.score);
  // The margin counts for whether it is there, too.
  field.levels = {level_of("s", {mug, teapot}, 255), level_of("l", {teapot, teapot}, 255)};
  options.threshold = part.score - 0.1;
  EXPECT_FALSE(search("a mug", options).present);
  options.part_margin = 0.05;
  EXPECT_TRUE(search("a mug", options).present);
}

}  // namespace
}  // namespace vane
