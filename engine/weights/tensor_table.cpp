// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/tensor_table.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/weights/dtype.h"
#include "engine/weights/strided.h"

namespace vane {
namespace {

struct DTypeFacts {
  DType dtype;
  std::string_view name;
  size_t bytes;
};

constexpr std::array<DTypeFacts, 13> kFacts = {{{DType::boolean, "BOOL", 1},
                                                {DType::u8, "U8", 1},
                                                {DType::i8, "I8", 1},
                                                {DType::i16, "I16", 2},
                                                {DType::i32, "I32", 4},
                                                {DType::i64, "I64", 8},
                                                {DType::f16, "F16", 2},
                                                {DType::bf16, "BF16", 2},
                                                {DType::f32, "F32", 4},
                                                {DType::f64, "F64", 8},
                                                {DType::f8_e4m3, "F8_E4M3", 1},
                                                {DType::f8_e5m2, "F8_E5M2", 1},
                                                {DType::complex64, "C64", 8}}};

const DTypeFacts& facts(DType dtype) {
  for (const DTypeFacts& row : kFacts) {
    if (row.dtype == dtype) return row;
  }
  throw Error(ErrorCode::internal, "element type without a row in the table of types");
}

}  // namespace

size_t dtype_bytes(DType dtype) { return facts(dtype).bytes; }

std::string_view dtype_name(DType dtype) { return facts(dtype).name; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeFacts& row : kFacts) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

int64_t TensorRecord::numel() const {
  int64_t count = 1;
  for (int64_t side : shape) count *= side;
  return count;
}

bool TensorRecord::is_contiguous() const {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return true;
  int64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

std::vector<int64_t> row_major_strides(std::span<const int64_t> shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i) {
    strides[i - 2] = strides[i - 1] * std::max<int64_t>(shape[i - 1], 1);
  }
  return strides;
}

std::vector<std::byte> row_major_bytes(const TensorRecord& tensor) {
  const size_t item = dtype_bytes(tensor.dtype);
  const auto count = static_cast<size_t>(tensor.numel());
  std::vector<std::byte> packed(count * item);
  std::vector<int64_t> position(tensor.shape.size(), 0);
  int64_t offset = 0;
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(packed.data() + i * item, tensor.bytes.data() + static_cast<size_t>(offset) * item,
                item);
    for (size_t axis = position.size(); axis-- > 0;) {
      offset += tensor.strides[axis];
      if (++position[axis] < tensor.shape[axis]) break;
      offset -= position[axis] * tensor.strides[axis];
      position[axis] = 0;
    }
  }
  return packed;
}

const TensorRecord* TensorTable::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors[found->second];
}

void TensorTable::reindex() {
  index_.clear();
  for (size_t i = 0; i < tensors.size(); ++i) index_.emplace(tensors[i].name, i);
}

std::string TensorTable::content_hash() const {
  std::vector<const TensorRecord*> order;
  order.reserve(tensors.size());
  for (const TensorRecord& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(),
            [](const TensorRecord* a, const TensorRecord* b) { return a->name < b->name; });
  // Chained: each piece is hashed with the hash so far as its seed, lengths included by XXH64.
  uint64_t hash = 0;
  for (const TensorRecord* tensor : order) {
    hash = xxh64(tensor->name, hash);
    hash = xxh64(dtype_name(tensor->dtype), hash);
    hash = xxh64(std::as_bytes(std::span(tensor->shape)), hash);
    const size_t size = static_cast<size_t>(tensor->numel()) * dtype_bytes(tensor->dtype);
    hash = tensor->is_contiguous() ? xxh64(tensor->bytes.first(size), hash)
                                   : xxh64(row_major_bytes(*tensor), hash);
  }
  return hex64(hash);
}

}  // namespace vane
