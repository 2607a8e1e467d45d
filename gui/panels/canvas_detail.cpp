// SPDX-License-Identifier: Apache-2.0
#include "gui/panels/canvas_detail.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>

namespace vane {
namespace {

/// Of what is seen, added on each side, so that not every step of a pan makes a new texture.
constexpr float kMargin = 0.2f;

int down_to(int value, int block) { return value / block * block; }

}  // namespace

void CanvasDetail::set(const SharedImage& picture) {
  if (picture == picture_) return;
  picture_ = picture;
  texture_.clear();
}

void CanvasDetail::upload(const Part& part) {
  const Image& image = *picture_;
  const int width = (part.right - part.left) / part.block,
            height = (part.bottom - part.top) / part.block;
  std::vector<uint8_t> rgba(static_cast<size_t>(width) * static_cast<size_t>(height) * 4);
  const auto samples = static_cast<uint32_t>(part.block * part.block);
  const size_t row = static_cast<size_t>(image.width) * 3;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const uint8_t* const corner = image.u8.data() +
                                    static_cast<size_t>(part.top + y * part.block) * row +
                                    static_cast<size_t>(part.left + x * part.block) * 3;
      uint32_t sum[3] = {};
      for (int j = 0; j < part.block; ++j) {
        const uint8_t* sample = corner + static_cast<size_t>(j) * row;
        for (int i = 0; i < part.block; ++i, sample += 3) {
          for (int c = 0; c < 3; ++c) sum[c] += sample[c];
        }
      }
      uint8_t* const out = rgba.data() + 4 * (static_cast<size_t>(y) * static_cast<size_t>(width) +
                                              static_cast<size_t>(x));
      for (int c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>((sum[c] + samples / 2) / samples);
      out[3] = 255;
    }
  }
  texture_.set(rgba, width, height);
  part_ = part;
}

void CanvasDetail::draw(ImDrawList& list, ImVec2 from, ImVec2 to, ImVec2 frame_from,
                        ImVec2 frame_to) {
  if (!picture_) return;
  const float pixel = (to.x - from.x) / static_cast<float>(picture_->width);
  const int block =
      std::clamp(static_cast<int>(1 / pixel), 1, std::min(picture_->width, picture_->height));
  const auto limits = [&](float first, float last, float low, float high, int size, float margin) {
    const float start = (std::max(first, low) - first) / pixel - margin;
    const float end = (std::min(last, high) - first) / pixel + margin;
    const int whole = down_to(size, block);
    return std::pair{
        down_to(std::clamp(static_cast<int>(start), 0, whole), block),
        std::min(whole, down_to(std::clamp(static_cast<int>(std::ceil(end)), 0, whole) + block - 1,
                                block))};
  };
  const auto part_with = [&](float margin) {
    const auto [left, right] = limits(from.x, to.x, frame_from.x, frame_to.x, picture_->width,
                                      margin * (frame_to.x - frame_from.x) / pixel);
    const auto [top, bottom] = limits(from.y, to.y, frame_from.y, frame_to.y, picture_->height,
                                      margin * (frame_to.y - frame_from.y) / pixel);
    return Part{left, top, right, bottom, block};
  };
  const Part seen = part_with(0);
  if (seen.left >= seen.right || seen.top >= seen.bottom) return;
  const bool current = !texture_.empty() && part_.block == block && part_.left <= seen.left &&
                       part_.top <= seen.top && part_.right >= seen.right &&
                       part_.bottom >= seen.bottom;
  if (!current) upload(part_with(kMargin));
  const auto place = [&](int x, int y) {
    return from + ImVec2{pixel * static_cast<float>(x), pixel * static_cast<float>(y)};
  };
  list.AddImage(texture_.ref(), place(part_.left, part_.top), place(part_.right, part_.bottom));
}

}  // namespace vane
