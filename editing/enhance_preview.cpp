// SPDX-License-Identifier: Apache-2.0
#include "editing/enhance_preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "editing/drawing.h"
#include "engine/base/error.h"
#include "engine/image/resize.h"
#include "generators/develop/tone_math.h"

namespace vane {
namespace {

constexpr Colour kGround{32, 32, 32}, kInk{225, 225, 225};
constexpr int kMargin = 16, kTextScale = 2, kBarHeight = 14;
// Above and below the panels: a label, and the bar with its numbers.
constexpr int kHead = kMargin + 7 * kTextScale + 8;
constexpr int kFoot = 8 + kBarHeight + 6 + 7 * kTextScale + kMargin;

// Viridis (CC0, van der Walt and Smith) at eighths; between them it is straight enough.
constexpr std::array<Colour, 9> kViridis{{{68, 1, 84},
                                          {71, 45, 123},
                                          {59, 82, 139},
                                          {44, 114, 142},
                                          {33, 145, 140},
                                          {40, 174, 128},
                                          {94, 201, 98},
                                          {173, 220, 48},
                                          {253, 231, 37}}};

Colour viridis(double share) {
  const double place = std::clamp(share, 0.0, 1.0) * (kViridis.size() - 1);
  const auto low = std::min(static_cast<size_t>(place), kViridis.size() - 2);
  const double part = place - static_cast<double>(low);
  Colour colour{};
  for (size_t c = 0; c < 3; ++c) {
    colour[c] = static_cast<uint8_t>(
        std::lround((1 - part) * kViridis[low][c] + part * kViridis[low + 1][c]));
  }
  return colour;
}

std::array<double, 256> linear_light() {
  std::array<double, 256> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    table[i] = develop::linear_from_srgb(double(i) / 255);
  }
  return table;
}

/// Ends of the scale, in half stops, so that all but stray pixels lie between.
struct Scale {
  double low = 0, high = 1;
};

Scale scale_of(std::vector<float> stops) {
  const auto at = [&](double share) {
    const auto place =
        stops.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(stops.size() - 1));
    std::nth_element(stops.begin(), place, stops.end());
    return double{*place};
  };
  constexpr double kStray = 0.005, kNothing = 0.1;
  Scale scale;
  if (const double least = at(kStray); least < -kNothing) scale.low = std::floor(2 * least) / 2;
  scale.high = std::max(1.0, std::ceil(2 * (at(1 - kStray) - kNothing)) / 2);
  return scale;
}

Image map_picture(const std::vector<float>& stops, const Scale& scale, int width, int height) {
  Image map = blank_sheet(width, height, kGround);
  for (size_t i = 0; i < stops.size(); ++i) {
    const Colour colour = viridis((stops[i] - scale.low) / (scale.high - scale.low));
    std::copy(colour.begin(), colour.end(), map.u8.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return map;
}

Image bar_picture(int width) {
  Image bar = blank_sheet(width, kBarHeight, kGround);
  for (int y = 0; y < kBarHeight; ++y) {
    for (int x = 0; x < width; ++x) {
      const Colour colour = viridis(width > 1 ? double(x) / (width - 1) : 0);
      std::copy(colour.begin(), colour.end(),
                bar.u8.begin() + (static_cast<std::ptrdiff_t>(y) * width + x) * 3);
    }
  }
  return bar;
}

void draw_scale(Image& sheet, const Scale& scale, int left, int top, int width) {
  paste(sheet, bar_picture(width), left, top);
  for (const double share : {0.0, 0.5, 1.0}) {
    const double stops = scale.low + share * (scale.high - scale.low);
    const std::string text = stops == 0 ? "0" : fmt::format("{:+.4g}", stops);
    const int space = width - text_width(text, kTextScale);
    draw_text(sheet, text, left + static_cast<int>(std::lround(share * space)),
              top + kBarHeight + 6, kTextScale, kInk);
  }
}

Image scaled_to(const Image& picture, int width, int height) {
  const bool is_so = picture.width == width && picture.height == height;
  return is_so ? picture : resize_u8(picture, width, height);
}

/// Text cut to what fits, with dots where it was cut.
std::string fitting(const std::string& text, int width, int scale) {
  if (text_width(text, scale) <= width) return text;
  std::string cut = text;
  while (cut.size() > 1 && text_width(cut + "..", scale) > width) cut.pop_back();
  return cut + "..";
}

}  // namespace

std::vector<float> gain_in_stops(const Image& before, const Image& after) {
  if (before.u8.size() != after.u8.size()) {
    throw Error(ErrorCode::internal, "a gain needs two pictures of one size");
  }
  static const std::array<double, 256> kLinear = linear_light();
  const auto luminance = [](const uint8_t* rgb) {
    constexpr double kBlack = 1e-3;
    return kBlack + 0.2126 * kLinear[rgb[0]] + 0.7152 * kLinear[rgb[1]] + 0.0722 * kLinear[rgb[2]];
  };
  std::vector<float> stops(before.u8.size() / 3);
  for (size_t i = 0; i < stops.size(); ++i) {
    stops[i] =
        static_cast<float>(std::log2(luminance(&after.u8[3 * i]) / luminance(&before.u8[3 * i])));
  }
  return stops;
}

Image enhance_preview(const Image& before, const Image& after) {
  // The larger of both sides becomes kPreviewSide.
  const double by_width = (kPreviewSide - 4.0 * kMargin) / (3.0 * before.width);
  const double by_height = double(kPreviewSide - kHead - kFoot) / before.height;
  const double zoom = std::min(by_width, by_height);
  const int width = std::max(1, static_cast<int>(before.width * zoom));
  const int height = std::max(1, static_cast<int>(before.height * zoom));
  const bool wide = by_width <= by_height;
  Image sheet = blank_sheet(wide ? kPreviewSide : 3 * width + 4 * kMargin,
                            wide ? height + kHead + kFoot : kPreviewSide, kGround);
  const std::vector<float> stops = gain_in_stops(before, after);
  const Scale scale = scale_of(stops);
  const std::array<Image, 3> panels{before, map_picture(stops, scale, before.width, before.height),
                                    after};
  const std::array<std::string, 3> labels{"before", "gain in stops", "after"};
  for (size_t i = 0; i < panels.size(); ++i) {
    const int left = kMargin + static_cast<int>(i) * (width + kMargin);
    draw_text(sheet, fitting(labels[i], width, kTextScale), left, kMargin, kTextScale, kInk);
    paste(sheet, scaled_to(panels[i], width, height), left, kHead);
  }
  draw_scale(sheet, scale, 2 * kMargin + width, kHead + height + 8, width);
  return sheet;
}

Image contact_sheet(const std::vector<ContactPair>& pairs) {
  if (pairs.empty()) throw Error(ErrorCode::usage, "a contact sheet needs at least one pair");
  constexpr int kGap = 4, kPairWidth = 2 * kContactSide + kGap;
  const int columns = pairs.size() < 3 ? 1 : pairs.size() < 9 ? 2 : 3;
  const int count = static_cast<int>(pairs.size());
  const int label = text_height(kTextScale) + 6;
  // A row is as high as the highest picture in it.
  std::vector<std::array<Image, 2>> panels;
  std::vector<int> tops{kMargin};
  for (int i = 0; i < count; ++i) {
    const ContactPair& pair = pairs[static_cast<size_t>(i)];
    panels.push_back({thumbnail(pair.before, kContactSide), thumbnail(pair.after, kContactSide)});
    if (i % columns == 0) tops.push_back(tops.back());
    const int height = std::max(panels.back()[0].height, panels.back()[1].height);
    const int bottom = tops[tops.size() - 2] + label + height + kMargin;
    tops.back() = std::max(tops.back(), bottom);
  }
  Image sheet = blank_sheet(columns * (kPairWidth + kMargin) + kMargin, tops.back(), kGround);
  for (int i = 0; i < count; ++i) {
    const int left = kMargin + i % columns * (kPairWidth + kMargin);
    const int top = tops[static_cast<size_t>(i / columns)];
    draw_text(sheet, fitting(pairs[static_cast<size_t>(i)].name, kPairWidth, kTextScale), left, top,
              kTextScale, kInk);
    int x = left;
    for (const Image& panel : panels[static_cast<size_t>(i)]) {
      paste(sheet, panel, x + (kContactSide - panel.width) / 2, top + label);
      x += kContactSide + kGap;
    }
  }
  return sheet;
}

}  // namespace vane
