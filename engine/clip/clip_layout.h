// SPDX-License-Identifier: Apache-2.0
#pragma once
// The key layouts in which people have CLIP weights, brought to one: the names of open_clip.

#include <string>
#include <string_view>

#include "engine/weights/tensor_table.h"

namespace vane {

/// A table whose names are those of open_clip ("visual.conv1.weight", "token_embedding.weight",
/// "text_projection" as [D,E]). Transposed projections are views; what had to be joined (q, k, v of
/// Hugging Face files; the two position tables of Long-CLIP) lies in buffers that the table owns.
struct ClipTensors {
  TensorTable table;
  /// "openai", "open_clip", "hugging_face", "tinyclip", "long_clip", "mobileclip" (Apple's files),
  /// "siglip" (Hugging Face), "siglip_timm" and "timm" (open_clip with a timm trunk
  /// that is a SigLIP's, or no FastViT; told apart, though not loaded).
  std::string layout;
};

/// Tells the layout from the names; empty when this is no CLIP at all.
std::string clip_layout_of(const TensorTable& table);

/// Throws Error{checkpoint} when the table is no CLIP, is of a family that is not built here, or
/// lacks a piece of a tensor that must be joined (naming it as the file would).
ClipTensors to_open_clip_names(const TensorTable& table);

/// The name that a tensor of the open_clip layout has in a file of `layout`, for messages.
std::string name_in_layout(std::string_view open_clip_name, std::string_view layout);

}  // namespace vane
