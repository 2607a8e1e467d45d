// SPDX-License-Identifier: Apache-2.0
#include "guidance/prompt_learning.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/base/text.h"
#include "engine/clip/text_transformer.h"
#include "engine/run/adam.h"
#include "engine/text/phrase.h"

namespace vane {
namespace {

// Means of unit features that differ less differ by rounding.
constexpr double kSameSets = 1e-6;
constexpr double kScale = 100;  // hard-coded in the published losses
constexpr double kRelativeRate = 1.0 / 200;
constexpr float kContextDeviation = 0.02f;  // CoOp

std::string repeated(int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) text += i == 0 ? "X" : " X";
  return text;
}

Tensor normal(const std::vector<int64_t>& shape, float deviation, Rng rng) {
  const Tensor values = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  auto* data = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) data[i] = deviation * rng.normal();
  return values;
}

Tensor ids_of(const TokenBatch& batch) {
  return at::tensor(batch.ids, at::TensorOptions().dtype(at::kLong))
      .view({batch.count, batch.context_length});
}

Tensor hinge(const Tensor& lower, const Tensor& higher, double margin) {
  return (lower - higher + margin).clamp_min(0);
}

/// Rows that learn, and every n-th that only measures.
std::pair<Tensor, Tensor> divided(const Tensor& features, int64_t every) {
  std::vector<int64_t> learn, measure;
  for (int64_t i = 0; i < features.size(0); ++i) {
    (every > 1 && i % every == every - 1 ? measure : learn).push_back(i);
  }
  const auto rows = [&](const std::vector<int64_t>& ids) {
    return features.index_select(0, at::tensor(ids, at::TensorOptions().dtype(at::kLong)));
  };
  return {rows(learn), rows(measure)};
}

double share_right(const Tensor& bad, const Tensor& good, const Tensor& prompts) {
  const int64_t count = bad.size(0) + good.size(0);
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  const auto right = [&](const Tensor& images, bool first) {
    if (images.size(0) == 0) return int64_t{0};
    const Tensor score = prompt_score(images, prompts);
    return (first ? score > 0.5 : score < 0.5).sum().item<int64_t>();
  };
  return static_cast<double>(right(bad, true) + right(good, false)) / static_cast<double>(count);
}

/// `count` rows drawn in a random order that starts anew when all were seen.
class Shuffled {
 public:
  Shuffled(Tensor rows, Rng rng) : rows_(std::move(rows)), rng_(rng) {}

  Tensor next(int64_t count) {
    std::vector<int64_t> ids;
    while (static_cast<int64_t>(ids.size()) < count) {
      if (at_ == order_.size()) shuffle();
      ids.push_back(order_[at_++]);
    }
    return rows_.index_select(0, at::tensor(ids, at::TensorOptions().dtype(at::kLong)));
  }

 private:
  void shuffle() {
    order_.resize(static_cast<size_t>(rows_.size(0)));
    std::iota(order_.begin(), order_.end(), 0);
    for (size_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1], order_[rng_.below(static_cast<uint32_t>(i))]);
    }
    at_ = 0;
  }

  Tensor rows_;
  Rng rng_;
  std::vector<int64_t> order_;
  size_t at_ = 0;
};

}  // namespace

PromptPair::PromptPair(std::shared_ptr<const ClipEncoder> clip, const PromptLearningConfig& config)
    : clip_(std::move(clip)), form_(config.form) {
  const at::NoGradGuard no_grad;
  const Rng rng = Rng(config.seed).fork("prompts");
  if (form_ == "latent") {
    learned_ = normal({2, clip_->info().embed_dim}, 1.f, rng);
    return;
  }
  const auto int64 = at::TensorOptions().dtype(at::kLong);
  const Tensor& table = clip_->token_embedding();
  // With causal attention the padding behind the end token changes nothing.
  const TextTransformer* tower = clip_->text_transformer_tower();
  const bool causal =
      tower != nullptr && tower->config.causal && tower->config.pool == TextConfig::Pool::end_token;
  const auto useful = [&](const TokenBatch& batch) {
    return causal ? *std::max_element(batch.end.begin(), batch.end.end()) + 1
                  : batch.context_length;
  };
  if (form_ == "full") {
    const TokenBatch batch = clip_->tokenize({repeated(config.tokens)});
    length_ = useful(batch);
    learned_ = at::embedding(table, ids_of(batch)).repeat({2, 1, 1}).contiguous();
    end_ = at::tensor(batch.end, int64).repeat({2});
    return;
  }
  if (form_ != "context") {
    throw Error(ErrorCode::usage, "there is no form of prompt '" + printable(form_) + "'")
        .with_hint("known: full, context, latent");
  }
  check_phrase(config.from_word, "the word of the first prompt");
  check_phrase(config.to_word, "the word of the second prompt");
  if (config.from_word == config.to_word) {
    throw Error(ErrorCode::usage, "both prompts have the same words, so nothing tells them apart");
  }
  const std::string context = repeated(config.tokens) + " ";
  const TokenBatch batch =
      clip_->tokenize({context + config.from_word + ".", context + config.to_word + "."});
  if (batch.truncated[0] || batch.truncated[1]) {
    throw Error(ErrorCode::usage, "the prompts are longer than the model reads");
  }
  length_ = useful(batch);
  frame_ = at::embedding(table, ids_of(batch)).slice(1, 0, length_);
  end_ = at::tensor(batch.end, int64);
  learned_ = normal({config.tokens, table.size(1)}, kContextDeviation, rng);
}

const char* PromptPair::key() const {
  return form_ == "full" ? "embedding_prompt" : form_ == "context" ? "ctx" : "guidance_embeddings";
}

Tensor PromptPair::features() const {
  if (form_ == "latent") return unit(learned_);
  if (form_ == "full") {
    return unit(clip_->text_embedding_of_vectors(learned_.slice(1, 0, length_), end_));
  }
  const int64_t tokens = learned_.size(0);
  const Tensor context = learned_.unsqueeze(0).expand({2, tokens, learned_.size(1)});
  const Tensor vectors = at::cat({frame_.slice(1, 0, 1), context, frame_.slice(1, 1 + tokens)}, 1);
  return unit(clip_->text_embedding_of_vectors(vectors, end_));
}

Tensor prompt_score(const Tensor& images, const Tensor& prompts) {
  return at::softmax(kScale * at::matmul(images, prompts.t()), -1).select(-1, 0);
}

Tensor prompt_loss(const Tensor& images, const Tensor& labels, const Tensor& prompts) {
  return at::cross_entropy_loss(kScale * at::matmul(images, prompts.t()), labels);
}

Tensor prompt_rank_loss(const Tensor& bad, const Tensor& good, const std::vector<Tensor>& enhanced,
                        const Tensor& prompts) {
  const auto mean = [&](const Tensor& images) { return prompt_score(images, prompts).mean(); };
  const Tensor worst = mean(bad), best = mean(good);
  if (enhanced.empty()) return hinge(best, worst, 1.0);
  const Tensor older = mean(enhanced.front());
  const Tensor first = hinge(best, worst, 0.9) + hinge(older, worst, 0.9);
  if (enhanced.size() == 1) return first + hinge(best, older, 0.2);
  const Tensor newer = mean(enhanced.back());
  return first + hinge(newer, older, 0.1) + hinge(best, newer, 0.1);
}

PromptLearningResult learn_prompts(PromptPair& pair, const Tensor& from, const Tensor& to,
                                   const std::vector<Tensor>& enhanced,
                                   const PromptLearningConfig& config, Job& job) {
  if (from.size(0) == 0 || to.size(0) == 0) {
    throw Error(ErrorCode::usage, "prompts are learned from pictures on both sides");
  }
  if ((from.mean(0) - to.mean(0)).abs().max().item<double>() < kSameSets) {
    throw Error(
        ErrorCode::usage,
        "both sets of pictures have the same mean embedding, so no prompts tell them apart");
  }
  const auto [bad, bad_held] = divided(from.to(at::kFloat), config.hold_out);
  const auto [good, good_held] = divided(to.to(at::kFloat), config.hold_out);
  const Rng rng = Rng(config.seed).fork("prompt learning");
  Shuffled bad_rows(bad, rng.fork("from")), good_rows(good, rng.fork("to"));
  std::vector<Shuffled> enhanced_rows;
  for (size_t i = 0; i < enhanced.size(); ++i) {
    enhanced_rows.emplace_back(enhanced[i].to(at::kFloat), rng.fork("enhanced", i));
  }

  Tensor& learned = pair.learned();
  learned = learned.detach().clone().requires_grad_(true);
  AdamOptions options;
  // A fresh context is smaller than the words beside it, whose size is what counts.
  const Tensor& scale = config.form == "context" ? pair.clip().token_embedding() : learned;
  const double size = scale.detach().square().mean().sqrt().item<double>();
  options.learning_rate =
      config.learning_rate > 0 ? static_cast<double>(config.learning_rate) : size * kRelativeRate;
  Adam adam({{options, {{pair.key(), learned}}}});
  const int64_t half = std::max<int64_t>(1, config.batch / 2);
  const Tensor labels = at::cat({at::zeros({half}, at::TensorOptions().dtype(at::kLong)),
                                 at::ones({half}, at::TensorOptions().dtype(at::kLong))});
  PromptLearningResult result;
  std::vector<double> losses;
  const at::AutoGradMode differentiate(true);
  for (int64_t step = 0; step < config.iterations && !job.stop_requested(); ++step) {
    const Tensor prompts = pair.features();
    const Tensor worst = bad_rows.next(half), best = good_rows.next(half);
    Tensor loss;
    if (enhanced.empty()) {
      loss = prompt_loss(at::cat({worst, best}), labels, prompts);
    } else {
      std::vector<Tensor> results;
      for (Shuffled& rows : enhanced_rows) results.push_back(rows.next(half));
      loss = prompt_rank_loss(worst, best, results, prompts);
    }
    losses.push_back(loss.item<double>());
    if (!std::isfinite(losses.back())) {
      throw Error(ErrorCode::numeric, "the loss of the prompts is not finite");
    }
    Tensor gradient = torch::autograd::grad({loss}, {learned})[0];
    const at::NoGradGuard no_grad;
    adam.step({gradient + static_cast<double>(config.weight_decay) * learned});
    job.progress(step + 1, config.iterations, "learning prompts");
    job.metric("loss", step + 1, losses.back());
  }
  learned = learned.detach();

  const at::NoGradGuard no_grad;
  const Tensor prompts = pair.features();
  result.steps = static_cast<int64_t>(losses.size());
  const auto tail = static_cast<std::ptrdiff_t>(std::max<size_t>(1, losses.size() / 10));
  if (!losses.empty()) {
    result.loss =
        std::accumulate(losses.end() - tail, losses.end(), 0.0) / static_cast<double>(tail);
  }
  result.accuracy = share_right(bad, good, prompts);
  result.held_out_accuracy = share_right(bad_held, good_held, prompts);
  Direction& direction = result.direction;
  const Tensor difference = (prompts[1] - prompts[0]).to(at::kDouble);
  const double length = difference.norm().item<double>();
  if (!(length > 1e-9)) {
    throw Error(ErrorCode::numeric, "both prompts are still the same; nothing was learned")
        .with_hint("give more --iterations or a larger --learning-rate");
  }
  direction.vector = (difference / length).to(at::kFloat);
  direction.magnitude = static_cast<float>(length);
  direction.kind = "prompts";
  direction.model_hash = pair.clip().info().hash;
  direction.from_point = prompts[0].to(at::kFloat).clone();
  direction.to_point = prompts[1].to(at::kFloat).clone();
  direction.origin = {{"form", config.form},
                      {"count_from", std::to_string(from.size(0))},
                      {"count_to", std::to_string(to.size(0))},
                      {"steps", std::to_string(result.steps)}};
  return result;
}

}  // namespace vane
