// SPDX-License-Identifier: Apache-2.0
#pragma once
// A camera that a hand moves: around what it looks at, along with it, nearer and farther.

#include "editing/scenes/camera_path.h"

namespace vane {

class OrbitCamera {
 public:
  /// Where a scene is first seen from, and what reset() goes back to: as a turntable begins
  /// (`vane render`). `lens` gives the field of view.
  void begin(const Orbit& orbit, const Camera& lens);
  void reset();

  /// Around the middle, in radians: to the right, upwards (never over the pole).
  void turn(double right, double up);
  /// With the middle, in shares of the distance, along the picture's axes (right, down) and into
  /// it.
  void move(double right, double down, double forward);
  /// `factor` below 1: nearer.
  void approach(double factor);

  /// The picture's shape changes what is seen at its sides only.
  Camera camera(int width, int height) const;
  bool operator==(const OrbitCamera& other) const;

 private:
  Orbit orbit_, first_;
  double half_view_ = 0.4663;  // tangent, of the shorter side
};

}  // namespace vane
