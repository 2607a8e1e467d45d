// SPDX-License-Identifier: Apache-2.0
#pragma once
// The classical methods behind the interface of enhancement.

#include <functional>

#include "enhance/enhance_method.h"

namespace vane {

/// x + s M (f(x) - x), clipped, for a function f of whole pictures [1,3,H,W]. Colours are taken as
/// stored. Memory: a dozen float pictures.
class ClassicalMethod final : public EnhanceMethod {
 public:
  using Function = std::function<Tensor(const Tensor& image)>;
  explicit ClassicalMethod(Function function) : function_(std::move(function)) {}

  Image enhance(const Image& source, const EnhanceControls& controls, Job& job,
                EnhanceMeasures& measures) const override;

 private:
  Function function_;
};

/// identity, gamma (0.6), auto-gamma, clahe, lime, exposure-fusion.
std::vector<std::string> classical_method_names();
/// Null for another name.
std::unique_ptr<ClassicalMethod> make_classical_method(const std::string& name);

}  // namespace vane
