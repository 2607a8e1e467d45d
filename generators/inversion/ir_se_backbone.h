// SPDX-License-Identifier: Apache-2.0
#pragma once
// IR-SE50, the residual network with squeeze and excitation under the published inversion encoders
// and the face recogniser ArcFace. Source: Deng et al. 2019, "ArcFace", section 3, in the form that
// pSp and e4e publish (StyleGAN sheet, section 4.1).

#include <array>
#include <string>
#include <vector>

#include "engine/clip/parameters.h"
#include "engine/tensor/fwd.h"
#include "engine/tensor/weights.h"

namespace vane {

/// Batch normalisation by stored statistics; all [C].
struct StoredNorm {
  Tensor weight, bias, mean, variance;
};

/// A bias-free convolution and the normalisation behind it.
struct IrConv {
  Tensor weight;  // [O,I,k,k]
  StoredNorm norm;
  /// Both in one; undefined until fold_norms().
  Tensor folded_weight, folded_bias;
};

/// x -> shortcut(x) + excite(conv2(prelu(conv1(norm(x))))); no activation behind the sum.
struct IrSeUnit {
  int64_t in = 64, depth = 64;
  int64_t stride = 1;     // of the second convolution and of the shortcut
  StoredNorm norm;        // in front: its shift meets zero padding, so it cannot be folded
  Tensor conv1;           // [depth,in,3,3]
  Tensor slope;           // [depth], PReLU
  IrConv conv2;           // 3x3
  Tensor reduce, expand;  // [depth/16,depth,1,1], [depth,depth/16,1,1]
  IrConv shortcut;        // 1x1, where in != depth; else every stride-th pixel
};

/// Widths of the four groups of 3, 4, 14 and 3 units; published networks have these.
using IrSeWidths = std::array<int64_t, 4>;
constexpr IrSeWidths kPublishedIrSeWidths{64, 128, 256, 512};

struct IrSeBackbone {
  IrSeWidths widths = kPublishedIrSeWidths;
  int64_t channels = 3;  // of the input
  IrConv input;          // 3x3
  Tensor input_slope;    // [widths[0]]
  std::vector<IrSeUnit> units;
};

/// Maps behind the last units of the second, third and fourth group, as the papers number them; of
/// a 256 px picture [N,128,64,64], [N,256,32,32] and [N,512,16,16].
struct PyramidFeatures {
  Tensor c1, c2, c3;
};

/// A network without weights. Throws Error{usage} when a width is no multiple of 16.
IrSeBackbone make_ir_se_backbone(const IrSeWidths& widths = kPublishedIrSeWidths,
                                 int64_t channels = 3);
/// The network whose tensors lie under the published names in a file: widths and input channels are
/// read from their shapes. Throws Error{checkpoint} when a tensor that says so is missing.
IrSeBackbone make_ir_se_backbone(const Weights& weights);

/// Shows every tensor under its published name: "input_layer.0.weight",
/// "body.3.shortcut_layer.1.running_mean", …
void visit_parameters(IrSeBackbone& backbone, const ParameterVisitor& visit);

/// Prepares evaluation: multiplies the normalisation behind a convolution into it. Call again after
/// the parameters changed.
void fold_norms(IrSeBackbone& backbone);

/// image [N,channels,H,W] in [-1,1] -> features. Differentiable in image and parameters.
PyramidFeatures ir_se_features(const IrSeBackbone& backbone, const Tensor& image);

/// Normalisation of x [N,C] or [N,C,H,W] by the stored statistics.
Tensor stored_norm(const StoredNorm& norm, const Tensor& x);
/// Shows NAME.weight, .bias, .running_mean and .running_var.
void visit_norm(StoredNorm& norm, const std::string& name, int64_t channels,
                const ParameterVisitor& visit);

/// Fills every slot of `visited` from a file; PyTorch's counters of batches are passed over.
template <class Network>
void take_parameters(Network& visited, const Weights& weights) {
  visit_parameters(
      visited, [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
        tensor = weights.take(name, shape);
        constexpr std::string_view kMean = ".running_mean";
        if (name.ends_with(kMean)) {
          weights.ignore(name.substr(0, name.size() - kMean.size()) + ".num_batches_tracked");
        }
      });
}

}  // namespace vane
