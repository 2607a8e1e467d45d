// SPDX-License-Identifier: Apache-2.0
#include "engine/video/video_file.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libvane_video.so";
constexpr double kLeastRate = 0.1, kMostRate = 1000;

std::string ending(const fs::path& path) {
  std::string text = path.extension().string();
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

template <size_t N>
bool has_ending(const fs::path& path, const std::array<std::string_view, N>& endings) {
  return std::find(endings.begin(), endings.end(), ending(path)) != endings.end();
}

/// Folder of the library (or program) that holds this code.
fs::path own_folder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || !info.dli_fname)
    return {};
  std::error_code ignored;
  return fs::absolute(info.dli_fname, ignored).parent_path();
}

const VideoModule& load_module() {
  std::error_code ignored;
  fs::path path = own_folder() / kLibrary;
  if (!fs::exists(path, ignored)) path = own_folder().parent_path() / kLibrary;
  if (!fs::exists(path, ignored)) {
    throw Error(ErrorCode::usage, "this program was built without video")
        .with_hint("./setup.sh installs OpenCV's videoio and builds with it");
  }
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* text = ::dlerror();
    throw Error(ErrorCode::resource, text ? text : "cannot be loaded")
        .in_file(path)
        .with_hint("./setup.sh installs the libraries that it needs");
  }
  const auto entry = reinterpret_cast<VideoModuleEntry>(::dlsym(library, kVideoModuleEntry));
  const VideoModule* module = entry ? entry() : nullptr;
  if (!module || module->version != VideoModule::kVersion) {
    throw Error(ErrorCode::resource, "is not the video library of this version")
        .in_file(path)
        .with_hint("build again with ./setup.sh");
  }
  return *module;
}

/// Told by content: ISO media, RIFF AVI or EBML. Nothing else reaches FFmpeg.
void check_signature(const fs::path& path) {
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(ErrorCode::input,
                fs::is_directory(status) ? "is a folder, not a video" : "is not a regular file")
        .in_file(path);
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::input, std::strerror(errno)).in_file(path);
  std::array<char, 12> head{};
  file.read(head.data(), head.size());
  const std::string_view bytes(head.data(), static_cast<size_t>(file.gcount()));
  if (bytes.empty()) throw Error(ErrorCode::input, "is empty").in_file(path);
  bool known = bytes.starts_with("\x1a\x45\xdf\xa3");
  if (bytes.size() == 12) {
    known = known || (bytes.starts_with("RIFF") && bytes.substr(8) == "AVI ");
    for (const char* box : {"ftyp", "moov", "mdat", "wide", "free", "skip"}) {
      known = known || bytes.substr(4, 4) == box;
    }
  }
  if (!known) {
    throw Error(ErrorCode::input, "is no video that can be read")
        .in_file(path)
        .with_hint("MP4, MOV, Matroska, WebM and AVI can");
  }
}

std::string size_text(int width, int height) { return fmt::format("{} x {}", width, height); }

/// Frames that may be missing from those that a container declares.
int64_t tolerated(int64_t declared) { return std::max<int64_t>(1, declared / 50); }

}  // namespace

bool is_video_name(const fs::path& path) {
  return has_ending<1>(path, {".webm"}) || is_writable_video_name(path);
}

bool is_writable_video_name(const fs::path& path) {
  return has_ending<5>(path, {".mp4", ".m4v", ".mov", ".mkv", ".avi"});
}

const VideoModule& video_module() {
  static const VideoModule& module = load_module();
  return module;
}

VideoReader::VideoReader(const fs::path& path, const Limits& limits)
    : path_(path), limits_(limits) {
  check_signature(path);
  const VideoModule& module = video_module();
  handle_ = module.open(fs::absolute(path).c_str(), &declared_);
  if (!handle_) {
    throw Error(ErrorCode::input, "the video is damaged, cut short, or of an unknown codec")
        .in_file(path);
  }
  try {
    const auto width = static_cast<uint64_t>(std::max(0, declared_.width));
    const auto height = static_cast<uint64_t>(std::max(0, declared_.height));
    if (width < 2 || height < 2) {
      throw Error(ErrorCode::input, "the video holds no picture of 2 pixels a side").in_file(path);
    }
    if (width > limits.image_side || height > limits.image_side ||
        width * height > limits.image_pixels) {
      throw Error(ErrorCode::input, "frames of " + size_text(declared_.width, declared_.height) +
                                        " pixels are over the limit")
          .in_file(path)
          .with_hint("raise --limit image.pixels or image.side");
    }
    if (declared_.fps < kLeastRate || declared_.fps > kMostRate) {
      throw Error(ErrorCode::input,
                  fmt::format("has no usable rate of frames ({:.6g} a second)", declared_.fps))
          .in_file(path);
    }
    places_ = FramePlaces(declared_.fps);
  } catch (...) {
    module.close(handle_);
    throw;
  }
}

VideoReader::~VideoReader() { video_module().close(handle_); }

std::optional<Image> VideoReader::next() {
  int width = 0, height = 0;
  int64_t stride = 0;
  const uint8_t* bgr = video_module().read(handle_, &width, &height, &stride, &seconds_);
  if (!bgr) {
    const int64_t missing = declared_.frames - shown_;
    if (frames_ == 0 || missing > tolerated(declared_.frames)) {
      throw Error(ErrorCode::input,
                  fmt::format("is cut short or damaged: {} of {} frames can be read", frames_,
                              declared_.frames))
          .in_file(path_);
    }
    return std::nullopt;
  }
  if (frames_ > 0 && (width != declared_.width || height != declared_.height)) {
    throw Error(ErrorCode::input,
                fmt::format("frame {} has {} pixels, those before {}", frames_,
                            size_text(width, height), size_text(declared_.width, declared_.height)))
        .in_file(path_);
  }
  declared_.width = width;  // a header may count before a turn
  declared_.height = height;
  ++frames_;
  shown_ = places_.next(seconds_) + 1;
  Image frame;
  frame.width = width;
  frame.height = height;
  frame.u8.resize(frame.sample_count());
  for (int y = 0; y < height; ++y) {
    const uint8_t* from = bgr + y * stride;
    uint8_t* to = frame.u8.data() + size_t(y) * size_t(width) * 3;
    for (int x = 0; x < 3 * width; x += 3) {
      to[x] = from[x + 2];
      to[x + 1] = from[x + 1];
      to[x + 2] = from[x];
    }
  }
  return frame;
}

VideoWriter::VideoWriter(const fs::path& path, double fps, int width, int height)
    : path_(path), fps_(fps), width_(width), height_(height) {
  if (!is_writable_video_name(path)) {
    throw Error(ErrorCode::usage, "the name of a video ends in .mp4, .m4v, .mov, .mkv or .avi")
        .in_file(path);
  }
  if (width < 2 || height < 2 || width % 2 != 0 || height % 2 != 0) {
    throw Error(ErrorCode::usage, "a video of " + size_text(width, height) +
                                      " pixels cannot be written: both have to be even")
        .in_file(path);
  }
  const VideoModule& module = video_module();
  const std::string place = fs::absolute(path).string();
  if (ending(path) == ".avi") {
    handle_ = module.create(place.c_str(), "MJPG", fps, width, height);
  } else {
    handle_ = module.create(place.c_str(), "avc1", fps, width, height);
    if (!handle_) handle_ = module.create(place.c_str(), "mp4v", fps, width, height);
  }
  if (!handle_) throw Error(ErrorCode::resource, "the video cannot be written").in_file(path);
}

VideoWriter::~VideoWriter() { close(); }

void VideoWriter::close() {
  if (handle_) video_module().finish(handle_);
  handle_ = nullptr;
}

void VideoWriter::add(const Image& frame) {
  if (frame.width != width_ || frame.height != height_ || frame.channels != 3 || frame.depth != 8) {
    throw Error(ErrorCode::usage, "a frame is not 8-bit RGB of the video's size").in_file(path_);
  }
  bgr_.resize(frame.u8.size());
  for (size_t i = 0; i < bgr_.size(); i += 3) {
    bgr_[i] = frame.u8[i + 2];
    bgr_[i + 1] = frame.u8[i + 1];
    bgr_[i + 2] = frame.u8[i];
  }
  write_last();
}

void VideoWriter::hold(int64_t frames) {
  for (; frames > 0; --frames) write_last();
}

void VideoWriter::write_last() {
  if (!handle_ || bgr_.empty() || !video_module().write(handle_, bgr_.data())) {
    throw Error(ErrorCode::resource, "a frame cannot be written").in_file(path_);
  }
  ++frames_;
}

void VideoWriter::finish(Job& job) {
  close();
  int64_t found = 0;
  double fps = 0;
  try {
    Limits limits;  // whoever asked for this size may have it
    limits.image_pixels = limits.image_side = std::numeric_limits<uint64_t>::max();
    VideoReader reader(path_, limits);
    fps = reader.declared().fps;
    while (const std::optional<Image> frame = reader.next()) {
      job.check_cancelled();
      job.progress(found, frames_, "checking");
      if (frame->width != width_ || frame->height != height_) break;
      ++found;
    }
  } catch (const Error&) {
    fps = 0;  // what is wrong with a file of ours is that it is not whole
  }
  if (found != frames_ || std::abs(fps / fps_ - 1) > 0.01) {
    throw Error(
        ErrorCode::resource,
        fmt::format("the video that was written is not whole ({} of {} frames)", found, frames_))
        .in_file(path_)
        .with_hint("is the disk full?");
  }
}

}  // namespace vane
