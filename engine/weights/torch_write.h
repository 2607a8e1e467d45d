// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes what torch.save writes: a tree of plain values and float tensors as a zip of one pickle
// and its storages. For formats of others that know nothing else; Vane's own are safetensors.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vane {

struct TorchValue;

/// float32, row-major; the values must outlive the writing.
struct TorchFloats {
  std::vector<int64_t> shape;
  std::span<const float> values;
  /// As torch.nn.Parameter that requires its gradient.
  bool is_parameter = false;
};
struct TorchTuple {
  std::vector<TorchValue> items;
};
struct TorchList {
  std::vector<TorchValue> items;
};
struct TorchDict {
  std::vector<std::pair<std::string, TorchValue>> entries;
};

/// Empty: None.
struct TorchValue {
  std::variant<std::monostate, bool, int64_t, double, std::string, TorchFloats, TorchTuple,
               TorchList, TorchDict>
      value;
};

/// The file appears whole or not at all. Throws Error{usage} for tensors whose shape does not count
/// their values and for files of 4 GB and more, Error{resource}.
void write_torch(const std::filesystem::path& file, const TorchValue& root);

}  // namespace vane
