// SPDX-License-Identifier: Apache-2.0
#include "editing/training/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"

namespace vane {
namespace fs = std::filesystem;

JsonLines::JsonLines(const fs::path& path, int64_t step) {
  std::string kept;
  {
    std::ifstream old(path);
    for (std::string line; std::getline(old, line);) {
      const nlohmann::json entry = nlohmann::json::parse(line, nullptr, false);
      if (entry.is_object() && entry.value("step", int64_t{0}) <= step) kept += line + "\n";
    }
  }
  atomic_write(path, std::string_view(kept));
  stream_.open(path, std::ios::app);
}

void JsonLines::write(const nlohmann::json& entry) { stream_ << entry.dump() << std::endl; }

FolderLock::FolderLock(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  const fs::path file = folder / "lock";
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw Error(ErrorCode::resource, std::string("cannot lock: ") + std::strerror(errno))
        .in_file(file);
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw Error(ErrorCode::usage, "another process is training in this run folder")
        .in_file(folder)
        .with_hint("wait for it, or choose another --run folder");
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace vane
