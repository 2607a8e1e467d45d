// SPDX-License-Identifier: Apache-2.0
#include "editing/enhance_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"

namespace vane {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileIdentity stamp_of(const struct stat& info) {
  return {static_cast<uint64_t>(info.st_size), nanoseconds(info.st_mtim), 0};
}

std::vector<std::byte> read_all(int fd, uint64_t size) {
  std::vector<std::byte> bytes(size);
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(ErrorCode::input, std::string("cannot be read: ") + std::strerror(errno));
    }
    if (got == 0) {
      throw Error(ErrorCode::input, "file shrank while being read")
          .with_hint("another program changed it; run this again when it is complete");
    }
    done += static_cast<size_t>(got);
  }
  return bytes;
}

PhotoSource read_open(int fd, const std::filesystem::path& path, const Limits& limits) {
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    throw Error(ErrorCode::input, errno == ENOENT
                                      ? "there is no such file"
                                      : std::string("cannot be opened: ") + std::strerror(errno));
  }
  if (S_ISDIR(info.st_mode)) throw Error(ErrorCode::input, "is a folder, a file is needed");
  if (!S_ISREG(info.st_mode)) throw Error(ErrorCode::input, "is not a regular file");
  PhotoSource source;
  source.identity = stamp_of(info);
  if (source.identity.size > limits.image_file_bytes) {
    throw Error(ErrorCode::input, "has " + byte_size_text(source.identity.size) +
                                      ", the limit is " + byte_size_text(limits.image_file_bytes))
        .with_hint("--limit image.file_bytes=SIZE raises it");
  }
  std::vector<std::byte> bytes = read_all(fd, source.identity.size);
  source.identity.hash = xxh64(bytes);
  source.bytes = std::make_unique<MemorySource>(std::move(bytes), path.string());
  return source;
}

}  // namespace

PhotoSource read_photo_source(const std::filesystem::path& path, const Limits& limits) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  try {
    return read_open(file.get(), path, limits);
  } catch (Error& error) {
    error.set_file_if_empty(path);
    throw;
  }
}

FileIdentity mapped_identity(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path, std::numeric_limits<uint64_t>::max(),
                                     static_cast<int>(ErrorCode::input));
  FileIdentity identity = file_stamp(path);
  identity.hash = xxh64(file->view());
  check_mappings();
  return identity;
}

FileIdentity file_stamp(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? stamp_of(info) : FileIdentity{};
}

void copy_file_times(const std::filesystem::path& source, const std::filesystem::path& target) {
  struct stat info {};
  if (::stat(source.c_str(), &info) != 0) return;
  const timespec times[2] = {info.st_atim, info.st_mtim};
  (void)::utimensat(AT_FDCWD, target.c_str(), times, 0);
}

}  // namespace vane
