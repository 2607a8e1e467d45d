// SPDX-License-Identifier: Apache-2.0
#include "editing/enhance_video.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "editing/enhance_one.h"
#include "engine/base/atomic_file.h"
#include "engine/base/stopwatch.h"
#include "engine/image/resize.h"
#include "engine/run/threads.h"
#include "engine/video/shot_cuts.h"
#include "engine/video/sound.h"
#include "engine/video/video_file.h"
#include "enhance/relight_method.h"
#include "generators/relight/steady_planes.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Frames of a shot that are judged at most; more than half as many of a longer one.
constexpr size_t kJudgedFrames = 6;

/// Adds the milliseconds of a scope to a sum.
class Timed {
 public:
  explicit Timed(double& sum) : sum_(sum) {}
  ~Timed() { sum_ += watch_.milliseconds(); }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  double& sum_;
  Stopwatch watch_;
};

/// Small copies of a few frames, evenly spread over a shot whose end is not known.
class JudgedFrames {
 public:
  void add(const Image& small) {
    if (seen_++ % stride_ != 0) return;
    views_.push_back(small);
    if (views_.size() <= kJudgedFrames) return;
    std::vector<Image> kept;
    for (size_t i = 0; i < views_.size(); i += 2) kept.push_back(std::move(views_[i]));
    views_ = std::move(kept);
    stride_ *= 2;
  }

  /// The median of what they need.
  double strength(const RelightMethod& method) const {
    std::vector<double> needed;
    for (const Image& view : views_) {
      needed.push_back(method.needed_strength(method.planes(view), view));
    }
    std::sort(needed.begin(), needed.end());
    const size_t middle = needed.size() / 2;
    return needed.size() % 2 == 1 ? needed[middle] : (needed[middle - 1] + needed[middle]) / 2;
  }

 private:
  std::vector<Image> views_;
  int64_t seen_ = 0, stride_ = 1;
};

class VideoEnhancer {
 public:
  VideoEnhancer(const EnhanceRequest& request, const RelightMethod& method, const PhotoTask& task,
                EnhancedFile& file, Job& job, Job& frame_job)
      : request_(request),
        method_(method),
        task_(task),
        file_(file),
        job_(job),
        frame_job_(frame_job) {}

  void run() {
    find_shots();
    const bool untouched =
        std::all_of(video_.shots.begin(), video_.shots.end(),
                    [this](const VideoShot& shot) { return strength_of(shot) == 0; });
    if (untouched && task_.input.extension() == task_.output.extension()) {
      copy();
      video_.with_sound = true;
    } else {
      write();
    }
    double strength = 0;
    for (const VideoShot& shot : video_.shots) {
      strength += strength_of(shot) * double(shot.frames) / double(video_.frames);
    }
    file_.strength = strength;
    file_.video = video_;
    file_.status = untouched && request_.strength > 0 ? "skipped:well-lit" : "ok";
  }

 private:
  double strength_of(const VideoShot& shot) const {
    return std::min(2.0, shot.strength * request_.strength);
  }

  std::optional<Image> next(VideoReader& reader) {
    job_.check_cancelled();
    const Timed timed(file_.decode_ms);
    return reader.next();
  }

  void find_shots() {
    VideoReader reader(task_.input, request_.limits);
    const int64_t expected = reader.declared().frames;
    FrameRate rate(reader.declared().fps);
    ShotCuts cuts;
    JudgedFrames judged;
    const auto end_shot = [&] {
      if (video_.shots.empty()) return;
      const Timed timed(file_.map_ms);
      VideoShot& shot = video_.shots.back();
      shot.frames = video_.frames - shot.first;
      shot.strength =
          request_.auto_strength && request_.strength > 0 ? judged.strength(method_) : 1;
    };
    for (; std::optional<Image> frame = next(reader); ++video_.frames) {
      job_.progress(video_.frames, expected, "looking");
      if (video_.frames == 0) settle_size(*frame);
      rate.add(reader.seconds());
      const Image small = thumbnail(*frame, kRelightSide);
      if (cuts.begins_shot(small)) {
        end_shot();
        judged = {};
        video_.shots.push_back({.first = video_.frames});
      }
      judged.add(small);
    }
    end_shot();
    video_.fps = rate.rate();
  }

  /// The codecs keep colours at half the size, and so need even sides.
  void settle_size(const Image& frame) {
    file_.width = frame.width & ~1;
    file_.height = frame.height & ~1;
    file_.channels = 3;
    is_cropped_ = file_.width != frame.width || file_.height != frame.height;
  }

  /// Reports what is wrong with the output as CannotWrite.
  template <class Work>
  void writing(const Work& work) const {
    try {
      work();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::resource) throw;
      // The name of the temporary file tells nobody anything.
      throw CannotWrite{
          Error(error.code(), error.message()).in_file(task_.output).with_hint(error.hint())};
    }
  }

  void copy() const {
    writing([&] {
      atomic_write(task_.output, [&](const ByteSink& sink) {
        std::ifstream from(task_.input, std::ios::binary);
        std::vector<char> buffer(size_t{1} << 20);
        while (from) {
          job_.check_cancelled();
          from.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
          sink(std::as_bytes(std::span(buffer.data(), static_cast<size_t>(from.gcount()))));
        }
        if (!from.eof()) throw Error(ErrorCode::input, "cannot be read").in_file(task_.input);
      });
    });
  }

  void write() {
    writing([&] {
      atomic_write_by_name(task_.output, [&](const fs::path& target) {
        const std::optional<fs::path> ffmpeg = find_ffmpeg();
        if (!ffmpeg) {
          write_pictures(target);
          return;
        }
        with_temporary(task_.output, [&](const fs::path& pictures) {
          write_pictures(pictures);
          const Timed timed(file_.encode_ms);
          video_.with_sound =
              add_sound(*ffmpeg, pictures, task_.input, target, job_) && holds_pictures(target);
          if (!video_.with_sound) fs::rename(pictures, target);
        });
      });
    });
    warn(video_.with_sound ? "metadata is not carried over"
                           : "sound and metadata are not carried over");
    if (is_cropped_) {
      warn(fmt::format("cut to {} x {} pixels, since videos have even sides", file_.width,
                       file_.height));
    }
    if (video_.held > 0) {
      warn(
          fmt::format("its frames come at uneven times; at {:.6g} a second {} are shown twice or "
                      "longer, {} frames in all",
                      video_.fps, video_.held, video_.frames + video_.held));
    }
    for (double* mean : {&file_.map_mean, &file_.luma_before, &file_.luma_after,
                         &file_.clipped_before, &file_.clipped_after}) {
      *mean /= double(video_.frames);
    }
  }

  void write_pictures(const fs::path& path) {
    VideoReader reader(task_.input, request_.limits);
    FramePlaces places(video_.fps);
    VideoWriter writer(path, video_.fps, static_cast<int>(file_.width),
                       static_cast<int>(file_.height));
    for (const VideoShot& shot : video_.shots) write_shot(shot, reader, places, writer);
    if (next(reader)) throw changed();
    const Timed timed(file_.encode_ms);
    writer.finish(job_);
  }

  /// Whether all frames are in a file that another program has put together.
  bool holds_pictures(const fs::path& path) const {
    try {
      const VideoReader reader(path, request_.limits);
      return std::abs(reader.declared().frames - video_.frames - video_.held) <= 1;
    } catch (const Error&) {
      return false;
    }
  }

  Error changed() const {
    return Error(ErrorCode::input, "has changed while it was read").in_file(task_.input);
  }

  void warn(const std::string& message) const {
    job_.warn(task_.input.filename().string() + ": " + message);
  }

  void write_shot(const VideoShot& shot, VideoReader& reader, FramePlaces& places,
                  VideoWriter& writer) {
    SteadyPlanes steady(video_.fps);
    // Nothing is added to a shot that needs nothing: its frames need no look at them.
    const double strength = strength_of(shot);
    const RelightPlanes nothing{1, 1, {0}, {0}, {0}, {0}, {0}};
    for (int64_t i = 0; i < shot.frames; ++i) {
      job_.progress(shot.first + i, video_.frames, "enhancing");
      std::optional<Image> frame = next(reader);
      if (!frame) throw changed();
      hold(places.next(reader.seconds()) - (shot.first + i + video_.held), writer);
      if (is_cropped_) {
        *frame = crop(*frame, 0, 0, static_cast<int>(file_.width), static_cast<int>(file_.height));
      }
      Image lit;
      {
        const Timed timed(file_.map_ms);
        RelightMeasures seen;
        lit = relight(*frame, strength == 0 ? nothing : planes_of(*frame, steady), strength, {},
                      loop_threads(), frame_job_, seen);
        take(seen, shot.first + i == 0);
      }
      const Timed timed(file_.encode_ms);
      writer.add(lit);
    }
  }

  const RelightPlanes& planes_of(const Image& frame, SteadyPlanes& steady) const {
    const Image small = thumbnail(frame, kRelightSide);
    return steady.next(method_.planes(small), small);
  }

  /// Shows the frame before for as long as the file does.
  void hold(int64_t frames, VideoWriter& writer) {
    const Timed timed(file_.encode_ms);
    for (; frames > 0; --frames, ++video_.held) {
      job_.check_cancelled();
      writer.hold(1);
    }
  }

  void take(const RelightMeasures& seen, bool first) {
    const double least = 1 / seen.gain_max, most = 1 / seen.gain_min;
    file_.map_min = first ? least : std::min(file_.map_min, least);
    file_.map_max = first ? most : std::max(file_.map_max, most);
    file_.map_mean += 1 / seen.gain_mean;
    file_.luma_before += seen.luma_before;
    file_.luma_after += seen.luma_after;
    file_.clipped_before += seen.clipped_before;
    file_.clipped_after += seen.clipped_after;
  }

  const EnhanceRequest& request_;
  const RelightMethod& method_;
  const PhotoTask& task_;
  EnhancedFile& file_;
  Job& job_;
  Job& frame_job_;
  EnhancedVideo video_;
  bool is_cropped_ = false;
};

}  // namespace

void check_video(const EnhanceRequest& request, const PhotoTask& task) {
  const std::array<std::pair<bool, const char*>, 7> photographs_only{{
      {request.method != "vane", "a method other than vane"},
      {!request.mask.empty(), "--mask"},
      {request.preview || !request.preview_folder.empty(), "--preview"},
      {!request.contact_sheet.empty(), "--contact-sheet"},
      {request.refine > 0, "--refine"},
      {request.bit_depth != "keep", "--bit-depth"},
      {request.format != "keep", "--format"},
  }};
  for (const auto& [asked, what] : photographs_only) {
    if (!asked) continue;
    throw Error(ErrorCode::usage, std::string(what) + " is for photographs, not for videos")
        .in_file(task.input);
  }
  if (!is_writable_video_name(task.output)) {
    throw Error(ErrorCode::usage,
                "a video needs an output that ends in .mp4, .m4v, .mov, .mkv or .avi")
        .in_file(task.output);
  }
  video_module();
}

void enhance_video(const EnhanceRequest& request, const RelightMethod& method,
                   const PhotoTask& task, EnhancedFile& file, Job& job, Job& frame_job) {
  VideoEnhancer(request, method, task, file, job, frame_job).run();
  if (request.keep_times) copy_file_times(task.input, task.output);
}

}  // namespace vane
