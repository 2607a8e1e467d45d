// SPDX-License-Identifier: Apache-2.0
// The protocol on painted photographs with methods whose scores are known beforehand.
#include "editing/training/enhance_evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace vane {
namespace {

Photograph painted(const std::string& file, int width, int height, bool held_out) {
  Photograph photograph;
  photograph.file = file;
  photograph.held_out = held_out;
  photograph.picture.width = width;
  photograph.picture.height = height;
  Rng rng(3);
  for (int i = 0; i < width * height * 3; ++i) {
    photograph.picture.u8.push_back(
        static_cast<uint8_t>(90 + 40 * (i / 30 % 2) + int(rng.below(20))));
  }
  return photograph;
}

PhotoLibrary library() {
  PhotoLibrary library;
  library.photographs.push_back(painted("a.jpg", 96, 64, true));
  library.photographs.push_back(painted("b.jpg", 64, 96, false));
  library.photographs.push_back(painted("c.jpg", 200, 120, true));
  return library;
}

std::vector<EvaluatedMethod> methods() {
  std::vector<EvaluatedMethod> methods;
  for (const std::string name : {"identity", "gamma", "lime"}) {
    methods.push_back({name, make_enhance_method(name, {})});
  }
  return methods;
}

const EnhanceEvaluationOptions kOptions{
    .photographs = 24, .side = 96, .seed = 7, .sheet_photographs = 1};

TEST(EnhanceEvaluation, MeasuresHeldOutPhotographsInEveryPreset) {
  QuietJob job;
  const EnhanceEvaluation seen = evaluate_enhance(library(), methods(), kOptions, job);
  EXPECT_EQ(seen.photographs, 2);
  ASSERT_EQ(seen.methods.size(), 3U);
  const EnhanceMethodScores& identity = seen.methods[0];
  // What was left alone has the order of its source; photographs that need nothing stay as they
  // are.
  EXPECT_EQ(identity.backlit.order_error, 0);
  EXPECT_EQ(identity.well_lit.pictures, 2);
  EXPECT_EQ(identity.well_lit.equal, 2);
  EXPECT_TRUE(std::isnan(identity.well_lit.psnr));
  EXPECT_TRUE(std::isinf(identity.well_lit.worst_psnr));
  int64_t together = 0;
  for (size_t i = 0; i < seen.presets.size(); ++i) {
    EXPECT_EQ(identity.presets[i].pictures + seen.rejected[i], seen.photographs);
    together += identity.presets[i].pictures;
  }
  ASSERT_GT(together, 2);
  EXPECT_EQ(identity.backlit.pictures, together);
  // The subject is what lost its light, the more so the harder the preset.
  EXPECT_LT(identity.backlit.psnr_subject, identity.backlit.psnr_rest);
  EXPECT_GT(identity.presets[1].psnr, identity.presets[2].psnr);
  // A fixed gamma brings the dark subject nearer and spoils what needs nothing.
  const EnhanceMethodScores& gamma = seen.methods[1];
  EXPECT_GT(gamma.backlit.psnr_subject, identity.backlit.psnr_subject);
  EXPECT_LT(gamma.well_lit.psnr, 30);
  EXPECT_LE(gamma.well_lit.worst_psnr, gamma.well_lit.psnr);
  EXPECT_GT(seen.sheet.width, 5 * 240);
}

TEST(EnhanceEvaluation, IsTheSameForTheSameSeedWhateverElseIsMeasured) {
  QuietJob job;
  const EnhanceEvaluation all = evaluate_enhance(library(), methods(), kOptions, job);
  PhotoLibrary alone = library();
  std::erase_if(alone.photographs, [](const Photograph& p) { return !p.held_out; });
  const std::vector<EvaluatedMethod> one{methods()[1]};
  const EnhanceEvaluation again = evaluate_enhance(alone, one, kOptions, job);
  EXPECT_EQ(again.methods[0].backlit.psnr, all.methods[1].backlit.psnr);
  EXPECT_EQ(again.methods[0].backlit.ssim, all.methods[1].backlit.ssim);
  EnhanceEvaluationOptions other = kOptions;
  other.seed = 8;
  EXPECT_NE(evaluate_enhance(alone, one, other, job).methods[0].backlit.psnr,
            all.methods[1].backlit.psnr);
}

TEST(EnhanceEvaluation, PrintsWhatItFoundAndNullForWhatThereIsNot) {
  QuietJob job;
  const EnhanceEvaluation seen = evaluate_enhance(library(), methods(), kOptions, job);
  const auto json = nlohmann::json::parse(seen.json());
  EXPECT_EQ(json["methods"][0]["method"], "identity");
  EXPECT_TRUE(json["methods"][0]["ok"]["psnr"].is_null());
  EXPECT_EQ(json["methods"][1]["backlit"]["psnr"], seen.methods[1].backlit.psnr);
  EXPECT_EQ(json["rejected"]["bl-mid"], seen.rejected[1]);
  const std::string text = seen.markdown();
  EXPECT_NE(text.find(seen.protocol), std::string::npos);
  EXPECT_NE(text.find("| lime |"), std::string::npos);
}

/// Adds as many levels as it is given steps.
class AddsItsSteps final : public EnhanceMethod {
 public:
  Image enhance(const Image& source, const EnhanceControls& controls, Job&,
                EnhanceMeasures&) const override {
    Image result = source;
    for (uint8_t& level : result.u8) {
      level = static_cast<uint8_t>(std::min<int64_t>(255, level + controls.refine_steps));
    }
    return result;
  }
};

TEST(EnhanceEvaluation, GivesEachRowItsStepsOfRefinement) {
  QuietJob job;
  const auto method = std::make_shared<AddsItsSteps>();
  const EnhanceEvaluation seen =
      evaluate_enhance(library(), {{"plain", method}, {"refined", method, 10}}, kOptions, job);
  EXPECT_EQ(seen.methods[0].well_lit.equal, 2);
  EXPECT_NEAR(seen.methods[1].well_lit.psnr, 28.1308, 1e-4);
}

TEST(EnhanceEvaluation, NeedsSomethingHeldOut) {
  PhotoLibrary none;
  none.photographs.push_back(painted("b.jpg", 64, 96, false));
  QuietJob job;
  EXPECT_THROW(evaluate_enhance(none, methods(), kOptions, job), Error);
}

}  // namespace
}  // namespace vane
