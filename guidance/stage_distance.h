// SPDX-License-Identifier: Apache-2.0
#pragma once
// How different two pictures look, in the manner of LPIPS (Zhang et al. 2018), on the stages of a
// ResNet CLIP: no weights of LPIPS come with the program.

#include <vector>

#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// What one pass of the tower sees in pictures.
struct StageView {
  std::vector<Tensor> stages;  // [N,C,h,w], unit length over the channels
  Tensor embedding;            // [N,D], unit length
};

/// image [N,3,H,W] in [0,1], brought to the size of the encoder. Differentiable. Throws
/// Error{usage} when the encoder has no ResNet tower.
StageView stage_view(const ClipEncoder& clip, const Tensor& image);

/// Mean over stages of the mean squared distance of the unit vectors at each place, [N]; 0 for
/// equal pictures, at most 4.
Tensor stage_distance(const StageView& a, const StageView& b);

}  // namespace vane
