// SPDX-License-Identifier: Apache-2.0
#include "editing/enhance_masks.h"

#include <algorithm>
#include <cmath>

#include "editing/enhance_source.h"
#include "editing/mask_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// A smaller copy of the photograph's shape is off by the rounding of its sides.
constexpr double kShapeTolerance = 0.02;

std::string stem_of(const fs::path& name) {
  return (name.parent_path() / name.stem()).lexically_normal().string();
}

std::string content_of(const fs::path& path, const Limits& limits) {
  return hex64(read_photo_source(path, limits).identity.hash);
}

Image read_picture(const fs::path& path, const Limits& limits) {
  DecodeOptions options;
  options.limits = limits;
  return read_image(path, options);
}

void check_shape(const Image& mask, const Image& upright) {
  const double height = double(mask.width) * upright.height / upright.width;
  if (std::abs(height - mask.height) <= std::max(1.0, kShapeTolerance * mask.height)) return;
  throw Error(ErrorCode::input,
              "the mask is " + std::to_string(mask.width) + "x" + std::to_string(mask.height) +
                  ", which is not the shape of the upright photograph (" +
                  std::to_string(upright.width) + "x" + std::to_string(upright.height) + ")")
      .with_hint("give --mask a folder with a mask for each photograph");
}

/// Mean over 2 radius + 1 neighbours of `count` values that lie `stride` apart.
void blur_line(float* values, int64_t count, int64_t stride, int64_t radius,
               std::vector<float>& line) {
  line.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) line[static_cast<size_t>(i)] = values[i * stride];
  const auto at = [&](int64_t i) {
    return double{line[static_cast<size_t>(std::clamp<int64_t>(i, 0, count - 1))]};
  };
  double sum = 0;
  for (int64_t i = -radius; i <= radius; ++i) sum += at(i);
  for (int64_t i = 0; i < count; ++i) {
    values[i * stride] = static_cast<float>(sum / static_cast<double>(2 * radius + 1));
    sum += at(i + radius + 1) - at(i - radius);
  }
}

}  // namespace

Tensor feathered(const Tensor& mask, double pixels) {
  // Three means in a row are close to a Gaussian; each reaches a third of the way.
  const auto radius = static_cast<int64_t>(std::lround(pixels / 3));
  Tensor out = mask.clone();
  if (radius < 1) return out;
  const int64_t height = out.size(2), width = out.size(3);
  float* const values = out.mutable_data_ptr<float>();
  std::vector<float> line;
  for (int pass = 0; pass < 3; ++pass) {
    for (int64_t y = 0; y < height; ++y) blur_line(values + y * width, width, 1, radius, line);
    for (int64_t x = 0; x < width; ++x) blur_line(values + x, height, width, radius, line);
  }
  return out.clamp_(0, 1);
}

EnhanceMasks::EnhanceMasks(const MaskRequest& request) : request_(request) {
  const std::string& source = request_.source;
  if (source.empty()) {
    if (request_.invert || request_.feather > 0) {
      throw Error(ErrorCode::usage, "--mask-invert and --feather need --mask");
    }
    return;
  }
  std::error_code ignored;
  from_folder_ = fs::is_directory(source, ignored);
  if (from_folder_) {
    for (const fs::path& name : picture_names(source, true)) {
      by_stem_[stem_of(name)].push_back(fs::path(source) / name);
    }
  } else if (!is_mask_phrase(source)) {
    single_ = read_picture(source, request_.limits);
    single_identity_ = content_of(source, request_.limits);
  }
}

const fs::path& EnhanceMasks::file_of(const PhotoTask& task) const {
  const fs::path below =
      task.root.empty() ? fs::path() : task.output.lexically_relative(task.root).parent_path();
  auto found = by_stem_.find(stem_of(below / task.input.filename()));
  if (found == by_stem_.end()) found = by_stem_.find(task.input.stem().string());
  if (found == by_stem_.end()) {
    throw Error(ErrorCode::input, "there is no mask \"" + task.input.stem().string() +
                                      "\" in the folder " + request_.source)
        .in_file(task.input);
  }
  if (found->second.size() > 1) {
    throw Error(ErrorCode::input,
                "it is not clear which mask is meant: " + found->second[0].string() + " or " +
                    found->second[1].string())
        .in_file(task.input);
  }
  return found->second.front();
}

std::string EnhanceMasks::identity(const PhotoTask& task) const {
  if (!wanted()) return {};
  const std::string how =
      std::to_string(int{request_.invert}) + " " + std::to_string(request_.feather) + " ";
  if (from_folder_) return how + content_of(file_of(task), request_.limits);
  if (single_) return how + single_identity_;
  return how + request_.clip + " " + request_.source;
}

std::optional<Image> EnhanceMasks::read(const PhotoTask& task) const {
  if (from_folder_) return read_picture(file_of(task), request_.limits);
  return single_;
}

Tensor EnhanceMasks::mask_for(const Image& upright, const std::optional<Image>& picture,
                              Job& job) const {
  if (picture) check_shape(*picture, upright);
  const Image found =
      picture ? *picture : read_mask(request_.source, upright, request_.clip, request_.limits, job);
  Tensor mask = mask_to_tensor(found);
  if (request_.invert) mask = 1 - mask;
  const double scale = double(found.width) / upright.width;
  if (request_.feather > 0) mask = feathered(mask.contiguous(), request_.feather * scale);
  return resize_bilinear(mask, upright.height, upright.width).clamp(0, 1).contiguous();
}

}  // namespace vane
