// SPDX-License-Identifier: Apache-2.0
#pragma once
// The light of a video from frame to frame: planes that follow the scene and not its noise. No
// torch.

#include <vector>

#include "engine/image/image.h"
#include "generators/relight/relight_apply.h"

namespace vane {

/// An exponential mean over the frames of one shot, which moves along when the camera turns
/// (camera_shift.h). Where a pixel of the small copy changes by more than noise does nevertheless,
/// the newest frame counts more there, up to alone, so that light moves with what it falls on.
class SteadyPlanes {
 public:
  /// `fps` > 0. A frame has the weight 1 - exp(-1 / (fps t)) with t = 0.18 s, .2 at 25 frames a
  /// second; the first frames of a shot count alike.
  explicit SteadyPlanes(double fps);

  /// Begins a shot: nothing of the frames before is kept.
  void reset() { seen_ = 0; }
  /// Takes in a frame's own planes, and `small`, the 8-bit RGB copy of their size that they were
  /// made of; gives those to use. Throws Error{usage} when sizes differ within a shot.
  const RelightPlanes& next(const RelightPlanes& planes, const Image& small);

 private:
  /// Moves the mean with the camera; what comes into view has the values of `planes`.
  void follow_camera(const RelightPlanes& planes, const std::vector<float>& luma);

  double weight_;
  int seen_ = 0;  // frames of this shot; no more than matter
  RelightPlanes mean_;
  std::vector<float> luma_;  // the mean of the copies
};

}  // namespace vane
