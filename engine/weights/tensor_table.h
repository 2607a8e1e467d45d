// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tensors of a weights file, as plain facts: name, type, shape, where the bytes lie. No torch.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/byte_source.h"
#include "engine/base/limits.h"

namespace vane {

enum class DType : uint8_t {
  boolean,
  u8,
  i8,
  i16,
  i32,
  i64,
  f16,
  bf16,
  f32,
  f64,
  f8_e4m3,
  f8_e5m2,
  complex64,
};

size_t dtype_bytes(DType dtype);
/// The safetensors spelling: "F32", "BF16", "I64", …
std::string_view dtype_name(DType dtype);

/// One tensor. `bytes` covers its storage span; element (i0, i1, …) lies at
/// `dtype_bytes * sum(i_k * strides_k)` from the start of `bytes`. Little-endian.
struct TensorRecord {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  // in elements; row-major unless a .pt file says otherwise
  std::span<const std::byte> bytes;

  int64_t numel() const;
  bool is_contiguous() const;
};

/// What a weights file (or a set of shards) holds, in file order, with whatever keeps the bytes
/// alive.
class TensorTable {
 public:
  std::vector<TensorRecord> tensors;
  /// safetensors `__metadata__`; of PyTorch checkpoints the plain values of `opts` and `args`,
  /// under names such as "opts.encoder_type".
  std::map<std::string, std::string> metadata;
  /// Tensors in the root of a PyTorch checkpoint that its state dict does not hold (`latent_avg`);
  /// neither `find` nor the content hash knows them.
  std::vector<TensorRecord> beside;
  /// "safetensors", "safetensors (sharded)", "torch zip", "torch legacy", "torchscript",
  /// "pickle", "npy".
  std::string format;
  std::filesystem::path path;
  /// Mappings and inflated buffers that `bytes` point into.
  std::vector<std::shared_ptr<const void>> owners;

  const TensorRecord* find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Call after `tensors` changed; `find` uses the index.
  void reindex();
  /// Content hash over names, types, shapes and bytes (XXH64, hexadecimal); the same for every
  /// container of the same tensors in float32.
  std::string content_hash() const;

 private:
  std::map<std::string, size_t, std::less<>> index_;
};

/// Opens any supported weights file, told apart by its content: safetensors, a
/// `*.safetensors.index.json` with its shards, PyTorch zip, legacy `torch.save`, TorchScript
/// archive, NumPy's .npy (one tensor, "array"). Nothing in the file is ever executed.
///
/// `state_dict_key` picks a nested state dict of a training checkpoint; by default the root and
/// then the usual keys are tried (robustness sheet 2.2). Throws Error{checkpoint} naming the file,
/// the byte or key and the reason.
TensorTable open_weights(const std::filesystem::path& path, const Limits& limits = {},
                         std::string_view state_dict_key = {});

}  // namespace vane
