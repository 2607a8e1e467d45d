// SPDX-License-Identifier: Apache-2.0
#include "gui/session/scene_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "generators/splats/splat_raster.h"

namespace vane {
namespace {

using Colour = std::array<float, 3>;

constexpr float kLeastAlpha = 0.02f;
// A little below what is taken for being there (SearchOptions::threshold).
constexpr float kLeastRelevancy = 0.4f;
constexpr Colour kSelected{1.f, 0.62f, 0.1f};
constexpr float kDimmed = 0.35f;
constexpr double kLeastShare = 0.15;

uint8_t channel_byte(float value) {
  return static_cast<uint8_t>(std::lround(255 * std::clamp(value, 0.f, 1.f)));
}

/// Blue over green and yellow to red.
Colour heat(float t) {
  constexpr std::array<Colour, 5> kStops{{{0.19f, 0.28f, 0.85f},
                                          {0.1f, 0.72f, 0.85f},
                                          {0.35f, 0.85f, 0.3f},
                                          {1.f, 0.8f, 0.15f},
                                          {0.88f, 0.12f, 0.1f}}};
  const float at = std::clamp(t, 0.f, 1.f) * 4;
  const auto below = static_cast<size_t>(std::min(at, 3.f));
  const float part = at - static_cast<float>(below);
  Colour colour{};
  for (size_t c = 0; c < 3; ++c) {
    colour[c] = kStops[below][c] + part * (kStops[below + 1][c] - kStops[below][c]);
  }
  return colour;
}

void lay(float* rgb, const Colour& colour, float opacity) {
  for (size_t c = 0; c < 3; ++c) rgb[c] += opacity * (colour[c] - rgb[c]);
}

/// Relevancy and selection [N,2] of the Gaussians that are there.
std::vector<float> overlay_features(const SceneDrawing& drawing) {
  const auto size = static_cast<size_t>(drawing.cloud->size());
  std::vector<uint8_t> chosen(drawing.relevancy->size(), 0);
  if (drawing.selected) {
    for (const int64_t row : *drawing.selected) chosen[static_cast<size_t>(row)] = 1;
  }
  std::vector<float> features(2 * size);
  for (size_t i = 0; i < size; ++i) {
    const size_t row = drawing.rows ? static_cast<size_t>((*drawing.rows)[i]) : i;
    features[2 * i] = (*drawing.relevancy)[row];
    features[2 * i + 1] = chosen[row];
  }
  return features;
}

void lay_overlay(const SceneDrawing& drawing, const SplatRaster& raster, std::vector<float>& rgb) {
  if (!drawing.relevancy || drawing.overlay == SceneOverlay::none) return;
  std::vector<float> alpha(rgb.size() / 3);
  const std::vector<float> maps =
      raster.draw_features(overlay_features(drawing).data(), 2, alpha.data());
  const auto opacity = static_cast<float>(drawing.opacity);
  const float top =
      std::max(*std::max_element(drawing.relevancy->begin(), drawing.relevancy->end()),
               kLeastRelevancy + 0.01f);
  for (size_t i = 0; i < alpha.size(); ++i) {
    if (alpha[i] < kLeastAlpha) continue;
    const float relevancy = maps[2 * i] / alpha[i], share = maps[2 * i + 1] / alpha[i];
    float* const pixel = rgb.data() + 3 * i;
    if (drawing.overlay == SceneOverlay::selection) {
      lay(pixel, {0, 0, 0}, opacity * (1 - kDimmed) * (1 - share));
      lay(pixel, kSelected, 0.6f * opacity * share);
    } else if (relevancy > kLeastRelevancy) {
      const float t = (relevancy - kLeastRelevancy) / (top - kLeastRelevancy);
      // Faint where it is hardly more than its rivals, so that no edge is drawn there.
      lay(pixel, heat(t), opacity * alpha[i] * std::min(1.f, 4 * t));
    } else {
      lay(pixel, {0, 0, 0}, 0.45f * opacity);
    }
  }
}

/// Near is bright.
std::vector<float> depth_picture(const SplatPicture& picture) {
  std::vector<float> depths;
  for (size_t i = 0; i < picture.depth.size(); ++i) {
    if (picture.alpha[i] > 0.5f) depths.push_back(picture.depth[i] / picture.alpha[i]);
  }
  float near = 0, far = 1;
  if (!depths.empty()) {
    const auto part = [&](double share) {
      const auto at =
          depths.begin() + static_cast<ptrdiff_t>(share * static_cast<double>(depths.size() - 1));
      std::nth_element(depths.begin(), at, depths.end());
      return *at;
    };
    near = part(0.01);
    far = std::max(part(0.99), near + 1e-6f);
  }
  std::vector<float> rgb(3 * picture.depth.size(), 0.f);
  for (size_t i = 0; i < picture.depth.size(); ++i) {
    if (picture.alpha[i] < kLeastAlpha) continue;
    const float depth = picture.depth[i] / picture.alpha[i];
    const float light = 1 - 0.85f * std::clamp((depth - near) / (far - near), 0.f, 1.f);
    for (size_t c = 0; c < 3; ++c) rgb[3 * i + c] = light * picture.alpha[i];
  }
  return rgb;
}

std::vector<float> normal_picture(const SplatPicture& picture) {
  std::vector<float> rgb(picture.normal.size(), 0.f);
  for (size_t i = 0; i < picture.alpha.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      rgb[3 * i + c] = 0.5f * (picture.normal[3 * i + c] + picture.alpha[i]);
    }
  }
  return rgb;
}

}  // namespace

Image draw_scene(const SceneDrawing& drawing, double share) {
  const auto side = [share](int pixels) {
    return std::max(1, static_cast<int>(std::lround(share * pixels)));
  };
  const Camera camera =
      drawing.camera.resized(side(drawing.camera.width), side(drawing.camera.height));
  RasterOptions options;
  options.active_sh_degree = drawing.cloud->sh_degree;
  const SplatRaster raster(*drawing.cloud, camera, options);
  SplatPicture picture =
      raster.draw(drawing.look == SceneLook::depth, drawing.look == SceneLook::normals);
  std::vector<float> rgb = drawing.look == SceneLook::depth     ? depth_picture(picture)
                           : drawing.look == SceneLook::normals ? normal_picture(picture)
                                                                : std::move(picture.rgb);
  lay_overlay(drawing, raster, rgb);
  Image image;
  image.width = camera.width;
  image.height = camera.height;
  image.u8.resize(image.sample_count());
  for (size_t i = 0; i < rgb.size(); ++i) image.u8[i] = channel_byte(rgb[i]);
  return image;
}

double DraftSize::share(double wanted_ms) const {
  if (full_ms_ <= wanted_ms) return 1;
  return std::max(std::sqrt(wanted_ms / full_ms_), kLeastShare);
}

void DraftSize::note(double share, double ms) {
  // Drawing costs by the pixel, mostly.
  const double full = ms / (share * share);
  full_ms_ = full_ms_ <= 0 ? full : 0.5 * (full_ms_ + full);
}

}  // namespace vane
