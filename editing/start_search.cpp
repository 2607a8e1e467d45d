// SPDX-License-Identifier: Apache-2.0
#include "editing/start_search.h"

#include "engine/base/error.h"

namespace vane {
namespace {

Latent moved(const Latent& latent, const Move& move, float amount) {
  Latent copy = latent;
  Tensor part = copy.parts.at(move.part).clone();
  part.view(-1)[move.index] += amount;
  copy.parts[move.part] = part;
  return copy;
}

struct Candidate {
  Move move;
  float amount = 0.f;
  double loss = 0;
};

// The loss of one latent; infinity where a term is not finite, so that the move is not taken.
class Probe {
 public:
  Probe(const Generator& generator, Objective& objective, const Evaluation& evaluation,
        const OptimiseConfig& config)
      : generator_(generator), objective_(objective), evaluation_(evaluation), config_(config) {
    evaluation_.steps = config.steps;
    evaluation_.rng = Rng(config.seed).fork("optimise", 0);
  }

  double operator()(const Latent& latent) {
    evaluation_.image = generator_.render(latent, config_.view_long_side);
    try {
      const Tensor loss =
          objective_.evaluate(evaluation_).total + generator_.prior(latent) * config_.prior_weight;
      const double value = loss.item<double>();
      return std::isfinite(value) ? value : std::numeric_limits<double>::infinity();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::numeric) throw;
      return std::numeric_limits<double>::infinity();
    }
  }

 private:
  const Generator& generator_;
  Objective& objective_;
  Evaluation evaluation_;
  const OptimiseConfig& config_;
};

}  // namespace

Latent search_start(const Generator& generator, const Latent& start, Objective& objective,
                    const Evaluation& evaluation, const OptimiseConfig& config, Job& job) {
  const at::NoGradGuard no_grad;
  Probe probe(generator, objective, evaluation, config);
  Latent best = start;
  const double start_loss = probe(start);
  double best_loss = start_loss;

  const std::vector<Move> moves = generator.moves();
  std::vector<Candidate> helpful;
  for (size_t i = 0; i < moves.size(); ++i) {
    for (const float steps : {1.f, -1.f, 2.5f, -2.5f}) {
      if (job.stop_requested()) return best;
      const float amount = steps * moves[i].step;
      const double loss = probe(moved(start, moves[i], amount));
      if (loss < start_loss) helpful.push_back({moves[i], amount, loss});
    }
    job.progress(static_cast<int64_t>(i + 1), static_cast<int64_t>(moves.size()), "probing");
  }
  std::stable_sort(helpful.begin(), helpful.end(),
                   [](const Candidate& a, const Candidate& b) { return a.loss < b.loss; });
  for (const Candidate& candidate : helpful) {
    if (job.stop_requested()) return best;
    const Latent next = moved(best, candidate.move, candidate.amount);
    const double loss = probe(next);
    if (loss >= best_loss) continue;
    best = next;
    best_loss = loss;
  }
  return best;
}

}  // namespace vane
