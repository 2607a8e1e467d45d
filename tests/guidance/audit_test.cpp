// SPDX-License-Identifier: Apache-2.0
// Oracle: what was done. A photograph whose pixels were optimised against clip-mini alone must be
// called adversarial, one that was developed must not.
#include "guidance/audit.h"

#include <gtest/gtest.h>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/run/adam.h"
#include "engine/tensor/image_tensor.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

Tensor sample(const std::string& name) {
  return image_to_tensor(thumbnail(read_image(assets_folder() / "samples" / (name + ".jpg")), 160));
}

/// Adam on the pixels, as many published attacks do.
Tensor attacked(const ClipEncoder& clip, const Direction& direction, const Tensor& source) {
  Tensor pixels = source.clone().requires_grad_(true);
  Adam adam({{{.learning_rate = 0.01}, {{"pixels", pixels}}}});
  for (int step = 0; step < 30; ++step) {
    const at::AutoGradMode differentiate(true);
    const Tensor gain = at::mv(clip.image_features(pixels.clamp(0, 1)), direction.vector).sum();
    const Tensor gradient = torch::autograd::grad({-gain}, {pixels})[0];
    const at::NoGradGuard no_grad;
    adam.step({gradient});
  }
  return (pixels.detach().clamp(0, 1) * 255).round() / 255;
}

EditAudit audited(const ClipEncoder& guide, const ClipEncoder& auditor, const std::string& phrase,
                  const Tensor& source, const Tensor& edited) {
  const AuditEncoder first{&guide, text_direction(guide, "a photo", phrase)};
  const AuditEncoder second{&auditor, text_direction(auditor, "a photo", phrase)};
  return audit_edit(first, &second, source, edited);
}

TEST(Audit, CallsOptimisedPixelsAdversarialAndADevelopedPhotographReal) {
  const auto guide = load_clip("clip-mini"),
             auditor = load_clip(assets_folder() / "models" / "clip-audit");
  for (const char* name : {"coffee", "astronaut"}) {
    SCOPED_TRACE(name);
    const Tensor source = sample(name);
    const std::string phrase = "a dark photo";
    const Direction direction = text_direction(*guide, "a photo", phrase);
    const EditAudit attack =
        audited(*guide, *auditor, phrase, source, attacked(*guide, direction, source));
    EXPECT_EQ(attack.verdict, AuditVerdict::adversarial) << attack.reason;
    EXPECT_GT(attack.guide.whole, 0.05);
    EXPECT_LT(attack.auditor_share, 0.35);
    // Half of the light, as an exposure of -1 EV in sRGB terms.
    const EditAudit edit = audited(*guide, *auditor, phrase, source, source * 0.5);
    EXPECT_EQ(edit.verdict, AuditVerdict::real) << edit.reason;
    EXPECT_GT(edit.crop_share, 0.8);
    EXPECT_GT(edit.guide.positive, 0.9);
    const EditAudit nothing = audited(*guide, *auditor, phrase, source, source);
    EXPECT_EQ(nothing.verdict, AuditVerdict::none);
    EXPECT_EQ(nothing.guide.crops, 0);
  }
}

TEST(Audit, TheSameSeedGivesTheSameCrops) {
  const testing::LinearClip clip;
  const Tensor source = testing::uniform_tensor({1, 3, 40, 30}, 1);
  const AuditEncoder guide{&clip, text_direction(clip, "a photo", "a dark photo")};
  const auto spread = [&](uint64_t seed) {
    return audit_edit(guide, nullptr, source, source * 0.5, {.seed = seed}).guide.spread;
  };
  EXPECT_EQ(spread(1), spread(1));
  EXPECT_NE(spread(1), spread(2));
  EXPECT_THROW(audit_edit(guide, nullptr, source, source.narrow(3, 0, 29)), Error);
}

// The table of verdicts, by hand.
TEST(Audit, JudgesByBothShares) {
  const auto verdict = [](double whole, double crops, std::optional<double> auditor) {
    EditAudit audit;
    audit.guide = {whole, crops, 0, 1};
    if (auditor) audit.auditor = AuditGain{*auditor, *auditor, 0, 1};
    judge(audit);
    return audit_verdict_name(audit.verdict);
  };
  EXPECT_EQ(verdict(0.2, 0.2, 0.2), "real");
  EXPECT_EQ(verdict(0.2, 0.2, 0.06), "doubtful");
  EXPECT_EQ(verdict(0.2, 0.1, 0.2), "doubtful");
  EXPECT_EQ(verdict(0.2, 0.06, 0.2), "doubtful");
  EXPECT_EQ(verdict(0.2, 0.2, 0.02), "adversarial");  // crops guided as well
  EXPECT_EQ(verdict(0.2, 0.1, 0.06), "adversarial");
  EXPECT_EQ(verdict(0.2, 0.06, 0.09), "adversarial");
  EXPECT_EQ(verdict(0.2, -0.1, {}), "adversarial");
  EXPECT_EQ(verdict(0.2, 0.1, {}), "doubtful");
  EXPECT_EQ(verdict(0.2, 0.2, {}), "real");
  EXPECT_EQ(verdict(0.0, 0.2, 0.2), "none");
  EXPECT_EQ(verdict(-0.2, 0.2, 0.2), "none");
}

}  // namespace
}  // namespace vane
