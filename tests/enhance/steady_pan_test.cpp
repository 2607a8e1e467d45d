// SPDX-License-Identifier: Apache-2.0
// Oracle: the bundled network frame by frame, on a window that moves over a photograph by known
// steps, so that light can be compared where it falls.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/assets.h"
#include "engine/base/rng.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "enhance/relight_method.h"
#include "generators/relight/steady_planes.h"

namespace vane {
namespace {

constexpr int kWidth = 256, kHeight = 192, kStep = 2;

/// A photograph whose left half stands in its own shade, larger than the window.
Image shaded(const std::string& sample) {
  Image out = resize_u8(to_rgb8(read_image(assets_folder() / "samples" / sample)),
                        kWidth + 32 * kStep, kHeight);
  for (size_t i = 0; i < out.u8.size(); ++i) {
    const size_t x = i / 3 % size_t(out.width);
    if (x < size_t(out.width) / 2) out.u8[i] = uint8_t(out.u8[i] * 3 / 10);
  }
  return out;
}

Image with_noise(Image frame, Rng& rng) {
  for (uint8_t& sample : frame.u8) {
    sample = uint8_t(std::clamp(float(sample) + 6 * rng.normal(), 0.f, 255.f));
  }
  return frame;
}

/// Stops that `planes` give to each pixel of the frame without its noise.
std::vector<float> stops_of(const RelightPlanes& planes, const Image& frame) {
  std::vector<float> out;
  for (size_t i = 0; i < planes.offset.size(); ++i) {
    const uint8_t* rgb = &frame.u8[3 * i];
    const float guide =
        (0.299f * float(rgb[0]) + 0.587f * float(rgb[1]) + 0.114f * float(rgb[2])) / 255.f;
    out.push_back(
        std::clamp(planes.slope[i] * guide + planes.offset[i], planes.low[i], planes.high[i]));
  }
  return out;
}

/// Mean change of the stops of one place in the scene from a frame to the next.
double change(const std::vector<float>& before, const std::vector<float>& now) {
  double sum = 0;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x + kStep < kWidth; ++x) {
      sum += std::abs(double(now[size_t(y * kWidth + x)] - before[size_t(y * kWidth + x + kStep)]));
    }
  }
  return sum / (kHeight * (kWidth - kStep));
}

TEST(SteadyPan, LightStaysWhereItFallsWhileTheCameraTurns) {
  const auto method = load_relight_method({});
  for (const char* name : {"astronaut.jpg", "coffee.jpg"}) {
    const Image scene = shaded(name);
    Rng rng(5);
    SteadyPlanes steady(25);
    double raw = 0, calm = 0;
    std::vector<float> raw_before, calm_before;
    for (int i = 0; i < 24; ++i) {
      const Image clean = crop(scene, kStep * i, 0, kWidth, kHeight);
      const Image frame = with_noise(clean, rng);
      const RelightPlanes own = method->planes(frame);
      const std::vector<float> by_itself = stops_of(own, clean);
      const std::vector<float> steadied = stops_of(steady.next(own, frame), clean);
      if (i >= 8) {
        raw += change(raw_before, by_itself);
        calm += change(calm_before, steadied);
      }
      raw_before = by_itself;
      calm_before = steadied;
    }
    RecordProperty(std::string(name) + " calmed by", std::to_string(raw / calm));
    EXPECT_GT(raw / calm, 4.5) << name;  // 2.9 and 3.8 where the mean does not move along
  }
}

}  // namespace
}  // namespace vane
