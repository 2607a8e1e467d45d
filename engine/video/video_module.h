// SPDX-License-Identifier: Apache-2.0
#pragma once
// What libvane_video.so offers to the engine: a table of plain functions, so that nothing else
// knows OpenCV and a run without a video loads neither it nor FFmpeg.

#include <cstdint>

namespace vane {

/// What a file declares about its first stream of pictures.
struct VideoDeclared {
  int width = 0, height = 0;
  double fps = 0;
  /// As the container says, or from its duration; 0: unknown.
  int64_t frames = 0;
};

struct VideoModule {
  static constexpr int kVersion = 1;
  int version = kVersion;
  /// Opens a file by its absolute path; null: it cannot be read. `close` ends it.
  void* (*open)(const char* path, VideoDeclared* declared) = nullptr;
  /// Decodes the next frame, which stays valid until the next call: 8-bit BGR, `*width` * 3 bytes a
  /// row, `*stride` bytes apart, shown `*seconds` after the start (0 where the file does not say);
  /// null at the end.
  const uint8_t* (*read)(void* reader, int* width, int* height, int64_t* stride,
                         double* seconds) = nullptr;
  void (*close)(void* reader) = nullptr;
  /// Begins a file, its container by the name's ending; `codec` has four letters. Null: this codec
  /// is not there, or the file cannot be made.
  void* (*create)(const char* path, const char* codec, double fps, int width, int height) = nullptr;
  /// Appends a frame of 8-bit BGR without padding; false: it failed.
  bool (*write)(void* writer, const uint8_t* bgr) = nullptr;
  /// Ends the file and frees the writer. What could not be written is not told.
  void (*finish)(void* writer) = nullptr;
};

/// The one symbol that is looked up.
using VideoModuleEntry = const VideoModule* (*)();
inline constexpr const char* kVideoModuleEntry = "vane_video_module";

}  // namespace vane
