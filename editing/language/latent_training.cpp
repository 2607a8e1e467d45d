// SPDX-License-Identifier: Apache-2.0
#include "editing/language/latent_training.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>

#include "editing/language/scene_autoencoder.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/run/adam.h"
#include "generators/splats/splat_raster.h"

namespace vane {
namespace {

constexpr int kChannels = kRegionLevels * static_cast<int>(kLatentWidth);
constexpr double kVanishing = 1e-9, kAdamEpsilon = 1e-15;
// Projected and sorted views are kept while they hold no more Gaussians than this together.
constexpr int64_t kMostKept = 20'000'000;
constexpr int64_t kFinestCells = 128, kReport = 20;
constexpr const char* kStage = "training language features";

std::span<const float> numbers(const Tensor& x) {
  return {x.const_data_ptr<float>(), static_cast<size_t>(x.numel())};
}

/// Views projected once where that fits, else whenever they are asked for.
class Rasters {
 public:
  Rasters(const SplatCloud& cloud, const std::vector<LatentView>& views)
      : cloud_(cloud), views_(views) {
    if (cloud.size() * static_cast<int64_t>(views.size()) > kMostKept) return;
    kept_.reserve(views.size());
    for (const LatentView& view : views) kept_.emplace_back(cloud, view.camera);
  }

  template <class Use>
  void with(size_t view, Use&& use) const {
    if (kept_.empty()) {
      use(SplatRaster(cloud_, views_[view].camera));
    } else {
      use(kept_[view]);
    }
  }

 private:
  const SplatCloud& cloud_;
  const std::vector<LatentView>& views_;
  std::vector<SplatRaster> kept_;
};

/// The loss of a drawing [H,W,9], summed over levels; its derivative takes the drawing's place.
double compare(const LatentView& view, std::span<const float> latents,
               std::vector<float>& drawing) {
  const size_t pixels = drawing.size() / kChannels;
  const float each = 1.f / (static_cast<float>(kLatentWidth) * static_cast<float>(pixels));
  double loss = 0;
  for (size_t p = 0; p < pixels; ++p) {
    for (size_t level = 0; level < kRegionLevels; ++level) {
      float* drawn = &drawing[p * kChannels + level * kLatentWidth];
      const int32_t row = view.rows[level][p];
      for (size_t k = 0; k < kLatentWidth; ++k) {
        if (row < 0) {
          drawn[k] = 0;
          continue;
        }
        const float off = drawn[k] - latents[static_cast<size_t>(row) * kLatentWidth + k];
        loss += static_cast<double>(each * std::abs(off));
        drawn[k] = off > 0 ? each : off < 0 ? -each : 0;
      }
    }
  }
  return loss;
}

/// The cell of a unit vector on an octahedron that is unfolded into a square of side x side.
int64_t cell_of(const float* v, int64_t side) {
  const float sum = std::abs(v[0]) + std::abs(v[1]) + std::abs(v[2]);
  float x = v[0] / sum, y = v[1] / sum;
  if (v[2] < 0) {
    const float folded = (1 - std::abs(y)) * (x < 0 ? -1.f : 1.f);
    y = (1 - std::abs(x)) * (y < 0 ? -1.f : 1.f);
    x = folded;
  }
  const auto at = [side](float u) {
    return std::clamp<int64_t>(static_cast<int64_t>((u + 1) / 2 * static_cast<float>(side)), 0,
                               side - 1);
  };
  return at(y) * side + at(x);
}

}  // namespace

LatentView latent_view(const Camera& camera, const RegionMaps& maps, int32_t offset) {
  LatentView view{camera, {}};
  for (size_t level = 0; level < kRegionLevels; ++level) {
    view.rows[level] =
        resized_labels(maps.labels[level], maps.width, maps.height, camera.width, camera.height);
    for (int32_t& row : view.rows[level]) {
      if (row >= 0) row += offset;
    }
  }
  return view;
}

Tensor train_latents(const SplatCloud& cloud, const std::vector<LatentView>& views,
                     const Tensor& latents, const LatentTraining& options, Job& job) {
  const at::NoGradGuard no_grad;
  if (views.empty()) throw Error(ErrorCode::usage, "no view shows what latents should become");
  const int64_t count = cloud.size();
  const Tensor wanted = latents.to(at::kFloat).contiguous();
  const Tensor field = at::zeros({count, kRegionLevels, kLatentWidth});
  AdamGroup group;
  group.options.learning_rate = options.learning_rate;
  group.options.epsilon = kAdamEpsilon;
  group.parameters = {{"latents", field}};
  Adam optimiser({group});
  const Rasters rasters(cloud, views);
  std::vector<size_t> order(views.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Rng rng = Rng(options.seed).fork("views");
  for (int64_t step = 0; step < options.iterations; ++step) {
    job.check_cancelled();
    const size_t turn = static_cast<size_t>(step) % views.size();
    if (turn == 0) {
      for (size_t i = order.size(); i > 1; --i) {
        std::swap(order[i - 1], order[rng.below(static_cast<uint32_t>(i))]);
      }
    }
    const Tensor length = field.norm(2, -1, true);
    const Tensor inverse = 1 / (length + kVanishing);
    const Tensor unit = (field * inverse).contiguous();
    const Tensor pull = at::zeros_like(field);
    double loss = 0;
    rasters.with(order[turn], [&](const SplatRaster& raster) {
      std::vector<float> drawing =
          raster.draw_features(unit.const_data_ptr<float>(), kChannels, nullptr);
      loss = compare(views[order[turn]], numbers(wanted), drawing);
      raster.backward_features(drawing.data(), kChannels, pull.mutable_data_ptr<float>());
    });
    // Through f / (|f| + 1e-9); a latent of zero takes the first term alone.
    const Tensor along = (field * pull).sum(-1, true) * inverse.square() / length.clamp_min(1e-30);
    optimiser.step({pull * inverse - field * along});
    if (step % kReport == 0) {
      job.progress(step, options.iterations, kStage);
      job.metric("loss", step, loss);
    }
  }
  job.progress(options.iterations, options.iterations, kStage);
  return field;
}

LatentCodes latent_codes(const Tensor& latents, const std::vector<float>& weight, int32_t most) {
  const Tensor length = latents.norm(2, 1, true);
  const Tensor unit = (latents / length.clamp_min(kVanishing)).contiguous();
  const std::span<const float> rows = numbers(unit);
  const Tensor lengths = length.contiguous();
  LatentCodes codes;
  for (int64_t side = kFinestCells; side > 0; side /= 2) {
    std::map<int64_t, int32_t> code_of_cell;
    std::vector<float> sums;
    codes.code_of.assign(weight.size(), -1);
    for (size_t i = 0; i < weight.size(); ++i) {
      if (weight[i] <= 0 || lengths.const_data_ptr<float>()[i] <= 0) continue;
      const float* row = &rows[i * kLatentWidth];
      const auto [place, is_new] =
          code_of_cell.emplace(cell_of(row, side), static_cast<int32_t>(code_of_cell.size()));
      if (is_new) sums.insert(sums.end(), kLatentWidth, 0.f);
      codes.code_of[i] = place->second;
      for (size_t k = 0; k < kLatentWidth; ++k) {
        sums[static_cast<size_t>(place->second) * kLatentWidth + k] += weight[i] * row[k];
      }
    }
    if (static_cast<int64_t>(code_of_cell.size()) > most && side > 1) continue;
    const Tensor means =
        at::tensor(sums).view({static_cast<int64_t>(code_of_cell.size()), kLatentWidth});
    codes.latents = means / means.norm(2, 1, true).clamp_min(kVanishing);
    return codes;
  }
  return codes;
}

LanguageLevel coded_level(const LanguageLevel& level, const LabelTable& table,
                          const LatentCodes& codes, const Tensor& features) {
  const auto count = static_cast<size_t>(features.size(0));
  LanguageLevel coded;
  coded.name = level.name;
  coded.weight = level.weight;
  coded.object.assign(level.object.size(), kNoObject);
  coded.share.assign(level.share.size(), 0);
  const Tensor rows = features.to(at::kFloat).contiguous();
  coded.features.assign(numbers(rows).begin(), numbers(rows).end());
  coded.mass.assign(count, 0.f);
  coded.views.assign(count, 0);
  std::vector<std::vector<int32_t>> seen(count);
  for (size_t i = 0; i < codes.code_of.size(); ++i) {
    if (codes.code_of[i] < 0) continue;
    const auto code = static_cast<size_t>(codes.code_of[i]);
    coded.object[i * kFieldSlots] = static_cast<int16_t>(code);
    coded.share[i * kFieldSlots] = 255;
    coded.mass[code] += level.weight[i];
    for (const SplatWeight& mask : table.rows[i]) {
      seen[code].push_back(table.view_of[static_cast<size_t>(mask.gaussian)]);
    }
  }
  for (size_t code = 0; code < count; ++code) {
    std::sort(seen[code].begin(), seen[code].end());
    const auto end = std::unique(seen[code].begin(), seen[code].end());
    coded.views[code] = static_cast<int32_t>(end - seen[code].begin());
  }
  return coded;
}

}  // namespace vane
