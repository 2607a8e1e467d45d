// SPDX-License-Identifier: Apache-2.0
#include "engine/data/tone.h"

#include <algorithm>
#include <cmath>

namespace vane {
namespace {

void expose(Raster& p, float stops) {
  const float gain = std::exp2(stops);
  for (float& v : p.rgb) v *= gain;
}

/// Leaves values below 0.7 alone and bends the rest towards 1, as a film's shoulder does.
void shoulder(Raster& p) {
  for (float& v : p.rgb) {
    if (v > 0.7f) v = 0.7f + 0.3f * (1.f - std::exp(-(v - 0.7f) / 0.3f));
  }
}

/// Applies `curve` to encoded samples.
template <class Curve>
void map_encoded(Raster& p, Curve curve) {
  for (float& v : p.rgb) v = srgb_to_linear(curve(linear_to_srgb(std::min(v, 1.f))));
}

void scale_channels(Raster& p, std::array<float, 3> gain) {
  for (size_t i = 0; i < p.pixels(); ++i) {
    for (size_t c = 0; c < 3; ++c) p.rgb[3 * i + c] *= gain[c];
  }
}

float distance_from_centre(const Raster& p, size_t i) {
  const float x = (static_cast<float>(i % size_t(p.width)) + 0.5f) / static_cast<float>(p.width);
  const float y = (static_cast<float>(i / size_t(p.width)) + 0.5f) / static_cast<float>(p.height);
  return std::hypot(x - 0.5f, y - 0.5f) / 0.7071f;
}

/// Soft ellipse where a subject would stand.
std::vector<float> subject_blob(const Raster& p, Rng& rng) {
  const float cx = rng.uniform(0.3f, 0.7f), cy = rng.uniform(0.4f, 0.8f);
  const float rx = rng.uniform(0.15f, 0.35f), ry = rng.uniform(0.2f, 0.5f);
  std::vector<float> mask(p.pixels());
  for (size_t i = 0; i < mask.size(); ++i) {
    const float x = (static_cast<float>(i % size_t(p.width)) + 0.5f) / static_cast<float>(p.width);
    const float y = (static_cast<float>(i / size_t(p.width)) + 0.5f) / static_cast<float>(p.height);
    const float d = std::hypot((x - cx) / rx, (y - cy) / ry);
    mask[i] = 1.f / (1.f + std::exp(8.f * (d - 1.f)));
  }
  return mask;
}

}  // namespace

void brighten(Raster& p, float s, Rng& rng) {
  if (rng.chance(0.5f)) {
    expose(p, 0.4f + 1.4f * s);
    shoulder(p);
  } else {
    const float gamma = 0.85f - 0.45f * s;
    map_encoded(p, [&](float v) { return std::pow(v, gamma); });
  }
}

void darken(Raster& p, float s, Rng& rng) {
  if (rng.chance(0.6f)) {
    expose(p, -0.6f - 2.2f * s);
  } else {
    const float gamma = 1.3f + 1.3f * s;
    map_encoded(p, [&](float v) { return std::pow(v, gamma); });
  }
}

void overexpose(Raster& p, float s) { expose(p, 1.3f + 1.0f * s); }

void backlight(Raster& p, float s, Rng& rng, std::span<const float> subject) {
  const std::vector<float> mask = subject.size() == p.pixels()
                                      ? std::vector<float>(subject.begin(), subject.end())
                                      : subject_blob(p, rng);
  const float down = std::exp2(-1.2f - 2.2f * s), up = std::exp2(0.3f + 0.9f * s);
  // A strong light behind fills the background even when the photograph is dark there.
  const float fill = 0.12f + 0.3f * s;
  for (size_t i = 0; i < p.pixels(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      float& v = p.rgb[3 * i + c];
      v = mask[i] * v * down + (1.f - mask[i]) * (v * up + fill);
    }
  }
  Raster glare = p;
  gaussian_blur(glare.rgb, p.width, p.height, 3, 0.1f * static_cast<float>(p.width));
  for (size_t i = 0; i < p.rgb.size(); ++i) p.rgb[i] += 0.05f * s * glare.rgb[i];
  shoulder(p);
}

void shift_temperature(Raster& p, float amount, Rng& rng) {
  const float green = rng.uniform(-0.06f, 0.06f);
  std::array<float, 3> gain = {std::exp(amount), std::exp(green), std::exp(-1.3f * amount)};
  // Daylight grey keeps its luminance.
  const float keep = luminance(gain.data());
  for (float& g : gain) g /= keep;
  scale_channels(p, gain);
}

void tint(Raster& p, std::array<float, 3> colour, float s) {
  const float share = 0.3f + 0.55f * s;
  const float keep = 0.35f + 0.65f * luminance(colour.data());
  for (size_t i = 0; i < p.pixels(); ++i) {
    const float y = luminance(&p.rgb[3 * i]);
    for (size_t c = 0; c < 3; ++c) {
      float& v = p.rgb[3 * i + c];
      v += share * (y * colour[c] / keep - v);
    }
  }
}

void saturate(Raster& p, float factor) {
  for (size_t i = 0; i < p.pixels(); ++i) {
    float e[3];
    for (size_t c = 0; c < 3; ++c) e[c] = linear_to_srgb(std::min(p.rgb[3 * i + c], 1.f));
    const float y = 0.299f * e[0] + 0.587f * e[1] + 0.114f * e[2];
    for (size_t c = 0; c < 3; ++c) {
      p.rgb[3 * i + c] = srgb_to_linear(std::min(y + factor * (e[c] - y), 1.f));
    }
  }
}

void to_monochrome(Raster& p, Rng& rng) {
  // The weights of a coloured filter before black and white film.
  float w[3] = {rng.uniform(0.15f, 0.5f), rng.uniform(0.3f, 0.75f), rng.uniform(0.03f, 0.25f)};
  const float sum = w[0] + w[1] + w[2];
  for (size_t i = 0; i < p.pixels(); ++i) {
    float* v = &p.rgb[3 * i];
    const float y = (w[0] * v[0] + w[1] * v[1] + w[2] * v[2]) / sum;
    v[0] = v[1] = v[2] = y;
  }
  if (rng.chance(0.4f)) steepen(p, rng.uniform(1.1f, 1.6f));
}

void to_sepia(Raster& p, float s, Rng& rng) {
  to_monochrome(p, rng);
  scale_channels(p, {1.f + 0.25f * s + 0.1f, 0.95f, 0.72f - 0.35f * s});
  if (rng.chance(0.5f)) flatten(p, rng.uniform(0.7f, 0.95f), rng);
}

void add_haze(Raster& p, float s, Rng& rng) {
  float mean = 0;
  for (size_t i = 0; i < p.pixels(); ++i) mean += luminance(&p.rgb[3 * i]);
  mean /= static_cast<float>(p.pixels());
  const float light = std::max(rng.uniform(0.5f, 0.85f), std::min(mean + 0.15f, 0.95f));
  const float cast = rng.uniform(-0.05f, 0.06f);
  const std::array<float, 3> air = {light * (1.f - cast), light, light * (1.f + cast)};
  const float near = std::exp(-(0.15f + 0.5f * s)), far = std::exp(-(0.5f + 1.0f * s));
  const float horizon = rng.uniform(0.2f, 0.6f);
  for (size_t i = 0; i < p.pixels(); ++i) {
    const float y = (static_cast<float>(i / size_t(p.width)) + 0.5f) / static_cast<float>(p.height);
    const float depth = std::clamp(1.f - (y - horizon) / (1.f - horizon), 0.f, 1.f);
    const float transmission = near + (far - near) * depth;
    for (size_t c = 0; c < 3; ++c) {
      float& v = p.rgb[3 * i + c];
      v = v * transmission + air[c] * (1.f - transmission);
    }
  }
}

void defocus(Raster& p, float s, Rng& rng) {
  const float scale = static_cast<float>(p.width) / 64.f;
  const float sigma = scale * (0.9f + 2.0f * s);
  if (rng.chance(0.7f)) return gaussian_blur(p.rgb, p.width, p.height, 3, sigma);
  // Motion: the mean of shifted copies along a line.
  const float angle = rng.uniform(0.f, 3.14159f), length = 3.f * sigma;
  const int taps = std::max(3, static_cast<int>(std::ceil(2.f * length)));
  Raster out(p.width, p.height);
  for (int t = 0; t < taps; ++t) {
    const float along = (static_cast<float>(t) / static_cast<float>(taps - 1) - 0.5f) * length;
    const int dx = static_cast<int>(std::lround(along * std::cos(angle)));
    const int dy = static_cast<int>(std::lround(along * std::sin(angle)));
    for (int y = 0; y < p.height; ++y) {
      for (int x = 0; x < p.width; ++x) {
        const int sx = std::clamp(x + dx, 0, p.width - 1);
        const int sy = std::clamp(y + dy, 0, p.height - 1);
        for (int c = 0; c < 3; ++c) {
          out.rgb[size_t((y * p.width + x) * 3 + c)] +=
              p.rgb[size_t((sy * p.width + sx) * 3 + c)] / static_cast<float>(taps);
        }
      }
    }
  }
  p = std::move(out);
}

void add_noise(Raster& p, float s, Rng& rng) {
  const float sigma = 0.04f + 0.09f * s;
  const bool grain = rng.chance(0.4f);
  std::vector<float> noise(p.rgb.size());
  for (size_t i = 0; i < p.pixels(); ++i) {
    const float common = rng.normal();
    for (size_t c = 0; c < 3; ++c) {
      noise[3 * i + c] = grain ? common : 0.75f * common + 0.65f * rng.normal();
    }
  }
  if (grain) {
    gaussian_blur(noise, p.width, p.height, 3, 0.5f);
    for (float& v : noise) v *= 1.5f;
  }
  for (size_t i = 0; i < p.rgb.size(); ++i) {
    const float encoded = linear_to_srgb(std::min(p.rgb[i], 1.f)) + sigma * noise[i];
    p.rgb[i] = srgb_to_linear(std::clamp(encoded, 0.f, 1.f));
  }
}

void steepen(Raster& p, float slope) {
  map_encoded(p, [&](float v) {
    // A logistic curve through (0,0), (1/2,1/2), (1,1) whose middle is `slope` times as steep.
    const float k = 3.2f * (slope - 1.f) + 0.01f;
    const auto logistic = [&](float x) { return 1.f / (1.f + std::exp(-k * (x - 0.5f) * 2.f)); };
    const float low = logistic(0.f), high = logistic(1.f);
    return (logistic(v) - low) / (high - low);
  });
}

void flatten(Raster& p, float range, Rng& rng) {
  const float middle = rng.uniform(0.42f, 0.58f);
  map_encoded(p, [&](float v) { return middle + range * (v - 0.5f); });
}

void flatten_darkly(Raster& p, Rng& rng) {
  const float range = rng.uniform(0.25f, 0.7f);
  const float middle = rng.uniform(0.5f * range, 0.45f);
  map_encoded(p, [&](float v) { return middle + range * (v - 0.5f); });
}

void bend_tones(Raster& p, Rng& rng) {
  std::array<float, 7> curve{};
  for (size_t k = 0; k < curve.size(); ++k) {
    curve[k] = std::clamp(static_cast<float>(k) / 6.f + rng.uniform(-0.3f, 0.3f), 0.f, 1.f);
  }
  map_encoded(p, [&](float v) {
    const float at = std::clamp(v, 0.f, 1.f) * 6.f;
    const auto k = std::min<size_t>(static_cast<size_t>(at), 5);
    return curve[k] + (at - static_cast<float>(k)) * (curve[k + 1] - curve[k]);
  });
}

void golden_light(Raster& p, float s, Rng& rng) {
  shift_temperature(p, 0.22f + 0.28f * s, rng);
  // Low sun: a warm glow that comes from one side and veils what lies beside it.
  const float sun_x = rng.uniform(-0.1f, 1.1f), sun_y = rng.uniform(0.0f, 0.45f);
  const float radius = rng.uniform(0.3f, 0.6f), light = 0.15f + 0.4f * s;
  for (size_t i = 0; i < p.pixels(); ++i) {
    const float x = (static_cast<float>(i % size_t(p.width)) + 0.5f) / static_cast<float>(p.width);
    const float y = (static_cast<float>(i / size_t(p.width)) + 0.5f) / static_cast<float>(p.height);
    const float d = std::hypot(x - sun_x, y - sun_y) / radius;
    const float glow = light * std::exp(-0.5f * d * d);
    p.rgb[3 * i] += glow;
    p.rgb[3 * i + 1] += 0.62f * glow;
    p.rgb[3 * i + 2] += 0.22f * glow;
  }
  shoulder(p);
}

void night_light(Raster& p, float s, Rng& rng) {
  saturate(p, 0.75f - 0.3f * s);
  expose(p, -1.4f - 1.4f * s);
  shift_temperature(p, -(0.3f + 0.25f * s), rng);
  shade_corners(p, 0.35f);
}

void age_print(Raster& p, float s, Rng& rng) {
  saturate(p, 0.8f - 0.25f * s);
  const float lift = 0.08f + 0.12f * s;
  const float tone = rng.uniform(0.02f, 0.09f);
  for (size_t i = 0; i < p.pixels(); ++i) {
    float* v = &p.rgb[3 * i];
    const float y = linear_to_srgb(std::min(luminance(v), 1.f));
    for (size_t c = 0; c < 3; ++c) {
      const float faded = lift + (0.93f - lift) * linear_to_srgb(std::min(v[c], 1.f));
      // Highlights turn yellow, shadows blue-green, as old colour prints do.
      const float high[3] = {tone, 0.4f * tone, -1.2f * tone};
      const float low[3] = {-0.5f * tone, 0.2f * tone, 0.6f * tone};
      v[c] = srgb_to_linear(std::clamp(faded + y * high[c] + (1.f - y) * low[c], 0.f, 1.f));
    }
  }
  shade_corners(p, 0.3f + 0.3f * s);
  if (rng.chance(0.5f)) add_noise(p, 0.02f, rng);
}

void bloom(Raster& p, float s) {
  Raster glow = p;
  gaussian_blur(glow.rgb, p.width, p.height, 3, 0.05f * static_cast<float>(p.width));
  const float share = 0.35f + 0.45f * s;
  for (size_t i = 0; i < p.rgb.size(); ++i) {
    const float a = std::min(p.rgb[i], 1.f), b = std::min(share * glow.rgb[i] * 1.3f, 1.f);
    p.rgb[i] = 1.f - (1.f - a) * (1.f - b);
  }
  map_encoded(p, [&](float v) { return 0.06f * s + (1.f - 0.06f * s) * v; });
}

void shade_corners(Raster& p, float s) {
  for (size_t i = 0; i < p.pixels(); ++i) {
    const float d = distance_from_centre(p, i);
    const float gain = 1.f - s * std::clamp((d * d - 0.12f) * 1.25f, 0.f, 1.f);
    for (size_t c = 0; c < 3; ++c) p.rgb[3 * i + c] *= gain;
  }
}

void brood(Raster& p, float s, Rng& rng) {
  saturate(p, 0.65f - 0.3f * s);
  expose(p, -0.7f - 0.9f * s);
  steepen(p, 1.15f + 0.3f * s);
  shift_temperature(p, rng.uniform(-0.18f, 0.05f), rng);
  shade_corners(p, 0.5f);
}

void stain(Raster& p, float s, Rng& rng) {
  const uint32_t patches = 1 + rng.below(3);
  for (uint32_t n = 0; n < patches; ++n) {
    // A saturated colour: one channel full, one anywhere, one nearly absent.
    std::array<float, 3> colour = {1.f, rng.uniform(), 0.1f};
    for (size_t i = 2; i > 0; --i) std::swap(colour[i], colour[rng.below(uint32_t(i) + 1)]);
    const float cx = rng.uniform(), cy = rng.uniform(), radius = rng.uniform(0.12f, 0.4f);
    const float share = 0.3f + 0.5f * s, lift = rng.uniform(0.f, 0.12f);
    const uint32_t gate = rng.below(4);  // 2: lights only, 3: shadows only
    for (size_t i = 0; i < p.pixels(); ++i) {
      float* v = &p.rgb[3 * i];
      const float x =
          (static_cast<float>(i % size_t(p.width)) + 0.5f) / static_cast<float>(p.width);
      const float y =
          (static_cast<float>(i / size_t(p.width)) + 0.5f) / static_cast<float>(p.height);
      const float d = std::hypot(x - cx, y - cy) / radius;
      const float encoded = linear_to_srgb(luminance(v));
      const float admitted = gate == 2 ? encoded : gate == 3 ? 1.f - encoded : 1.f;
      const float amount = share * admitted * std::exp(-0.5f * d * d * d * d);
      const float level = luminance(v) / (0.3f + 0.7f * luminance(colour.data())) + lift;
      for (size_t c = 0; c < 3; ++c) v[c] += amount * (std::min(level * colour[c], 1.f) - v[c]);
    }
  }
}

void falsify_colours(Raster& p, float s, Rng& rng) {
  if (rng.chance(0.5f)) {
    const float angle = (0.9f + 2.2f * s) * (rng.chance(0.5f) ? 1.f : -1.f);
    const float cosine = std::cos(angle), sine = std::sin(angle);
    for (size_t i = 0; i < p.pixels(); ++i) {
      float* v = &p.rgb[3 * i];
      const float mean = (v[0] + v[1] + v[2]) / 3.f;
      const float a = v[0] - mean, b = (v[1] - v[2]) / 1.7320508f;
      const float ra = cosine * a - sine * b, rb = sine * a + cosine * b;
      v[0] = std::max(0.f, mean + ra);
      v[1] = std::max(0.f, mean - 0.5f * ra + 0.8660254f * rb);
      v[2] = std::max(0.f, mean - 0.5f * ra - 0.8660254f * rb);
    }
    return;
  }
  for (size_t c = 0; c < 3; ++c) {
    const float gamma = std::exp2(rng.uniform(-1.6f, 1.6f) * (0.4f + 0.6f * s));
    const bool bent = rng.chance(0.3f);
    for (size_t i = 0; i < p.pixels(); ++i) {
      float encoded = std::pow(linear_to_srgb(p.rgb[3 * i + c]), gamma);
      if (bent) encoded = 0.5f - 0.5f * std::cos(4.f * encoded);
      p.rgb[3 * i + c] = srgb_to_linear(encoded);
    }
  }
}

void grade_teal_orange(Raster& p, float s) {
  steepen(p, 1.1f + 0.35f * s);
  const float amount = 0.10f + 0.14f * s;
  for (size_t i = 0; i < p.pixels(); ++i) {
    float* v = &p.rgb[3 * i];
    const float y = linear_to_srgb(std::min(luminance(v), 1.f));
    const float high = y * y, low = (1.f - y) * (1.f - y);
    const float shift[3] = {amount * (high - low), amount * (0.25f * high + 0.3f * low),
                            amount * (0.9f * low - high)};
    for (size_t c = 0; c < 3; ++c) {
      const float encoded = linear_to_srgb(std::min(v[c], 1.f)) + shift[c];
      v[c] = srgb_to_linear(std::clamp(encoded, 0.f, 1.f));
    }
  }
}

void develop_at_random(Raster& p, Rng& rng) {
  expose(p, rng.uniform(-1.6f, 0.7f));
  shoulder(p);
  const float contrast = rng.uniform();
  if (contrast < 0.12f) {
    bend_tones(p, rng);
  } else if (contrast < 0.24f) {
    flatten_darkly(p, rng);
  } else if (contrast < 0.4f) {
    flatten(p, rng.uniform(0.5f, 0.95f), rng);
  } else if (contrast < 0.7f) {
    steepen(p, rng.uniform(1.05f, 1.5f));
  }
  saturate(p, rng.uniform(0.4f, 1.4f));
}

}  // namespace vane
