// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes what torch.save writes: a tree of plain values and float tensors as a zip of one pickle
// and its storages. For formats of others that know nothing else; Vane's own are safetensors.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace vane {

/// None, a plain value, a tensor of float32, or a container of them.
class TorchValue {
 public:
  TorchValue() = default;
  static TorchValue boolean(bool value);
  static TorchValue integer(int64_t value);
  static TorchValue real(double value);
  static TorchValue text(std::string value);
  /// Row-major; the values must outlive the writing. `is_parameter`: as torch.nn.Parameter that
  /// requires its gradient. Throws Error{usage} when the shape does not count the values.
  static TorchValue floats(std::vector<int64_t> shape, std::span<const float> values,
                           bool is_parameter = false);
  static TorchValue tuple(std::vector<TorchValue> items);
  static TorchValue list(std::vector<TorchValue> items);
  /// As many keys as values.
  static TorchValue dict(std::vector<std::string> keys, std::vector<TorchValue> values);

 private:
  friend class TorchPickle;
  enum class Kind : uint8_t { none, boolean, integer, real, text, floats, tuple, list, dict };

  Kind kind_ = Kind::none;
  bool flag_ = false;  // of a boolean, or that floats are a parameter
  int64_t integer_ = 0;
  double real_ = 0;
  std::string text_;
  std::vector<int64_t> shape_;
  std::span<const float> values_;
  std::vector<TorchValue> items_;
  std::vector<std::string> keys_;
};

/// The file appears whole or not at all. Throws Error{usage} for files of 4 GB and more,
/// Error{resource}.
void write_torch(const std::filesystem::path& file, const TorchValue& root);

}  // namespace vane
