// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/edit_channels.h"

#include "engine/base/error.h"
#include "engine/base/hash.h"

namespace vane {
namespace {

constexpr double kPsi = 0.7;
constexpr double kVariance = 0.95;
constexpr int64_t kComponents = 256;
constexpr int64_t kComponentSamples = 4096;
constexpr int64_t kBatch = 32;
// One stream of seeds for each level, and one for the rows of no level and for the components.
constexpr uint64_t kSeed = fnv1a("mixed latents");

/// Truncated w of the samples of a stream, [N,W].
Tensor stream(const StyleGenerator& generator, uint64_t number, int64_t count) {
  std::vector<Tensor> z;
  for (int64_t i = 0; i < count; ++i) z.push_back(generator.sample_z(kSeed + number, i));
  return generator.truncate(generator.map(at::cat(z)), kPsi);
}

std::vector<std::vector<int64_t>> visible_levels(const StyleGenerator& generator, int64_t side) {
  const std::vector<RowUse> uses = generator.row_uses();
  std::vector<std::vector<int64_t>> levels;
  int64_t resolution = 0;
  for (size_t row = 0; row < uses.size(); ++row) {
    if (!uses[row].is_read) continue;
    if (uses[row].resolution != resolution) levels.emplace_back();
    resolution = uses[row].resolution;
    levels.back().push_back(static_cast<int64_t>(row));
  }
  const Tensor w = stream(generator, 0, 2);
  const Tensor rows = w.narrow(0, 0, 1).unsqueeze(1).repeat({1, generator.rows(), 1});
  const Tensor picture = generator.synthesise_at(rows, side);
  std::erase_if(levels, [&](const std::vector<int64_t>& level) {
    Tensor other = rows.clone();
    for (const int64_t row : level) other.select(1, row).copy_(w.narrow(0, 1, 1));
    return at::equal(generator.synthesise_at(other, side), picture);
  });
  return levels;
}

class ComponentChannels final : public EditChannels {
 public:
  ComponentChannels(const StyleGenerator& generator, const MixedLatents& latents)
      : rows_(generator.rows()), levels_(latents.levels) {
    const Tensor w = stream(generator, 0, kComponentSamples).to(at::kDouble);
    const Tensor centred = w - w.mean(0, true);
    const auto [values, vectors] =
        at::linalg_eigh(at::mm(centred.t(), centred) / static_cast<double>(w.size(0) - 1));
    const Tensor falling = values.flip(0).clamp_min(0);
    const Tensor share = falling.cumsum(0) / falling.sum().clamp_min(1e-30);
    const int64_t needed = (share < kVariance).sum().item<int64_t>() + 1;
    const int64_t kept = std::min({needed, kComponents, w.size(1)});
    const Tensor deviations = falling.narrow(0, 0, kept).sqrt().clamp_min(1e-12);
    const Tensor components = vectors.flip(1).narrow(1, 0, kept);
    mean_ = w.mean(0).to(at::kFloat);
    to_coordinates_ = (components / deviations).to(at::kFloat);
    to_w_ = (components * deviations).t().to(at::kFloat).contiguous();
  }

  int64_t count() const override { return std::ssize(levels_) * to_w_.size(0); }

  Tensor coordinates(const StyleGenerator&, const MixedLatents& latents, int64_t first,
                     int64_t count) const override {
    return at::matmul(latents.w.narrow(0, first, count) - mean_, to_coordinates_).flatten(1);
  }

  LatentMove move(const Tensor& coordinates) const override {
    const Tensor levels = at::matmul(coordinates.view({std::ssize(levels_), -1}), to_w_);
    std::vector<Tensor> rows(static_cast<size_t>(rows_), at::zeros_like(levels[0]));
    for (size_t level = 0; level < levels_.size(); ++level) {
      for (const int64_t row : levels_[level]) {
        rows[static_cast<size_t>(row)] = levels[static_cast<int64_t>(level)];
      }
    }
    return {at::stack(rows).unsqueeze(0), {}};
  }

 private:
  int64_t rows_;
  std::vector<std::vector<int64_t>> levels_;
  Tensor mean_;            // [W]
  Tensor to_coordinates_;  // [W,K]
  Tensor to_w_;            // [K,W]
};

class StyleChannels final : public EditChannels {
 public:
  StyleChannels(const StyleGenerator& generator, const MixedLatents& latents, Job& job)
      : table_(generator.style_table()) {
    const int64_t samples = latents.w.size(0);
    std::vector<Tensor> styles;
    for (int64_t first = 0; first < samples; first += kBatch) {
      job.check_cancelled();
      styles.push_back(styles_of(generator, latents, first, std::min(kBatch, samples - first)));
    }
    const Tensor all = at::cat(styles);
    mean_ = all.mean(0);
    deviation_ = all.std(0);
    // A channel that does not vary has no unit to be moved in.
    is_moved_ = deviation_ > 1e-6 * deviation_.mean();
  }

  int64_t count() const override { return mean_.size(0); }

  Tensor coordinates(const StyleGenerator& generator, const MixedLatents& latents, int64_t first,
                     int64_t count) const override {
    const Tensor difference = styles_of(generator, latents, first, count) - mean_;
    return at::where(is_moved_, difference / deviation_.clamp_min(1e-20),
                     at::zeros_like(difference));
  }

  LatentMove move(const Tensor& coordinates) const override {
    const Tensor flat = coordinates * at::where(is_moved_, deviation_, at::zeros_like(deviation_));
    LatentMove move;
    int64_t offset = 0;
    for (const StyleEntry& entry : table_) {
      if (entry.to_rgb) {
        move.styles.push_back(at::zeros({1, entry.channels}, flat.options()));
        continue;
      }
      move.styles.push_back(flat.narrow(0, offset, entry.channels).unsqueeze(0));
      offset += entry.channels;
    }
    return move;
  }

 private:
  Tensor styles_of(const StyleGenerator& generator, const MixedLatents& latents, int64_t first,
                   int64_t count) const {
    const StyleCode code = generator.styles(latents.w_plus(generator, first, count));
    std::vector<Tensor> kept;
    for (size_t k = 0; k < code.size(); ++k) {
      if (!table_[k].to_rgb) kept.push_back(code[k]);
    }
    return at::cat(kept, 1);
  }

  StyleTable table_;
  Tensor mean_, deviation_, is_moved_;  // [C] of the convolutions
};

}  // namespace

Tensor MixedLatents::w_plus(const StyleGenerator& generator, int64_t first, int64_t count) const {
  Tensor rows = common.narrow(0, first, count).unsqueeze(1).repeat({1, generator.rows(), 1});
  for (size_t level = 0; level < levels.size(); ++level) {
    for (const int64_t row : levels[level]) {
      rows.select(1, row).copy_(w.narrow(0, first, count).select(1, static_cast<int64_t>(level)));
    }
  }
  return rows;
}

MixedLatents mixed_latents(const StyleGenerator& generator, int64_t count, int64_t side) {
  MixedLatents latents;
  latents.levels = visible_levels(generator, side);
  if (latents.levels.empty()) {
    throw Error(ErrorCode::checkpoint, "no row of the latent changes the picture");
  }
  std::vector<Tensor> levels;
  for (size_t level = 0; level < latents.levels.size(); ++level) {
    levels.push_back(stream(generator, level + 1, count));
  }
  latents.w = at::stack(levels, 1);
  latents.common = stream(generator, 0, count);
  return latents;
}

std::unique_ptr<EditChannels> component_channels(const StyleGenerator& generator,
                                                 const MixedLatents& latents) {
  return std::make_unique<ComponentChannels>(generator, latents);
}

std::unique_ptr<EditChannels> style_channels(const StyleGenerator& generator,
                                             const MixedLatents& latents, Job& job) {
  return std::make_unique<StyleChannels>(generator, latents, job);
}

}  // namespace vane
