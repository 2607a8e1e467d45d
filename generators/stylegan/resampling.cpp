// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/resampling.h"

#include <ATen/Parallel.h>

#include "engine/base/error.h"
#include "generators/stylegan/blur_rows.h"

namespace vane {
namespace {

template <class T>
void blur_planes(const Tensor& x, int64_t pad, double divisor, Tensor& result) {
  const int64_t height = x.size(2), width = x.size(3);
  const int64_t in_plane = height * width, out_plane = result.size(2) * result.size(3);
  const T* in = x.const_data_ptr<T>();
  T* out = result.mutable_data_ptr<T>();
  at::parallel_for(0, x.size(0) * x.size(1), std::max<int64_t>(1, 32768 / out_plane),
                   [&](int64_t first, int64_t last) {
                     std::vector<T> scratch;
                     for (int64_t i = first; i < last; ++i) {
                       blur_plane(in + i * in_plane, height, width, pad,
                                  static_cast<T>(1 / divisor), out + i * out_plane, scratch);
                     }
                   });
}

/// The filter is symmetric, so its gradient is the same filter with the complementary padding.
struct Blur : torch::autograd::Function<Blur> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, int64_t pad,
                        double divisor) {
    context->saved_data["pad"] = pad;
    context->saved_data["divisor"] = divisor;
    Tensor result = at::empty(
        {x.size(0), x.size(1), x.size(2) + 2 * pad - 3, x.size(3) + 2 * pad - 3}, x.options());
    const Tensor dense = x.contiguous();
    if (x.scalar_type() == at::kDouble) {
      blur_planes<double>(dense, pad, divisor, result);
    } else {
      blur_planes<float>(dense, pad, divisor, result);
    }
    return result;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    return {blur(gradients[0], 3 - context->saved_data["pad"].toInt(),
                 context->saved_data["divisor"].toDouble()),
            Tensor(), Tensor()};
  }
};

}  // namespace

Tensor upsample_twice(const Tensor& x) {
  // Linear interpolation between pixel centres has these weights; at the border it repeats pixels,
  // so a ring of zeros comes first and its output is cut off again.
  const int64_t height = 2 * x.size(2), width = 2 * x.size(3);
  const Tensor larger =
      at::upsample_bilinear2d(at::constant_pad_nd(x, {1, 1, 1, 1}), {height + 4, width + 4}, false);
  return larger.narrow(2, 2, height).narrow(3, 2, width);
}

Tensor blur(const Tensor& x, int64_t pad, double divisor) {
  const bool fits = x.dim() == 4 && x.size(2) + 2 * pad > 3 && x.size(3) + 2 * pad > 3;
  const bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble;
  if (!fits || !known || !x.device().is_cpu() || pad < 0 || pad > 3) {
    throw Error(ErrorCode::usage,
                "the blur needs [N,C,H,W] of float32 or float64 on the CPU that leaves a pixel");
  }
  return Blur::apply(x, pad, divisor);
}

Tensor up_convolution(const Tensor& x, const Tensor& weight) {
  return blur(at::conv_transpose2d(x, weight, {}, 2), 1, 16);
}

}  // namespace vane
