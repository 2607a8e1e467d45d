// SPDX-License-Identifier: Apache-2.0
#include "guidance/textual_inversion.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/run/adam.h"

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
  tokens.requires_grad_(true);
  const auto feature_of = [&](const Tensor& pseudo) {
    const Tensor vectors =
        at::cat({frame.slice(1, 0, first), pseudo.unsqueeze(0), frame.slice(1, end)}, 1);
    return unit(clip.text_embedding_of_vectors(vectors, ends));
  };

  AdamOptions options;
  options.learning_rate = static_cast<double>(config.learning_rate);
  options.weight_decay = static_cast<double>(config.weight_decay);
  Adam adam({{options, {{"pseudo_tokens", tokens}}}});
  TextualInversion best;
  double lowest = std::numeric_limits<double>::infinity();
  const auto keep_if_better = [&](double loss) {
    if (!(loss < lowest)) return;
    lowest = loss;
    best.pseudo_tokens = tokens.detach().clone();
  };
  {
    const at::AutoGradMode differentiate(true);
    for (int64_t step = 0; step < config.iterations && !job.stop_requested(); ++step) {
      const Tensor loss = 1 - (feature_of(tokens) * target).sum();
      best.losses.push_back(loss.item<double>());
      if (!std::isfinite(best.losses.back())) {
        throw Error(ErrorCode::numeric, "the inversion diverged")
            .with_hint("give a smaller --learning-rate");
      }
      keep_if_better(best.losses.back());
      const Tensor gradient = torch::autograd::grad({loss}, {tokens})[0];
      const at::NoGradGuard no_grad;
      adam.step({gradient});
      job.progress(step + 1, config.iterations, "inverting");
      job.metric("loss", step + 1, best.losses.back());
    }
  }
  const at::NoGradGuard no_grad;
  keep_if_better((1 - (feature_of(tokens) * target).sum()).item<double>());
  best.feature = feature_of(best.pseudo_tokens)[0];
  best.similarity = (best.feature * target[0]).sum().item<double>();
  return best;
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
