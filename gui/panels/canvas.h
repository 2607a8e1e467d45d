// SPDX-License-Identifier: Apache-2.0
#pragma once
// The picture: zoom, pan, before and after, overlays.

#include <imgui.h>

#include <string>
#include <vector>

#include "gui/panels/canvas_detail.h"
#include "gui/session/preview.h"
#include "gui/widgets/textures.h"

namespace vane {

enum class CanvasView { after, split, side_by_side, before };
enum class CanvasOverlay { none, light, mask, difference };

class Canvas {
 public:
  explicit Canvas(Textures& textures);

  /// Another photograph, or another state of it. `before` null: none is open.
  void set_pictures(const SharedImage& before, const PreviewPicture& after);
  /// The same two at the size of the photograph, shown where they are looked at closely; null while
  /// there are none.
  void set_detail(const SharedImage& before, const SharedImage& after);
  /// Grey; null: none.
  void set_mask(const SharedImage& mask);

  /// Fills what is left of the current window. `full_width` pixels of the photograph itself.
  void draw(int full_width, bool keyboard);

  void fit() { zoom_ = 0; }
  /// One pixel of the photograph on one of the display.
  void actual_size(int full_width);
  void zoom_by(float factor);
  /// The display shows more than the pictures of set_pictures() hold, and the photograph has it.
  bool is_close(int full_width) const;

  CanvasView view = CanvasView::after;
  CanvasOverlay overlay = CanvasOverlay::none;
  /// While it is held, what was before is shown.
  bool peek = false;
  /// Of the split, from the left, 0 to 1.
  float split = 0.5f;
  float mask_threshold = 0.f;

  /// "1440 x 960, 52 %" and the samples that are pointed at.
  const std::string& read_out() const { return read_out_; }

 private:
  struct Frame {
    ImVec2 from, size;
  };
  void take_input(const Frame& frame, bool keyboard);
  void draw_picture(const Frame& frame, bool show_before);
  void draw_split(const Frame& frame);
  void draw_label(const Frame& frame, const char* text, bool right) const;
  void read_pixel(const Frame& frame, int full_width);
  void draw_overlay_texture();
  /// Of the picture in the frame.
  ImVec2 picture_from(const Frame& frame) const;
  float pixel_size(const Frame& frame) const;

  Texture before_texture_, after_texture_, overlay_texture_;
  CanvasDetail before_detail_, after_detail_;
  SharedImage before_, after_, mask_;
  std::vector<float> stops_;
  /// Of the display's pixels to the shown picture's; 0: fits the window.
  float zoom_ = 0;
  ImVec2 centre_{0.5f, 0.5f};
  CanvasOverlay drawn_overlay_ = CanvasOverlay::none;
  float drawn_threshold_ = -1;
  bool overlay_stale_ = true;
  float last_fit_ = 1;
  std::string read_out_;
};

}  // namespace vane
