// SPDX-License-Identifier: Apache-2.0
#include "generators/inversion/pyramid_encoder.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr double kSlope = 0.2;
constexpr int64_t kCoarse = 16, kMiddle = 64;  // px that the levels reach to
constexpr int64_t kFine = 256;                 // hidden numbers that fine rows are made of
constexpr std::array<int64_t, 2> kNarrow{32, 16};
constexpr const char* kGeneratorKey = "generator";

Tensor active(const Tensor& x) { return at::leaky_relu(x, kSlope); }

int64_t all_codes() {
  int64_t sum = 0;
  for (const int64_t code : PyramidEncoder::kCodes) sum += code;
  return sum;
}

Tensor through(const PyramidStage& stage, const Tensor& x) {
  const Tensor inner = active(at::conv2d(x, stage.conv1_weight, stage.conv1_bias, 1, 1));
  const Tensor outer = active(at::conv2d(inner, stage.conv2_weight, stage.conv2_bias, 2, 1));
  return (outer + at::conv2d(at::avg_pool2d(x, 2), stage.skip_weight)) * std::sqrt(0.5);
}

}  // namespace

PyramidEncoder make_pyramid_encoder(const StyleGenerator& generator) {
  PyramidEncoder encoder;
  for (const RowUse& row : generator.row_uses()) {
    encoder.levels.push_back(!row.is_read                ? -1
                             : row.resolution <= kCoarse ? 0
                             : row.resolution <= kMiddle ? 1
                                                         : 2);
  }
  encoder.width = generator.w_dim();
  encoder.row_weight.resize(encoder.levels.size());
  encoder.row_bias.resize(encoder.levels.size());
  encoder.latent_avg = generator.average_w();
  encoder.generator_hash = generator.content_hash();
  return encoder;
}

void visit_parameters(PyramidEncoder& encoder, const ParameterVisitor& visit) {
  constexpr auto widths = PyramidEncoder::kWidths;
  constexpr auto codes = PyramidEncoder::kCodes;
  visit("stem.weight", encoder.stem_weight, {widths[0], 3, 3, 3});
  visit("stem.bias", encoder.stem_bias, {widths[0]});
  for (size_t i = 0; i < encoder.stages.size(); ++i) {
    PyramidStage& stage = encoder.stages[i];
    const std::string name = fmt::format("stages.{}.", i);
    const int64_t in = widths[i], out = widths[i + 1];
    visit(name + "conv1.weight", stage.conv1_weight, {in, in, 3, 3});
    visit(name + "conv1.bias", stage.conv1_bias, {in});
    visit(name + "conv2.weight", stage.conv2_weight, {out, in, 3, 3});
    visit(name + "conv2.bias", stage.conv2_bias, {out});
    visit(name + "skip.weight", stage.skip_weight, {out, in, 1, 1});
  }
  for (size_t i = 0; i < kNarrow.size(); ++i) {
    visit(fmt::format("narrow.{}.weight", i), encoder.narrow_weight[i],
          {kNarrow[i], widths[3 - i], 1, 1});
    visit(fmt::format("narrow.{}.bias", i), encoder.narrow_bias[i], {kNarrow[i]});
  }
  const std::array<int64_t, 3> inputs{16 * widths[4], 64 * kNarrow[0], 256 * kNarrow[1]};
  for (size_t i = 0; i < codes.size(); ++i) {
    visit(fmt::format("codes.{}.weight", i), encoder.code_weight[i], {codes[i], inputs[i]});
    visit(fmt::format("codes.{}.bias", i), encoder.code_bias[i], {codes[i]});
  }
  visit("base.weight", encoder.base_weight, {encoder.width, all_codes()});
  visit("base.bias", encoder.base_bias, {encoder.width});
  visit("fine.weight", encoder.fine_weight, {kFine, all_codes()});
  visit("fine.bias", encoder.fine_bias, {kFine});
  const std::array<int64_t, 3> sources{codes[0], codes[0] + codes[1], kFine};
  for (size_t i = 0; i < encoder.levels.size(); ++i) {
    if (encoder.levels[i] < 0) continue;
    const int64_t in = sources[static_cast<size_t>(encoder.levels[i])];
    visit(fmt::format("rows.{}.weight", i), encoder.row_weight[i], {encoder.width, in});
    visit(fmt::format("rows.{}.bias", i), encoder.row_bias[i], {encoder.width});
  }
}

PyramidEncoder initial_pyramid_encoder(const StyleGenerator& generator, const Rng& rng) {
  PyramidEncoder encoder = make_pyramid_encoder(generator);
  visit_parameters(
      encoder, [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
        tensor = at::zeros(shape, at::kFloat);
        if (!name.ends_with(".weight") || name.starts_with("rows.")) return;
        const int64_t fan_in = tensor.numel() / shape[0];
        // No activation follows the base, and one vector for all rows begins near the mean.
        const double gain = name.starts_with("base.") ? 0.1 : std::sqrt(2.0);
        const auto deviation = static_cast<float>(gain / std::sqrt(double(fan_in)));
        Rng draw = rng.fork(name);
        for (float& value : std::span(tensor.mutable_data_ptr<float>(), size_t(tensor.numel()))) {
          value = deviation * draw.normal();
        }
      });
  return encoder;
}

PyramidEncoder load_pyramid_encoder(const std::filesystem::path& path,
                                    const StyleGenerator& generator, const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  const auto& metadata = weights.table().metadata;
  const auto made_for = metadata.find(kGeneratorKey);
  if (made_for == metadata.end() || made_for->second != generator.content_hash()) {
    throw Error(ErrorCode::checkpoint, "this encoder was trained for another generator")
        .in_file(path)
        .with_hint("vane train inversion trains one for yours");
  }
  PyramidEncoder encoder = make_pyramid_encoder(generator);
  visit_parameters(encoder,
                   [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                     tensor = weights.take(name, shape);
                   });
  encoder.latent_avg = weights.take("latent_avg", {encoder.width});
  weights.finish();
  encoder.content_hash = weights.table().content_hash();
  return encoder;
}

void save_pyramid_encoder(const std::filesystem::path& path, const PyramidEncoder& encoder) {
  PyramidEncoder copy = encoder;
  std::map<std::string, Tensor> halves;
  visit_parameters(copy, [&](const std::string& name, Tensor& tensor, const auto&) {
    halves[name] = tensor.detach().to(at::kHalf);
  });
  halves["latent_avg"] = encoder.latent_avg.to(at::kHalf);
  save_tensors(path, halves, {{kGeneratorKey, encoder.generator_hash}});
}

PyramidFeatures face_features(const PyramidEncoder& encoder, const Tensor& face) {
  if (face.dim() != 4 || face.size(1) != 3 || face.size(2) != face.size(3)) {
    throw Error(ErrorCode::usage, "the inversion encoder needs faces [N,3,S,S]");
  }
  constexpr int64_t side = PyramidEncoder::kSide;
  const Tensor seen = face.size(2) == side ? face : resize_area(face, side, side);
  Tensor x = active(at::conv2d(seen * 2 - 1, encoder.stem_weight, encoder.stem_bias, 2, 1));
  std::array<Tensor, 4> maps;
  for (size_t i = 0; i < maps.size(); ++i) maps[i] = x = through(encoder.stages[i], x);
  return {.c1 = maps[1], .c2 = maps[2], .c3 = maps[3]};
}

Tensor feature_rows(const PyramidEncoder& encoder, const PyramidFeatures& features) {
  const std::array<const Tensor*, 2> narrowed{&features.c2, &features.c1};
  std::array<Tensor, 3> codes;
  const auto code = [&](size_t i, const Tensor& map) {
    return active(at::linear(map.flatten(1), encoder.code_weight[i], encoder.code_bias[i]));
  };
  codes[0] = code(0, features.c3);
  for (size_t i = 0; i < 2; ++i) {
    codes[i + 1] = code(
        i + 1, active(at::conv2d(*narrowed[i], encoder.narrow_weight[i], encoder.narrow_bias[i])));
  }
  const Tensor all = at::cat({codes[0], codes[1], codes[2]}, 1);
  const Tensor base = at::linear(all, encoder.base_weight, encoder.base_bias);
  const std::array<Tensor, 3> sources{
      codes[0], at::cat({codes[0], codes[1]}, 1),
      active(at::linear(all, encoder.fine_weight, encoder.fine_bias))};
  std::vector<Tensor> rows;
  for (size_t i = 0; i < encoder.levels.size(); ++i) {
    const int level = encoder.levels[i];
    rows.push_back(level < 0 ? rows.back()
                             : base + at::linear(sources[static_cast<size_t>(level)],
                                                 encoder.row_weight[i], encoder.row_bias[i]));
  }
  return at::stack(rows, 1);
}

Tensor encode_face(const PyramidEncoder& encoder, const Tensor& face) {
  return feature_rows(encoder, face_features(encoder, face)) + encoder.latent_avg;
}

}  // namespace vane
