// SPDX-License-Identifier: Apache-2.0
#pragma once
// Learned perceptual image patch similarity, version 0.1 (Zhang et al. 2018).

#include <filesystem>
#include <memory>
#include <vector>

#include "engine/base/limits.h"
#include "guidance/objective.h"

namespace vane {

/// The trained measure: an AlexNet or VGG16 trunk and five linear layers. Weights come from files
/// of the published layouts, never from here:
///   one file with `net.slice1.0.weight` … and `lin0.model.1.weight` … (the lpips package's state),
///   or torchvision's `features.0.weight` … with the linear layers of the lpips package beside it.
class Lpips {
 public:
  /// `linear` may be empty when `trunk` holds all. Throws Error{input} when a file is missing,
  /// Error{checkpoint} naming what is missing, misshapen or not a known trunk.
  static Lpips load(const std::filesystem::path& trunk, const std::filesystem::path& linear = {},
                    const Limits& limits = {});

  /// Pictures [N,3,H,W] in [0,1], at least 32 pixels -> distances [N], 0 for equal ones;
  /// differentiable. Throws Error{usage} for other shapes.
  Tensor operator()(const Tensor& a, const Tensor& b) const;

  /// "alex" or "vgg".
  const char* trunk_name() const { return vgg_ ? "vgg" : "alex"; }

 private:
  struct Layer {
    Tensor weight, bias;
    int64_t stride = 1, padding = 1;
    bool pool_before = false;
    bool tap = false;
  };
  std::vector<Tensor> features(const Tensor& image) const;

  bool vgg_ = false;
  std::vector<Layer> layers_;
  std::vector<Tensor> linear_;
};

/// Term "lpips": mean distance of the visible image to the source. Needs the source.
class LpipsObjective : public Objective {
 public:
  static constexpr const char* kName = "lpips";
  explicit LpipsObjective(Lpips measure) : measure_(std::move(measure)) {}
  Score evaluate(const Evaluation& evaluation) override;
  bool needs_source() const override { return true; }

 private:
  Lpips measure_;
};

}  // namespace vane
