// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/canvas.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/widgets/theme.h"

namespace vane {
namespace {

constexpr float kLeastZoom = 0.02f, kMostZoom = 32.f;
constexpr float kWheelFactor = 1.15f;
// The overlay's colours stand for up to so many stops.
constexpr float kMostStops = 3.f;
constexpr int kDifferenceGain = 10;

/// Dark blue over green to yellow: five colours of viridis (van der Walt and Smith 2015).
std::array<float, 3> viridis(float t) {
  constexpr std::array<std::array<float, 3>, 5> kStops{
      {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};
  const float at = std::clamp(t, 0.f, 1.f) * 4;
  const auto below = static_cast<size_t>(std::min(at, 3.f));
  const float share = at - static_cast<float>(below);
  std::array<float, 3> colour{};
  for (size_t c = 0; c < 3; ++c) {
    colour[c] = kStops[below][c] + share * (kStops[below + 1][c] - kStops[below][c]);
  }
  return colour;
}

uint8_t byte(float value) { return static_cast<uint8_t>(std::lround(value)); }

}  // namespace

Canvas::Canvas(Textures& textures)
    : before_texture_(textures),
      after_texture_(textures),
      overlay_texture_(textures),
      before_detail_(textures),
      after_detail_(textures) {}

void Canvas::set_pictures(const SharedImage& before, const PreviewPicture& after) {
  if (before != before_) {
    before_ = before;
    before_texture_.clear();
    if (before) before_texture_.set(*before);
    zoom_ = 0;
    centre_ = {0.5f, 0.5f};
  }
  if (after.image != after_) {
    after_ = after.image;
    after_texture_.clear();
    if (after_) after_texture_.set(*after_);
  }
  stops_ = after.stops;
  overlay_stale_ = true;
}

void Canvas::set_detail(const SharedImage& before, const SharedImage& after) {
  before_detail_.set(before);
  after_detail_.set(after);
}

bool Canvas::is_close(int full_width) const {
  return before_ && full_width > before_->width && (zoom_ > 0 ? zoom_ : last_fit_) > 1;
}

void Canvas::set_mask(const SharedImage& mask) {
  if (mask == mask_) return;
  mask_ = mask;
  overlay_stale_ = true;
}

void Canvas::actual_size(int full_width) {
  if (!before_) return;
  zoom_ = static_cast<float>(full_width) / static_cast<float>(before_->width);
}

void Canvas::zoom_by(float factor) {
  zoom_ = std::clamp((zoom_ > 0 ? zoom_ : last_fit_) * factor, kLeastZoom, kMostZoom);
}

float Canvas::pixel_size(const Frame& frame) const {
  if (zoom_ > 0) return zoom_;
  const float fit = std::min(frame.size.x / static_cast<float>(before_->width),
                             frame.size.y / static_cast<float>(before_->height));
  return std::max(fit * 0.96f, kLeastZoom);
}

ImVec2 Canvas::picture_from(const Frame& frame) const {
  const float pixel = pixel_size(frame);
  const float width = pixel * static_cast<float>(before_->width);
  const float height = pixel * static_cast<float>(before_->height);
  // Whole pixels keep 1:1 sharp.
  return {std::floor(frame.from.x + frame.size.x / 2 - centre_.x * width),
          std::floor(frame.from.y + frame.size.y / 2 - centre_.y * height)};
}

void Canvas::take_input(const Frame& frame, bool keyboard) {
  const ImGuiIO& io = ImGui::GetIO();
  const float pixel = pixel_size(frame);
  const ImVec2 size{pixel * static_cast<float>(before_->width),
                    pixel * static_cast<float>(before_->height)};
  if (ImGui::IsItemHovered() && io.MouseWheel != 0) {
    // The place under the pointer stays where it is.
    const ImVec2 from = picture_from(frame);
    const ImVec2 place{(io.MousePos.x - from.x) / size.x, (io.MousePos.y - from.y) / size.y};
    last_fit_ = pixel;
    zoom_by(std::pow(kWheelFactor, io.MouseWheel));
    const float share = pixel / zoom_;
    centre_ = {place.x + (centre_.x - place.x) * share, place.y + (centre_.y - place.y) * share};
  }
  ImVec2 move{};
  if (ImGui::IsItemActive() && ImGui::IsMouseDragging(ImGuiMouseButton_Left, 0)) {
    move = io.MouseDelta;
  }
  if (keyboard) {
    const float step = em(2);
    if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow)) move.x += step;
    if (ImGui::IsKeyPressed(ImGuiKey_RightArrow)) move.x -= step;
    if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) move.y += step;
    if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) move.y -= step;
  }
  if (move.x != 0 || move.y != 0) {
    centre_.x = std::clamp(centre_.x - move.x / size.x, 0.f, 1.f);
    centre_.y = std::clamp(centre_.y - move.y / size.y, 0.f, 1.f);
  }
}

void Canvas::draw_picture(const Frame& frame, bool show_before) {
  ImDrawList* const list = ImGui::GetWindowDrawList();
  const float pixel = pixel_size(frame);
  const ImVec2 from = picture_from(frame);
  const ImVec2 to = from + ImVec2{pixel * static_cast<float>(before_->width),
                                  pixel * static_cast<float>(before_->height)};
  list->PushClipRect(frame.from, frame.from + frame.size, true);
  const Texture& texture = show_before || after_texture_.empty() ? before_texture_ : after_texture_;
  list->AddImage(texture.ref(), from, to);
  // Beyond its own pixels the small picture lies below, for the rim that blocks leave.
  if (pixel > 1) {
    CanvasDetail& detail = show_before ? before_detail_ : after_detail_;
    detail.draw(*list, from, to, frame.from, frame.from + frame.size);
  }
  if (!show_before && !overlay_texture_.empty()) list->AddImage(overlay_texture_.ref(), from, to);
  list->PopClipRect();
}

void Canvas::draw_label(const Frame& frame, const char* text, bool right) const {
  ImDrawList* const list = ImGui::GetWindowDrawList();
  const ImVec2 size = ImGui::CalcTextSize(text);
  const float pad = em(0.35f), gap = em(0.6f);
  const float x = right ? frame.from.x + frame.size.x - gap - size.x - 2 * pad : frame.from.x + gap;
  const ImVec2 from{x, frame.from.y + gap};
  list->AddRectFilled(from, from + size + ImVec2{2 * pad, 2 * pad}, IM_COL32(0, 0, 0, 170),
                      em(0.3f));
  list->AddText(from + ImVec2{pad, pad}, IM_COL32(255, 255, 255, 255), text);
}

void Canvas::draw_split(const Frame& frame) {
  const float pixel = pixel_size(frame);
  const float width = pixel * static_cast<float>(before_->width);
  const ImVec2 from = picture_from(frame);
  // Of what can be seen of the picture.
  const float left = std::max(from.x, frame.from.x);
  const float right = std::min(from.x + width, frame.from.x + frame.size.x);
  const float x = std::floor(left + split * (right - left));
  const Frame before{frame.from, {x - frame.from.x, frame.size.y}};
  ImDrawList* const list = ImGui::GetWindowDrawList();
  draw_picture(frame, false);
  list->PushClipRect(before.from, before.from + before.size, true);
  draw_picture(frame, true);
  list->PopClipRect();

  const float grip = em(0.5f);
  ImGui::SetCursorScreenPos({x - grip, frame.from.y});
  ImGui::SetNextItemAllowOverlap();
  ImGui::InvisibleButton("Split line", {2 * grip, frame.size.y});
  if (ImGui::IsItemHovered() || ImGui::IsItemActive()) {
    ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
  }
  if (ImGui::IsItemActive()) {
    split = std::clamp((ImGui::GetIO().MousePos.x - left) / std::max(right - left, 1.f), 0.f, 1.f);
  }
  const float middle = frame.from.y + frame.size.y / 2;
  list->AddLine({x, frame.from.y}, {x, frame.from.y + frame.size.y}, IM_COL32(255, 255, 255, 220),
                std::max(1.f, em(0.1f)));
  list->AddCircleFilled({x, middle}, grip * 1.3f, IM_COL32(255, 255, 255, 235));
  const float arrow = grip * 0.55f, gap = grip * 0.2f;
  const ImU32 ink = IM_COL32(40, 44, 50, 255);
  list->AddTriangleFilled({x - gap, middle - arrow}, {x - gap, middle + arrow},
                          {x - gap - arrow, middle}, ink);
  list->AddTriangleFilled({x + gap, middle - arrow}, {x + gap + arrow, middle},
                          {x + gap, middle + arrow}, ink);
}

void Canvas::draw_overlay_texture() {
  const bool current =
      !overlay_stale_ && overlay == drawn_overlay_ && mask_threshold == drawn_threshold_;
  if (current) return;
  overlay_stale_ = false;
  drawn_overlay_ = overlay;
  drawn_threshold_ = mask_threshold;
  overlay_texture_.clear();
  if (!after_ || overlay == CanvasOverlay::none) return;
  const auto width = static_cast<size_t>(after_->width),
             height = static_cast<size_t>(after_->height);
  std::vector<uint8_t> rgba(width * height * 4);
  if (overlay == CanvasOverlay::light) {
    if (stops_.size() != width * height) return;
    for (size_t i = 0; i < stops_.size(); ++i) {
      const auto colour = viridis(stops_[i] / kMostStops);
      for (size_t c = 0; c < 3; ++c) rgba[4 * i + c] = byte(colour[c]);
      rgba[4 * i + 3] = 190;
    }
    overlay_texture_.set(rgba, after_->width, after_->height);
    return;
  }
  if (overlay == CanvasOverlay::difference) {
    if (!before_ || before_->u8.size() != after_->u8.size() || before_->channels != 3) return;
    for (size_t i = 0; i < width * height; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        const int change = after_->u8[3 * i + c] - before_->u8[3 * i + c];
        rgba[4 * i + c] = static_cast<uint8_t>(std::clamp(128 + kDifferenceGain * change, 0, 255));
      }
      rgba[4 * i + 3] = 255;
    }
    overlay_texture_.set(rgba, after_->width, after_->height);
    return;
  }
  if (!mask_ || mask_->depth != 8) return;
  const auto mask_width = static_cast<size_t>(mask_->width);
  const size_t pixels = mask_width * static_cast<size_t>(mask_->height);
  rgba.resize(pixels * 4);
  for (size_t i = 0; i < pixels; ++i) {
    const float share =
        static_cast<float>(mask_->u8[i * static_cast<size_t>(mask_->channels)]) / 255.f;
    rgba[4 * i] = 255;
    rgba[4 * i + 1] = 40;
    rgba[4 * i + 2] = 90;
    rgba[4 * i + 3] = share < mask_threshold ? uint8_t{0} : byte(150 * share);
  }
  overlay_texture_.set(rgba, mask_->width, mask_->height);
}

void Canvas::read_pixel(const Frame& frame, int full_width) {
  // Of the photograph, of which the picture may be a smaller copy.
  const float share = static_cast<float>(before_->width) / static_cast<float>(full_width);
  const float pixel = pixel_size(frame) * share;
  read_out_ = fmt::format("{:.0f} %", 100 * pixel);
  const bool close = is_close(full_width);
  if (close && after_detail_.empty()) read_out_ += "   preview";
  if (!after_ || !ImGui::IsMouseHoveringRect(frame.from, frame.from + frame.size)) return;
  const ImVec2 from = picture_from(frame), mouse = ImGui::GetIO().MousePos;
  const float x = std::floor((mouse.x - from.x) / pixel),
              y = std::floor((mouse.y - from.y) / pixel);
  const Image& shown = close && !after_detail_.empty() ? *after_detail_.picture() : *after_;
  if (shown.depth != 8 || shown.channels < 3) return;
  const float scale = static_cast<float>(shown.width) / static_cast<float>(full_width);
  const int column = static_cast<int>(std::floor(x * scale)),
            row = static_cast<int>(std::floor(y * scale));
  if (column < 0 || row < 0 || column >= shown.width || row >= shown.height) return;
  const size_t at =
      static_cast<size_t>(row * shown.width + column) * static_cast<size_t>(shown.channels);
  read_out_ += fmt::format("   {:.0f}, {:.0f}   {} {} {}", x, y, shown.u8[at], shown.u8[at + 1],
                           shown.u8[at + 2]);
}

void Canvas::draw(int full_width, bool keyboard) {
  const ImVec2 from = ImGui::GetCursorScreenPos(), size = ImGui::GetContentRegionAvail();
  if (!before_ || size.x < 8 || size.y < 8) return;
  ImGui::GetWindowDrawList()->AddRectFilled(from, from + size,
                                            ImGui::GetColorU32(colours().canvas));
  draw_overlay_texture();
  const bool pair = view == CanvasView::side_by_side && !peek;
  const ImVec2 frame_size = pair ? ImVec2{std::floor(size.x / 2), size.y} : size;
  const Frame frame{from, frame_size};
  const Frame right{{from.x + frame_size.x, from.y}, frame_size};
  last_fit_ = pixel_size(frame);
  ImGui::SetNextItemAllowOverlap();
  ImGui::InvisibleButton("Picture", size);
  take_input(pair && ImGui::GetIO().MousePos.x > right.from.x ? right : frame, keyboard);
  if (pair) {
    draw_picture(frame, true);
    draw_picture(right, false);
    draw_label(frame, "Before", false);
    draw_label(right, "After", true);
  } else if (view == CanvasView::split && !peek) {
    draw_split(frame);
    draw_label(frame, "Before", false);
    draw_label(frame, "After", true);
  } else {
    const bool show_before = peek || view == CanvasView::before;
    draw_picture(frame, show_before);
    if (show_before) draw_label(frame, "Before", false);
  }
  read_pixel(frame, full_width);
}

}  // namespace vane
