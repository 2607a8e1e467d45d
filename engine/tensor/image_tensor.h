// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures as tensors: float32 [N,3,H,W], RGB, sRGB-encoded, in [0,1]; and back.

#include <vector>

#include "engine/image/image.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// [1,3,H,W] in [0,1]: samples divided by 255 or 65535; grey is replicated, alpha left out.
Tensor image_to_tensor(const Image& image);
/// [1,1,H,W] in [0,1], or an undefined tensor when the picture has no alpha.
Tensor alpha_to_tensor(const Image& image);
/// [1,1,H,W] in [0,1] luminance of a mask picture (grey, or the mean of RGB).
Tensor mask_to_tensor(const Image& image);
/// Picture i of [N,3,H,W] (or [N,1,H,W] as grey), clamped to [0,1], rounded to 8 or 16 bit.
Image tensor_to_image(const Tensor& tensor, int depth = 8, int64_t i = 0);

/// Antialiased bicubic (a = -0.5, as Pillow, without its 8-bit rounding); differentiable.
/// [N,C,H,W] -> [N,C,height,width].
Tensor resize_bicubic(const Tensor& image, int64_t height, int64_t width);
/// Antialiased bilinear, differentiable; for models whose preprocessing says so.
Tensor resize_bilinear(const Tensor& image, int64_t height, int64_t width);
/// Area reduction (box filter), differentiable; for working copies.
Tensor resize_area(const Tensor& image, int64_t height, int64_t width);

}  // namespace vane
