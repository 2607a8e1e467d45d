// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/splat_trainer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "editing/scenes/photometric_loss.h"
#include "engine/base/error.h"
#include "generators/splats/splat_math.h"
#include "generators/splats/splat_raster.h"
#include "generators/splats/work_queue.h"

namespace vane {
namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.999;
constexpr float kEpsilon = 1e-15f;
/// Bands 1 to 3 learn at a twentieth of the rate of band 0.
constexpr double kRestShare = 1.0 / 20.0;
constexpr int kSh0At = 3, kOpacityAt = 6, kScaleAt = 7, kRotationAt = 10, kRestAt = 14;
constexpr int kMostValues = kRestAt + 45;

}  // namespace

int row_values(const SplatCloud& cloud) { return kRestAt + 3 * cloud.rest_coefficients(); }

SplatTrainer::SplatTrainer(const SplatFitConfig& config, double extent, bool white, uint64_t seed,
                           int threads)
    : config_(config), extent_(extent), white_(white), rng_(seed), threads_(threads) {}

SplatTrainingState SplatTrainer::start(SplatCloud cloud) const {
  SplatTrainingState state;
  const auto size = static_cast<size_t>(cloud.size());
  state.moments.assign(2 * size * static_cast<size_t>(row_values(cloud)), 0.f);
  state.pull.assign(size, 0.f);
  state.seen.assign(size, 0.f);
  state.cloud = std::move(cloud);
  return state;
}

double SplatTrainer::position_rate(int64_t iteration) const {
  const double t = std::clamp(
      static_cast<double>(iteration) / static_cast<double>(config_.iterations), 0.0, 1.0);
  return extent_ * std::exp((1 - t) * std::log(std::max(config_.position_rate, 1e-12)) +
                            t * std::log(config_.final_position_rate));
}

int SplatTrainer::active_sh_degree(int64_t iteration) const {
  return static_cast<int>(
      std::min<int64_t>(config_.sh_degree, iteration / config_.raises_sh_every()));
}

/// What is the same for all rows of a step.
struct SplatTrainer::StepRates {
  float first_scale, second_scale;  // Adam's corrections of its moments
  float position, colour, band, opacity, scale, rotation;
  bool mcmc;
  float opacity_pull, scale_pull;
};

void SplatTrainer::update(SplatTrainingState& state, const StepRates& rates, int64_t row,
                          const SplatRowGradient& gradient) const {
  SplatCloud& cloud = state.cloud;
  const auto i = static_cast<size_t>(row);
  const auto rest = static_cast<size_t>(3 * cloud.rest_coefficients());
  const auto values = static_cast<size_t>(row_values(cloud));
  float* p_position = cloud.position.data() + 3 * i;
  float* p_sh0 = cloud.sh0.data() + 3 * i;
  float* p_scale = cloud.log_scale.data() + 3 * i;
  float* p_rotation = cloud.rotation.data() + 4 * i;
  float* p_rest = cloud.sh_rest.data() + rest * i;
  float& p_opacity = cloud.opacity_logit[i];

  std::array<float, kMostValues> g;
  std::copy_n(gradient.position.begin(), 3, g.begin());
  std::copy_n(gradient.sh0.begin(), 3, g.begin() + kSh0At);
  g[kOpacityAt] = gradient.opacity_logit;
  std::copy_n(gradient.log_scale.begin(), 3, g.begin() + kScaleAt);
  std::copy_n(gradient.rotation.begin(), 4, g.begin() + kRotationAt);
  std::copy_n(gradient.sh_rest.begin(), rest, g.begin() + kRestAt);
  if (rates.mcmc) {
    const float o = splats::sigmoid(p_opacity);
    g[kOpacityAt] += rates.opacity_pull * o * (1 - o);
    for (size_t k = 0; k < 3; ++k) g[kScaleAt + k] += rates.scale_pull * std::exp(p_scale[k]);
  }
  state.pull[i] += gradient.centre_norm;
  state.seen[i] += gradient.drawn ? 1.f : 0.f;

  // Kingma and Ba 2015; `step` becomes the direction that rates are multiplied by.
  float* first = state.moments.data() + 2 * values * i;
  float* second = first + values;
  std::array<float, kMostValues> step;
  for (size_t k = 0; k < values; ++k) {
    first[k] += static_cast<float>(1 - kBeta1) * (g[k] - first[k]);
    second[k] += static_cast<float>(1 - kBeta2) * (g[k] * g[k] - second[k]);
    step[k] = rates.first_scale * first[k] / (std::sqrt(second[k]) * rates.second_scale + kEpsilon);
  }
  for (size_t k = 0; k < 3; ++k) {
    p_position[k] -= rates.position * step[k];
    p_sh0[k] -= rates.colour * step[kSh0At + k];
    p_scale[k] -= rates.scale * step[kScaleAt + k];
  }
  p_opacity -= rates.opacity * step[kOpacityAt];
  for (size_t k = 0; k < 4; ++k) p_rotation[k] -= rates.rotation * step[kRotationAt + k];
  for (size_t k = 0; k < rest; ++k) p_rest[k] -= rates.band * step[kRestAt + k];
}

SplatStep SplatTrainer::step(SplatTrainingState& state, const Camera& camera,
                             std::span<const float> target) const {
  ++state.iteration;
  SplatStep out;
  {
    RasterOptions options;
    options.active_sh_degree = active_sh_degree(state.iteration);
    options.threads = threads_;
    const SplatRaster raster(state.cloud, camera, options);
    const SplatPicture picture = raster.draw();
    const PhotometricLoss loss = photometric_loss(picture.rgb, target, camera.width, camera.height,
                                                  config_.ssim_weight, threads_);
    out = {loss.loss, loss.l1, loss.ssim};
    if (!std::isfinite(loss.loss)) {
      throw Error(ErrorCode::numeric,
                  "the loss is not finite at iteration " + std::to_string(state.iteration))
          .with_hint("use smaller learning rates");
    }
    const auto t = static_cast<double>(state.iteration);
    const auto size = static_cast<float>(state.cloud.size());
    StepRates rates;
    rates.first_scale = static_cast<float>(1 / (1 - std::pow(kBeta1, t)));
    rates.second_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, t)));
    rates.position = static_cast<float>(position_rate(state.iteration));
    rates.colour = static_cast<float>(config_.colour_rate);
    rates.band = static_cast<float>(config_.colour_rate * kRestShare);
    rates.opacity = static_cast<float>(config_.opacity_rate);
    rates.scale = static_cast<float>(config_.scale_rate);
    rates.rotation = static_cast<float>(config_.rotation_rate);
    rates.mcmc = config_.strategy == "mcmc";
    rates.opacity_pull = static_cast<float>(config_.opacity_weight) / size;
    rates.scale_pull = static_cast<float>(config_.scale_weight) / (3 * size);
    raster.visit_gradients(picture, loss.d_rgb.data(), nullptr,
                           [&](int64_t row, const SplatRowGradient& gradient) {
                             update(state, rates, row, gradient);
                           });
  }

  const int64_t i = state.iteration;
  const bool round = i > config_.densifies_from() && i % config_.densify_every == 0;
  if (config_.strategy == "mcmc") {
    // Published: to 25 000 of 30 000.
    const int64_t until =
        config_.densify_until > 0 ? config_.densify_until : config_.iterations * 5 / 6;
    if (round && i < until) relocate(state);
    add_noise(state);
    return out;
  }
  if (i >= config_.densifies_until()) return out;
  if (round) densify(state);
  if (i % config_.resets_opacity_every() == 0 || (white_ && i == config_.densifies_from())) {
    reset_opacity(state);
  }
  return out;
}

void SplatTrainer::add_noise(SplatTrainingState& state) const {
  constexpr int64_t kRowsPerPiece = 4096;
  SplatCloud& cloud = state.cloud;
  const double rate = position_rate(state.iteration) * config_.noise_rate;
  const Rng rng = rng_.fork("noise", static_cast<uint64_t>(state.iteration));
  splats::in_pieces(cloud.size(), kRowsPerPiece, threads_, [&](int64_t begin, int64_t end) {
    Rng piece = rng.fork("rows", static_cast<uint64_t>(begin));
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      double q[4], r[9], turned[3] = {}, eta[3];
      for (double& e : eta) e = static_cast<double>(piece.normal());
      const auto o = static_cast<double>(splats::sigmoid(cloud.opacity_logit[i]));
      // Opaque ones stay: 1 at opacity 0, a half at 0.005.
      const double share = splats::sigmoid(-100 * (o - 0.005));
      splats::normalise_quaternion(cloud.rotation.data() + 4 * i, q);
      splats::rotation_matrix(q, r);
      for (size_t k = 0; k < 3; ++k) {
        for (size_t j = 0; j < 3; ++j) turned[k] += r[3 * j + k] * eta[j];
        turned[k] *= std::exp(2 * static_cast<double>(cloud.log_scale[3 * i + k]));
      }
      for (size_t j = 0; j < 3; ++j) {
        double sum = 0;
        for (size_t k = 0; k < 3; ++k) sum += r[3 * j + k] * turned[k];
        cloud.position[3 * i + j] += static_cast<float>(sum * share * rate);
      }
    }
  });
}

}  // namespace vane
