// SPDX-License-Identifier: Apache-2.0
// libvane_video.so: OpenCV's readers and writers of video, with FFmpeg behind them.

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/videoio.hpp>
#include <utility>

#include "engine/video/video_module.h"

namespace vane {
namespace {

struct Reader {
  cv::VideoCapture capture;
  cv::Mat stored, frame;
  int quarter_turns = 0;  // clockwise, to bring a stored frame upright
};

/// OpenCV 4.6 turns frames by itself, but the wrong way: with FFmpeg 5 it takes the angle of the
/// display matrix, which is counted against the clock, for one that is not (a portrait of a
/// telephone comes upside down). Before and after, the angle is clockwise.
int quarter_turns(cv::VideoCapture& capture) {
  capture.set(cv::CAP_PROP_ORIENTATION_AUTO, 0);
  const int turns = cvRound(capture.get(cv::CAP_PROP_ORIENTATION_META) / 90);
  constexpr bool kAgainstTheClock = CV_VERSION_MAJOR == 4 && CV_VERSION_MINOR == 6;
  return ((kAgainstTheClock ? -turns : turns) % 4 + 4) % 4;
}

struct Writer {
  cv::VideoWriter file;
  int width = 0, height = 0;
};

int silent(int, const char*, const char*, const char*, int, void*) { return 0; }

/// FFmpeg would open playlists, which name files and hosts of their own, and tell the terminal what
/// it thinks of a file.
void restrict_backend() {
  ::setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS",
           "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm", 1);
  ::setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  cv::redirectError(silent);
}

void* open(const char* path, VideoDeclared* declared) try {
  auto reader = std::make_unique<Reader>();
  if (!reader->capture.open(path, cv::CAP_FFMPEG)) return nullptr;
  const auto number = [&](int property) {
    const double value = reader->capture.get(property);
    return std::isfinite(value) && std::abs(value) < 1e15 ? value : 0;
  };
  reader->quarter_turns = quarter_turns(reader->capture);
  declared->width = static_cast<int>(number(cv::CAP_PROP_FRAME_WIDTH));
  declared->height = static_cast<int>(number(cv::CAP_PROP_FRAME_HEIGHT));
  if (reader->quarter_turns % 2 != 0) std::swap(declared->width, declared->height);
  declared->fps = number(cv::CAP_PROP_FPS);
  declared->frames = std::max<int64_t>(0, std::llround(number(cv::CAP_PROP_FRAME_COUNT)));
  return reader.release();
} catch (const std::exception&) {
  return nullptr;
}

const uint8_t* read(void* handle, int* width, int* height, int64_t* stride, double* seconds) try {
  Reader& reader = *static_cast<Reader*>(handle);
  if (!reader.capture.read(reader.stored) || reader.stored.type() != CV_8UC3) return nullptr;
  reader.frame = reader.stored;
  constexpr int kTurns[] = {0, cv::ROTATE_90_CLOCKWISE, cv::ROTATE_180,
                            cv::ROTATE_90_COUNTERCLOCKWISE};
  if (reader.quarter_turns != 0) {
    reader.frame = cv::Mat();
    cv::rotate(reader.stored, reader.frame, kTurns[reader.quarter_turns]);
  }
  *width = reader.frame.cols;
  *height = reader.frame.rows;
  *stride = static_cast<int64_t>(reader.frame.step[0]);
  const double time = reader.capture.get(cv::CAP_PROP_POS_MSEC) / 1000;
  *seconds = std::isfinite(time) && std::abs(time) < 1e9 ? time : 0;
  return reader.frame.data;
} catch (const std::exception&) {
  return nullptr;
}

void close(void* handle) { delete static_cast<Reader*>(handle); }

void* create(const char* path, const char* codec, double fps, int width, int height) try {
  if (std::strlen(codec) != 4) return nullptr;
  auto writer = std::make_unique<Writer>();
  writer->width = width;
  writer->height = height;
  const int code = cv::VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]);
  if (!writer->file.open(path, cv::CAP_FFMPEG, code, fps, cv::Size(width, height))) return nullptr;
  return writer.release();
} catch (const std::exception&) {
  return nullptr;
}

bool write(void* handle, const uint8_t* bgr) try {
  Writer& writer = *static_cast<Writer*>(handle);
  // OpenCV's writer only reads from it.
  writer.file.write(cv::Mat(writer.height, writer.width, CV_8UC3, const_cast<uint8_t*>(bgr)));
  return true;
} catch (const std::exception&) {
  return false;
}

void finish(void* handle) try {
  const std::unique_ptr<Writer> writer(static_cast<Writer*>(handle));
  writer->file.release();
} catch (const std::exception&) {
  // The caller reads the file again.
}

}  // namespace
}  // namespace vane

extern "C" __attribute__((visibility("default"))) const vane::VideoModule* vane_video_module() {
  static const vane::VideoModule module = [] {
    vane::restrict_backend();
    vane::VideoModule table;
    table.open = vane::open;
    table.read = vane::read;
    table.close = vane::close;
    table.create = vane::create;
    table.write = vane::write;
    table.finish = vane::finish;
    return table;
  }();
  return &module;
}
