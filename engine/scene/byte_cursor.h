// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reading a binary file from front to back.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/checked.h"
#include "engine/base/error.h"

namespace vane {

/// Every call throws Error{input} at the byte when less is left than it needs; `part` names what is
/// being read.
class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes, uint64_t position = 0)
      : bytes_(bytes), position_(position) {}

  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }

  template <class T>
  T take(std::string_view part) {
    const auto value = read_le<T>(bytes_, position_);
    if (!value) throw cut_off(part);
    position_ += sizeof(T);
    return *value;
  }
  std::span<const std::byte> take_bytes(uint64_t count, std::string_view part) {
    const auto slice = checked_slice(bytes_, position_, count);
    if (!slice) throw cut_off(part);
    position_ += count;
    return *slice;
  }
  /// A number of records of at least `record_bytes` each that the rest of the file can hold.
  uint64_t take_count(uint64_t record_bytes, std::string_view part) {
    const uint64_t start = position_;
    const auto count = take<uint64_t>(part);
    if (!fits_in(left(), count, record_bytes)) {
      throw Error(ErrorCode::input, "declares " + std::to_string(count) + " " + std::string(part) +
                                        ", but " + std::to_string(left()) + " bytes are left")
          .at_byte(start);
    }
    return count;
  }
  /// Text up to a NUL, which is passed over.
  std::string_view take_text(std::string_view part) {
    const std::string_view rest = text_view(bytes_.subspan(static_cast<size_t>(position_)));
    const size_t end = rest.find('\0');
    if (end == std::string_view::npos) throw cut_off(part);
    position_ += end + 1;
    return rest.substr(0, end);
  }

 private:
  Error cut_off(std::string_view part) const {
    return Error(ErrorCode::input, "the file ends within the " + std::string(part))
        .at_byte(position_);
  }

  std::span<const std::byte> bytes_;
  uint64_t position_ = 0;
};

}  // namespace vane
