// SPDX-License-Identifier: Apache-2.0
#include "tests/weights/file_bytes.h"

#include <zlib.h>

#include <cstring>

#include "engine/base/hash.h"

namespace vane {
namespace {

std::string deflated(std::string_view content, int level) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()), '\0');
  std::string input(content);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

uint32_t checksum(std::string_view text) {
  return crc32(std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace

std::shared_ptr<const ByteSource> memory_source(std::string_view bytes, std::string name) {
  const auto raw = std::as_bytes(std::span(bytes.data(), bytes.size()));
  return std::make_shared<MemorySource>(std::vector<std::byte>(raw.begin(), raw.end()),
                                        std::move(name));
}

std::string little_endian(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += i < 8 ? static_cast<char>(value >> (8 * i)) : char{0};
  return bytes;
}

std::string safetensors_bytes(std::string_view header, std::string_view data,
                              std::optional<uint64_t> length) {
  return little_endian(length.value_or(header.size()), 8) + std::string(header) + std::string(data);
}

PickleWriter::PickleWriter(int protocol) : bytes_{'\x80', static_cast<char>(protocol)} {}

PickleWriter& PickleWriter::raw(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

PickleWriter& PickleWriter::global(std::string_view module, std::string_view name) {
  return raw("c").raw(module).raw("\n").raw(name).raw("\n");
}

PickleWriter& PickleWriter::text(std::string_view value) {
  return raw("X").raw(little_endian(value.size(), 4)).raw(value);
}

PickleWriter& PickleWriter::integer(int64_t value) {
  if (value == static_cast<int32_t>(value)) {
    return raw("J").raw(little_endian(static_cast<uint64_t>(value), 4));
  }
  return raw("\x8a\x08").raw(little_endian(static_cast<uint64_t>(value), 8));
}

PickleWriter& PickleWriter::integers(const std::vector<int64_t>& values) {
  mark();
  for (int64_t value : values) integer(value);
  return tuple();
}

PickleWriter& PickleWriter::storage(std::string_view key, int64_t numel, std::string_view type,
                                    bool is_legacy) {
  mark().text("storage").global("torch", type).text(key).text("cpu").integer(numel);
  if (is_legacy) raw("N");
  return tuple().raw("Q");
}

PickleWriter& PickleWriter::tensor(std::string_view key, int64_t numel,
                                   const std::vector<int64_t>& size,
                                   const std::vector<int64_t>& stride, int64_t offset,
                                   bool is_legacy) {
  global("torch._utils", "_rebuild_tensor_v2").mark();
  storage(key, numel, "FloatStorage", is_legacy);
  integer(offset).integers(size).integers(stride).raw("\x89");
  return global("collections", "OrderedDict").raw(")R").tuple().reduce();
}

std::string zip_bytes(const std::vector<ZipItem>& items, const ZipEnds& ends) {
  std::string file, directory;
  for (const ZipItem& item : items) {
    const std::string packed = item.is_deflated ? deflated(item.content, item.level) : item.content;
    const uint16_t method = item.method.value_or(item.is_deflated ? 8 : 0);
    const uint64_t size = item.size.value_or(item.content.size());
    const uint64_t packed_size = item.packed_size.value_or(packed.size());
    const uint32_t crc = item.crc.value_or(checksum(item.content));
    const std::string local_name = item.local_name.value_or(item.name);
    const uint64_t start = item.header_offset.value_or(file.size());
    directory += little_endian(0x02014b50, 4) + little_endian(20, 2) + little_endian(20, 2) +
                 little_endian(item.flags, 2) + little_endian(method, 2) + little_endian(0, 4) +
                 little_endian(crc, 4) + little_endian(packed_size, 4) + little_endian(size, 4) +
                 little_endian(item.name.size(), 2) + little_endian(0, 12) +
                 little_endian(start, 4) + item.name;
    file += little_endian(0x04034b50, 4) + little_endian(20, 2) + little_endian(item.flags, 2) +
            little_endian(item.local_method.value_or(method), 2) + little_endian(0, 4) +
            little_endian(crc, 4) + little_endian(packed_size, 4) +
            little_endian(item.local_size.value_or(size), 4) + little_endian(local_name.size(), 2) +
            little_endian(0, 2) + local_name + packed;
  }
  const uint64_t offset = ends.directory_offset.value_or(static_cast<uint32_t>(file.size()));
  const uint16_t count = ends.entries.value_or(static_cast<uint16_t>(items.size()));
  const uint64_t directory_size = directory.size();
  file += directory;
  if (ends.is_zip64) {
    const uint64_t record = file.size();
    file += little_endian(0x06064b50, 4) + little_endian(44, 8) + little_endian(45, 2) +
            little_endian(45, 2) + little_endian(0, 8) + little_endian(count, 8) +
            little_endian(count, 8) + little_endian(directory_size, 8) + little_endian(offset, 8);
    file += little_endian(0x07064b50, 4) + little_endian(0, 4) + little_endian(record, 8) +
            little_endian(1, 4);
  }
  const uint64_t in64 = 0xffffffff;
  file += little_endian(0x06054b50, 4) + little_endian(ends.disk.value_or(0), 2) +
          little_endian(0, 2) + little_endian(ends.is_zip64 ? 0xffff : count, 2) +
          little_endian(ends.is_zip64 ? 0xffff : count, 2) +
          little_endian(ends.is_zip64 ? in64 : directory_size, 4) +
          little_endian(ends.is_zip64 ? in64 : offset, 4) + little_endian(ends.comment.size(), 2) +
          ends.comment;
  return file;
}

std::string torch_zip_bytes(std::string_view pickle, const std::vector<std::string>& storages,
                            std::string_view byte_order) {
  std::vector<ZipItem> items;
  items.push_back({"archive/data.pkl", std::string(pickle)});
  if (!byte_order.empty()) items.push_back({"archive/byteorder", std::string(byte_order)});
  for (size_t i = 0; i < storages.size(); ++i) {
    items.push_back({"archive/data/" + std::to_string(i), storages[i]});
  }
  items.push_back({"archive/version", "3\n"});
  return zip_bytes(items);
}

std::string torch_legacy_bytes(std::string_view pickle, const std::vector<std::string>& keys,
                               std::string_view tail) {
  const std::string_view magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  PickleWriter list;
  list.raw("](");
  for (const std::string& key : keys) list.text(key);
  return std::string(magic) + PickleWriter().integer(1001).done() +
         PickleWriter().raw("}(").text("little_endian").raw("\x88u").done() + std::string(pickle) +
         list.raw("e").done() + std::string(tail);
}

}  // namespace vane
