// SPDX-License-Identifier: Apache-2.0
#include "guidance/total_variation.h"

#include "engine/base/error.h"

namespace vane {
namespace {

// image[y + dy, x + dx] - image[y, x] where both exist; dx may be -1.
Tensor difference(const Tensor& image, int64_t dy, int64_t dx) {
  const int64_t height = image.size(2) - dy, width = image.size(3) - std::abs(dx);
  const Tensor there = image.narrow(2, dy, height).narrow(3, std::max<int64_t>(dx, 0), width);
  const Tensor here = image.narrow(2, 0, height).narrow(3, std::max<int64_t>(-dx, 0), width);
  return there - here;
}

}  // namespace

Tensor total_variation(const Tensor& image, const std::string& form) {
  if (image.size(2) < 2 || image.size(3) < 2) return image.sum() * 0;
  if (form == "mean")
    return difference(image, 0, 1).abs().mean() + difference(image, 1, 0).abs().mean();
  return difference(image, 0, 1).norm() + difference(image, 1, 0).norm() +
         difference(image, 1, 1).norm() + difference(image, 1, -1).norm();
}

TotalVariation::TotalVariation(TotalVariationConfig config) : config_(std::move(config)) {
  if (config_.form != "mean" && config_.form != "norms") {
    throw Error(ErrorCode::usage,
                "form of total_variation is '" + config_.form + "'; it must be 'mean' or 'norms'");
  }
}

Score TotalVariation::evaluate(const Evaluation& evaluation) {
  return score_of(kName, total_variation(visible_image(evaluation), config_.form));
}

}  // namespace vane
