// SPDX-License-Identifier: Apache-2.0
#pragma once
// A CLIP that can be solved by hand: the image tower is a matrix, the text tower a mean of rows.

#include <memory>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/clip/clip_encoder.h"

namespace vane::testing {

/// Normal numbers of a shape, from one stream.
inline Tensor normal_tensor(const std::vector<int64_t>& shape, uint64_t seed,
                            const char* purpose = "normal") {
  Tensor tensor = at::empty(shape, at::kFloat);
  Rng rng = Rng(seed).fork(purpose);
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.data_ptr<float>()[i] = rng.normal();
  return tensor;
}

/// Uniform numbers in [low, high).
inline Tensor uniform_tensor(const std::vector<int64_t>& shape, uint64_t seed, float low = 0.f,
                             float high = 1.f) {
  Tensor tensor = at::empty(shape, at::kFloat);
  Rng rng = Rng(seed).fork("uniform");
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    tensor.data_ptr<float>()[i] = rng.uniform(low, high);
  }
  return tensor;
}

/// image: E(x) = W flatten(x) + b; text: the mean of the token rows between start and end (the zero
/// vector plus b for no token). Weights come from the seed.
class LinearClip final : public ClipEncoder {
 public:
  explicit LinearClip(int64_t dim = 12, uint64_t seed = 1, int image_size = 6)
      : tokens_(normal_tensor({Tokenizer::kVocabulary, dim}, seed, "tokens")) {
    const int64_t inputs = int64_t{3} * image_size * image_size;
    weight_ = normal_tensor({dim, inputs}, seed, "weight") / std::sqrt(static_cast<double>(inputs));
    bias_ = normal_tensor({dim}, seed, "bias");
    info_.name = "linear";
    info_.layout = "test";
    info_.embed_dim = dim;
    info_.preprocess.image_size = image_size;
    info_.hash = "linear-" + std::to_string(seed) + "-" + std::to_string(dim);
  }

  const ClipInfo& info() const override { return info_; }
  Tensor image_embedding_of_input(const Tensor& input, VisionTaps*) const override {
    return at::mm(input.flatten(1), weight_.t()) + bias_;
  }
  Tensor text_embedding_of_tokens(const Tensor& ids, const Tensor& end,
                                  const TextOptions&) const override {
    return text_embedding_of_vectors(
        tokens_.index_select(0, ids.flatten()).view({ids.size(0), ids.size(1), tokens_.size(1)}),
        end);
  }
  const Tensor& token_embedding() const override { return tokens_; }
  Tensor text_embedding_of_vectors(const Tensor& vectors, const Tensor& end) const override {
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < vectors.size(0); ++i) {
      const int64_t count = end[i].item<int64_t>() - 1;
      rows.push_back(count > 0 ? bias_ + vectors[i].narrow(0, 1, count).mean(0) : bias_);
    }
    return at::stack(rows);
  }
  std::unique_ptr<ClipEncoder> to_double() const override {
    auto copy = std::make_unique<LinearClip>(*this);
    copy->tokens_ = tokens_.to(at::kDouble);
    copy->weight_ = weight_.to(at::kDouble);
    copy->bias_ = bias_.to(at::kDouble);
    return copy;
  }

  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  ClipInfo info_;
  Tensor tokens_, weight_, bias_;
};

}  // namespace vane::testing
