// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/refine_w_plus.h"

#include <cmath>

#include "engine/base/error.h"
#include "engine/run/adam.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

constexpr int kMostRestarts = 3;
constexpr int64_t kWarmup = 5;
// Each stage starts where the one before arrived, which a full rate would leave again.
constexpr double kLaterRate = 0.5;

class Refiner {
 public:
  Refiner(const StyleGenerator& generator, const Tensor& start,
          const std::vector<WeightedTerm>& terms, const LatentStatistics& statistics,
          const RefineConfig& config, Job& job)
      : generator_(generator),
        start_(start.detach()),
        terms_(terms),
        statistics_(statistics),
        config_(config),
        job_(job) {
    const std::vector<RowUse> uses = generator.row_uses();
    for (int64_t i = 0; i < std::ssize(uses); ++i) {
      if (uses[static_cast<size_t>(i)].is_read) read_.push_back(i);
    }
    read_index_ = at::tensor(read_, at::kLong);
    move_ = at::zeros({1, std::ssize(read_), generator.w_dim()});
    from_mean_ = whitened(start_.index_select(1, read_index_) - statistics.mean);
    for (const RefineStage& stage : config.stages) total_ += stage.steps;
  }

  Refinement run() {
    for (const RefineStage& stage : config_.stages) {
      if (result_.cancelled) break;
      run_stage(stage);
      rate_ *= kLaterRate;
    }
    result_.w_plus = rows_of(move_).detach();
    return std::move(result_);
  }

 private:
  Tensor whitened(const Tensor& offset) const {
    return statistics_.to_whitened(offset, config_.least_axis);
  }

  /// Rows that nothing reads repeat the one before.
  Tensor rows_of(const Tensor& move) const {
    const Tensor moved =
        start_.index_select(1, read_index_) + statistics_.to_w(move, config_.least_axis);
    std::vector<Tensor> rows;
    size_t next = 0;
    for (int64_t i = 0; i < generator_.rows(); ++i) {
      if (next < read_.size() && read_[next] == i) {
        rows.push_back(moved.select(1, static_cast<int64_t>(next++)));
      } else {
        rows.push_back(rows.back());
      }
    }
    return at::stack(rows, 1);
  }

  Tensor loss_of(const Tensor& move, int64_t side) const {
    const Tensor rows = rows_of(move);
    const Tensor picture = generator_.synthesise_at(rows, side) + correction_;
    Tensor loss = config_.start_weight * move.square().mean() +
                  config_.mean_weight * (from_mean_ + move).square().mean();
    if (config_.delta_weight > 0) {
      const Tensor offsets = rows - rows.narrow(1, 0, 1);
      loss = loss + config_.delta_weight * (offsets.square().sum(2) + 1e-12).sqrt().sum();
    }
    for (const WeightedTerm& term : terms_) loss = loss + term.weight * term.term(picture);
    return loss;
  }

  /// What previews of that side lack of the full picture, at these rows.
  void correct(const Tensor& move, int64_t side) {
    const at::NoGradGuard no_grad;
    const Tensor rows = rows_of(move);
    correction_ =
        resize_area(generator_.synthesise(rows), side, side) - generator_.synthesise_at(rows, side);
  }

  /// Of the best so far.
  void show(int64_t side) const {
    const at::NoGradGuard no_grad;
    job_.preview(tensor_to_image(generator_.synthesise_at(rows_of(move_), side)), done_);
  }

  void run_stage(const RefineStage& stage) {
    const int64_t side =
        stage.side == 0 ? generator_.size() / 2 : std::min(stage.side, generator_.size());
    const int64_t seen =
        std::count_if(read_.begin(), read_.end(),
                      [rows = generator_.rows_at(side)](int64_t i) { return i < rows; });
    const Tensor move = move_.narrow(1, 0, seen).clone().requires_grad_(true);
    const auto of_all_rows = [&] {
      const Tensor others = move.narrow(1, seen - 1, 1).expand({1, std::ssize(read_) - seen, -1});
      return at::cat({move, others}, 1);
    };
    Adam optimiser = adam_of(move);
    const bool is_preview = generator_.rows_at(side) < generator_.rows();
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    correction_ = at::zeros({});
    double best = kInfinite, lowest = kInfinite;
    int64_t best_step = 0;
    int restarts = 0;
    double factor = rate_;
    for (int64_t step = 0; step < stage.steps; ++step, ++done_) {
      if (job_.stop_requested()) {
        result_.cancelled = true;
        break;
      }
      if (is_preview && step % config_.corrected_every == 0) {
        correct(of_all_rows(), side);
        best = kInfinite;
      }
      const Tensor loss = loss_of(of_all_rows(), side);
      const double value = loss.item<double>();
      const Tensor gradient =
          std::isfinite(value) ? torch::autograd::grad({loss}, {move})[0] : Tensor();
      if (!gradient.defined() || !std::isfinite(gradient.square().sum().item<double>())) {
        if (++restarts > kMostRestarts) {
          throw Error(ErrorCode::numeric,
                      "the loss is not finite at step " + std::to_string(done_ + 1));
        }
        const at::NoGradGuard no_grad;
        move.detach().copy_(move_.narrow(1, 0, seen));
        optimiser = adam_of(move);
        factor *= 0.5;
        continue;
      }
      if (done_ == 0) result_.first_loss = value;
      if (value < lowest * 0.999) {
        lowest = value;
        best_step = step;
      }
      if (value < best) {
        best = value;
        move_ = of_all_rows().detach();
      }
      result_.last_loss = best;
      ++result_.steps;
      job_.metric("loss", done_, value);
      job_.progress(done_ + 1, total_, "inverting");
      if (job_.wants_preview()) show(side);
      if (config_.patience > 0 && step - best_step >= config_.patience) {
        done_ += stage.steps - step;
        break;
      }
      optimiser.step({gradient}, factor * warmup_cosine(step, stage.steps, kWarmup, 0.05));
    }
  }

  Adam adam_of(const Tensor& move) const {
    AdamGroup group;
    group.options.learning_rate = config_.learning_rate;
    group.options.beta2 = 0.99;
    group.parameters.emplace_back("move", move);
    return Adam({group});
  }

  const StyleGenerator& generator_;
  Tensor start_;
  const std::vector<WeightedTerm>& terms_;
  const LatentStatistics& statistics_;
  const RefineConfig& config_;
  Job& job_;
  std::vector<int64_t> read_;
  Tensor read_index_;
  Tensor move_, from_mean_;  // [1,R,W] of the rows that are read
  Tensor correction_;        // [1,3,S,S]; 0-dim where pictures are exact
  Refinement result_;
  int64_t done_ = 0, total_ = 0;
  double rate_ = 1;
};

}  // namespace

std::vector<RefineStage> stages_of(std::vector<RefineStage> stages, int64_t steps) {
  int64_t all = 0, before = 0, given = 0;
  for (const RefineStage& stage : stages) all += stage.steps;
  for (RefineStage& stage : stages) {
    before += stage.steps;
    const int64_t until = std::max(given + 1, (steps * before + all / 2) / all);
    stage.steps = until - given;
    given = until;
  }
  return stages;
}

Refinement refine_w_plus(const StyleGenerator& generator, const Tensor& start,
                         const std::vector<WeightedTerm>& terms, const LatentStatistics& statistics,
                         const RefineConfig& config, Job& job) {
  if (start.dim() != 3 || start.size(0) != 1 || start.size(1) != generator.rows() ||
      start.size(2) != generator.w_dim()) {
    throw Error(ErrorCode::usage, "the start of an inversion must be w_plus [1,rows,W]");
  }
  const at::AutoGradMode gradients(true);
  return Refiner(generator, start, terms, statistics, config, job).run();
}

}  // namespace vane
