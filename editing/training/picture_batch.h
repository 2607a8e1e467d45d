// SPDX-License-Identifier: Apache-2.0
#pragma once
// Training samples as network input.

#include <span>
#include <vector>

#include "engine/clip/clip_encoder.h"
#include "engine/data/captioned_source.h"

namespace vane {

/// sRGB bytes of equal size, interleaved -> [N,3,R,R], normalised by mean and std, channels last.
Tensor network_input(std::span<const std::vector<uint8_t>> pictures, int size,
                     const ClipPreprocess& preprocess);

struct TextTensors {
  Tensor ids;  // int64 [N,T]
  Tensor end;  // int64 [N]
};
TextTensors text_tensors(const std::vector<std::string>& texts, const TokenizerOptions& options);

}  // namespace vane
