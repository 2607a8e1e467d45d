// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/frame_output.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <span>
#include <string>

#include "editing/scenes/fit_views.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/video/video_file.h"
#include "engine/weights/safetensors.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr int kStripColumns = 8;

Image as_image(const SplatPicture& picture, int channels, std::vector<uint8_t> samples) {
  Image image;
  image.width = picture.width;
  image.height = picture.height;
  image.channels = channels;
  image.u8 = std::move(samples);
  return image;
}

/// Near is white; the range is that of the picture, in inverse distance as the eye sees it.
Image depth_image(const SplatPicture& picture) {
  const std::vector<float> depth = mean_depth(picture);
  float nearest = 0, farthest = 0;  // inverse
  bool any = false;
  for (const float z : depth) {
    if (!(z > 0)) continue;
    nearest = any ? std::max(nearest, 1 / z) : 1 / z;
    farthest = any ? std::min(farthest, 1 / z) : 1 / z;
    any = true;
  }
  const float range = std::max(nearest - farthest, 1e-12f);
  std::vector<uint8_t> samples(depth.size(), 0);
  for (size_t i = 0; i < depth.size(); ++i) {
    if (!(depth[i] > 0)) continue;
    // Black is kept for nothing at all.
    const float share = (1 / depth[i] - farthest) / range;
    samples[i] = static_cast<uint8_t>(std::lround(24 + 231 * std::clamp(share, 0.f, 1.f)));
  }
  return as_image(picture, 1, std::move(samples));
}

struct Layer {
  std::string suffix;
  Image image;
};

/// What is written of a view as pictures.
std::vector<Layer> layers_of(const SplatPicture& picture, const FrameKinds& kinds) {
  std::vector<Layer> layers;
  layers.push_back({"", as_image(picture, 3, to_bytes(picture.rgb))});
  if (kinds.depth) layers.push_back({"-depth", depth_image(picture)});
  if (kinds.alpha) layers.push_back({"-alpha", as_image(picture, 1, to_bytes(picture.alpha))});
  if (kinds.normal) {
    std::vector<float> shown(picture.normal.size());
    for (size_t i = 0; i < shown.size(); ++i) shown[i] = 0.5f + 0.5f * picture.normal[i];
    layers.push_back({"-normal", as_image(picture, 3, to_bytes(shown))});
  }
  return layers;
}

fs::path with_suffix(const fs::path& path, const std::string& suffix) {
  return path.parent_path() / (path.stem().string() + suffix + path.extension().string());
}

void same_size(const Image& image, const Image& first) {
  if (image.width == first.width && image.height == first.height) return;
  throw Error(ErrorCode::usage, "the cameras differ in size")
      .with_hint("write into a folder instead");
}

/// One picture, or a strip of several.
class PictureOutput final : public FrameOutput {
 public:
  PictureOutput(fs::path path, int64_t frames, FrameKinds kinds)
      : path_(std::move(path)), frames_(frames), kinds_(kinds) {
    format_for_path(path_);
    check_writable(path_);
  }
  void add(const SplatPicture& picture, Job&) override {
    const std::vector<Layer> layers = layers_of(picture, kinds_);
    if (strips_.empty()) {
      const auto columns = static_cast<int>(std::min<int64_t>(frames_, kStripColumns));
      for (const Layer& layer : layers) {
        Layer strip{layer.suffix, layer.image};
        strip.image.width *= columns;
        strip.image.height *= static_cast<int>((frames_ + columns - 1) / columns);
        strip.image.u8.assign(strip.image.sample_count(), 0);
        strips_.push_back(std::move(strip));
      }
      width_ = picture.width;
      height_ = picture.height;
    }
    for (size_t i = 0; i < layers.size(); ++i) {
      const Image& image = layers[i].image;
      Image frame;
      frame.width = width_;
      frame.height = height_;
      same_size(image, frame);
      Image& strip = strips_[i].image;
      const auto channels = static_cast<size_t>(image.channels);
      const auto columns = static_cast<int64_t>(strip.width / width_);
      const auto left = static_cast<size_t>(count_ % columns * width_),
                 top = static_cast<size_t>(count_ / columns * height_);
      const size_t row = static_cast<size_t>(width_) * channels;
      for (size_t y = 0; y < static_cast<size_t>(height_); ++y) {
        const size_t to = ((top + y) * static_cast<size_t>(strip.width) + left) * channels;
        std::copy_n(image.u8.begin() + static_cast<std::ptrdiff_t>(y * row), row,
                    strip.u8.begin() + static_cast<std::ptrdiff_t>(to));
      }
    }
    ++count_;
  }
  void finish(Job&) override {
    for (const Layer& strip : strips_) write_image(with_suffix(path_, strip.suffix), strip.image);
  }

 private:
  fs::path path_;
  int64_t frames_, count_ = 0;
  FrameKinds kinds_;
  std::vector<Layer> strips_;
  int width_ = 0, height_ = 0;
};

/// OUT/0000.png, OUT/0000-depth.png and so on.
class FolderOutput final : public FrameOutput {
 public:
  FolderOutput(fs::path path, FrameKinds kinds) : path_(std::move(path)), kinds_(kinds) {
    std::error_code problem;
    fs::create_directories(path_, problem);
    if (problem) {
      throw Error(ErrorCode::resource, "cannot make the folder: " + problem.message())
          .in_file(path_);
    }
  }
  void add(const SplatPicture& picture, Job&) override {
    char number[16];
    std::snprintf(number, sizeof number, "%04d", count_++);
    for (const Layer& layer : layers_of(picture, kinds_)) {
      write_image(path_ / (number + layer.suffix + ".png"), layer.image);
    }
  }
  void finish(Job&) override {}

 private:
  fs::path path_;
  FrameKinds kinds_;
  int count_ = 0;
};

/// A film, and one for each other kind. Its frames go into files beside it, which take their names
/// when all are whole.
class FilmOutput final : public FrameOutput {
 public:
  FilmOutput(fs::path path, double fps, FrameKinds kinds)
      : path_(std::move(path)), fps_(fps), kinds_(kinds) {
    check_writable(path_);
  }
  void add(const SplatPicture& picture, Job&) override {
    frames_.push_back(layers_of(picture, kinds_));
    same_size(frames_.back().front().image, frames_.front().front().image);
  }
  void finish(Job& job) override {
    for (size_t layer = 0; !frames_.empty() && layer < frames_.front().size(); ++layer) {
      const fs::path path = with_suffix(path_, frames_.front()[layer].suffix);
      atomic_write_by_name(path, [&](const fs::path& file) {
        const Image& first = frames_.front()[layer].image;
        VideoWriter writer(file, fps_, first.width, first.height);
        for (const auto& frame : frames_) {
          job.check_cancelled();
          writer.add(coloured(frame[layer].image));
        }
        writer.finish(job);
      });
    }
  }

 private:
  static Image coloured(const Image& image) {
    if (image.channels == 3) return image;
    Image out = image;
    out.channels = 3;
    out.u8.clear();
    for (const uint8_t v : image.u8) out.u8.insert(out.u8.end(), 3, v);
    return out;
  }
  fs::path path_;
  double fps_;
  FrameKinds kinds_;
  std::vector<std::vector<Layer>> frames_;
};

/// Raw float32, not clamped.
class TensorOutput final : public FrameOutput {
 public:
  TensorOutput(fs::path path, FrameKinds kinds) : path_(std::move(path)), kinds_(kinds) {
    check_writable(path_);
  }
  void add(const SplatPicture& picture, Job&) override {
    if (count_++ == 0) {
      width_ = picture.width;
      height_ = picture.height;
    } else if (picture.width != width_ || picture.height != height_) {
      throw Error(ErrorCode::usage, "the cameras differ in size")
          .with_hint("write into a folder instead");
    }
    planar(picture.rgb, 3, images_);
    if (kinds_.depth) planar(mean_depth(picture), 1, depth_);
    if (kinds_.alpha) planar(picture.alpha, 1, alpha_);
    if (kinds_.normal) planar(picture.normal, 3, normal_);
  }
  void finish(Job&) override {
    std::vector<TensorRecord> records;
    const auto keep = [&](const char* name, const std::vector<float>& values, int64_t channels) {
      TensorRecord record;
      record.name = name;
      record.shape = {count_, channels, height_, width_};
      record.strides = {channels * height_ * width_, static_cast<int64_t>(height_) * width_, width_,
                        1};
      record.bytes = std::as_bytes(std::span(values));
      records.push_back(std::move(record));
    };
    keep("images", images_, 3);
    if (kinds_.depth) keep("depth", depth_, 1);
    if (kinds_.alpha) keep("alpha", alpha_, 1);
    if (kinds_.normal) keep("normal", normal_, 3);
    write_safetensors(path_, records);
  }

 private:
  static void planar(const std::vector<float>& picture, size_t channels, std::vector<float>& out) {
    const size_t pixels = picture.size() / channels;
    out.reserve(out.size() + picture.size());
    for (size_t c = 0; c < channels; ++c) {
      for (size_t p = 0; p < pixels; ++p) out.push_back(picture[channels * p + c]);
    }
  }
  fs::path path_;
  FrameKinds kinds_;
  int64_t count_ = 0;
  int width_ = 0, height_ = 0;
  std::vector<float> images_, depth_, alpha_, normal_;
};

}  // namespace

std::vector<float> mean_depth(const SplatPicture& picture) {
  constexpr float kLeastAlpha = 0.01f;
  std::vector<float> depth(picture.depth.size());
  for (size_t i = 0; i < depth.size(); ++i) {
    depth[i] = picture.alpha[i] < kLeastAlpha ? 0.f : picture.depth[i] / picture.alpha[i];
  }
  return depth;
}

std::unique_ptr<FrameOutput> make_frame_output(const fs::path& path, int64_t frames, double fps,
                                               const FrameKinds& kinds) {
  if (path.extension() == ".safetensors") return std::make_unique<TensorOutput>(path, kinds);
  if (is_writable_video_name(path)) return std::make_unique<FilmOutput>(path, fps, kinds);
  if (path.has_extension() && !fs::is_directory(path)) {
    return std::make_unique<PictureOutput>(path, frames, kinds);
  }
  return std::make_unique<FolderOutput>(path, kinds);
}

}  // namespace vane
