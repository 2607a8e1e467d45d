// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/scene_canvas.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>

#include "gui/widgets/theme.h"

namespace vane {
namespace {

constexpr double kHalfTurn = 3.14159265358979;
constexpr double kKeyTurn = 0.0873;  // 5 degrees
constexpr double kKeyMove = 0.05;    // of the distance
constexpr double kFlight = 0.8;      // distances a second
constexpr double kWheelStep = 1.15;

}  // namespace

bool SceneCanvas::take_mouse(SceneSession& scene, ImVec2 size) {
  const ImGuiIO& io = ImGui::GetIO();
  if (ImGui::IsItemHovered() && io.MouseWheel != 0) {
    scene.camera.approach(std::pow(kWheelStep, -static_cast<double>(io.MouseWheel)));
  }
  if (!ImGui::IsItemActive()) return false;
  const double shorter = static_cast<double>(std::min(size.x, size.y));
  const double x = static_cast<double>(io.MouseDelta.x) / shorter;
  const double y = static_cast<double>(io.MouseDelta.y) / shorter;
  if (x == 0 && y == 0) return true;
  const bool pan = ImGui::IsMouseDown(ImGuiMouseButton_Middle) ||
                   ImGui::IsMouseDown(ImGuiMouseButton_Right) || io.KeyShift;
  if (pan) {
    // What is pointed at stays under the pointer: the picture is about a distance high.
    scene.camera.move(-0.93 * x, -0.93 * y, 0);
  } else {
    scene.camera.turn(kHalfTurn * x, kHalfTurn * y);
  }
  return true;
}

bool SceneCanvas::take_keys(SceneSession& scene) {
  const ImGuiIO& io = ImGui::GetIO();
  OrbitCamera& camera = scene.camera;
  const auto steps = [](ImGuiKey less, ImGuiKey more) {
    return static_cast<double>(ImGui::IsKeyPressed(more)) -
           static_cast<double>(ImGui::IsKeyPressed(less));
  };
  const double across = steps(ImGuiKey_LeftArrow, ImGuiKey_RightArrow);
  const double along = steps(ImGuiKey_UpArrow, ImGuiKey_DownArrow);
  if (io.KeyShift) {
    if (across != 0 || along != 0) camera.move(kKeyMove * across, kKeyMove * along, 0);
  } else if (across != 0 || along != 0) {
    camera.turn(kKeyTurn * across, -kKeyTurn * along);
  }
  const double nearer =
      steps(ImGuiKey_Minus, ImGuiKey_Equal) + steps(ImGuiKey_KeypadSubtract, ImGuiKey_KeypadAdd);
  if (nearer != 0) camera.approach(std::pow(kWheelStep, -nearer));
  const auto held = [](ImGuiKey less, ImGuiKey more) {
    return static_cast<double>(ImGui::IsKeyDown(more)) -
           static_cast<double>(ImGui::IsKeyDown(less));
  };
  const double right = held(ImGuiKey_A, ImGuiKey_D), down = held(ImGuiKey_E, ImGuiKey_Q);
  const double forward = held(ImGuiKey_S, ImGuiKey_W);
  if (right == 0 && down == 0 && forward == 0) return false;
  const double step = kFlight * static_cast<double>(std::min(io.DeltaTime, 0.1f));
  camera.move(step * right, step * down, step * forward);
  return true;
}

void SceneCanvas::draw(SceneSession& scene, int64_t pointed, bool keyboard) {
  const ImVec2 from = ImGui::GetCursorScreenPos(), size = ImGui::GetContentRegionAvail();
  moving_ = false;
  if (size.x < 8 || size.y < 8) return;
  ImDrawList* const list = ImGui::GetWindowDrawList();
  list->AddRectFilled(from, from + size, ImGui::GetColorU32(colours().canvas));
  ImGui::InvisibleButton("Scene view", size,
                         ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle |
                             ImGuiButtonFlags_MouseButtonRight);
  const bool dragged = take_mouse(scene, size);
  moving_ = keyboard && take_keys(scene);
  scene.want_picture(static_cast<int>(size.x), static_cast<int>(size.y), pointed,
                     dragged || moving_);
  if (scene.picture_version() != shown_) {
    shown_ = scene.picture_version();
    texture_.clear();
    if (scene.picture()) texture_.set(*scene.picture());
  }
  if (!texture_.empty()) list->AddImage(texture_.ref(), from, from + size);
}

}  // namespace vane
