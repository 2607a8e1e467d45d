// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/fit_views.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

/// 8-bit RGB over the background.
Image over(const Image& image, const std::array<float, 3>& background) {
  if (!image.has_alpha()) return to_rgb8(image);
  Image out;
  out.width = image.width;
  out.height = image.height;
  const auto pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  const auto channels = static_cast<size_t>(image.channels);
  const float most = image.depth == 8 ? 255.f : 65535.f;
  const auto sample = [&](size_t i) {
    return static_cast<float>(image.depth == 8 ? image.u8[i] : image.u16[i]) / most;
  };
  for (size_t p = 0; p < pixels; ++p) {
    const float alpha = sample(channels * p + channels - 1);
    for (size_t c = 0; c < 3; ++c) {
      const float value = sample(channels * p + (image.is_grey() ? 0 : c));
      out.u8.push_back(
          static_cast<uint8_t>(std::lround(255 * (alpha * value + (1 - alpha) * background[c]))));
    }
  }
  return out;
}

}  // namespace

std::vector<float> FitView::target() const {
  std::vector<float> out(rgb.size());
  for (size_t i = 0; i < rgb.size(); ++i) out[i] = static_cast<float>(rgb[i]) / 255.f;
  return out;
}

std::vector<FitView> read_fit_views(const SceneData& data, const std::vector<size_t>& views,
                                    int64_t max_side, const Limits& limits, Job& job) {
  std::vector<FitView> out;
  for (const size_t v : views) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(out.size()), static_cast<int64_t>(views.size()),
                 "reading photographs");
    const SceneView& view = data.views[v];
    DecodeOptions options;
    options.limits = limits;
    options.apply_orientation = false;  // cameras are of the stored picture
    Image image = over(read_image(view.image, options), view.camera.background);
    Camera camera = view.camera;
    if (image.width != camera.width || image.height != camera.height) {
      throw Error(ErrorCode::input, "the picture is " + std::to_string(image.width) + "x" +
                                        std::to_string(image.height) + ", its camera " +
                                        std::to_string(camera.width) + "x" +
                                        std::to_string(camera.height))
          .in_file(view.image);
    }
    if (std::max(image.width, image.height) > max_side) {
      camera = camera.at_most(max_side);
      image = resize_u8(image, camera.width, camera.height);
    }
    out.push_back({view.name, camera, std::move(image.u8)});
  }
  return out;
}

std::vector<uint8_t> to_bytes(const std::vector<float>& rgb) {
  std::vector<uint8_t> out(rgb.size());
  for (size_t i = 0; i < rgb.size(); ++i) {
    out[i] = static_cast<uint8_t>(std::lround(255 * std::clamp(rgb[i], 0.f, 1.f)));
  }
  return out;
}

}  // namespace vane
