// SPDX-License-Identifier: Apache-2.0
#include "editing/enhance_journal.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/video/video_file.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

const fs::file_time_type kProgramStart = fs::file_time_type::clock::now();

/// Names as JSON can hold them; only ever compared with each other.
std::string named(const fs::path& path) { return printable(path.string(), 100'000); }

std::string input_name(const PhotoTask& task) {
  std::error_code ignored;
  const fs::path whole = fs::absolute(task.input, ignored);
  return named((whole.empty() ? task.input : whole).lexically_normal());
}

/// The process that made `.NAME.tmp-PID-N` (atomic_file.cpp) for an output of ours; 0 for another
/// name.
pid_t maker_of(const std::string& name) {
  const size_t mark = name.rfind(".tmp-");
  if (!name.starts_with('.') || mark == std::string::npos) return 0;
  const fs::path target = name.substr(1, mark - 1);
  const bool is_video = is_writable_video_name(target);
  if (!is_picture_name(target) && !is_video && target.extension() != ".json") return 0;
  std::string behind = name.substr(mark + 5);
  if (const std::string ending = target.extension().string();
      is_video && behind.ends_with(ending)) {
    behind.resize(behind.size() - ending.size());
  }
  const std::vector<std::string> numbers = split(behind, '-');
  const auto pid = numbers.size() == 2 ? parse_integer(numbers[0]) : std::nullopt;
  return pid && *pid > 0 && parse_integer(numbers[1]) ? static_cast<pid_t>(*pid) : 0;
}

/// In a container the next process often has the number of the one that was killed.
bool is_stale(const fs::path& temporary, pid_t maker) {
  if (maker != ::getpid()) return ::kill(maker, 0) != 0 && errno == ESRCH;
  std::error_code problem;
  const auto written = fs::last_write_time(temporary, problem);
  return !problem && written < kProgramStart;
}

}  // namespace

EnhanceJournal::EnhanceJournal(fs::path folder)
    : folder_(std::move(folder)), path_(folder_ / ".enhance-journal.jsonl") {
  std::ifstream file(path_, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    torn_ = file.eof();
    if (!torn_) read_line(line);
  }
}

EnhanceJournal::~EnhanceJournal() {
  if (fd_ >= 0) ::close(fd_);
}

void EnhanceJournal::read_line(const std::string& line) {
  try {
    const Json json = parse_json(line);
    Entry entry;
    entry.input = json.at("in").as_string();
    entry.settings = json.at("config_hash").as_string();
    entry.hash = json.at("xxh64").as_string();
    entry.size = json.at("size").as_count();
    entry.mtime_ns = json.at("mtime_ns").as_integer();
    entry.output_size = json.at("out_size").as_count();
    entries_[json.at("out").as_string()] = std::move(entry);
  } catch (const Error&) {
    // Not a line of ours: nothing is known of its photograph.
  }
}

std::string EnhanceJournal::key_of(const PhotoTask& task) const {
  return named(task.output.lexically_relative(folder_));
}

bool EnhanceJournal::vouches_for(const PhotoTask& task, const std::string& settings,
                                 const Limits& limits) const {
  const auto found = entries_.find(key_of(task));
  if (found == entries_.end()) return false;
  const Entry& entry = found->second;
  std::error_code problem;
  const uint64_t output_size = fs::file_size(task.output, problem);
  const FileIdentity seen = file_stamp(task.input);
  if (problem || output_size != entry.output_size || entry.settings != settings ||
      entry.input != input_name(task) || seen.size != entry.size ||
      seen.mtime_ns != entry.mtime_ns) {
    return false;
  }
  try {
    const FileIdentity identity = is_video_name(task.input)
                                      ? mapped_identity(task.input)
                                      : read_photo_source(task.input, limits).identity;
    return hex64(identity.hash) == entry.hash;
  } catch (const Error&) {
    return false;  // trying it says what is wrong with it
  }
}

void EnhanceJournal::open() {
  fd_ = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) {
    throw Error(ErrorCode::resource, std::string("cannot be written: ") + std::strerror(errno))
        .in_file(path_);
  }
}

void EnhanceJournal::add(const PhotoTask& task, const FileIdentity& identity,
                         const std::string& settings, double milliseconds) {
  if (fd_ < 0) open();
  std::error_code ignored;
  const Entry entry{input_name(task),
                    settings,
                    hex64(identity.hash),
                    identity.size,
                    fs::file_size(task.output, ignored),
                    identity.mtime_ns};
  const nlohmann::ordered_json line{
      {"in", input_name(task)},        {"size", identity.size},
      {"mtime_ns", identity.mtime_ns}, {"xxh64", hex64(identity.hash)},
      {"out", key_of(task)},           {"out_size", fs::file_size(task.output, ignored)},
      {"config_hash", settings},       {"ms", milliseconds}};
  const std::string text = (torn_ ? "\n" : "") + line.dump() + "\n";
  // One call, so that a killed process tears at most its own line.
  const ssize_t written = ::write(fd_, text.data(), text.size());
  torn_ = written != static_cast<ssize_t>(text.size());
  if (torn_) {
    throw Error(ErrorCode::resource,
                std::string("cannot be written: ") + (written < 0 ? std::strerror(errno) : "full"))
        .in_file(path_);
  }
  entries_[key_of(task)] = entry;
}

void remove_stale_temporaries(const fs::path& folder) {
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    const pid_t maker = maker_of(entry->path().filename().string());
    std::error_code ignored;
    if (maker != 0 && entry->is_regular_file(ignored) && is_stale(entry->path(), maker)) {
      fs::remove(entry->path(), ignored);
    }
  }
}

}  // namespace vane
