// SPDX-License-Identifier: Apache-2.0
#include "editing/training/preview_training.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "editing/training/run_folder.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/base/stopwatch.h"
#include "engine/config/config_writer.h"
#include "engine/run/adam.h"
#include "engine/tensor/image_tensor.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "guidance/picture_metrics.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// Beside the mean square of the features.
constexpr double kRidge = 1e-4;

/// Of one side: features and bands at random pixels of many pictures.
struct Lessons {
  int64_t side = 0, block = 0;
  std::vector<Tensor> features, bands;  // [C,P], [12,P] of each picture
  Tensor scale;                         // [C], root mean square of the features
};

int64_t block_of(const MobileStyleGan& model, int64_t side) {
  const bool is_power = side >= 16 && std::has_single_bit(static_cast<uint64_t>(side));
  const int64_t block = is_power ? std::countr_zero(static_cast<uint64_t>(side)) - 4 : -1;
  if (!is_power || block + 2 > model.blocks()) {
    throw Error(ErrorCode::config,
                fmt::format("previews are powers of two from 16 to {} px", model.size() / 2))
        .at_key("sides");
  }
  return block;
}

class PreviewRun {
 public:
  PreviewRun(const PreviewTrainingConfig& config, const fs::path& run, Job& job)
      : config_(config),
        job_(job),
        lock_(run),
        metrics_(run / "metrics.jsonl", 0),
        model_(MobileStyleGan::load(generator_path(config.generator))) {
    for (const int64_t side : config.sides) {
      lessons_.push_back({side, block_of(model_, side), {}, {}, {}});
    }
    atomic_write(run / "config.yaml", std::string_view(to_yaml(config)));
  }

  TrainingResult train() {
    gather();
    std::vector<PreviewHead> heads;
    TrainingResult result;
    for (Lessons& lessons : lessons_) {
      even_out(lessons);
      PreviewHead head = closed_form(lessons);
      result.loss = descend(lessons, head);
      head.head.weight = head.head.weight / lessons.scale.view({1, -1, 1, 1});
      heads.push_back(std::move(head));
    }
    model_.set_preview_heads(std::move(heads));
    result.evaluation = measure();
    result.steps = config_.steps;
    result.finished = true;
    result.seconds = watch_.milliseconds() / 1000;
    model_.save_preview_heads(config_.output / "preview.safetensors");
    return result;
  }

 private:
  Tensor latent(int64_t i) const { return model_.map(model_.sample_z(config_.seed, i)); }

  void gather() {
    const at::NoGradGuard no_grad;
    for (int64_t i = 0; i < config_.pictures; ++i) {
      job_.check_cancelled();
      job_.progress(i, config_.pictures, "making pictures");
      const Tensor w = latent(i);
      w_.push_back(w);
      const Tensor picture = model_.synthesise_half(w) * 2 - 1;
      for (Lessons& lessons : lessons_) {
        const Tensor x = model_.features(w, lessons.block).flatten(2).squeeze(0);
        const Tensor bands =
            forward_haar(resize_area(picture, lessons.side, lessons.side)).flatten(2).squeeze(0);
        const Tensor pixels = some_pixels(x.size(1), static_cast<uint64_t>(i));
        lessons.features.push_back(x.index_select(1, pixels));
        lessons.bands.push_back(bands.index_select(1, pixels));
      }
    }
  }

  Tensor some_pixels(int64_t count, uint64_t i) const {
    Rng rng = Rng(config_.seed).fork("pixels", i);
    const int64_t wanted = std::min(config_.pixels, count);
    Tensor pixels = at::empty({wanted}, at::kLong);
    auto* values = pixels.mutable_data_ptr<int64_t>();
    for (int64_t k = 0; k < wanted; ++k) values[k] = rng.below(static_cast<uint32_t>(count));
    return pixels;
  }

  /// Features of very different size learn at very different speed: each is divided by its own.
  static void even_out(Lessons& lessons) {
    const at::NoGradGuard no_grad;
    Tensor square = at::zeros_like(lessons.features.front().select(1, 0));
    for (const Tensor& x : lessons.features) square += x.square().mean(1);
    lessons.scale = (square / double(lessons.features.size()) + 1e-12).sqrt();
    for (Tensor& x : lessons.features) x /= lessons.scale.unsqueeze(1);
  }

  /// Least squares with a style of ones.
  PreviewHead closed_form(const Lessons& lessons) const {
    const at::NoGradGuard no_grad;
    const int64_t channels = lessons.features.front().size(0);
    Tensor square = at::zeros({channels + 1, channels + 1}, at::kDouble);
    Tensor product = at::zeros({channels + 1, 12}, at::kDouble);
    for (size_t i = 0; i < lessons.features.size(); ++i) {
      const Tensor x = at::cat({lessons.features[i], at::ones({1, lessons.features[i].size(1)})});
      square += at::matmul(x, x.t());
      product += at::matmul(x, lessons.bands[i].t());
    }
    const double ridge = kRidge * square.diagonal().mean().item<double>();
    square.diagonal().add_(ridge);
    const Tensor solved = at::cholesky_solve(product, at::linalg_cholesky(square)).to(at::kFloat);
    PreviewHead preview;
    preview.block = lessons.block;
    preview.head.weight = solved.narrow(0, 0, channels).t().contiguous().view({12, channels, 1, 1});
    preview.head.bias = solved.select(0, channels).clone();
    preview.head.style.weight = at::zeros({channels, model_.w_dim()});
    preview.head.style.bias = at::ones({channels});
    return preview;
  }

  double descend(const Lessons& lessons, PreviewHead& preview) {
    WaveletHead& head = preview.head;
    AdamGroup group;
    group.options.learning_rate = config_.learning_rate;
    for (auto& [name, tensor] : std::initializer_list<std::pair<const char*, Tensor*>>{
             {"weight", &head.weight},
             {"bias", &head.bias},
             {"style.weight", &head.style.weight},
             {"style.bias", &head.style.bias}}) {
      tensor->requires_grad_(true);
      group.parameters.emplace_back(name, *tensor);
    }
    Adam optimiser({group});
    Rng rng = Rng(config_.seed).fork("batches", static_cast<uint64_t>(lessons.side));
    double smooth = 0;
    for (int64_t step = 0; step < config_.steps; ++step) {
      job_.check_cancelled();
      std::vector<Tensor> x, bands, w;
      for (int64_t k = 0; k < config_.batch; ++k) {
        const size_t i = rng.below(static_cast<uint32_t>(lessons.features.size()));
        x.push_back(lessons.features[i]);
        bands.push_back(lessons.bands[i]);
        w.push_back(w_[i]);
      }
      const Tensor style = style_of(head.style, at::cat(w));
      const Tensor matrix = head.weight.flatten(1).unsqueeze(0) * style.unsqueeze(1);
      const Tensor guess = at::matmul(matrix, at::stack(x)) + head.bias.view({1, -1, 1});
      const Tensor loss = (guess - at::stack(bands)).square().mean();
      const double value = loss.item<double>();
      if (!std::isfinite(value)) {
        throw Error(ErrorCode::numeric, "the loss is not finite").at_key("learning-rate");
      }
      optimiser.step(torch::autograd::grad({loss}, optimiser.parameters()),
                     warmup_cosine(step, config_.steps, 50));
      smooth = step == 0 ? value : 0.99 * smooth + 0.01 * value;
      if (step % 50 == 0) {
        metrics_.write({{"side", lessons.side}, {"step", step}, {"loss", smooth}});
        job_.progress(step, config_.steps, fmt::format("training {} px", lessons.side));
      }
    }
    for (Tensor* tensor : {&head.weight, &head.bias, &head.style.weight, &head.style.bias}) {
      *tensor = tensor->detach();
    }
    return smooth;
  }

  std::string measure() const {
    const at::NoGradGuard no_grad;
    nlohmann::json scores;
    for (const Lessons& lessons : lessons_) {
      double sum = 0, least = 1e9;
      for (int64_t i = 0; i < config_.held_out; ++i) {
        const Tensor w = latent(config_.pictures + i);
        const Tensor whole =
            resize_area(model_.synthesise_half(w), lessons.side, lessons.side).clamp(0, 1);
        const double psnr = psnr_rgb(whole, model_.synthesise_at(w, lessons.side).clamp(0, 1));
        sum += psnr;
        least = std::min(least, psnr);
      }
      scores[fmt::format("psnr_{}", lessons.side)] = sum / double(config_.held_out);
      scores[fmt::format("least_psnr_{}", lessons.side)] = least;
    }
    return scores.dump();
  }

  const PreviewTrainingConfig& config_;
  Job& job_;
  FolderLock lock_;
  JsonLines metrics_;
  MobileStyleGan model_;
  std::vector<Lessons> lessons_;
  std::vector<Tensor> w_;
  Stopwatch watch_;
};

}  // namespace

TrainingResult train_preview(const PreviewTrainingConfig& config, const fs::path& run, bool,
                             Job& job) {
  std::error_code failure;
  fs::create_directories(config.output, failure);
  if (failure) throw Error(ErrorCode::resource, failure.message()).in_file(config.output);
  check_writable(config.output / "preview.safetensors");
  return PreviewRun(config, run, job).train();
}

}  // namespace vane
