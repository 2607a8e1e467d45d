// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/face_measure.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/data/raster.h"

namespace vane {
namespace {

using Point = FaceLandmarks::Point;
constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr float kDegrees = 57.29578f;

Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
Point operator*(Point a, float s) { return {a.x * s, a.y * s}; }
float length(Point a) { return std::hypot(a.x, a.y); }

/// Landmarks in the frame of the eyes: origin between them, x along their line towards the right
/// edge, y downwards, in units of their distance.
struct EyeFrame {
  Point origin, along;
  float distance = 1;
  std::array<Point, 68> points{};

  explicit EyeFrame(const FaceLandmarks& landmarks) {
    const auto& p = landmarks.points;
    const Point left = landmarks.mean_of(36, 6), right = landmarks.mean_of(42, 6);
    origin = (left + right) * 0.5f;
    distance = std::max(1.f, length(right - left));
    along = (right - left) * (1.f / distance);
    for (size_t i = 0; i < p.size(); ++i) {
      const Point d = (p[i] - origin) * (1.f / distance);
      points[i] = {d.x * along.x + d.y * along.y, d.y * along.x - d.x * along.y};
    }
  }
  Point to_picture(Point p) const {
    return origin + Point{p.x * along.x - p.y * along.y, p.x * along.y + p.y * along.x} * distance;
  }
};

Point mean_of(const EyeFrame& frame, std::initializer_list<size_t> which) {
  Point sum;
  for (const size_t i : which) sum = sum + frame.points[i];
  return sum * (1.f / static_cast<float>(which.size()));
}

float eye_opening(const EyeFrame& frame, size_t first) {
  const auto& p = frame.points;
  const float height = length(p[first + 1] - p[first + 5]) + length(p[first + 2] - p[first + 4]);
  return 0.5f * height / std::max(1e-3f, length(p[first] - p[first + 3]));
}

float yaw_of(const EyeFrame& frame) {
  const float nose = frame.points[30].x;
  const float left = mean_of(frame, {0, 1, 2}).x, right = mean_of(frame, {14, 15, 16}).x;
  const float share = (nose - left) / std::max(1e-3f, right - left) - 0.5f;
  const float by_nose = std::atan(nose / 0.6f);
  const float by_jaw = std::asin(std::clamp(1.6f * share, -1.f, 1.f));
  return -0.5f * (by_nose + by_jaw) * kDegrees;
}

/// Colours of a region, kept as a list because medians are wanted.
struct Region {
  std::vector<Lab> colours;

  void add(const Image& picture, int x, int y) {
    if (x < 0 || y < 0 || x >= picture.width || y >= picture.height) return;
    const uint8_t* sample =
        picture.u8.data() +
        3 * (static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x));
    float linear[3];
    for (int c = 0; c < 3; ++c) linear[c] = srgb_to_linear(static_cast<float>(sample[c]) / 255.f);
    colours.push_back(lab_of_linear(linear));
  }
  Lab median() const {
    if (colours.size() < 20) return {kUnknown, kUnknown, kUnknown};
    const auto middle = [this](float Lab::*part) {
      std::vector<float> values;
      for (const Lab& colour : colours) values.push_back(colour.*part);
      const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
      std::nth_element(values.begin(), at, values.end());
      return *at;
    };
    return {middle(&Lab::lightness), middle(&Lab::a), middle(&Lab::b)};
  }
  /// Mean of the darkest `share` of the samples.
  Lab darkest(float share) const {
    if (colours.size() < 20) return {kUnknown, kUnknown, kUnknown};
    const std::vector<Lab> sorted = by_lightness();
    const size_t count = std::max<size_t>(1, static_cast<size_t>(share * float_of(sorted.size())));
    Lab sum{0, 0, 0};
    for (size_t i = 0; i < count; ++i) {
      sum.lightness += sorted[i].lightness;
      sum.a += sorted[i].a;
      sum.b += sorted[i].b;
    }
    const float scale = 1.f / float_of(count);
    return {sum.lightness * scale, sum.a * scale, sum.b * scale};
  }
  /// Lightness that `share` of the samples stay below.
  float quantile(float share) const {
    if (colours.size() < 20) return kUnknown;
    const std::vector<Lab> sorted = by_lightness();
    return sorted[static_cast<size_t>(share * float_of(sorted.size() - 1))].lightness;
  }
  template <class Near>
  float share(const Near& near) const {
    if (colours.empty()) return 0;
    return static_cast<float>(std::count_if(colours.begin(), colours.end(), near)) /
           static_cast<float>(colours.size());
  }

 private:
  static float float_of(size_t count) { return static_cast<float>(count); }
  std::vector<Lab> by_lightness() const {
    std::vector<Lab> sorted = colours;
    std::sort(sorted.begin(), sorted.end(),
              [](const Lab& x, const Lab& y) { return x.lightness < y.lightness; });
    return sorted;
  }
};

float difference(const Lab& a, const Lab& b) {
  return std::hypot(a.lightness - b.lightness, a.a - b.a, a.b - b.b);
}

/// A rectangle in the frame of the eyes.
Region patch(const Image& picture, const EyeFrame& frame, Point centre, Point half) {
  Region region;
  const int steps = 20;
  for (int i = -steps; i <= steps; ++i) {
    for (int j = -steps; j <= steps; ++j) {
      const Point p = frame.to_picture({centre.x + half.x * static_cast<float>(i) / steps,
                                        centre.y + half.y * static_cast<float>(j) / steps});
      region.add(picture, static_cast<int>(std::lround(p.x)), static_cast<int>(std::lround(p.y)));
    }
  }
  return region;
}

Region background_of(const Image& picture) {
  Region region;
  const int strip = std::max(1, picture.width / 10), depth = picture.height * 2 / 5;
  for (int y = 0; y < depth; y += 2) {
    for (int x = 0; x < strip; x += 2) {
      region.add(picture, x, y);
      region.add(picture, picture.width - 1 - x, y);
    }
  }
  return region;
}

float chroma(const Lab& c) { return std::hypot(c.a, c.b); }
float chroma_difference(const Lab& a, const Lab& b) { return std::hypot(a.a - b.a, a.b - b.b); }

/// A bald head shines, so its lightness tells less than its colour.
bool like_skin(const Lab& c, const Lab& skin) {
  return chroma_difference(c, skin) < 7 && c.lightness > 35 &&
         std::abs(c.lightness - skin.lightness) < 30;
}
/// Grows on no head.
bool dyed(const Lab& c) { return c.b < -4 || c.a < -6 || chroma(c) > 45; }

/// A dark temple is dark hair unless the other one is light (a cap, a shadow), or the crown is
/// light (shadow beside a pale head), colourful (red hair) or bluish (a cap). A crown that is dark
/// by itself makes up for a background like the temple.
bool dark_hair_fits(const Lab& temple, const Lab& other, const Region& crown,
                    const Lab& background) {
  const Lab darkest = crown.darkest(0.25f);
  const float quarter = crown.quantile(0.25f);
  const bool one_sided = temple.lightness + 0.4f * other.lightness > 22;
  return !one_sided && temple.b >= -3 && chroma(temple) <= 16 && crown.quantile(0.1f) <= 25 &&
         quarter <= 50 && chroma(darkest) <= 16 && darkest.b > -5 &&
         (difference(temple, background) > 5 || quarter <= 25);
}

/// A light temple may be skin, background or a hat: it is hair when the crown is of the same
/// colour, and neither looks like those.
bool light_hair_fits(const Lab& temple, const Region& crown, const Lab& skin,
                     const Lab& background) {
  const Lab typical = crown.median(), darker = crown.darkest(0.5f);
  // Blond hair has a colour of its own; grey hair must be told from a bald head by the skin's.
  const bool colourful = chroma(temple) >= 14;
  const float step = temple.lightness - darker.lightness;
  const bool is_else = like_skin(temple, skin) || like_skin(typical, skin) ||
                       difference(temple, background) <= 8 ||
                       difference(typical, background) <= 8 || typical.lightness >= 95 ||
                       temple.lightness >= 88 || temple.lightness > 1.5f * skin.lightness;
  const bool agree =
      chroma_difference(temple, darker) <= 13 && step <= 12 && step >= (colourful ? -28.f : -13.f);
  return agree && !is_else && crown.quantile(0.1f) >= 30 && !dyed(temple) && !dyed(darker) &&
         darker.a < 21 && (colourful || chroma_difference(darker, skin) > 16);
}

/// Colour of the darker temple, unknown where it may be something else.
Lab hair_of(const Image& portrait, const EyeFrame& frame, const Lab& skin, const Lab& background) {
  const auto& p = frame.points;
  // Above the ears, where a forehead cannot be.
  const auto temple_at = [&](float x) {
    return patch(portrait, frame, {x, -0.5f}, {0.08f, 0.15f}).median();
  };
  const Lab left = temple_at(p[0].x - 0.08f), right = temple_at(p[16].x + 0.08f);
  const bool take_right = std::isnan(left.lightness) || right.lightness < left.lightness;
  const Lab temple = take_right ? right : left;
  // Follows a turned head: the crown lies behind the face.
  const Region crown = patch(portrait, frame, {-0.4f * p[30].x, -1.2f}, {0.4f, 0.25f});
  const bool known = temple.lightness < 28
                         ? dark_hair_fits(temple, take_right ? left : right, crown, background)
                         : light_hair_fits(temple, crown, skin, background);
  return known ? temple : Lab{kUnknown, kUnknown, kUnknown};
}

}  // namespace

FaceMeasures measure_face(const Image& portrait, const FaceLandmarks& landmarks) {
  FaceMeasures measures;
  const auto set = [&](FaceMeasure measure, float value) {
    measures[static_cast<size_t>(measure)] = value;
  };
  const EyeFrame frame(landmarks);
  const auto& p = frame.points;
  set(FaceMeasure::detected, landmarks.detected ? 1.f : 0.f);
  set(FaceMeasure::mouth_curve, mean_of(frame, {51, 57, 62, 66}).y - mean_of(frame, {48, 54}).y);
  set(FaceMeasure::mouth_width, length(p[54] - p[48]));
  set(FaceMeasure::mouth_gap, length(mean_of(frame, {61, 62, 63}) - mean_of(frame, {65, 66, 67})));
  set(FaceMeasure::yaw, yaw_of(frame));
  set(FaceMeasure::roll, std::atan2(frame.along.y, frame.along.x) * kDegrees);
  set(FaceMeasure::eye_opening, std::min(eye_opening(frame, 36), eye_opening(frame, 42)));

  // Below the outer corners of the eyes, beside the nose; the far cheek shrinks when turned.
  const auto cheek = [&](size_t eye, size_t mouth, size_t jaw) {
    const Point centre =
        (mean_of(frame, {eye}) + mean_of(frame, {mouth}) + mean_of(frame, {jaw})) * (1.f / 3);
    return patch(portrait, frame, centre, {0.12f, 0.12f}).median();
  };
  const Lab left = cheek(36, 48, 31), right = cheek(45, 54, 35);
  const Lab skin = left.lightness > right.lightness ? left : right;
  set(FaceMeasure::skin_lightness, skin.lightness);
  set(FaceMeasure::light_side, left.lightness - right.lightness);

  const Region behind = background_of(portrait);
  const Lab background = behind.median();
  set(FaceMeasure::background_lightness, background.lightness);
  set(FaceMeasure::background_a, background.a);
  set(FaceMeasure::background_b, background.b);
  set(FaceMeasure::background_evenness,
      behind.share([&](const Lab& c) { return difference(c, background) < 20; }));

  const Lab hair = hair_of(portrait, frame, skin, background);
  set(FaceMeasure::hair_lightness, hair.lightness);
  set(FaceMeasure::hair_chroma, std::hypot(hair.a, hair.b));
  return measures;
}

}  // namespace vane
