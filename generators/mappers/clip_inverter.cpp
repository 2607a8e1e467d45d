// SPDX-License-Identifier: Apache-2.0
#include "generators/mappers/clip_inverter.h"

#include <cmath>
#include <span>

#include "engine/base/error.h"
#include "generators/mappers/mapper_stack.h"

namespace vane {
namespace {

constexpr double kSlope = 0.01, kNormEpsilon = 1e-5;  // PyTorch's defaults
constexpr int64_t kGroups = 32;
constexpr double kLargestShare = 0.9;  // of a row that the refiner replaces, at lambda 1

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, kNormEpsilon);
}

Tensor of_text(const TextFunction& function, const Tensor& text) {
  Tensor hidden = at::linear(text, function.in_weight, function.in_bias);
  hidden = at::leaky_relu(layer_norm(hidden, function.norm_weight, function.norm_bias), kSlope);
  return at::linear(hidden, function.out_weight, function.out_bias).unsqueeze(2).unsqueeze(3);
}

Tensor modulated(const std::optional<TextModulation>& level, const Tensor& features,
                 const Tensor& text) {
  if (!level) return features;
  const Tensor h = at::group_norm(at::conv2d(pixel_norm(features), level->conv, {}, 1, 1), kGroups,
                                  level->norm_weight, level->norm_bias, kNormEpsilon);
  const Tensor gamma = of_text(level->gamma, text).exp();
  return at::leaky_relu(h * (1 + gamma) + of_text(level->beta, text), kSlope);
}

Tensor proposed_row(const RowProposal& proposal, const Tensor& text) {
  Tensor x = at::relu(at::linear(text, proposal.weight0, proposal.bias0));
  x = at::linear(x, proposal.weight2, proposal.bias2);
  x = at::relu(layer_norm(x, proposal.norm_weight, proposal.norm_bias));
  return at::linear(x, proposal.weight5, proposal.bias5);
}

void check_text(const Tensor& text, int64_t embedding, int64_t batch) {
  if (text.dim() == 2 && text.size(1) == embedding &&
      (text.size(0) == 1 || text.size(0) == batch)) {
    return;
  }
  throw Error(ErrorCode::usage, "one text embedding [N," + std::to_string(embedding) +
                                    "] is needed for each picture; is it of another CLIP?");
}

void visit_function(TextFunction& function, const std::string& name, int64_t embedding,
                    int64_t hidden, int64_t channels, const ParameterVisitor& visit) {
  visit(name + ".0.weight", function.in_weight, {hidden, embedding});
  visit(name + ".0.bias", function.in_bias, {hidden});
  visit(name + ".1.weight", function.norm_weight, {hidden});
  visit(name + ".1.bias", function.norm_bias, {hidden});
  visit(name + ".3.weight", function.out_weight, {channels, hidden});
  visit(name + ".3.bias", function.out_bias, {channels});
}

}  // namespace

TextAdapter make_text_adapter(const IrSeWidths& widths, int64_t embedding, int64_t hidden) {
  TextAdapter adapter;
  adapter.embedding = embedding;
  adapter.hidden = hidden;
  adapter.coarse.emplace().channels = widths[3];
  adapter.medium.emplace().channels = widths[2];
  adapter.fine.emplace().channels = widths[1];
  return adapter;
}

RowRefiner make_row_refiner(int64_t rows, int64_t embedding, int64_t width) {
  if (rows < 3) throw Error(ErrorCode::usage, "a row refiner needs a generator of 3 rows or more");
  RowRefiner refiner;
  refiner.embedding = embedding;
  refiner.width = width;
  refiner.proposals.resize(size_t(rows - 2));
  return refiner;
}

void visit_parameters(TextAdapter& adapter, const ParameterVisitor& visit) {
  const auto visit_level = [&](std::optional<TextModulation>& level, const std::string& kind) {
    if (!level) return;
    const std::string name = kind + "_mapping.modulation_module_list.0.";
    const int64_t c = level->channels;
    visit(name + "conv.weight", level->conv, {c, c, 3, 3});
    visit(name + "norm.weight", level->norm_weight, {c});
    visit(name + "norm.bias", level->norm_bias, {c});
    visit_function(level->gamma, name + "gamma_function", adapter.embedding, adapter.hidden, c,
                   visit);
    visit_function(level->beta, name + "beta_function", adapter.embedding, adapter.hidden, c,
                   visit);
  };
  visit_level(adapter.coarse, "coarse");
  visit_level(adapter.medium, "medium");
  visit_level(adapter.fine, "fine");
}

void visit_parameters(RowRefiner& refiner, const ParameterVisitor& visit) {
  const int64_t e = refiner.embedding, w = refiner.width;
  for (size_t i = 0; i < refiner.proposals.size(); ++i) {
    RowProposal& proposal = refiner.proposals[i];
    const std::string name = "affine_mlps." + std::to_string(i) + ".";
    visit(name + "0.weight", proposal.weight0, {e, e});
    visit(name + "0.bias", proposal.bias0, {e});
    visit(name + "2.weight", proposal.weight2, {w, e});
    visit(name + "2.bias", proposal.bias2, {w});
    visit(name + "3.weight", proposal.norm_weight, {w});
    visit(name + "3.bias", proposal.norm_bias, {w});
    visit(name + "5.weight", proposal.weight5, {w, w});
    visit(name + "5.bias", proposal.bias5, {w});
    visit("lambdas." + std::to_string(i), proposal.lambda, {});
  }
}

TextAdapter initial_text_adapter(const IrSeWidths& widths, int64_t embedding, int64_t hidden,
                                 const Rng& rng) {
  TextAdapter adapter = make_text_adapter(widths, embedding, hidden);
  visit_parameters(
      adapter, [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
        const bool is_norm = name.ends_with("norm.weight") || name.ends_with("function.1.weight");
        tensor = is_norm ? at::ones(shape) : at::zeros(shape);
        const bool says_nothing = name.ends_with("function.3.weight");
        if (is_norm || says_nothing || !name.ends_with("weight")) return;
        // Uniform in 1 / sqrt(fan in), as PyTorch begins linear layers and convolutions.
        const auto bound = static_cast<float>(1 / std::sqrt(double(tensor.numel() / shape[0])));
        Rng draw = rng.fork(name);
        for (float& value : std::span(tensor.mutable_data_ptr<float>(), size_t(tensor.numel()))) {
          value = draw.uniform(-bound, bound);
        }
      });
  return adapter;
}

PyramidFeatures adapted_features(const TextAdapter& adapter, const PyramidFeatures& features,
                                 const Tensor& text) {
  check_text(text, adapter.embedding, features.c3.size(0));
  return {.c1 = modulated(adapter.fine, features.c1, text),
          .c2 = modulated(adapter.medium, features.c2, text),
          .c3 = modulated(adapter.coarse, features.c3, text)};
}

Tensor adapted_rows(const InversionEncoder& encoder, const TextAdapter& adapter,
                    const Inversion& inversion, const Tensor& text, double strength) {
  if (strength == 0) return inversion.w_plus;
  const PyramidFeatures features = adapted_features(adapter, inversion.features, text);
  return inversion.w_plus + strength * style_rows(encoder, features);
}

Tensor inverter_rows(const PyramidEncoder& encoder, const TextAdapter& adapter, const Tensor& face,
                     const Tensor& text, double strength) {
  const PyramidFeatures features = face_features(encoder, face);
  const Tensor rows = feature_rows(encoder, features) + encoder.latent_avg;
  if (strength == 0) return rows;
  return rows + strength * feature_rows(encoder, adapted_features(adapter, features, text));
}

Tensor refined_rows(const RowRefiner& refiner, const Tensor& w_plus, const Tensor& text) {
  const int64_t rows = std::ssize(refiner.proposals) + 2;
  if (w_plus.dim() != 3 || w_plus.size(1) != rows || w_plus.size(2) != refiner.width) {
    throw Error(ErrorCode::usage, "this row refiner needs W+ [N," + std::to_string(rows) + "," +
                                      std::to_string(refiner.width) + "]");
  }
  check_text(text, refiner.embedding, w_plus.size(0));
  std::vector<Tensor> refined{w_plus.select(1, 0)};
  for (int64_t row = 1; row < rows - 1; ++row) {
    const RowProposal& proposal = refiner.proposals[size_t(row - 1)];
    const Tensor share = kLargestShare * proposal.lambda;
    refined.push_back(w_plus.select(1, row) * (1 - share) + proposed_row(proposal, text) * share);
  }
  refined.push_back(w_plus.select(1, rows - 1));
  return at::stack(refined, 1);
}

}  // namespace vane
