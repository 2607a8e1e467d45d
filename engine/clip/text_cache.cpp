// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/text_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <system_error>

#include "engine/base/assets.h"
#include "engine/base/checked.h"
#include "engine/base/hash.h"

namespace vane {
namespace {

// Record: magic u32, text bytes u32, floats u32, text, floats, XXH64 of all before it.
constexpr uint32_t kMagic = 0x31435456;  // "VTC1"
constexpr size_t kHeader = 12, kSum = 8;
// A cache that grew beyond this is started anew.
constexpr std::uintmax_t kLargestFile = 256u << 20;
// Longer texts are not worth remembering.
constexpr size_t kLongestText = 4096;

template <class T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

}  // namespace

std::filesystem::path TextCache::file_for(const std::string& hash, const std::string& variant) {
  const std::filesystem::path folder = cache_folder() / "text";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  return folder / (hash + "-" + hex64(xxh64(variant)) + ".vtc");
}

TextCache::TextCache(std::filesystem::path file, size_t dim) : file_(std::move(file)), dim_(dim) {
  if (!file_.empty()) read_file();
}

void TextCache::read_file() {
  std::error_code fault;
  if (std::filesystem::file_size(file_, fault) > kLargestFile && !fault) {
    std::filesystem::remove(file_, fault);
    return;
  }
  std::ifstream in(file_, std::ios::binary);
  const std::string data{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data));
  size_t at = 0;
  while (bytes.size() - at >= kHeader + kSum) {
    const uint32_t magic = *read_le<uint32_t>(bytes, at);
    const uint64_t text = *read_le<uint32_t>(bytes, at + 4);
    const uint64_t floats = *read_le<uint32_t>(bytes, at + 8);
    const uint64_t body = kHeader + text + 4 * floats;
    const bool whole = magic == kMagic && text <= kLongestText &&
                       body + kSum <= bytes.size() - at &&
                       xxh64(bytes.subspan(at, body)) == *read_le<uint64_t>(bytes, at + body);
    if (!whole) {
      ++at;  // a torn record: look for the next one
      continue;
    }
    if (floats == dim_) {
      std::vector<float> embedding(dim_);
      std::memcpy(embedding.data(), data.data() + at + kHeader + text, 4 * dim_);
      known_[data.substr(at + kHeader, text)] = std::move(embedding);
    }
    at += body + kSum;
  }
}

std::optional<std::vector<float>> TextCache::find(const std::string& text) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(text);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

void TextCache::store(const std::string& text, const std::vector<float>& embedding) {
  if (embedding.size() != dim_ || text.size() > kLongestText) return;
  const std::lock_guard lock(mutex_);
  if (!known_.emplace(text, embedding).second || file_.empty()) return;
  std::string record;
  append(record, kMagic);
  append(record, static_cast<uint32_t>(text.size()));
  append(record, static_cast<uint32_t>(dim_));
  record += text;
  record.append(reinterpret_cast<const char*>(embedding.data()), 4 * dim_);
  append(record, xxh64(std::string_view(record)));
  const int file = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  const ssize_t written = ::write(file, record.data(), record.size());
  ::close(file);
  if (written != static_cast<ssize_t>(record.size())) file_.clear();  // disk full: memory only
}

size_t TextCache::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

}  // namespace vane
