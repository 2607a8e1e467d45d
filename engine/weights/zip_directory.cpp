// SPDX-License-Identifier: Apache-2.0
// Layout: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central header),
// 4.3.14-16 (end records), 4.5.3 (zip64 extra field).
#include "engine/weights/zip_directory.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50,
                   kEndSignature = 0x06054b50, kEnd64Signature = 0x06064b50,
                   kLocator64Signature = 0x07064b50;
constexpr uint64_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56,
                   kLocator64Bytes = 20, kMaxComment = 65535;
constexpr uint16_t kZip64Extra = 1;
constexpr uint16_t kEncrypted = 1u << 0, kDescriptor = 1u << 3, kStrongEncryption = 1u << 6,
                   kMaskedHeaders = 1u << 13;
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint32_t kIn64 = 0xffffffff;  // "see the zip64 extra field"
constexpr uint16_t kCountIn64 = 0xffff;
// Expanded bytes of all entries together: a factor of the file plus room for small archives.
constexpr uint64_t kTotalFactor = 4, kTotalSlack = 64ull << 20;

struct Directory {
  uint64_t offset = 0, size = 0, entries = 0;
};

// The fields that a local and a central header have in common.
struct Header {
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed_size = 0, size = 0;
};

class DirectoryReader {
 public:
  DirectoryReader(const ByteSource& source, const Limits& limits)
      : source_(source), bytes_(source.view()), limits_(limits) {}

  std::vector<ZipEntry> read() {
    const Directory directory = locate();
    if (directory.entries > limits_.zip_entries) {
      throw fault("zip archive has " + std::to_string(directory.entries) +
                  " entries, the limit is " + std::to_string(limits_.zip_entries));
    }
    std::vector<ZipEntry> entries;
    uint64_t position = directory.offset;
    for (uint64_t i = 0; i < directory.entries; ++i) {
      entries.push_back(read_central(position));
    }
    if (position != directory.offset + directory.size) {
      throw fault("zip directory has another size than its end record says").at_byte(position);
    }
    check_names(entries);
    check_ranges(entries, directory.offset);
    check_expansion(entries);
    return entries;
  }

 private:
  Error fault(std::string message) const {
    return Error(ErrorCode::checkpoint, std::move(message)).in_file(source_.name());
  }

  template <class T>
  T get(uint64_t position, std::string_view part) const {
    const auto value = read_le<T>(bytes_, position);
    if (!value) throw fault("zip " + std::string(part) + " is cut off").at_byte(bytes_.size());
    return *value;
  }

  Directory locate() const {
    const uint64_t end = locate_end();
    const std::string_view part = "end record";
    const auto disk = get<uint16_t>(end + 4, part), first_disk = get<uint16_t>(end + 6, part);
    const auto here = get<uint16_t>(end + 8, part), all = get<uint16_t>(end + 10, part);
    Directory directory{get<uint32_t>(end + 16, part), get<uint32_t>(end + 12, part), all};
    uint64_t records_start = end;
    bool is_split = disk != 0 || first_disk != 0 || here != all;
    const bool has_locator =
        end >= kLocator64Bytes &&
        read_le<uint32_t>(bytes_, end - kLocator64Bytes) == kLocator64Signature;
    if (has_locator) {
      records_start = locate_zip64(end, directory);
      is_split = false;
    } else if (directory.offset == kIn64 || directory.size == kIn64 || all == kCountIn64) {
      throw fault("zip64 end record is missing").at_byte(end);
    }
    if (is_split) throw fault("zip archive is split over several disks").at_byte(end);
    if (checked_add(directory.offset, directory.size) != records_start) {
      throw fault("zip directory does not end where the end record starts").at_byte(end);
    }
    return directory;
  }

  // Scans back for the end record whose comment reaches exactly to the end of the file.
  uint64_t locate_end() const {
    if (bytes_.size() < kEndBytes) throw fault("is too short for a zip archive");
    const uint64_t last = bytes_.size() - kEndBytes;
    const uint64_t first = last > kMaxComment ? last - kMaxComment : 0;
    std::optional<uint64_t> found;
    for (uint64_t position = last + 1; position-- > first;) {
      if (read_le<uint32_t>(bytes_, position) != kEndSignature) continue;
      const auto comment = get<uint16_t>(position + 20, "end record");
      if (position + kEndBytes + comment != bytes_.size()) continue;
      if (found) {
        throw fault("zip comment holds a second end record: it is unclear which one counts")
            .at_byte(position);
      }
      found = position;
    }
    if (!found) {
      throw fault("has no zip end record").with_hint("the download may be incomplete");
    }
    return *found;
  }

  uint64_t locate_zip64(uint64_t end, Directory& directory) const {
    const std::string_view part = "zip64 end record";
    const uint64_t locator = end - kLocator64Bytes;
    const auto start = get<uint64_t>(locator + 8, part);
    if (get<uint32_t>(locator + 4, part) != 0 || get<uint32_t>(locator + 16, part) > 1) {
      throw fault("zip archive is split over several disks").at_byte(locator);
    }
    if (start >= locator || read_le<uint32_t>(bytes_, start) != kEnd64Signature) {
      throw fault("zip64 locator points to no zip64 end record").at_byte(locator);
    }
    const auto length = checked_add(get<uint64_t>(start + 4, part), 12);
    if (!length || *length < kEnd64Bytes || *length != locator - start) {
      throw fault("zip64 end record has a wrong length").at_byte(start);
    }
    const auto here = get<uint64_t>(start + 24, part), all = get<uint64_t>(start + 32, part);
    if (get<uint32_t>(start + 16, part) != 0 || get<uint32_t>(start + 20, part) != 0 ||
        here != all) {
      throw fault("zip archive is split over several disks").at_byte(start);
    }
    const Directory wide{get<uint64_t>(start + 48, part), get<uint64_t>(start + 40, part), all};
    // Each field of the short record is either "see zip64" or the same number.
    if ((directory.offset != kIn64 && directory.offset != wide.offset) ||
        (directory.size != kIn64 && directory.size != wide.size) ||
        (directory.entries != kCountIn64 && directory.entries != wide.entries)) {
      throw fault("zip end records disagree").at_byte(end);
    }
    directory = wide;
    return start;
  }

  ZipEntry read_central(uint64_t& position) const {
    const std::string_view part = "directory";
    const uint64_t start = position;
    if (get<uint32_t>(start, part) != kCentralSignature) {
      throw fault("zip directory entry has a wrong signature").at_byte(start);
    }
    Header header = read_header(start + 8, part);
    const auto name_size = get<uint16_t>(start + 28, part);
    const auto extra_size = get<uint16_t>(start + 30, part);
    const auto comment_size = get<uint16_t>(start + 32, part);
    ZipEntry entry;
    entry.name = text_at(start + kCentralBytes, name_size);
    uint64_t local_offset = get<uint32_t>(start + 42, part);
    const uint64_t extra = start + kCentralBytes + name_size;
    widen(header, &local_offset, extra, extra_size);
    if (!checked_slice(bytes_, extra, uint64_t{extra_size} + comment_size)) {
      throw fault("zip directory is cut off").at_byte(bytes_.size());
    }
    position = extra + extra_size + comment_size;

    const auto bad = [&](std::string message) {
      return fault(std::move(message)).at_key(entry.name).at_byte(start);
    };
    if (header.flags & (kEncrypted | kStrongEncryption | kMaskedHeaders)) {
      throw bad("zip entry is encrypted");
    }
    if (get<uint16_t>(start + 34, part) != 0) throw bad("zip entry lies on another disk");
    if (header.method != kStored && header.method != kDeflated) {
      throw bad("zip method " + std::to_string(header.method) + " is not supported");
    }
    if (header.method == kStored && header.packed_size != header.size) {
      throw bad("stored zip entry has two sizes");
    }
    entry.is_deflated = header.method == kDeflated;
    entry.crc = header.crc;
    entry.packed_size = header.packed_size;
    entry.size = header.size;
    entry.header_offset = local_offset;
    check_local(entry, header);
    return entry;
  }

  Header read_header(uint64_t position, std::string_view part) const {
    Header header;
    header.flags = get<uint16_t>(position, part);
    header.method = get<uint16_t>(position + 2, part);
    header.crc = get<uint32_t>(position + 8, part);
    header.packed_size = get<uint32_t>(position + 12, part);
    header.size = get<uint32_t>(position + 16, part);
    return header;
  }

  std::string text_at(uint64_t position, uint64_t size) const {
    const auto slice = checked_slice(bytes_, position, size);
    if (!slice) throw fault("zip entry name is cut off").at_byte(bytes_.size());
    return std::string(text_view(*slice));
  }

  // Replaces the 32-bit fields that say so by those of the zip64 extra field, in its fixed order.
  void widen(Header& header, uint64_t* local_offset, uint64_t extra, uint64_t extra_size) const {
    if (!checked_slice(bytes_, extra, extra_size)) {
      throw fault("zip extra field is cut off").at_byte(bytes_.size());
    }
    std::vector<uint64_t*> fields;
    if (header.size == kIn64) fields.push_back(&header.size);
    if (header.packed_size == kIn64) fields.push_back(&header.packed_size);
    if (local_offset != nullptr && *local_offset == kIn64) fields.push_back(local_offset);
    if (fields.empty()) return;
    const uint64_t end = extra + extra_size;
    for (uint64_t block = extra; end - block >= 4;) {
      const auto id = get<uint16_t>(block, "extra field");
      const auto size = get<uint16_t>(block + 2, "extra field");
      if (size > end - block - 4) break;
      if (id == kZip64Extra) {
        if (size < 8 * fields.size()) break;
        for (size_t i = 0; i < fields.size(); ++i) {
          *fields[i] = get<uint64_t>(block + 4 + 8 * i, "extra field");
        }
        return;
      }
      block += 4 + size;
    }
    throw fault("zip64 extra field is missing").at_byte(extra);
  }

  void check_local(ZipEntry& entry, const Header& central) const {
    const uint64_t start = entry.header_offset;
    const auto bad = [&](std::string message) {
      return fault(std::move(message))
          .at_key(entry.name)
          .at_byte(std::min<uint64_t>(start, bytes_.size()));
    };
    if (read_le<uint32_t>(bytes_, start) != kLocalSignature) {
      throw bad("zip directory points to no local header");
    }
    const std::string_view part = "local header";
    Header local = read_header(start + 6, part);
    const auto name_size = get<uint16_t>(start + 26, part);
    const auto extra_size = get<uint16_t>(start + 28, part);
    const bool is_same_name =
        name_size == entry.name.size() && text_at(start + kLocalBytes, name_size) == entry.name;
    if (!is_same_name) throw bad("zip local header has another name than the directory");
    const bool deferred = (local.flags & kDescriptor) != 0;
    constexpr uint16_t kMustAgree = kEncrypted | kDescriptor | kStrongEncryption | kMaskedHeaders;
    if (local.method != central.method || ((local.flags ^ central.flags) & kMustAgree) != 0) {
      throw bad("zip local header has another method than the directory");
    }
    // A writer that streams (bit 3) leaves zeros here and puts the sizes after the data.
    const bool is_blank = deferred && local.size == 0 && local.packed_size == 0;
    const uint64_t extra = start + kLocalBytes + name_size;
    const bool is_same_crc = local.crc == central.crc || (deferred && local.crc == 0);
    if (!is_blank) widen(local, nullptr, extra, extra_size);
    if (!is_same_crc ||
        (!is_blank && (local.size != central.size || local.packed_size != central.packed_size))) {
      throw bad("zip local header has other sizes than the directory");
    }
    entry.data_offset = extra + extra_size;
    if (!checked_slice(bytes_, entry.data_offset, entry.packed_size)) {
      throw bad("zip entry of " + std::to_string(entry.packed_size) +
                " bytes goes beyond the end of the file");
    }
  }

  void check_names(const std::vector<ZipEntry>& entries) const {
    std::set<std::string_view> seen;
    for (const ZipEntry& entry : entries) {
      const std::string& name = entry.name;
      const std::vector<std::string> parts = split(name, '/');
      const bool climbs = std::find(parts.begin(), parts.end(), "..") != parts.end();
      const bool is_unsafe =
          name.empty() || name.front() == '/' || climbs || name.find('\\') != std::string::npos ||
          name.find('\0') != std::string::npos || (name.size() > 1 && name[1] == ':');
      if (is_unsafe) throw fault("zip entry has an unsafe name").at_key(name);
      if (!seen.insert(name).second) throw fault("two zip entries have the same name").at_key(name);
    }
  }

  void check_ranges(const std::vector<ZipEntry>& entries, uint64_t directory) const {
    std::vector<const ZipEntry*> order;
    for (const ZipEntry& entry : entries) order.push_back(&entry);
    std::sort(order.begin(), order.end(), [](const ZipEntry* a, const ZipEntry* b) {
      return a->header_offset < b->header_offset;
    });
    uint64_t position = 0;
    for (const ZipEntry* entry : order) {
      if (entry->header_offset < position) {
        throw fault("zip entry overlaps another one")
            .at_key(entry->name)
            .at_byte(entry->header_offset);
      }
      position = entry->data_offset + entry->packed_size;
    }
    if (position > directory) throw fault("zip entry overlaps the directory").at_byte(directory);
  }

  void check_expansion(const std::vector<ZipEntry>& entries) const {
    const auto cap = checked_mul(bytes_.size(), kTotalFactor);
    uint64_t room = cap.value_or(UINT64_MAX - kTotalSlack) + kTotalSlack;
    for (const ZipEntry& entry : entries) {
      const bool is_bomb =
          entry.is_deflated &&
          entry.size / std::max<uint64_t>(limits_.zip_ratio, 1) > entry.packed_size;
      if (is_bomb || entry.size > room) {
        throw fault("zip entry expands from " + std::to_string(entry.packed_size) + " to " +
                    std::to_string(entry.size) + " bytes, which is over the limit")
            .at_key(entry.name);
      }
      room -= entry.size;
    }
  }

  const ByteSource& source_;
  std::span<const std::byte> bytes_;
  const Limits& limits_;
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(const ByteSource& source, const Limits& limits) {
  return DirectoryReader(source, limits).read();
}

}  // namespace vane
