// SPDX-License-Identifier: Apache-2.0
#include "engine/data/backlight.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/base/error.h"

namespace vane {
namespace {

/// A closed outline around a centre: its radius at an angle.
struct Outline {
  float x = 0, y = 0;
  /// Superellipse of these half axes and this exponent; without an exponent a polygon.
  float a = 1, b = 1, exponent = 2, turn = 0;
  std::vector<float> corners;

  bool holds(float px, float py) const {
    const float dx = px - x, dy = py - y, c = std::cos(turn), s = std::sin(turn);
    const float u = (c * dx + s * dy) / a, v = (c * dy - s * dx) / b;
    if (corners.empty()) {
      return std::pow(std::abs(u), exponent) + std::pow(std::abs(v), exponent) < 1;
    }
    // Straight lines between corners at equal angles.
    const float tau = 2 * std::numbers::pi_v<float>;
    const float at = (std::atan2(v, u) / tau + 0.5f) * static_cast<float>(corners.size());
    const auto i = static_cast<size_t>(at) % corners.size();
    const float step = tau / static_cast<float>(corners.size());
    const float first = corners[i], second = corners[(i + 1) % corners.size()];
    const float within = (at - std::floor(at)) * step;
    // The ray at `within` from the first corner meets the line between both.
    const float along = first * second * std::sin(step) /
                        (first * std::sin(within) + second * std::sin(step - within));
    return std::hypot(u, v) < along;
  }
};

Outline random_outline(float width, float height, float share, Rng& rng) {
  Outline outline;
  outline.x = width * rng.uniform(0.15f, 0.85f);
  outline.y = height * rng.uniform(0.25f, 0.95f);
  // An ellipse of this share of the frame has the area pi a b.
  const float aspect = std::exp2(rng.uniform(-1.f, 1.f));
  const float area = share * width * height / std::numbers::pi_v<float>;
  outline.a = std::sqrt(area * aspect);
  outline.b = std::sqrt(area / aspect);
  outline.turn = rng.uniform(-0.6f, 0.6f);
  outline.exponent = rng.uniform(1.6f, 5.f);
  if (rng.chance(0.4f)) {
    outline.corners.resize(5 + rng.below(6));
    for (float& corner : outline.corners) corner = rng.uniform(0.7f, 1.3f);
  }
  return outline;
}

std::vector<float> encoded_luma(const Raster& picture) {
  std::vector<float> luma(picture.pixels());
  for (size_t i = 0; i < luma.size(); ++i) luma[i] = linear_to_srgb(luminance(&picture.rgb[3 * i]));
  return luma;
}

/// Means over windows of 2 radius + 1 pixels that are cut off at the borders.
std::vector<float> box_mean(const std::vector<float>& plane, int width, int height, int radius) {
  const auto pass = [&](const std::vector<float>& in, int lines, int length, int next, int step) {
    std::vector<float> out(in.size());
    for (int line = 0; line < lines; ++line) {
      const auto at = [&](int i) { return static_cast<size_t>(line * next + i * step); };
      double sum = 0;
      for (int i = 0; i < std::min(radius, length); ++i) sum += in[at(i)];
      for (int i = 0; i < length; ++i) {
        if (i + radius < length) sum += in[at(i + radius)];
        if (i - radius - 1 >= 0) sum -= in[at(i - radius - 1)];
        const int count = std::min(i + radius, length - 1) - std::max(i - radius, 0) + 1;
        out[at(i)] = static_cast<float>(sum / count);
      }
    }
    return out;
  };
  return pass(pass(plane, height, width, width, 1), width, height, 1, width);
}

std::vector<float> product(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> out(a.size());
  for (size_t i = 0; i < a.size(); ++i) out[i] = a[i] * b[i];
  return out;
}

float mean_luminance(const Raster& picture, const std::vector<float>& weight) {
  double sum = 0, total = 0;
  for (size_t i = 0; i < picture.pixels(); ++i) {
    sum += double(weight[i]) * luminance(&picture.rgb[3 * i]);
    total += weight[i];
  }
  return total > 0 ? static_cast<float>(sum / total) : 0.f;
}

void check_subject(const Raster& picture, const std::vector<float>& subject) {
  if (subject.size() != picture.pixels()) {
    throw Error(ErrorCode::internal, "a subject must have the size of its picture");
  }
}

}  // namespace

Backlight random_backlight(Rng& rng) {
  Backlight light;
  light.subject_ev = -rng.uniform(1.5f, 4.f);
  light.background_ev = rng.uniform(0.f, 0.7f);
  light.glare = 0.02 * rng.uniform();
  light.shot_noise = 4e-3 * rng.uniform();
  light.read_noise = 4e-3 * rng.uniform();
  return light;
}

Backlight backlight_preset(const std::string& name) {
  if (name == "bl-easy") return {.subject_ev = -1.5};
  if (name == "bl-mid" || name == "bl-scene") return {.subject_ev = -2.5};
  if (name == "bl-hard") return {.subject_ev = -3.5, .shot_noise = 2e-3, .read_noise = 2e-3};
  if (name == "ok") return {.subject_ev = 0, .background_ev = 0, .glare = 0};
  throw Error(ErrorCode::usage, "there is no backlight preset " + name)
      .with_hint("bl-easy, bl-mid, bl-hard, bl-scene or ok");
}

std::vector<float> random_subject(const Raster& picture, Rng& rng) {
  const auto width = static_cast<float>(picture.width), height = static_cast<float>(picture.height);
  std::vector<float> mask(picture.pixels());
  for (int attempt = 0; attempt < 16; ++attempt) {
    const int count = 1 + static_cast<int>(rng.below(3));
    const float share = rng.uniform(0.2f, 0.6f) / static_cast<float>(count);
    std::vector<Outline> outlines;
    for (int i = 0; i < count; ++i) outlines.push_back(random_outline(width, height, share, rng));
    size_t covered = 0;
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width; ++x) {
        const bool inside = std::any_of(outlines.begin(), outlines.end(), [&](const Outline& o) {
          return o.holds(static_cast<float>(x), static_cast<float>(y));
        });
        mask[static_cast<size_t>(y * picture.width + x)] = inside ? 1.f : 0.f;
        covered += inside;
      }
    }
    const float part = static_cast<float>(covered) / static_cast<float>(mask.size());
    if (part >= 0.15f && part <= 0.55f) break;
  }
  const int radius = std::max(2, std::max(picture.width, picture.height) / 50);
  return follow_edges(mask, picture, radius, 1e-3f);
}

std::vector<float> darker_side(const Raster& picture, Rng& rng) {
  const int side = std::max(picture.width, picture.height);
  const int scale = std::max(
      1, static_cast<int>(std::lround(static_cast<float>(side) * rng.uniform(0.01f, 0.05f))));
  std::vector<float> seen = box_mean(encoded_luma(picture), picture.width, picture.height, scale);
  seen = box_mean(seen, picture.width, picture.height, scale);
  std::vector<float> ordered = seen;
  const auto at = ordered.begin() + static_cast<ptrdiff_t>(rng.uniform(0.2f, 0.7f) *
                                                           static_cast<float>(ordered.size() - 1));
  std::nth_element(ordered.begin(), at, ordered.end());
  std::vector<float> mask(seen.size());
  for (size_t i = 0; i < mask.size(); ++i) mask[i] = seen[i] <= *at ? 1.f : 0.f;
  return follow_edges(mask, picture, std::max(2, side / 40), 1e-3f);
}

std::vector<float> shaded_side(const Raster& picture, Rng& rng) {
  const auto width = static_cast<float>(picture.width), height = static_cast<float>(picture.height);
  const int side = std::max(picture.width, picture.height);
  // Towards the shade: below, or any way at all.
  const float tau = 2 * std::numbers::pi_v<float>;
  const float angle = rng.chance(0.6f) ? tau / 4 + rng.uniform(-0.25f, 0.25f) : rng.uniform() * tau;
  const float c = std::cos(angle), s = std::sin(angle);
  const float reach = std::abs(c) * width + std::abs(s) * height;
  const float border = rng.uniform(-0.15f, 0.25f) * reach;
  const float soft = std::exp(rng.uniform(std::log(0.004f), std::log(0.12f))) * reach;
  const float wave = rng.uniform(0.f, 0.08f) * reach, length = rng.uniform(0.3f, 1.5f) * reach;
  const float phase = rng.uniform() * tau;
  std::vector<float> mask(picture.pixels());
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const float dx = static_cast<float>(x) - width / 2, dy = static_cast<float>(y) - height / 2;
      const float across = c * dx + s * dy, along = c * dy - s * dx;
      const float beyond = across - border - wave * std::sin(tau * along / length + phase);
      mask[static_cast<size_t>(y * picture.width + x)] = 1 / (1 + std::exp(-beyond / soft));
    }
  }
  if (!rng.chance(0.7f)) return mask;
  return follow_edges(mask, picture, std::max(2, side / 40), 1e-3f);
}

std::vector<float> follow_edges(const std::vector<float>& plane, const Raster& picture, int radius,
                                float epsilon) {
  check_subject(picture, plane);
  const int w = picture.width, h = picture.height;
  const std::vector<float> guide = encoded_luma(picture);
  const std::vector<float> mean_guide = box_mean(guide, w, h, radius);
  const std::vector<float> mean_plane = box_mean(plane, w, h, radius);
  std::vector<float> slope = box_mean(product(guide, plane), w, h, radius);
  const std::vector<float> square = box_mean(product(guide, guide), w, h, radius);
  std::vector<float> offset(slope.size());
  for (size_t i = 0; i < slope.size(); ++i) {
    const float covariance = slope[i] - mean_guide[i] * mean_plane[i];
    const float variance = std::max(0.f, square[i] - mean_guide[i] * mean_guide[i]);
    slope[i] = covariance / (variance + epsilon);
    offset[i] = mean_plane[i] - slope[i] * mean_guide[i];
  }
  slope = box_mean(slope, w, h, radius);
  offset = box_mean(offset, w, h, radius);
  std::vector<float> out(slope.size());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = std::clamp(slope[i] * guide[i] + offset[i], 0.f, 1.f);
  }
  return out;
}

Raster under_backlight(const Raster& picture, const std::vector<float>& subject,
                       const Backlight& light, Rng& rng) {
  check_subject(picture, subject);
  std::vector<float> background(subject.size());
  for (size_t i = 0; i < subject.size(); ++i) background[i] = 1 - subject[i];
  const float veil = static_cast<float>(light.glare) * mean_luminance(picture, background);
  const auto shot = static_cast<float>(light.shot_noise);
  const auto read = static_cast<float>(light.read_noise * light.read_noise);
  const bool noisy = shot > 0 || read > 0;
  Raster out(picture.width, picture.height);
  for (size_t i = 0; i < subject.size(); ++i) {
    const double stops = light.subject_ev * subject[i] + light.background_ev * background[i];
    const auto gain = static_cast<float>(std::exp2(stops));
    for (size_t c = 3 * i; c < 3 * i + 3; ++c) {
      float value = picture.rgb[c] * gain + veil;
      if (noisy) value += std::sqrt(shot * value + read) * rng.normal();
      out.rgb[c] = std::clamp(value, 0.f, 1.f);
    }
  }
  return out;
}

bool is_backlit(const Raster& backlit, const std::vector<float>& subject) {
  check_subject(backlit, subject);
  std::vector<float> lumas;
  size_t clipped = 0;
  for (size_t i = 0; i < backlit.pixels(); ++i) {
    const float* rgb = &backlit.rgb[3 * i];
    clipped += std::max({rgb[0], rgb[1], rgb[2]}) >= 1;
    if (subject[i] > 0.5f) lumas.push_back(linear_to_srgb(luminance(rgb)));
  }
  if (lumas.empty() || 5 * clipped > backlit.pixels()) return false;
  const auto middle = lumas.begin() + static_cast<ptrdiff_t>(lumas.size() / 2);
  std::nth_element(lumas.begin(), middle, lumas.end());
  return *middle <= 0.35f;
}

}  // namespace vane
