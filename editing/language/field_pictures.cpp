// SPDX-License-Identifier: Apache-2.0
#include "editing/language/field_pictures.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace vane {
namespace {

constexpr float kDimmed = 0.3f, kOpacity = 0.6f;
constexpr float kFlat = 1e-6f;

// From blue over green and yellow to red.
std::array<float, 3> ramp(float x) {
  constexpr std::array<std::array<float, 3>, 5> kStops = {
      {{40, 60, 200}, {30, 190, 220}, {90, 220, 90}, {245, 215, 60}, {220, 40, 30}}};
  const float at = std::clamp(x, 0.f, 1.f) * static_cast<float>(kStops.size() - 1);
  const auto low = std::min(static_cast<size_t>(at), kStops.size() - 2);
  const float t = at - static_cast<float>(low);
  std::array<float, 3> colour{};
  for (size_t c = 0; c < 3; ++c) colour[c] = (1 - t) * kStops[low][c] + t * kStops[low + 1][c];
  return colour;
}

}  // namespace

Image picture_of(const SplatPicture& picture) {
  Image image;
  image.width = picture.width;
  image.height = picture.height;
  image.u8.reserve(picture.rgb.size());
  for (const float value : picture.rgb) {
    image.u8.push_back(static_cast<uint8_t>(std::clamp(value, 0.f, 1.f) * 255 + 0.5f));
  }
  return image;
}

Image heat_map(const Image& picture, const std::vector<float>& relevancy, float low) {
  Image image = picture;
  const float highest = *std::max_element(relevancy.begin(), relevancy.end());
  for (size_t i = 0; i < relevancy.size(); ++i) {
    const bool is_low = relevancy[i] < low;
    const auto colour = ramp((relevancy[i] - low) / std::max(highest - low, kFlat));
    for (size_t c = 0; c < 3; ++c) {
      const auto value = static_cast<float>(image.u8[3 * i + c]);
      const float shown = is_low ? kDimmed * value : (1 - kOpacity) * value + kOpacity * colour[c];
      image.u8[3 * i + c] = static_cast<uint8_t>(shown + 0.5f);
    }
  }
  return image;
}

Image mask_picture(const std::vector<uint8_t>& mask, int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  image.channels = 1;
  for (const uint8_t value : mask) image.u8.push_back(value ? 255 : 0);
  return image;
}

}  // namespace vane
