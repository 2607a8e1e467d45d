// SPDX-License-Identifier: Apache-2.0
#include "generators/inversion/inversion_encoder.h"

#include "engine/base/error.h"

namespace vane {
namespace {

// Rows below the first read c3, rows below the second p2, the others p1.
constexpr int64_t kCoarseRows = 3, kMiddleRows = 7;
constexpr double kSlope = 0.01;

int64_t convolutions_of_row(int64_t row) {
  return row < kCoarseRows ? 4 : row < kMiddleRows ? 5 : 6;  // from 16, 32 and 64 pixels to one
}

Tensor style(const StyleBlock& block, const Tensor& features) {
  Tensor x = features;
  for (size_t i = 0; i < block.weights.size(); ++i) {
    x = at::leaky_relu(at::conv2d(x, block.weights[i], block.biases[i], 2, 1), kSlope);
  }
  x = x.flatten(1);
  const double scale = 1 / std::sqrt(static_cast<double>(x.size(1)));
  return at::addmm(block.linear_bias, x, block.linear_weight.t(), 1, scale);
}

/// Corners on corners, as the pyramid was trained with.
Tensor upsampled_sum(const Tensor& top, const Tensor& lateral) {
  return at::upsample_bilinear2d(top, {lateral.size(2), lateral.size(3)}, true) + lateral;
}

}  // namespace

InversionEncoder make_inversion_encoder(EncoderKind kind, int64_t rows, const IrSeWidths& widths,
                                        int64_t channels) {
  if (rows < 1) throw Error(ErrorCode::usage, "an inversion encoder has at least one row");
  InversionEncoder encoder;
  encoder.kind = kind;
  encoder.backbone = make_ir_se_backbone(widths, channels);
  for (int64_t row = 0; row < rows; ++row) {
    StyleBlock block;
    block.weights.resize(size_t(convolutions_of_row(row)));
    block.biases.resize(block.weights.size());
    encoder.styles.push_back(std::move(block));
  }
  return encoder;
}

void visit_parameters(InversionEncoder& encoder, const ParameterVisitor& visit) {
  visit_parameters(encoder.backbone, visit);
  const int64_t s = encoder.backbone.widths[3];
  for (size_t row = 0; row < encoder.styles.size(); ++row) {
    StyleBlock& block = encoder.styles[row];
    const std::string name = "styles." + std::to_string(row);
    for (size_t i = 0; i < block.weights.size(); ++i) {
      // Activations take every second place of the list.
      const std::string place = name + ".convs." + std::to_string(2 * i);
      visit(place + ".weight", block.weights[i], {s, s, 3, 3});
      visit(place + ".bias", block.biases[i], {s});
    }
    visit(name + ".linear.weight", block.linear_weight, {s, s});
    visit(name + ".linear.bias", block.linear_bias, {s});
  }
  visit("latlayer1.weight", encoder.lateral2_weight, {s, encoder.backbone.widths[2], 1, 1});
  visit("latlayer1.bias", encoder.lateral2_bias, {s});
  visit("latlayer2.weight", encoder.lateral1_weight, {s, encoder.backbone.widths[1], 1, 1});
  visit("latlayer2.bias", encoder.lateral1_bias, {s});
}

Inversion invert(const InversionEncoder& encoder, const Tensor& image,
                 std::optional<int64_t> stage) {
  constexpr int64_t side = InversionEncoder::kSide;
  if (image.dim() != 4 || image.size(2) != side || image.size(3) != side) {
    throw Error(ErrorCode::usage, "an inversion encoder needs pictures [N," +
                                      std::to_string(encoder.backbone.channels) + ",256,256]");
  }
  Inversion inversion;
  inversion.features = ir_se_features(encoder.backbone, image);
  inversion.w_plus = style_rows(encoder, inversion.features, stage);
  if (encoder.latent_avg.defined()) inversion.w_plus = inversion.w_plus + encoder.latent_avg;
  return inversion;
}

Tensor style_rows(const InversionEncoder& encoder, const PyramidFeatures& features,
                  std::optional<int64_t> stage) {
  if (stage && *stage < 0) throw Error(ErrorCode::usage, "a stage is not negative");
  const bool is_e4e = encoder.kind == EncoderKind::e4e;
  const int64_t applied = is_e4e && stage ? std::min(*stage + 1, encoder.rows()) : encoder.rows();
  std::vector<Tensor> rows;
  Tensor map = features.c3;
  for (int64_t row = 0; row < applied; ++row) {
    if (row == kCoarseRows) {
      map = upsampled_sum(map,
                          at::conv2d(features.c2, encoder.lateral2_weight, encoder.lateral2_bias));
    } else if (row == kMiddleRows) {
      map = upsampled_sum(map,
                          at::conv2d(features.c1, encoder.lateral1_weight, encoder.lateral1_bias));
    }
    const Tensor own = style(encoder.styles[size_t(row)], map);
    rows.push_back(is_e4e && row > 0 ? rows[0] + own : own);
  }
  while (std::ssize(rows) < encoder.rows()) rows.push_back(rows[0]);
  return at::stack(rows, 1);
}

}  // namespace vane
