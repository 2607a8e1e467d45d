// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gathers small pieces of a file, so that not every one is a call of the system.

#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/atomic_file.h"

namespace vane {

class BufferedSink {
 public:
  explicit BufferedSink(const ByteSink& sink) : sink_(sink) { held_.reserve(kMost); }
  BufferedSink(const BufferedSink&) = delete;
  BufferedSink& operator=(const BufferedSink&) = delete;

  void put(std::span<const std::byte> bytes) {
    if (held_.size() + bytes.size() > kMost) flush();
    if (bytes.size() > kMost) {
      sink_(bytes);
    } else {
      held_.insert(held_.end(), bytes.begin(), bytes.end());
    }
  }
  void put(std::string_view text) { put(std::as_bytes(std::span(text.data(), text.size()))); }
  /// A number as it lies in memory: little-endian.
  template <class T>
  requires std::is_arithmetic_v<T>
  void put(T value) { put(std::as_bytes(std::span(&value, 1))); }

  /// Must be called at the end; what a destructor throws would be lost.
  void flush() {
    if (!held_.empty()) sink_(held_);
    held_.clear();
  }

 private:
  static constexpr size_t kMost = size_t{1} << 20;
  const ByteSink& sink_;
  std::vector<std::byte> held_;
};

}  // namespace vane
