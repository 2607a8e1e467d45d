// SPDX-License-Identifier: Apache-2.0
#include "guidance/textual_inversion.h"

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "guidance/descent.h"

namespace vane {
namespace {

constexpr float kStartDeviation = 0.02f;
constexpr const char* kPlaceholder = "£";

}  // namespace

TextualInversion invert_to_text(const ClipEncoder& clip, const Tensor& image_feature,
                                const TextualInversionConfig& config, Job& job) {
  const Tensor target = unit(image_feature.detach().to(at::kFloat).reshape({1, -1}));
  std::string sentence = "a photo of a";
  for (int64_t i = 0; i < config.tokens; ++i) sentence += std::string(" ") + kPlaceholder;
  const TokenBatch batch = clip.tokenize({sentence});
  const auto int64 = at::TensorOptions().dtype(at::kLong);
  // The placeholders are the last words: they stand right before the end token.
  const int64_t end = batch.end.front(), first = end - config.tokens;
  if (batch.truncated.front() || first < 1) {
    throw Error(ErrorCode::usage, std::to_string(config.tokens) +
                                      " pseudo tokens do not fit into what the model reads");
  }
  const Tensor ids = at::tensor(batch.ids, int64).view({1, batch.context_length});
  const Tensor frame = at::embedding(clip.token_embedding(), ids).to(at::kFloat).detach();
  const Tensor ends = at::tensor(batch.end, int64);

  Tensor tokens = at::empty({config.tokens, frame.size(2)});
  Rng rng = Rng(config.seed).fork("pseudo tokens");
  auto* data = tokens.data_ptr<float>();
  for (int64_t i = 0; i < tokens.numel(); ++i) data[i] = kStartDeviation * rng.normal();
  const auto feature_of = [&](const Tensor& pseudo) {
    const Tensor vectors =
        at::cat({frame.slice(1, 0, first), pseudo.unsqueeze(0), frame.slice(1, end)}, 1);
    return unit(clip.text_embedding_of_vectors(vectors, ends));
  };

  TextualInversion result;
  const DescentConfig descent{config.iterations, config.learning_rate, config.weight_decay};
  result.pseudo_tokens = descend(
      tokens, [&](const Tensor& x) { return 1 - (feature_of(x) * target).sum(); }, descent,
      result.losses, job);
  const at::NoGradGuard no_grad;
  result.feature = feature_of(result.pseudo_tokens)[0];
  result.similarity = (result.feature * target[0]).sum().item<double>();
  return result;
}

Direction inversion_direction(const ClipEncoder& clip, const TextualInversion& inversion) {
  const at::NoGradGuard no_grad;
  const Tensor plain = clip.text_features({"a photo"})[0].to(at::kDouble);
  const Tensor difference = inversion.feature.to(at::kDouble) - plain;
  const double length = difference.norm().item<double>();
  if (!(length > 1e-9)) {
    throw Error(ErrorCode::usage, "the picture inverts to a plain photo, which points nowhere");
  }
  Direction direction;
  direction.vector = (difference / length).to(at::kFloat);
  direction.magnitude = static_cast<float>(length);
  direction.kind = "inversion";
  direction.model_hash = clip.info().hash;
  direction.from_point = plain.to(at::kFloat);
  direction.to_point = inversion.feature.to(at::kFloat).clone();
  return direction;
}

}  // namespace vane
