// SPDX-License-Identifier: Apache-2.0
#pragma once
// How everything looks: colours of both themes, sizes in units of the type size.

#include <imgui.h>

namespace vane {

struct Theme {
  bool dark = true;
  /// What the person asked for, 0.5 to 3, times what the display asks for.
  float user_scale = 1, display_scale = 1;

  float scale() const { return user_scale * display_scale; }
};

inline constexpr float kLeastScale = 0.5f, kMostScale = 3.f;

/// Colours with a meaning; each has a contrast of 4.5:1 or more to the background.
struct Palette {
  ImVec4 text, dim, accent, on_accent, good, warning, bad, canvas, panel, line;
};
const Palette& palette(bool dark);

/// Loads the bundled type (assets/fonts), or Dear ImGui's own where it is not there. Once.
void load_fonts();
/// Sets colours and sizes of the current context.
void apply_theme(const Theme& theme);
/// Of the current theme.
const Palette& colours();

/// `units` times the type size: no size is written in pixels.
inline float em(float units) { return units * ImGui::GetFontSize(); }

/// Semi-bold type until the end of the scope.
class BoldType {
 public:
  BoldType();
  ~BoldType();
  BoldType(const BoldType&) = delete;
  BoldType& operator=(const BoldType&) = delete;
};

}  // namespace vane
