// SPDX-License-Identifier: Apache-2.0
#pragma once
// The way into a vision transformer behind its patch embedding.

#include "engine/clip/vision_transformer.h"

namespace vane {

/// Raw embedding [N,E] of patches [N,g*g,D] that are embedded already, without class token and
/// positions: the pictures' counterpart of text_transformer_of_vectors(). Differentiable.
/// Throws Error{usage} for another shape.
Tensor vision_transformer_of_patches(const VisionTransformer& tower, const Tensor& patches);

}  // namespace vane
