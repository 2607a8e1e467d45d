// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/fast_vit_load.h"

#include <algorithm>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr double kNormEpsilon = 1e-5;  // torch.nn.BatchNorm2d
constexpr std::string_view kTrunk = "visual.trunk.";
constexpr std::string_view kFolded = ".reparam_conv.";

bool any_starts_with(const TensorTable& table, std::string_view prefix) {
  return std::any_of(table.tensors.begin(), table.tensors.end(),
                     [&](const TensorRecord& t) { return t.name.starts_with(prefix); });
}

/// Rows of "PREFIX.weight", else of "PREFIX.bias": when one of them is missing, the loading itself
/// can say so under the name that the file has for it. Throws when there is neither.
int64_t rows_of(const TensorTable& table, const std::string& prefix) {
  for (const char* kind : {".weight", ".bias"}) {
    const TensorRecord* record = table.find(prefix + kind);
    if (record && !record->shape.empty()) return record->shape[0];
  }
  throw Error(ErrorCode::checkpoint, "this tensor is missing")
      .in_file(table.path)
      .at_key(prefix + ".weight");
}

/// Channels between the two layers of a squeeze-and-excite; 0 when there is none.
int64_t excite_width(const TensorTable& table, const std::string& prefix) {
  return any_starts_with(table, prefix + ".") ? rows_of(table, prefix + ".fc1") : 0;
}

FastVitStageShape infer_stage(const TensorTable& table, const std::string& base) {
  FastVitStageShape stage;
  stage.depth = 0;
  while (any_starts_with(table, base + "blocks." + std::to_string(stage.depth) + ".")) {
    ++stage.depth;
  }
  stage.width = rows_of(table, base + "blocks.0.mlp.fc2");
  stage.hidden = rows_of(table, base + "blocks.0.mlp.fc1");
  stage.excite = excite_width(table, base + "downsample.proj.0.se");
  stage.attention = any_starts_with(table, base + "blocks.0.norm.");
  stage.layer_norm = stage.attention && !any_starts_with(table, base + "blocks.0.norm.running_");
  stage.positions = any_starts_with(table, base + "pos_emb.");
  if (stage.attention && stage.width % 32 != 0) {
    throw Error(ErrorCode::checkpoint, "the width of an attention stage is no multiple of 32")
        .in_file(table.path)
        .at_key(base + "blocks.0.mlp.fc2.weight");
  }
  return stage;
}

/// A depthwise convolution gives every input the same number of outputs.
void check_groups(const TensorTable& table, const FastVitShape& shape) {
  std::vector<int64_t> widths;
  for (const FastVitStageShape& stage : shape.stages) widths.push_back(stage.width);
  widths.push_back(shape.final_width);
  for (size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] > 0 && (i == 0 || widths[i] % widths[i - 1] == 0)) continue;
    throw Error(ErrorCode::checkpoint, "the width " + std::to_string(widths[i]) +
                                           " of this stage is no multiple of the one before it")
        .in_file(table.path)
        .at_key(std::string(kTrunk) +
                (i < shape.stages.size() ? "stages." + std::to_string(i) : "final_conv"));
  }
}

Tensor identity_kernel(const std::vector<int64_t>& shape) {
  const Tensor kernel = at::zeros(shape, at::kDouble);
  const Tensor centre = kernel.select(3, shape[3] / 2).select(2, shape[2] / 2);
  centre.copy_(at::eye(shape[1], at::kDouble).repeat({shape[0] / shape[1], 1}));
  return kernel;
}

}  // namespace

bool holds_fast_vit(const TensorTable& table) {
  return any_starts_with(table, "visual.trunk.stem.0.conv_") ||
         any_starts_with(table, "visual.trunk.stem.0.reparam_conv.");
}

int64_t infer_fast_vit(const TensorTable& table, VisionConfig& vision) {
  const std::string trunk(kTrunk);
  const size_t stages = any_starts_with(table, trunk + "stages.4.") ? 5 : 4;
  if (!vision.fast_vit.stages.empty() && vision.fast_vit.stages.size() != stages) {
    throw Error(ErrorCode::checkpoint, "the image tower has " + std::to_string(stages) +
                                           " stages, its configuration asks for " +
                                           std::to_string(vision.fast_vit.stages.size()))
        .in_file(table.path)
        .at_key(trunk + "stages." + std::to_string(stages - 1));
  }
  vision.fast_vit.stages.resize(stages);
  vision.kind = VisionConfig::Kind::fast_vit;
  vision.activation = Activation::gelu;
  vision.blocks.clear();
  for (size_t s = 0; s < vision.fast_vit.stages.size(); ++s) {
    vision.fast_vit.stages[s] = infer_stage(table, trunk + "stages." + std::to_string(s) + ".");
  }
  vision.width = vision.fast_vit.stages[0].width;
  vision.fast_vit.final_width = rows_of(table, trunk + "final_conv.se.fc2");
  vision.fast_vit.final_excite = excite_width(table, trunk + "final_conv.se");
  check_groups(table, vision.fast_vit);
  const TensorRecord* head = table.find(trunk + "head.fc.weight");
  return head && !head->shape.empty() ? head->shape[0] : 0;
}

BranchFolder::BranchFolder(const Weights& weights) : weights_(weights) {
  for (const std::string& name : weights.names()) {
    if (name.starts_with(kTrunk)) names_.insert(name);
  }
}

bool BranchFolder::takes(const std::string& name) {
  return name.find(kFolded) != std::string::npos;
}

bool BranchFolder::has(const std::string& prefix) const {
  const auto found = names_.lower_bound(prefix);
  return found != names_.end() && found->starts_with(prefix);
}

Tensor BranchFolder::take(const std::string& name, const std::vector<int64_t>& shape) {
  const std::string prefix = name.substr(0, name.find(kFolded));
  if (has(prefix + std::string(kFolded)) || !has(prefix + ".")) return weights_.take(name, shape);
  if (name.ends_with(".bias")) return biases_.at(prefix);
  const Sum sum = folded(prefix, shape);
  biases_[prefix] = sum.bias.to(at::kFloat);
  return sum.kernel.to(at::kFloat);
}

/// Factor of a batch normalisation per channel [O]; adds what it shifts by to `bias`.
Tensor BranchFolder::norm_scale(const std::string& norm, int64_t width, Tensor& bias) {
  const auto part = [&](const char* name) {
    return weights_.take(norm + name, {width}).to(at::kDouble);
  };
  const Tensor mean = part(".running_mean"), variance = part(".running_var");
  const Tensor scale = part(".weight") / (variance + kNormEpsilon).sqrt();
  bias = bias + part(".bias") - mean * scale;
  return scale;
}

void BranchFolder::add_branch(const std::string& conv, const std::string& norm, int64_t kernel,
                              Sum& sum) {
  const int64_t out = sum.kernel.size(0), margin = (sum.kernel.size(2) - kernel) / 2;
  const Tensor weight =
      weights_.take(conv + ".weight", {out, sum.kernel.size(1), kernel, kernel}).to(at::kDouble);
  const Tensor scaled = weight * norm_scale(norm, out, sum.bias).view({-1, 1, 1, 1});
  sum.kernel = sum.kernel + at::constant_pad_nd(scaled, {margin, margin, margin, margin});
}

/// x + gamma * (mixer(x) - norm(x)) as one convolution.
BranchFolder::Sum BranchFolder::mixer(const std::string& prefix,
                                      const std::vector<int64_t>& shape) {
  const Sum mixed = folded(prefix + ".mixer", shape), norm = folded(prefix + ".norm", shape);
  const Tensor gamma =
      weights_.take(prefix + ".layer_scale.gamma", {shape[0], 1, 1}).to(at::kDouble);
  return {identity_kernel(shape) + gamma.unsqueeze(-1) * (mixed.kernel - norm.kernel),
          gamma.view({-1}) * (mixed.bias - norm.bias)};
}

BranchFolder::Sum BranchFolder::folded(const std::string& prefix,
                                       const std::vector<int64_t>& shape) {
  const int64_t kernel = shape[2];
  if (has(prefix + ".mixer.")) return mixer(prefix, shape);
  Sum sum{at::zeros(shape, at::kDouble), at::zeros({shape[0]}, at::kDouble)};
  if (has(prefix + ".pos_enc.")) {
    sum.kernel =
        identity_kernel(shape) + weights_.take(prefix + ".pos_enc.weight", shape).to(at::kDouble);
    sum.bias = weights_.take(prefix + ".pos_enc.bias", {shape[0]}).to(at::kDouble);
    return sum;
  }
  if (has(prefix + ".conv.") || has(prefix + ".bn.")) {
    add_branch(prefix + ".conv", prefix + ".bn", kernel, sum);
    return sum;
  }
  const auto branch = [&](const std::string& name, int64_t size) {
    add_branch(prefix + name + ".conv", prefix + name + ".bn", size, sum);
  };
  if (has(prefix + ".large_conv.") || has(prefix + ".small_conv.")) {
    branch(".large_conv", kernel);
    if (has(prefix + ".small_conv.")) branch(".small_conv", 3);
    return sum;
  }
  // The normalising branch of a token mixer is the identity alone.
  const bool identity_only = prefix.ends_with(".norm");
  if (!identity_only) branch(".conv_kxk.0", kernel);
  for (int64_t i = 1; has(prefix + ".conv_kxk." + std::to_string(i) + "."); ++i) {
    branch(".conv_kxk." + std::to_string(i), kernel);
  }
  if (has(prefix + ".conv_scale.")) branch(".conv_scale", 1);
  if (identity_only || has(prefix + ".identity.")) {
    const Tensor scale = norm_scale(prefix + ".identity", shape[0], sum.bias);
    sum.kernel = sum.kernel + identity_kernel(shape) * scale.view({-1, 1, 1, 1});
  }
  return sum;
}

}  // namespace vane
