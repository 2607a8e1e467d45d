// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures on the display, whatever it is.

#include <imgui.h>

#include <cstdint>
#include <vector>

#include "engine/image/image.h"

namespace vane {

/// What draws the window keeps the pictures. Interface thread.
class Textures {
 public:
  virtual ~Textures() = default;
  /// `rgba`: four bytes a pixel, row by row.
  virtual ImTextureID create(const uint8_t* rgba, int width, int height) = 0;
  virtual void destroy(ImTextureID texture) = 0;
};

/// Keeps no picture: for runs without a display.
class NoTextures final : public Textures {
 public:
  ImTextureID create(const uint8_t*, int, int) override { return ++last_; }
  void destroy(ImTextureID) override {}

 private:
  ImTextureID last_ = 0;
};

/// One picture that is replaced now and then.
class Texture {
 public:
  explicit Texture(Textures& textures) : textures_(textures) {}
  ~Texture() { clear(); }
  Texture(const Texture&) = delete;
  Texture& operator=(const Texture&) = delete;

  void set(const std::vector<uint8_t>& rgba, int width, int height);
  /// Grey, RGB or with alpha, 8 bit; alpha is left out.
  void set(const Image& image);
  void clear();
  bool empty() const { return id_ == 0; }
  ImTextureRef ref() const { return ImTextureRef(id_); }
  int width() const { return width_; }
  int height() const { return height_; }

 private:
  Textures& textures_;
  ImTextureID id_ = 0;
  int width_ = 0, height_ = 0;
};

}  // namespace vane
