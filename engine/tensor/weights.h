// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tensors of a weights file for networks: looked up by name and shape, every use accounted for.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor/fwd.h"
#include "engine/weights/tensor_table.h"

namespace vane {

/// Hands the tensors of a TensorTable to a network under construction.
///
/// float16, bfloat16 and float64 become float32; float32 of an aligned safetensors file stays a
/// view of the mapping and must not be written. Non-finite values are refused on first use (policy
/// `allow_nonfinite` otherwise). A missing key or another shape is collected, so that `finish()`
/// can name them together.
class Weights {
 public:
  /// `allow_nonfinite`: keep NaN and infinity instead of refusing the tensor that holds them.
  explicit Weights(TensorTable table, bool allow_nonfinite = false);
  /// Tensors under a prefix ("visual."); shares the accounting of its parent.
  Weights under(std::string_view prefix) const;

  /// When names were translated from another layout: how messages spell them.
  void show_names_as(std::function<std::string(const std::string&)> name_in_file) const;

  bool contains(std::string_view name) const;
  /// Shape of a tensor that must exist; throws Error{checkpoint} naming the key.
  std::vector<int64_t> shape(std::string_view name) const;
  /// The tensor as float32. `shape` -1 matches any size. Missing or mismatched: recorded, and zeros
  /// of the expected shape are returned so that all faults can be reported at once.
  Tensor take(std::string_view name, const std::vector<int64_t>& shape) const;
  /// Undefined when absent.
  Tensor take_optional(std::string_view name, const std::vector<int64_t>& shape) const;
  /// Marks keys that this network has no use for ("position_ids", "num_batches_tracked").
  void ignore(std::string_view name) const;
  /// All names with this prefix, in file order, without it.
  std::vector<std::string> names() const;
  /// Throws Error{checkpoint} listing missing, mismatched and (when `strict`) unused keys: the
  /// first five of each and the counts.
  void finish(bool strict = true) const;
  const TensorTable& table() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::string prefix_;
};

/// One record as a tensor of its own dtype; a view when contiguous and aligned, otherwise a copy.
Tensor tensor_from_record(const TensorTable& table, const TensorRecord& record);
/// Contiguous CPU tensors as records for write_safetensors; `tensors` must outlive the records.
std::vector<TensorRecord> records_of(const std::map<std::string, Tensor>& tensors);
/// write_safetensors of named tensors (made contiguous on the CPU first).
void save_tensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                  const std::map<std::string, std::string>& metadata = {});

}  // namespace vane
