// SPDX-License-Identifier: Apache-2.0
#include "guidance/edge_structure.h"

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr double kSquaredGradientFloor = 1e-6;

}  // namespace

Tensor luma_gradient(const Tensor& image) {
  if (image.dim() != 4 || image.size(1) != 3 || image.size(2) < 2 || image.size(3) < 2) {
    throw Error(ErrorCode::usage, "edges need an image tensor [N,3,H,W] of at least 2 x 2 pixels");
  }
  const Tensor luma =
      (image.select(1, 0) * 0.2126 + image.select(1, 1) * 0.7152 + image.select(1, 2) * 0.0722);
  const int64_t height = luma.size(1) - 1, width = luma.size(2) - 1;
  const Tensor here = luma.narrow(1, 0, height).narrow(2, 0, width);
  const Tensor dx = luma.narrow(1, 0, height).narrow(2, 1, width) - here;
  const Tensor dy = luma.narrow(1, 1, height).narrow(2, 0, width) - here;
  return at::stack({dx, dy}, 1);
}

Tensor edge_structure(const Tensor& image, const Tensor& source, const std::string& form) {
  const Tensor edited = luma_gradient(image);
  const Tensor original = luma_gradient(source.detach());
  if (form == "difference") return (edited - original).abs().mean();
  const Tensor a = edited.flatten(1), b = original.flatten(1);
  // Added to each side of the fraction, so that equal pictures (also flat ones) give exactly 0.
  const double floor = kSquaredGradientFloor * static_cast<double>(a.size(1));
  const Tensor dot = (a * b).sum(1) + floor;
  const Tensor lengths = ((a.square().sum(1) + floor) * (b.square().sum(1) + floor)).sqrt();
  return (1 - dot / lengths).mean();
}

EdgeStructure::EdgeStructure(EdgeStructureConfig config) : config_(std::move(config)) {
  if (config_.form != "correlation" && config_.form != "difference") {
    throw Error(ErrorCode::usage, "form of edge_structure is '" + config_.form +
                                      "'; it must be 'correlation' or 'difference'");
  }
}

Score EdgeStructure::evaluate(const Evaluation& evaluation) {
  const Tensor source = source_of(evaluation, kName);
  return score_of(kName, edge_structure(visible_image(evaluation), source, config_.form));
}

}  // namespace vane
