// SPDX-License-Identifier: Apache-2.0
#pragma once
// Random access to the bytes of a file or of memory; every parser reads through it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/mapping_guard.h"

namespace vane {

/// A fixed run of bytes. `view()` stays valid for as long as the source lives.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  /// All bytes; a memory map for files.
  virtual std::span<const std::byte> view() const = 0;
  /// What messages call it; a path for files.
  virtual const std::string& name() const = 0;
};

/// Memory-maps a regular file for reading.
/// Throws Error{error_code} when it is missing, a directory, a device or FIFO, or
/// larger than `max_bytes`. A file that is cut short later reads as zeros from there on, and
/// `check_mappings()` (mapping_guard.h) tells.
class MappedFile final : public ByteSource {
 public:
  /// `code` is the class of error for an unreadable file: input for pictures, checkpoint for
  /// weights.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path,
                                                uint64_t max_bytes, int error_code);
  /// The same for a file that another file names: `bare_name` must be a regular file in `folder`
  /// itself, not a link. The caller has checked that the name holds no separator.
  static std::shared_ptr<const MappedFile> open_in_folder(const std::filesystem::path& folder,
                                                          const std::string& bare_name,
                                                          uint64_t max_bytes, int error_code);
  ~MappedFile() override;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  uint64_t size() const override { return bytes_.size(); }
  std::span<const std::byte> view() const override { return bytes_; }
  const std::string& name() const override { return name_; }

 private:
  MappedFile(std::string name, std::span<const std::byte> bytes, ErrorCode code)
      : name_(std::move(name)), bytes_(bytes), guard_(bytes, name_, code) {}
  /// Maps and closes `fd`; `fd` -1 means that opening failed with errno.
  static std::shared_ptr<const MappedFile> map(int fd, const std::filesystem::path& path,
                                               uint64_t max_bytes, int error_code);
  std::string name_;
  std::span<const std::byte> bytes_;
  MappingGuard guard_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::vector<std::byte> bytes, std::string name = "memory")
      : bytes_(std::move(bytes)), name_(std::move(name)) {}
  uint64_t size() const override { return bytes_.size(); }
  std::span<const std::byte> view() const override { return bytes_; }
  const std::string& name() const override { return name_; }

 private:
  std::vector<std::byte> bytes_;
  std::string name_;
};

}  // namespace vane
