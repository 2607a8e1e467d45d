// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/packed_linear.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <mutex>
#include <optional>
#include <utility>

#include "engine/base/mapped_pages.h"

namespace vane {
namespace {

constexpr int kPlainCalls = 2;
// Fewer rows are limited by reading W once, in whatever order.
constexpr int64_t kLeastRows = 4;

using Reorder = Tensor(const Tensor&, std::optional<c10::SymInt>);
using Pointwise = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&,
                         std::string_view, c10::List<std::optional<at::Scalar>>,
                         std::optional<std::string_view>);

/// oneDNN's operators, which LibTorch registers without declaring them in a header.
struct OneDnn {
  std::optional<c10::TypedOperatorHandle<Reorder>> reorder;
  std::optional<c10::TypedOperatorHandle<Pointwise>> pointwise;

  static const OneDnn& get() {
    static const OneDnn found = [] {
      OneDnn ops;
      c10::Dispatcher& dispatcher = c10::Dispatcher::singleton();
      const auto reorder = dispatcher.findSchema({"mkldnn::_reorder_linear_weight", ""});
      const auto pointwise = dispatcher.findSchema({"mkldnn::_linear_pointwise", ""});
      if (reorder && pointwise) {
        ops.reorder = reorder->typed<Reorder>();
        ops.pointwise = pointwise->typed<Pointwise>();
      }
      return ops;
    }();
    return found;
  }
};

Tensor plain(const Tensor& x, const Tensor& weight, const Tensor& bias, AfterLinear after,
             PackedLinear::Scales scales) {
  const bool scaled = scales.weight != 1 || scales.bias != 1;
  Tensor y;
  if (scaled) {
    const Tensor rows = x.reshape({-1, x.size(-1)});
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = weight.size(0);
    y = at::addmm(bias, rows, weight.t(), scales.bias, scales.weight).view(shape);
  } else {
    y = at::linear(x, weight, bias);
  }
  switch (after) {
    case AfterLinear::nothing:
      return y;
    case AfterLinear::silu:
      return at::silu(y);
    case AfterLinear::gelu:
      return at::gelu(y);
    case AfterLinear::gelu_tanh:
      return at::gelu(y, "tanh");
  }
  return y;
}

}  // namespace

struct PackedLinear::Packed {
  std::mutex mutex;
  int calls = 0;
  Tensor source, source_bias, weight, bias;
  int64_t written = 0;  // versions of both sources together
  Scales scales;

  /// How often the sources were written in place; tensors of inference mode do not count.
  static int64_t writes(const Tensor& w, const Tensor& b) {
    const auto of = [](const Tensor& x) { return x.is_inference() ? int64_t{0} : x._version(); };
    return of(w) + of(b);
  }

  /// Reordered weights and bias, or nothing while calls are still plain. Handed out together under
  /// the lock, since a copy of the model may ask for other scales from another thread.
  std::optional<std::pair<Tensor, Tensor>> parts(const Tensor& w, const Tensor& b, int64_t rows,
                                                 Scales wanted) {
    const std::lock_guard lock(mutex);
    if (source.defined() && source.is_same(w) && source_bias.is_same(b) &&
        written == writes(w, b) && scales.weight == wanted.weight && scales.bias == wanted.bias) {
      return std::pair(weight, bias);
    }
    if (++calls <= kPlainCalls) return std::nullopt;
    const at::NoGradGuard no_grad;
    const Tensor scaled = wanted.weight == 1 ? w.contiguous() : w * wanted.weight;
    weight = OneDnn::get().reorder->call(scaled, c10::SymInt(rows));
    bias = wanted.bias == 1 ? b.clone() : b * wanted.bias;
    // From now on the copy is used; the original costs no memory while it lies in a file.
    release_mapped_pages({static_cast<const std::byte*>(w.const_data_ptr()), w.nbytes()});
    source = w;
    source_bias = b;
    written = writes(w, b);
    scales = wanted;
    return std::pair(weight, bias);
  }
};

PackedLinear::PackedLinear() : packed_(std::make_shared<Packed>()) {}

Tensor PackedLinear::operator()(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                AfterLinear after, Scales scales) const {
  const bool records = at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  const int64_t rows = x.numel() / x.size(-1);
  const bool suits = !records && rows >= kLeastRows && x.is_cpu() &&
                     x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat &&
                     bias.defined() && OneDnn::get().pointwise;
  const auto parts = suits ? packed_->parts(weight, bias, rows, scales) : std::nullopt;
  if (!parts) return plain(x, weight, bias, after, scales);
  const char* name = after == AfterLinear::nothing ? "none"
                     : after == AfterLinear::silu  ? "swish"
                                                   : "gelu";
  const std::string_view algorithm = after == AfterLinear::gelu_tanh ? "tanh"
                                     : after == AfterLinear::gelu    ? "none"
                                                                     : "";
  return OneDnn::get().pointwise->call(x, parts->first, parts->second, name,
                                       c10::List<std::optional<at::Scalar>>(), algorithm);
}

}  // namespace vane
