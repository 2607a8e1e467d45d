// SPDX-License-Identifier: Apache-2.0
#pragma once
// The scene: its picture, and the hands that move its camera.

#include <imgui.h>

#include "gui/session/scene_session.h"
#include "gui/widgets/textures.h"

namespace vane {

class SceneCanvas {
 public:
  explicit SceneCanvas(Textures& textures) : texture_(textures) {}

  /// Fills what is left of the current window. `pointed` is the edit that is shown over it;
  /// `keyboard`: keys are for the camera.
  void draw(SceneSession& scene, int64_t pointed, bool keyboard);
  /// The camera moves by itself while a key is held.
  bool is_moving() const { return moving_; }

 private:
  /// True while a hand moves the camera.
  bool take_mouse(SceneSession& scene, ImVec2 size);
  bool take_keys(SceneSession& scene);

  Texture texture_;
  uint64_t shown_ = 0;
  bool moving_ = false;
};

}  // namespace vane
