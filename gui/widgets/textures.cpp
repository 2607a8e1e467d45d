// SPDX-License-Identifier: Apache-2.0
#include "gui/widgets/textures.h"

#include "engine/image/resize.h"

namespace vane {

void Texture::set(const std::vector<uint8_t>& rgba, int width, int height) {
  clear();
  id_ = textures_.create(rgba.data(), width, height);
  width_ = width;
  height_ = height;
}

void Texture::set(const Image& image) {
  const Image rgb = to_rgb8(image);
  const size_t pixels = rgb.u8.size() / 3;
  std::vector<uint8_t> rgba(pixels * 4);
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) rgba[4 * i + c] = rgb.u8[3 * i + c];
    rgba[4 * i + 3] = 255;
  }
  set(rgba, image.width, image.height);
}

void Texture::clear() {
  if (id_ != 0) textures_.destroy(id_);
  id_ = 0;
  width_ = height_ = 0;
}

}  // namespace vane
