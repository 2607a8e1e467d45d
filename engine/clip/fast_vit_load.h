// SPDX-License-Identifier: Apache-2.0
#pragma once
// MobileCLIP's image tower from files: its architecture from shapes, and the branches of training
// added up into single convolutions.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/clip/clip_config.h"
#include "engine/tensor/weights.h"

namespace vane {

/// True when the table (names as in open_clip) holds a FastViT.
bool holds_fast_vit(const TensorTable& table);
/// Sets kind, stages and widths from the shapes. -> embedding width, 0 without a head. Throws
/// Error{checkpoint} naming a missing part, or a size of the family that is not built here.
int64_t infer_fast_vit(const TensorTable& table, VisionConfig& vision);

/// Reads convolutions that the file may keep in the form of training: several branches, each with
/// its batch normalisation. Their sum is one convolution (Vasu et al. 2023, section 3.2; Ding et
/// al. 2021, "RepVGG", section 3.3), computed in float64.
class BranchFolder {
 public:
  explicit BranchFolder(const Weights& weights);
  /// True for "PREFIX.reparam_conv.weight" and ".bias".
  static bool takes(const std::string& name);
  /// The folded tensor of that name; faults are collected by the Weights.
  Tensor take(const std::string& name, const std::vector<int64_t>& shape);

 private:
  struct Sum {
    Tensor kernel, bias;  // float64
  };
  bool has(const std::string& prefix) const;
  Sum folded(const std::string& prefix, const std::vector<int64_t>& shape);
  Sum mixer(const std::string& prefix, const std::vector<int64_t>& shape);
  Tensor norm_scale(const std::string& norm, int64_t width, Tensor& bias);
  void add_branch(const std::string& conv, const std::string& norm, int64_t kernel, Sum& sum);

  const Weights& weights_;
  std::set<std::string> names_;
  std::map<std::string, Tensor> biases_;
};

}  // namespace vane
