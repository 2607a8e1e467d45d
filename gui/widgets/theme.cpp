// SPDX-License-Identifier: Apache-2.0
#include "gui/widgets/theme.h"

#include <implot.h>

#include <filesystem>

#include "engine/base/assets.h"
#include "engine/base/error.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr float kTypeSize = 15.f;
bool dark_now = true;
ImFont* bold_font = nullptr;

ImVec4 rgb(unsigned hex, float alpha = 1) {
  const auto part = [hex](int shift) { return static_cast<float>((hex >> shift) & 0xffu) / 255.f; };
  return {part(16), part(8), part(0), alpha};
}

ImVec4 faded(const ImVec4& colour, float alpha) { return {colour.x, colour.y, colour.z, alpha}; }

ImVec4 between(const ImVec4& a, const ImVec4& b, float t) {
  return {a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.z + (b.z - a.z) * t, 1};
}

ImFont* font_file(const char* name) {
  fs::path path;
  try {
    path = assets_folder() / "fonts" / name;
  } catch (const Error&) {
    return nullptr;
  }
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return nullptr;
  return ImGui::GetIO().Fonts->AddFontFromFileTTF(path.c_str(), kTypeSize);
}

void set_colours(ImGuiStyle& style, const Palette& p) {
  ImVec4* const c = style.Colors;
  const ImVec4 raised = between(p.panel, p.text, 0.07f), hover = between(p.panel, p.text, 0.14f);
  const ImVec4 field = between(p.panel, p.canvas, 0.8f);
  c[ImGuiCol_Text] = p.text;
  c[ImGuiCol_TextDisabled] = p.dim;
  c[ImGuiCol_WindowBg] = c[ImGuiCol_MenuBarBg] = p.panel;
  c[ImGuiCol_ChildBg] = faded(p.panel, 0);
  c[ImGuiCol_PopupBg] = between(p.panel, p.text, 0.03f);
  c[ImGuiCol_Border] = p.line;
  c[ImGuiCol_FrameBg] = c[ImGuiCol_CheckboxSelectedBg] = field;
  c[ImGuiCol_FrameBgHovered] = hover;
  c[ImGuiCol_FrameBgActive] = hover;
  c[ImGuiCol_TitleBg] = c[ImGuiCol_TitleBgActive] = c[ImGuiCol_TitleBgCollapsed] = p.panel;
  c[ImGuiCol_ScrollbarBg] = faded(p.panel, 0);
  c[ImGuiCol_ScrollbarGrab] = hover;
  c[ImGuiCol_ScrollbarGrabHovered] = c[ImGuiCol_ScrollbarGrabActive] = p.dim;
  c[ImGuiCol_CheckMark] = c[ImGuiCol_SliderGrab] = c[ImGuiCol_SliderGrabActive] = p.accent;
  c[ImGuiCol_Button] = raised;
  c[ImGuiCol_ButtonHovered] = hover;
  c[ImGuiCol_ButtonActive] = between(p.panel, p.accent, 0.5f);
  c[ImGuiCol_Header] = between(p.panel, p.accent, 0.25f);
  c[ImGuiCol_HeaderHovered] = hover;
  c[ImGuiCol_HeaderActive] = between(p.panel, p.accent, 0.35f);
  c[ImGuiCol_Separator] = p.line;
  c[ImGuiCol_SeparatorHovered] = c[ImGuiCol_SeparatorActive] = p.accent;
  c[ImGuiCol_ResizeGrip] = faded(p.accent, 0);
  c[ImGuiCol_ResizeGripHovered] = c[ImGuiCol_ResizeGripActive] = p.accent;
  c[ImGuiCol_Tab] = c[ImGuiCol_TabDimmed] = p.panel;
  c[ImGuiCol_TabHovered] = hover;
  c[ImGuiCol_TabSelected] = c[ImGuiCol_TabDimmedSelected] = raised;
  c[ImGuiCol_TabSelectedOverline] = p.accent;
  c[ImGuiCol_TabDimmedSelectedOverline] = faded(p.accent, 0);
  c[ImGuiCol_DockingPreview] = faded(p.accent, 0.5f);
  c[ImGuiCol_DockingEmptyBg] = p.canvas;
  c[ImGuiCol_PlotLines] = c[ImGuiCol_PlotHistogram] = p.accent;
  c[ImGuiCol_TableHeaderBg] = raised;
  c[ImGuiCol_TableBorderStrong] = c[ImGuiCol_TableBorderLight] = p.line;
  c[ImGuiCol_TableRowBg] = faded(p.panel, 0);
  c[ImGuiCol_TableRowBgAlt] = faded(p.text, 0.03f);
  c[ImGuiCol_TextSelectedBg] = faded(p.accent, 0.4f);
  c[ImGuiCol_DragDropTarget] = p.accent;
  c[ImGuiCol_NavCursor] = p.accent;
  c[ImGuiCol_NavWindowingHighlight] = p.accent;
  c[ImGuiCol_ModalWindowDimBg] = ImVec4(0, 0, 0, 0.45f);
}

}  // namespace

const Palette& palette(bool dark) {
  static const Palette night{rgb(0xe6e8eb), rgb(0x9aa1ab), rgb(0x4da3ff), rgb(0x0b1520),
                             rgb(0x5fd08a), rgb(0xf0b84a), rgb(0xff7b72), rgb(0x121417),
                             rgb(0x1d2025), rgb(0x33383f)};
  static const Palette day{rgb(0x1b1f24), rgb(0x5a626c), rgb(0x0b63c5), rgb(0xffffff),
                           rgb(0x14713a), rgb(0x8a5700), rgb(0xb3261e), rgb(0xdfe2e6),
                           rgb(0xf7f8fa), rgb(0xc9ced5)};
  return dark ? night : day;
}

const Palette& colours() { return palette(dark_now); }

void load_fonts() {
  ImFont* const regular = font_file("Inter-Regular.otf");
  if (!regular) ImGui::GetIO().Fonts->AddFontDefault();
  bold_font = font_file("Inter-SemiBold.otf");
}

void apply_theme(const Theme& theme) {
  dark_now = theme.dark;
  // From the beginning each time: sizes that are scaled twice drift.
  ImGuiStyle style;
  style.WindowPadding = {10, 10};
  style.FramePadding = {8, 5};
  style.CellPadding = {6, 4};
  style.ItemSpacing = {8, 7};
  style.ItemInnerSpacing = {6, 5};
  style.ScrollbarSize = 11;
  style.GrabMinSize = 12;
  style.WindowBorderSize = 0;
  style.PopupBorderSize = 1;
  style.FrameRounding = style.GrabRounding = style.PopupRounding = style.ChildRounding = 5;
  style.WindowRounding = 6;
  style.TabRounding = 4;
  style.ScrollbarRounding = 6;
  style.DisabledAlpha = 0.45f;
  style.SeparatorTextBorderSize = 1;
  style.DockingSeparatorSize = 2;
  style.WindowMenuButtonPosition = ImGuiDir_None;
  style.HoverDelayNormal = 0.5f;
  set_colours(style, palette(theme.dark));
  style.ScaleAllSizes(theme.scale());
  style.FontSizeBase = kTypeSize;
  style.FontScaleMain = theme.user_scale;
  style.FontScaleDpi = theme.display_scale;
  ImGui::GetStyle() = style;
  if (!ImPlot::GetCurrentContext()) return;
  ImPlotStyle& plot = ImPlot::GetStyle();
  plot = ImPlotStyle();
  plot.Colors[ImPlotCol_FrameBg] = ImVec4(0, 0, 0, 0);
  plot.Colors[ImPlotCol_PlotBg] = palette(theme.dark).canvas;
  plot.Colors[ImPlotCol_PlotBorder] = palette(theme.dark).line;
}

BoldType::BoldType() {
  if (bold_font) ImGui::PushFont(bold_font, 0);
}

BoldType::~BoldType() {
  if (bold_font) ImGui::PopFont();
}

}  // namespace vane
