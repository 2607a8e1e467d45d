// SPDX-License-Identifier: Apache-2.0
#pragma once
// Minimal weights files built byte by byte, so that a test can lie in any one field.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/byte_source.h"

namespace vane {

std::shared_ptr<const ByteSource> memory_source(std::string_view bytes,
                                                std::string name = "test.bin");
/// `value` as `size` little-endian bytes.
std::string little_endian(uint64_t value, size_t size);

/// A safetensors file; `length` replaces the true header length.
std::string safetensors_bytes(std::string_view header, std::string_view data = {},
                              std::optional<uint64_t> length = {});

/// A pickle of protocol 2, one opcode a call.
class PickleWriter {
 public:
  explicit PickleWriter(int protocol = 2);
  PickleWriter& raw(std::string_view bytes);
  PickleWriter& global(std::string_view module, std::string_view name);
  PickleWriter& text(std::string_view value);
  PickleWriter& integer(int64_t value);
  PickleWriter& mark() { return raw("("); }
  PickleWriter& tuple() { return raw("t"); }
  PickleWriter& reduce() { return raw("R"); }
  PickleWriter& integers(const std::vector<int64_t>& values);
  /// BINPERSID of a storage of floats.
  PickleWriter& storage(std::string_view key, int64_t numel, std::string_view type = "FloatStorage",
                        bool is_legacy = false);
  /// A whole tensor of _rebuild_tensor_v2 over storage(key, numel).
  PickleWriter& tensor(std::string_view key, int64_t numel, const std::vector<int64_t>& size,
                       const std::vector<int64_t>& stride, int64_t offset = 0,
                       bool is_legacy = false);
  /// The pickle with STOP.
  std::string done() const { return bytes_ + "."; }

 private:
  std::string bytes_;
};

/// One entry of a zip archive; each optional replaces the true value in one place.
struct ZipItem {
  std::string name;
  std::string content{};
  bool is_deflated = false;
  int level = 9;  // 0 gives the same bytes with every zlib
  uint16_t flags = 0;
  std::optional<uint16_t> method{}, local_method{};
  std::optional<std::string> local_name{};
  std::optional<uint64_t> size{}, packed_size{}, local_size{}, header_offset{};
  std::optional<uint32_t> crc{};
};

struct ZipEnds {
  std::string comment{};
  bool is_zip64 = false;
  std::optional<uint16_t> disk{}, entries{};
  std::optional<uint32_t> directory_offset{};
};

std::string zip_bytes(const std::vector<ZipItem>& items, const ZipEnds& ends = {});

/// A torch.save archive: `pickle` and storages named 0, 1, ...
std::string torch_zip_bytes(std::string_view pickle, const std::vector<std::string>& storages,
                            std::string_view byte_order = "little");
/// A torch.save stream of before 1.6; `tail` follows the list of storages.
std::string torch_legacy_bytes(std::string_view pickle, const std::vector<std::string>& keys,
                               std::string_view tail);

}  // namespace vane
