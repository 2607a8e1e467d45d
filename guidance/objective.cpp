// SPDX-License-Identifier: Apache-2.0
#include "guidance/objective.h"

#include "engine/base/error.h"

namespace vane {
namespace {

std::string shape_text(const Tensor& tensor) {
  std::string text = "[";
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    text += (i ? "," : "") + std::to_string(tensor.size(i));
  }
  return text + "]";
}

void check_image(const Tensor& image) {
  if (image.defined() && image.dim() == 4 && image.size(1) == 3) return;
  throw Error(ErrorCode::usage, "an objective needs an image tensor [N,3,H,W], got " +
                                    (image.defined() ? shape_text(image) : "none"));
}

// `other` has the image's size and its batch, or one item for all of the batch.
bool fits(const Tensor& other, const Tensor& image, int64_t channels) {
  return other.dim() == 4 && other.size(1) == channels && other.size(2) == image.size(2) &&
         other.size(3) == image.size(3) && (other.size(0) == image.size(0) || other.size(0) == 1);
}

}  // namespace

Score score_of(const std::string& name, const Tensor& value) {
  if (!std::isfinite(value.item<double>())) {
    throw Error(ErrorCode::numeric, "objective term '" + name + "' is not finite");
  }
  return {value, {{name, value, 1.f}}};
}

Tensor source_of(const Evaluation& evaluation, const std::string& term) {
  check_image(evaluation.image);
  const Tensor& source = evaluation.source;
  if (!source.defined()) {
    throw Error(ErrorCode::usage, "objective term '" + term +
                                      "' compares with the source picture, and there is none");
  }
  if (!fits(source, evaluation.image, 3)) {
    throw Error(ErrorCode::usage, "objective term '" + term + "': source is " + shape_text(source) +
                                      " but the image is " + shape_text(evaluation.image));
  }
  return source.detach().to(evaluation.image.scalar_type()).expand_as(evaluation.image);
}

Tensor visible_image(const Evaluation& evaluation) {
  check_image(evaluation.image);
  if (!evaluation.mask.defined()) return evaluation.image;
  if (!fits(evaluation.mask, evaluation.image, 1)) {
    throw Error(ErrorCode::usage, "the mask is " + shape_text(evaluation.mask) +
                                      " but the image is " + shape_text(evaluation.image));
  }
  const Tensor source = source_of(evaluation, "mask");
  const Tensor mask = evaluation.mask.detach().to(evaluation.image.scalar_type());
  return source + mask * (evaluation.image - source);
}

}  // namespace vane
