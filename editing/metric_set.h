// SPDX-License-Identifier: Apache-2.0
#pragma once
// The measures that `vane metrics` knows by name, with the models that some of them need.

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/image/image.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// Name and value in the order that was asked for; some measures give two.
using NamedValues = std::vector<std::pair<std::string, double>>;

/// Files of the models; empty: what comes with Vane, or for lpips none.
struct MetricModels {
  std::filesystem::path direction, niqe, lpips, lpips_linear;
  std::string clip;
};

/// What is compared, [1,3,H,W] of one size; `before` may have another. `reference` and `before` are
/// undefined where no measure needs them.
struct MeasuredPictures {
  Tensor reference, test, before;
};

class MetricSet {
 public:
  /// Names of the measures that need no other picture.
  static std::vector<std::string> names_alone();

  /// `names`: also several in one, parted by commas. Loads what they need.
  /// Throws Error{usage} for an unknown name, Error{input}, Error{checkpoint} of the models.
  MetricSet(const std::vector<std::string>& names, const MetricModels& models,
            const Limits& limits);

  /// Throws Error{usage} for pictures that a measure cannot take, Cancelled.
  NamedValues values(const MeasuredPictures& pictures, Job& job) const;

  /// Of each measure: what it is taken of, how it is rounded; in the order asked for.
  const std::vector<std::string>& protocol() const { return protocol_; }
  /// Names of what was asked for and cannot be measured without files that nobody gave, and which.
  const std::vector<std::pair<std::string, std::string>>& unavailable() const {
    return unavailable_;
  }
  /// The first that compares with a reference; empty when none does.
  const std::string& needs_reference() const { return needs_reference_; }
  bool needs_before() const { return needs_before_; }

 private:
  using Measure = std::function<void(const MeasuredPictures&, NamedValues&)>;
  Measure made(const std::string& name, const MetricModels& models, const Limits& limits);

  std::vector<Measure> measures_;
  std::vector<std::string> protocol_;
  std::vector<std::pair<std::string, std::string>> unavailable_;
  std::string needs_reference_;
  bool needs_before_ = false;
};

}  // namespace vane
