// SPDX-License-Identifier: Apache-2.0
#pragma once
// Video files in and out, frame by frame: MP4, MOV, Matroska, WebM (in only) and AVI. Sound and
// metadata are neither read nor written.

#include <cstdint>
#include <filesystem>
#include <optional>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/image/image.h"
#include "engine/video/frame_times.h"
#include "engine/video/video_module.h"

namespace vane {

/// True when the name ends like that of a video that can be read, in any case.
bool is_video_name(const std::filesystem::path& path);
/// True when the name ends like that of a video that can be written: .mp4 .m4v .mov .mkv .avi.
bool is_writable_video_name(const std::filesystem::path& path);

/// Loads libvane_video.so from beside this library or one folder above. Throws Error{usage} when
/// the program was built without, Error{resource} when it cannot be loaded.
const VideoModule& video_module();

/// Frames in order.
class VideoReader {
 public:
  /// Throws Error{input} for a file that is not there, is no video by its content, is damaged, has
  /// no rate of frames, or frames of a size that the limits (those of pictures) forbid; what
  /// video_module() throws.
  explicit VideoReader(const std::filesystem::path& path, const Limits& limits = {});
  ~VideoReader();
  VideoReader(const VideoReader&) = delete;
  VideoReader& operator=(const VideoReader&) = delete;

  /// Upright where the file says how it is to be turned. `frames` may be an estimate, 0: unknown.
  const VideoDeclared& declared() const { return declared_; }
  /// The next frame, 8-bit RGB; nothing at the end.
  /// Throws Error{input} for a frame of another size than the first, or when the file ends before
  /// the declared number of frames could have been shown, whether they come evenly or not: a
  /// fiftieth (at least one) may be missing, since containers estimate. A damaged frame in between
  /// is left out or concealed by the decoder.
  std::optional<Image> next();
  int64_t frames_read() const { return frames_; }
  /// When the last frame is shown; 0 where the file does not say.
  double seconds() const { return seconds_; }

 private:
  std::filesystem::path path_;
  Limits limits_;
  VideoDeclared declared_;
  void* handle_ = nullptr;
  int64_t frames_ = 0, shown_ = 0;  // read, and the places that they take with their gaps
  double seconds_ = 0;
  FramePlaces places_{0};
};

/// Appends frames to a file. The codec follows the name: H.264 for .mp4 .m4v .mov .mkv, MPEG-4
/// part 2 where no H.264 encoder is there; Motion JPEG for .avi.
class VideoWriter {
 public:
  /// Throws Error{usage} for another ending or an odd size (the codecs halve the colours' sides),
  /// Error{resource} when no file can be made; what video_module() throws.
  VideoWriter(const std::filesystem::path& path, double fps, int width, int height);
  /// Leaves an unfinished file where it is.
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  /// 8-bit RGB of the size. Throws Error{usage} for another, Error{resource}.
  void add(const Image& frame);
  /// Shows the last frame for so many frames longer. Throws as add().
  void hold(int64_t frames);
  /// Ends the file and reads all of it back, since OpenCV does not tell what could not be written.
  /// Throws Error{resource} when it is not whole, for example because the disk is full; Cancelled.
  void finish(Job& job);

 private:
  void write_last();
  void close();

  std::filesystem::path path_;
  double fps_;
  int width_, height_;
  void* handle_ = nullptr;
  int64_t frames_ = 0;
  std::vector<uint8_t> bgr_;
};

}  // namespace vane
