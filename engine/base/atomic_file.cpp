// SPDX-License-Identifier: Apache-2.0
#include "engine/base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/mapping_guard.h"

namespace vane {
namespace {

// Names of open temporary files, readable from a signal handler.
constexpr size_t kMaxTemporaries = 16;
struct TemporarySlot {
  std::atomic<bool> used{false};
  std::array<char, 4096> path{};
};
std::array<TemporarySlot, kMaxTemporaries> temporaries;
std::atomic<uint64_t> temporary_counter{0};

Error output_error(const std::filesystem::path& path, int error_number) {
  std::string hint;
  if (error_number == ENOENT) hint = "create the folder first";
  if (error_number == ENOSPC || error_number == EFBIG) hint = "free some space and run it again";
  return Error(ErrorCode::resource,
               std::string("cannot be written: ") + std::strerror(error_number))
      .in_file(path)
      .with_hint(hint);
}

void refuse_folder(const std::filesystem::path& path) {
  std::error_code fault;  // of a path that cannot be followed: opening it says so
  if (std::filesystem::is_directory(path, fault)) {
    throw Error(ErrorCode::resource, "is a folder, a file name is needed").in_file(path);
  }
}

// A temporary file beside its target; unlinked unless committed.
class Temporary {
 public:
  /// `ending` goes behind the number.
  explicit Temporary(const std::filesystem::path& target, const std::string& ending = {})
      : target_(target) {
    folder_ = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
    path_ = folder_ / fmt::format(".{}.tmp-{}-{}{}", target.filename().string(), ::getpid(),
                                  temporary_counter.fetch_add(1), ending);
    for (TemporarySlot& slot : temporaries) {
      bool expected = false;
      if (path_.native().size() < slot.path.size() &&
          slot.used.compare_exchange_strong(expected, true)) {
        std::memcpy(slot.path.data(), path_.c_str(), path_.native().size() + 1);
        slot_ = &slot;
        break;
      }
    }
    mode_t mode = 0666;
    struct stat existing {};
    const bool exists = ::stat(target.c_str(), &existing) == 0 && S_ISREG(existing.st_mode);
    if (exists) mode = existing.st_mode & 07777;
    fd_ = ::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);
    if (fd_ < 0) fail();
    if (exists) (void)::fchmod(fd_, mode);
  }

  ~Temporary() {
    if (fd_ >= 0) ::close(fd_);
    if (!committed_) ::unlink(path_.c_str());
    if (slot_) slot_->used.store(false);
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        fail();
      }
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
  }

  const std::filesystem::path& path() const { return path_; }

  /// Takes what bears the name now for the file, which another program may have put there.
  void reopen() {
    ::close(fd_);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) fail();
  }

  void commit() {
    if (::fsync(fd_) != 0 && errno != EINVAL) fail();
    const int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0) fail();
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail();
    committed_ = true;
    const int folder_fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd >= 0) {
      (void)::fsync(folder_fd);
      ::close(folder_fd);
    }
  }

 private:
  [[noreturn]] void fail() {
    const int error_number = errno;
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    ::unlink(path_.c_str());
    if (slot_) slot_->used.store(false);
    slot_ = nullptr;
    throw output_error(target_, error_number);
  }

  std::filesystem::path target_, folder_, path_;
  TemporarySlot* slot_ = nullptr;
  int fd_ = -1;
  bool committed_ = false;
};

}  // namespace

void atomic_write(const std::filesystem::path& path,
                  const std::function<void(const ByteSink&)>& producer) {
  refuse_folder(path);
  Temporary temporary(path);
  producer([&](std::span<const std::byte> bytes) { temporary.write(bytes); });
  check_mappings();  // what was written may rest on a file that shrank
  temporary.commit();
}

void atomic_write_by_name(const std::filesystem::path& path,
                          const std::function<void(const std::filesystem::path&)>& producer) {
  refuse_folder(path);
  Temporary temporary(path, path.extension().string());
  producer(temporary.path());
  temporary.reopen();
  temporary.commit();
}

void with_temporary(const std::filesystem::path& beside,
                    const std::function<void(const std::filesystem::path&)>& user) {
  user(Temporary(beside, beside.extension().string()).path());
}

void atomic_write(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  atomic_write(path, [&](const ByteSink& sink) { sink(bytes); });
}

void atomic_write(const std::filesystem::path& path, std::string_view text) {
  atomic_write(path, std::as_bytes(std::span(text.data(), text.size())));
}

void check_writable(const std::filesystem::path& path) {
  refuse_folder(path);
  Temporary probe(path);
}

void unlink_temporaries() noexcept {
  for (TemporarySlot& slot : temporaries) {
    if (slot.used.load()) ::unlink(slot.path.data());
  }
}

}  // namespace vane
