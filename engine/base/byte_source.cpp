// SPDX-License-Identifier: Apache-2.0
#include "engine/base/byte_source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path,
                                                   uint64_t max_bytes, int error_code) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  return map(fd, path, max_bytes, error_code);
}

std::shared_ptr<const MappedFile> MappedFile::open_in_folder(const std::filesystem::path& folder,
                                                             const std::string& bare_name,
                                                             uint64_t max_bytes, int error_code) {
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  int fd = -1;
  if (folder_fd >= 0) {
    fd = ::openat(folder_fd, bare_name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    const int open_errno = errno;
    ::close(folder_fd);
    errno = open_errno;
  }
  return map(fd, folder / bare_name, max_bytes, error_code);
}

std::shared_ptr<const MappedFile> MappedFile::map(int fd, const std::filesystem::path& path,
                                                  uint64_t max_bytes, int error_code) {
  const auto code = static_cast<ErrorCode>(error_code);
  const auto fail = [&](std::string message) {
    return Error(code, std::move(message)).in_file(path);
  };
  if (fd < 0 && errno == ELOOP) {
    throw fail("is a symbolic link, which is not followed here")
        .with_hint("put the file itself in its place");
  }
  if (fd < 0) {
    throw fail(errno == ENOENT ? "there is no such file"
                               : std::string("cannot be opened: ") + std::strerror(errno));
  }
  struct stat info {};
  std::string problem;
  if (::fstat(fd, &info) != 0) {
    problem = std::string("cannot be read: ") + std::strerror(errno);
  } else if (S_ISDIR(info.st_mode)) {
    problem = "is a folder, a file is needed";
  } else if (!S_ISREG(info.st_mode)) {
    problem = "is not a regular file";
  } else if (static_cast<uint64_t>(info.st_size) > max_bytes) {
    problem = "has " + byte_size_text(static_cast<uint64_t>(info.st_size)) + ", the limit is " +
              byte_size_text(max_bytes);
  }
  if (!problem.empty()) {
    ::close(fd);
    throw fail(problem);
  }
  std::span<const std::byte> bytes;
  if (info.st_size > 0) {
    void* address =
        ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    const int map_errno = errno;
    ::close(fd);
    if (address == MAP_FAILED) {
      throw fail(std::string("cannot be mapped: ") + std::strerror(map_errno));
    }
    bytes = {static_cast<const std::byte*>(address), static_cast<size_t>(info.st_size)};
  } else {
    ::close(fd);
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(path.string(), bytes, code));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace vane
