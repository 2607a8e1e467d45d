// SPDX-License-Identifier: Apache-2.0
#pragma once
// What brightens a backlit photograph: one interface, and the methods by name.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/image/image.h"
#include "engine/tensor/fwd.h"
#include "generators/enhance/enhance_photo.h"

namespace vane {

/// What a caller asks of every photograph.
struct EnhanceControls {
  /// 0: the source bit for bit; 1: the method itself; at most 2.
  double strength = 1;
  /// Methods that can judge how much a photograph needs multiply the strength by that.
  bool automatic = true;
  /// Undefined, or [1,1,H,W] of the upright photograph in [0,1]: multiplies the strength.
  Tensor mask = {};
  /// Steps that the method vane spends on each photograph alone; others have nothing to refine.
  int64_t refine_steps = 0;
  /// What may be allocated beside source and result.
  uint64_t memory_bytes = uint64_t{768} << 20;
};

class EnhanceMethod {
 public:
  virtual ~EnhanceMethod() = default;

  /// `source` upright; 8 and 16 bit stay so, rounded half up; grey stays grey; alpha and metadata
  /// stay. May be called from several threads.
  /// Throws: Error{usage} for a strength outside [0,2] or a photograph that is too small,
  ///         Error{numeric} for a result that is not finite, Cancelled.
  virtual Image enhance(const Image& source, const EnhanceControls& controls, Job& job,
                        EnhanceMeasures& measures) const = 0;
  /// Of the weights; empty without any.
  virtual std::string content_hash() const { return {}; }
  /// Where they were read from, and how many numbers they are; empty and 0 without any.
  virtual std::filesystem::path weights_file() const { return {}; }
  virtual int64_t parameter_count() const { return 0; }
};

/// How many numbers the parameters of a network are.
template <class Network>
int64_t numbers_of(Network network) {
  int64_t count = 0;
  visit_parameters(network,
                   [&](const auto&, const auto& tensor, const auto&) { count += tensor.numel(); });
  return count;
}

/// Names for make_enhance_method().
std::vector<std::string> enhance_method_names();

/// The method when none is named: that of the published network for a file of weights, else Vane's.
std::string default_method(const std::filesystem::path& model);

/// `model`: weights (a file, or a folder that `vane train enhance` wrote; Vane's own method takes a
/// folder), or empty for those that come with
/// Vane. Throws: Error{usage} for an unknown name, or weights that are missing or not wanted;
///         Error{input}, Error{checkpoint} for weights that cannot be read.
std::unique_ptr<EnhanceMethod> make_enhance_method(const std::string& name,
                                                   const std::filesystem::path& model,
                                                   const Limits& limits = {});

}  // namespace vane
