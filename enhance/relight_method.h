// SPDX-License-Identifier: Apache-2.0
#pragma once
// Vane's own method: the relight network on a small view, light added at full resolution.

#include "engine/clip/clip_encoder.h"
#include "enhance/enhance_method.h"
#include "generators/relight/relight_fields.h"
#include "guidance/direction.h"

namespace vane {

class RelightMethod final : public EnhanceMethod {
 public:
  /// `clip` and `residual` (with tau) choose the strength of each photograph; without a clip it
  /// is 1.
  RelightMethod(RelightNetwork network, std::shared_ptr<const ClipEncoder> clip, Direction residual,
                std::filesystem::path file = {});

  Image enhance(const Image& source, const EnhanceControls& controls, Job& job,
                EnhanceMeasures& measures) const override;
  std::string content_hash() const override { return network_.content_hash; }
  std::filesystem::path weights_file() const override { return file_; }
  int64_t parameter_count() const override;

  /// What the network sees in `picture`, for those who put it over other pictures (videos).
  RelightPlanes planes(const Image& picture) const { return relight_planes(network_, picture); }
  /// automatic_strength(); 1 without a clip.
  double needed_strength(const RelightPlanes& planes, const Image& picture) const;

 private:
  RelightEstimate estimated(const RelightView& view) const;

  RelightNetwork network_;
  std::shared_ptr<const ClipEncoder> clip_;
  Direction residual_;
  std::filesystem::path file_;
};

/// The weights that come with Vane (assets/models/enhance-vane), or those of `folder`.
/// Throws Error{input}, Error{checkpoint}.
std::unique_ptr<RelightMethod> load_relight_method(const std::filesystem::path& folder,
                                                   const Limits& limits = {});

}  // namespace vane
