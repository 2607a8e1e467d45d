// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far a picture is from what is wanted, as optimisers of latents ask it.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"
#include "guidance/lpips.h"

namespace vane {

/// Picture [1,3,S,S] of any side, sRGB, nominally in [0,1] and not clamped -> 0-dim,
/// differentiable, the smaller the better.
using PictureTerm = std::function<Tensor(const Tensor& picture)>;

struct WeightedTerm {
  std::string name;
  PictureTerm term;
  double weight = 1;
};

/// Stage distance (guidance/stage_distance.h) to `target` [1,3,S,S]. Throws Error{usage} when the
/// encoder has no ResNet tower.
PictureTerm stage_term(std::shared_ptr<const ClipEncoder> clip, const Tensor& target);

/// LPIPS to `target`, both at the side of the smaller one.
PictureTerm lpips_term(std::shared_ptr<const Lpips> measure, const Tensor& target);

/// Mean square difference of samples in [-1,1] to `target`, reduced to the side of the picture.
PictureTerm pixel_term(const Tensor& target);

}  // namespace vane
