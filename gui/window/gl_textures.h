// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures as OpenGL textures, and the picture of the window itself.

#include "engine/image/image.h"
#include "gui/widgets/textures.h"

namespace vane {

/// Needs the window's context to be current.
class GlTextures final : public Textures {
 public:
  ImTextureID create(const uint8_t* rgba, int width, int height) override;
  void destroy(ImTextureID texture) override;
};

/// What was drawn last, before the buffers are swapped.
Image window_picture(int width, int height);
void clear_window(int width, int height);

}  // namespace vane
