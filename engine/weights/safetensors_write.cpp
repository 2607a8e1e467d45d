// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/weights/safetensors.h"

namespace vane {
namespace {

// Data that starts at a multiple of a cache line can be mapped and read by aligned vector loads.
constexpr uint64_t kDataAlignment = 64;

uint64_t packed_bytes(const TensorRecord& tensor) {
  return static_cast<uint64_t>(tensor.numel()) * dtype_bytes(tensor.dtype);
}

void check_record(const TensorRecord& tensor, std::set<std::string_view>& names) {
  std::string problem;
  if (!tensor.is_contiguous()) problem = "is not contiguous";
  if (tensor.bytes.size() < packed_bytes(tensor)) problem = "has fewer bytes than its shape needs";
  if (!is_utf8(tensor.name)) problem = "has a name that is not UTF-8";
  if (tensor.name == "__metadata__") problem = "has the name reserved for metadata";
  if (!names.insert(tensor.name).second) problem = "appears twice";
  if (problem.empty()) return;
  throw Error(ErrorCode::internal, "a tensor to be written " + problem).at_key(tensor.name);
}

std::string header_text(const std::vector<const TensorRecord*>& order,
                        const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  const auto separate = [&text] {
    if (text.size() > 1) text += ',';
  };
  if (!metadata.empty()) {
    text += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
      if (text.back() != '{') text += ',';
      text += json_quoted(key) + ':' + json_quoted(value);
    }
    text += '}';
  }
  uint64_t begin = 0;
  for (const TensorRecord* tensor : order) {
    separate();
    text += json_quoted(tensor->name) + ":{\"dtype\":\"" + std::string(dtype_name(tensor->dtype)) +
            "\",\"shape\":[";
    for (size_t i = 0; i < tensor->shape.size(); ++i) {
      if (i > 0) text += ',';
      text += std::to_string(tensor->shape[i]);
    }
    const uint64_t end = begin + packed_bytes(*tensor);
    text += "],\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(end) + "]}";
    begin = end;
  }
  text += '}';
  while ((8 + text.size()) % kDataAlignment != 0) text += ' ';
  return text;
}

// Wide types first: then every tensor is aligned to its own element size.
std::vector<const TensorRecord*> checked_order(const std::vector<TensorRecord>& tensors,
                                               const std::map<std::string, std::string>& metadata) {
  std::set<std::string_view> names;
  std::vector<const TensorRecord*> order;
  for (const TensorRecord& tensor : tensors) {
    check_record(tensor, names);
    order.push_back(&tensor);
  }
  for (const auto& [key, value] : metadata) {
    if (is_utf8(key) && is_utf8(value)) continue;
    throw Error(ErrorCode::internal, "metadata to be written is not UTF-8").at_key(key);
  }
  std::sort(order.begin(), order.end(), [](const TensorRecord* a, const TensorRecord* b) {
    const size_t wide_a = dtype_bytes(a->dtype), wide_b = dtype_bytes(b->dtype);
    return wide_a != wide_b ? wide_a > wide_b : a->name < b->name;
  });
  return order;
}

}  // namespace

void stream_safetensors(const ByteSink& sink, const std::vector<TensorRecord>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  const std::vector<const TensorRecord*> order = checked_order(tensors, metadata);
  const std::string header = header_text(order, metadata);
  std::array<std::byte, 8> length;
  for (size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::byte>(static_cast<uint64_t>(header.size()) >> (8 * i));
  }
  sink(length);
  sink(std::as_bytes(std::span(header)));
  for (const TensorRecord* tensor : order) {
    sink(tensor->bytes.first(static_cast<size_t>(packed_bytes(*tensor))));
  }
}

void write_safetensors(const std::filesystem::path& path, const std::vector<TensorRecord>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  checked_order(tensors, metadata);  // Before a file is begun.
  atomic_write(path, [&](const ByteSink& sink) { stream_safetensors(sink, tensors, metadata); });
}

}  // namespace vane
