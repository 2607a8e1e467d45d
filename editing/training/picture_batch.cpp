// SPDX-License-Identifier: Apache-2.0
#include "editing/training/picture_batch.h"

#include "engine/base/error.h"

namespace vane {

Tensor network_input(std::span<const std::vector<uint8_t>> pictures, int size,
                     const ClipPreprocess& preprocess) {
  const auto n = static_cast<int64_t>(pictures.size());
  Tensor pixels = at::empty({n, size, size, 3});
  auto* to = pixels.data_ptr<float>();
  std::array<float, 3> scale{}, shift{};
  for (size_t c = 0; c < 3; ++c) {
    scale[c] = 1.f / (255.f * preprocess.std[c]);
    shift[c] = preprocess.mean[c] / preprocess.std[c];
  }
  for (const std::vector<uint8_t>& bytes : pictures) {
    if (bytes.size() != size_t(size) * size_t(size) * 3) {
      throw Error(ErrorCode::internal, "samples of a batch differ in size");
    }
    for (size_t i = 0; i < bytes.size(); ++i) {
      *to++ = static_cast<float>(bytes[i]) * scale[i % 3] - shift[i % 3];
    }
  }
  return pixels.permute({0, 3, 1, 2});
}

TextTensors text_tensors(const std::vector<std::string>& texts, const TokenizerOptions& options) {
  const TokenBatch batch = Tokenizer::builtin().encode_batch(texts, options);
  const auto longs = at::TensorOptions().dtype(at::kLong);
  TextTensors tensors{at::empty({batch.count, batch.context_length}, longs),
                      at::empty({batch.count}, longs)};
  std::copy(batch.ids.begin(), batch.ids.end(), tensors.ids.data_ptr<int64_t>());
  std::copy(batch.end.begin(), batch.end.end(), tensors.end.data_ptr<int64_t>());
  return tensors;
}

}  // namespace vane
