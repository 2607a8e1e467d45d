// SPDX-License-Identifier: Apache-2.0
#pragma once
// The part of a large picture that is looked at, as sharp as the display shows it.

#include "engine/image/image.h"
#include "gui/session/preview.h"
#include "gui/widgets/textures.h"

namespace vane {

class CanvasDetail {
 public:
  explicit CanvasDetail(Textures& textures) : texture_(textures) {}

  /// 8-bit RGB at the size of the photograph; null: there is none.
  void set(const SharedImage& picture);
  bool empty() const { return picture_ == nullptr; }
  const SharedImage& picture() const { return picture_; }

  /// Draws what the frame shows of the whole picture from `from` to `to`, all in pixels of the
  /// display. Pixels beyond what the display can show are averaged in blocks.
  void draw(ImDrawList& list, ImVec2 from, ImVec2 to, ImVec2 frame_from, ImVec2 frame_to);

 private:
  /// Pixels of the picture, and how many of them a side of a texel stands for.
  struct Part {
    int left = 0, top = 0, right = 0, bottom = 0, block = 1;
  };
  void upload(const Part& part);

  SharedImage picture_;
  Texture texture_;
  Part part_;
};

}  // namespace vane
