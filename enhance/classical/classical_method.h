// SPDX-License-Identifier: Apache-2.0
#pragma once
// Methods that learn nothing: what a trained one has to beat.

#include <string>
#include <vector>

#include "enhance/enhance_method.h"

namespace vane {

/// Names of the methods below.
const std::vector<std::string>& classical_method_names();

/// - identity
/// - gamma: x^kGamma
/// - auto-gamma: x^g, g = ln(.5) / ln(mean luma) held in [.3,1]
/// - equalise: equalise.h on luma .299 R + .587 G + .114 B, the same added to all three channels
///   (Y of YCbCr replaced)
/// - clahe: clahe.h on CIELAB lightness
/// - msr: retinex.h with the three scales that are usual
/// - lime: x / t^.8, lime.h; t is solved for at no more than kLimeSide pixels on the longer side
/// and
///   brought to the edges of a larger photograph by the guided filter
/// - exposure-fusion: exposure_fusion.h
///
/// lime is a map that divides, m^(strength * mask), floor 1/256; the others blend their result with
/// the source linearly in encoded samples, clipped. What lime and auto-gamma judge are the colours
/// as sRGB shows them (srgb_view.h); what all of them change are the samples as stored.
inline constexpr double kGamma = 0.6;
inline constexpr double kLimeGamma = 0.8;
inline constexpr int kLimeSide = 1024;

class ClassicalMethod final : public EnhanceMethod {
 public:
  /// `name`: one of classical_method_names().
  explicit ClassicalMethod(std::string name) : name_(std::move(name)) {}

  /// Also throws Error{resource} when msr or exposure-fusion, which need the whole photograph at
  /// once, would need more than controls.memory_bytes.
  Image enhance(const Image& source, const EnhanceControls& controls, Job& job,
                EnhanceMeasures& measures) const override;

 private:
  std::string name_;
};

}  // namespace vane
