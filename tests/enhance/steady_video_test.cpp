// SPDX-License-Identifier: Apache-2.0
// Oracle: the bundled network frame by frame, on still scenes with noise.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/assets.h"
#include "engine/base/job.h"
#include "engine/base/rng.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "enhance/relight_method.h"
#include "generators/relight/steady_planes.h"

namespace vane {
namespace {

/// The middle in its own shade, and noise as of a dim room.
Image backlit(const Image& lit, Rng& rng) {
  Image frame = lit;
  for (size_t i = 0; i < frame.u8.size(); ++i) {
    const size_t x = i / 3 % size_t(lit.width), y = i / 3 / size_t(lit.width);
    const bool shaded =
        x * 4 > size_t(lit.width) && x * 4 < 3 * size_t(lit.width) && y * 5 > size_t(lit.height);
    const float level = float(frame.u8[i]) * (shaded ? 0.3f : 1.f) + 6 * rng.normal();
    frame.u8[i] = uint8_t(std::clamp(level, 0.f, 255.f));
  }
  return frame;
}

// What a mean of weight w leaves of changes that are independent is .15; flicker that lasts for
// several frames is calmed less.
TEST(SteadyVideo, TheMapOfAStillSceneFlickersFarLess) {
  const auto method = load_relight_method({});
  for (const char* name : {"astronaut.jpg", "coffee.jpg"}) {
    const Image lit = resize_u8(to_rgb8(read_image(assets_folder() / "samples" / name)), 256, 192);
    Rng rng(5);
    SteadyPlanes steady(25);
    QuietJob job;
    double raw = 0, calm = 0, raw_before = 0, calm_before = 0;
    for (int i = 0; i < 24; ++i) {
      const Image frame = backlit(lit, rng);
      const RelightPlanes own = method->planes(frame);
      RelightMeasures by_itself, steadied;
      relight(frame, own, 1, {}, 1, job, by_itself);
      relight(frame, steady.next(own, frame), 1, {}, 1, job, steadied);
      if (i >= 8) {
        raw += std::abs(by_itself.gain_mean - raw_before);
        calm += std::abs(steadied.gain_mean - calm_before);
      }
      raw_before = by_itself.gain_mean;
      calm_before = steadied.gain_mean;
      EXPECT_GT(steadied.gain_mean, 1.05);
    }
    RecordProperty(std::string(name) + " calmed by", std::to_string(raw / calm));
    EXPECT_GT(raw / calm, 5) << name;
  }
}

}  // namespace
}  // namespace vane
