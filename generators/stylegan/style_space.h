// SPDX-License-Identifier: Apache-2.0
#pragma once
// StyleSpace: the outputs of all affine layers of a StyleGAN, located by (layer, channel).
// Source: Wu et al., "StyleSpace Analysis", CVPR 2021; names of StyleCLIP's global directions.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor/fwd.h"

namespace vane {

/// One layer that takes a style.
struct StyleEntry {
  /// "conv1_resolution_4", "toRGB_resolution_4", "conv0_resolution_8", …
  std::string name;
  int64_t resolution = 0;  // of its output
  int64_t channels = 0;    // length of its style: the channels that it reads
  int64_t row = 0;         // of W+
  bool to_rgb = false;
};

/// Of a StyleGAN2 in the order of StyleCLIP: conv and toRGB at 4, then conv0, conv1, toRGB of each
/// resolution; 26 entries at 1024. What a MobileStyleGAN has is said there.
using StyleTable = std::vector<StyleEntry>;

/// One [N,C_k] for each entry of the table: biases and the
/// scale of the layer included, before the gain of a toRGB.
using StyleCode = std::vector<Tensor>;

enum class StyleKind { all, convolutions, to_rgb };

/// Channels of all entries of a kind: 9088, 6048 and 3040 for config F at 1024.
int64_t style_channels(const StyleTable& table, StyleKind kind = StyleKind::all);

/// Where each entry of a kind starts when they are laid end to end.
std::vector<int64_t> style_offsets(const StyleTable& table, StyleKind kind);

}  // namespace vane
