// SPDX-License-Identifier: Apache-2.0
#include "gui/window/gl_textures.h"

#include <imgui_impl_opengl3_loader.h>

#include <algorithm>

#include "gui/widgets/theme.h"

namespace vane {
namespace {

// Not among the few names that the loader declares.
constexpr GLenum kNearest = 0x2600;

}  // namespace

ImTextureID GlTextures::create(const uint8_t* rgba, int width, int height) {
  GLuint texture = 0;
  glGenTextures(1, &texture);
  glBindTexture(GL_TEXTURE_2D, texture);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, kNearest);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, rgba);
  return texture;
}

void GlTextures::destroy(ImTextureID texture) {
  const auto name = static_cast<GLuint>(texture);
  glDeleteTextures(1, &name);
}

Image window_picture(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  std::vector<uint8_t> rgba(static_cast<size_t>(width) * static_cast<size_t>(height) * 4);
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, rgba.data());
  image.u8.resize(image.sample_count());
  for (int y = 0; y < height; ++y) {
    // OpenGL begins at the bottom.
    const uint8_t* from =
        rgba.data() + static_cast<size_t>(height - 1 - y) * static_cast<size_t>(width) * 4;
    uint8_t* to = image.u8.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 3;
    for (int x = 0; x < width; ++x, from += 4, to += 3) std::copy(from, from + 3, to);
  }
  return image;
}

void clear_window(int width, int height) {
  const ImVec4& c = colours().canvas;
  glViewport(0, 0, width, height);
  glClearColor(c.x, c.y, c.z, 1);
  glClear(GL_COLOR_BUFFER_BIT);
}

}  // namespace vane
