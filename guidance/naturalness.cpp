// SPDX-License-Identifier: Apache-2.0
#include "guidance/naturalness.h"

#include <array>
#include <limits>
#include <map>

#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr int64_t kBlock = 96, kScales = 2, kReach = 3;
constexpr double kSigma = 7.0 / 6.0;
// Shapes that are tried: 0.2, 0.201, … 10.
constexpr int64_t kShapes = 9801;
constexpr double kFirstShape = 0.2, kShapeStep = 0.001;
constexpr std::array<std::array<int64_t, 2>, 4> kNeighbours{{{0, 1}, {1, 0}, {1, 1}, {1, -1}}};

Tensor gamma_function(const Tensor& x) { return at::exp(at::lgamma(x)); }

/// Shapes, and (E|x|)^2 / E x^2 of a generalised Gaussian of each, which rises with it.
struct ShapeTable {
  Tensor shape, ratio;
  ShapeTable() {
    shape = at::arange(kShapes, at::kDouble) * kShapeStep + kFirstShape;
    ratio = gamma_function(2 / shape).square() /
            (gamma_function(1 / shape) * gamma_function(3 / shape));
  }
};

struct Asymmetric {
  Tensor shape, left, right;  // [B]
};

/// Asymmetric generalised Gaussians of rows [B,n] by their moments (Lasmar, Stitou and Berthoumieu
/// 2009).
Asymmetric fitted(const Tensor& x, const ShapeTable& table) {
  const Tensor square = x.square();
  const auto side = [&](const Tensor& chosen) {
    return at::sqrt((square * chosen).sum(1) / chosen.sum(1));
  };
  const Tensor left = side((x < 0).to(at::kDouble)), right = side((x > 0).to(at::kDouble));
  const Tensor g = left / right;
  const Tensor ratio = x.abs().mean(1).square() / square.mean(1) * (g.pow(3) + 1) * (g + 1) /
                       (g.square() + 1).square();
  const Tensor above = at::searchsorted(table.ratio, ratio).clamp(1, kShapes - 1);
  const Tensor is_below =
      ratio - table.ratio.index_select(0, above - 1) <= table.ratio.index_select(0, above) - ratio;
  const Tensor nearest = table.shape.index_select(0, at::where(is_below, above - 1, above));
  const Tensor shape = at::where(ratio.isfinite(), nearest, ratio * 0 / 0);
  const Tensor width = at::sqrt(gamma_function(1 / shape) / gamma_function(3 / shape));
  return {shape, left * width, right * width};
}

Tensor eight_bit_luma(const Tensor& picture) {
  const Tensor levels = at::floor(at::clamp(picture.to(at::kDouble), 0, 1) * 255 + 0.5);
  // Whole thousandths, so that halves round alike everywhere.
  const Tensor luma =
      299 * levels.select(1, 0) + 587 * levels.select(1, 1) + 114 * levels.select(1, 2);
  return at::floor(luma / 1000 + 0.5).unsqueeze(1);
}

/// Mean-subtracted, contrast-normalised coefficients and the deviation they were divided by.
struct Normalised {
  Tensor coefficients, deviation;  // [1,1,h,w]
};

/// Of luma with kReach more pixels on every side.
Normalised normalised(const Tensor& padded) {
  const Tensor place = at::arange(-kReach, kReach + 1, padded.options());
  Tensor window = (place.square() / (-2 * kSigma * kSigma)).exp();
  window = window / window.sum();
  const auto smoothed = [&](const Tensor& x) {
    return at::conv2d(at::conv2d(x, window.view({1, 1, -1, 1})), window.view({1, 1, 1, -1}));
  };
  const Tensor luma = padded.slice(2, kReach, -kReach).slice(3, kReach, -kReach);
  const Tensor mean = smoothed(padded);
  const Tensor deviation = at::sqrt((smoothed(padded.square()) - mean.square()).abs());
  return {(luma - mean) / (deviation + 1), deviation};
}

/// [1,1,h,w] -> [B,side,side], row by row.
Tensor blocks_of(const Tensor& plane, int64_t side) {
  const int64_t rows = plane.size(2) / side, columns = plane.size(3) / side;
  return plane.reshape({rows, side, columns, side})
      .permute({0, 2, 1, 3})
      .reshape({rows * columns, side, side});
}

Tensor features_of(const Tensor& blocks, const ShapeTable& table) {
  std::vector<Tensor> columns;
  const Asymmetric own = fitted(blocks.flatten(1), table);
  columns.insert(columns.end(), {own.shape, (own.left + own.right) / 2});
  for (const auto& [down, across] : kNeighbours) {
    const Tensor product = blocks * at::roll(blocks, {down, across}, {1, 2});
    const Asymmetric pair = fitted(product.flatten(1), table);
    const Tensor mean =
        (pair.right - pair.left) * gamma_function(2 / pair.shape) / gamma_function(1 / pair.shape);
    columns.insert(columns.end(), {pair.shape, mean, pair.left, pair.right});
  }
  return at::stack(columns, 1);
}

struct Moments {
  Tensor mean, covariance;
  int64_t rows = 0;
};

Moments moments_of(const Tensor& features) {
  const Tensor finite = features.isfinite().all(1).nonzero().flatten();
  const Tensor rows = features.index_select(0, finite);
  Moments moments;
  moments.rows = rows.size(0);
  if (moments.rows < 2) return moments;
  moments.mean = rows.mean(0);
  const Tensor off = rows - moments.mean;
  moments.covariance = at::matmul(off.t(), off) / static_cast<double>(moments.rows - 1);
  return moments;
}

}  // namespace

Tensor naturalness_features(const Tensor& picture, double sharpest) {
  const at::NoGradGuard no_grad;
  if (picture.dim() != 4 || picture.size(0) != 1 || picture.size(1) != 3) {
    throw Error(ErrorCode::usage, "niqe needs a colour picture");
  }
  const int64_t height = picture.size(2) / kBlock * kBlock;
  const int64_t width = picture.size(3) / kBlock * kBlock;
  if (height == 0 || width == 0) return at::empty({0, NaturalnessModel::kFeatures}, at::kDouble);
  static const ShapeTable table;
  // In bands of one row of blocks, which stay in the caches.
  Tensor luma = at::empty({1, 1, height, width}, at::kDouble);
  for (int64_t top = 0; top < height; top += kBlock) {
    luma.narrow(2, top, kBlock)
        .copy_(eight_bit_luma(picture.narrow(2, top, kBlock).narrow(3, 0, width)));
  }
  std::vector<Tensor> scales, deviations;
  for (int64_t scale = 0; scale < kScales; ++scale) {
    if (scale > 0) luma = resize_bicubic(luma, height >> scale, width >> scale);
    const Tensor padded = at::replication_pad2d(luma, {kReach, kReach, kReach, kReach});
    const int64_t side = kBlock >> scale;
    std::vector<Tensor> rows;
    for (int64_t top = 0; top < luma.size(2); top += side) {
      const Normalised seen = normalised(padded.narrow(2, top, side + 2 * kReach));
      rows.push_back(features_of(blocks_of(seen.coefficients, side), table));
      if (scale == 0) deviations.push_back(blocks_of(seen.deviation, side).mean({1, 2}));
    }
    scales.push_back(at::cat(rows));
  }
  const Tensor features = at::cat(scales, 1);
  if (sharpest <= 0) return features;
  const Tensor deviation = at::cat(deviations);
  return features.index_select(0, (deviation > sharpest * deviation.max()).nonzero().flatten());
}

NaturalnessModel fit_naturalness(const std::vector<Tensor>& features) {
  const at::NoGradGuard no_grad;
  const Moments moments =
      features.empty() ? Moments() : moments_of(at::cat(at::TensorList(features)));
  if (moments.rows < 2) {
    throw Error(ErrorCode::usage, "no model of naturalness without blocks of sharp photographs")
        .with_hint("photographs of at least 96 x 96 pixels that are not flat");
  }
  NaturalnessModel model;
  model.mean = moments.mean;
  model.covariance = moments.covariance;
  model.blocks = moments.rows;
  model.pictures = static_cast<int64_t>(features.size());
  return model;
}

double naturalness_distance(const NaturalnessModel& model, const Tensor& features) {
  const at::NoGradGuard no_grad;
  const Moments moments = moments_of(features);
  if (moments.rows < 2) return std::numeric_limits<double>::quiet_NaN();
  const Tensor off = model.mean - moments.mean;
  const Tensor inverse = at::linalg_pinv((model.covariance + moments.covariance) / 2);
  const double square = at::dot(off, at::mv(inverse, off)).item<double>();
  return std::sqrt(std::max(0.0, square));
}

void save_naturalness(const std::filesystem::path& path, const NaturalnessModel& model) {
  save_tensors(
      path, {{"mean", model.mean.to(at::kFloat)}, {"covariance", model.covariance.to(at::kFloat)}},
      {{"kind", "niqe"},
       {"pictures", std::to_string(model.pictures)},
       {"blocks", std::to_string(model.blocks)},
       {"origin", model.origin}});
}

NaturalnessModel load_naturalness(const std::filesystem::path& path, const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  NaturalnessModel model;
  const int64_t n = NaturalnessModel::kFeatures;
  model.is_published = weights.contains("mu_prisparam");
  const std::string mean = model.is_published ? "mu_prisparam" : "mean";
  const bool is_row = weights.contains(mean) && weights.shape(mean).size() == 2;
  model.mean = weights.take(mean, is_row ? std::vector<int64_t>{1, n} : std::vector<int64_t>{n})
                   .flatten()
                   .to(at::kDouble);
  model.covariance =
      weights.take(model.is_published ? "cov_prisparam" : "covariance", {n, n}).to(at::kDouble);
  weights.finish();
  return model;
}

}  // namespace vane
