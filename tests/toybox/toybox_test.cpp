// SPDX-License-Identifier: Apache-2.0
// Oracle: geometry in closed form, and the attribute tables that scenes are built from.
#include <gtest/gtest.h>

#include <algorithm>

#include "generators/toybox/toy_builder.h"
#include "generators/toybox/toy_captions.h"
#include "generators/toybox/toy_tracer.h"
#include "generators/toybox/toy_world.h"

namespace vane {
namespace {

constexpr Vec3 kBall{0.3f, -0.2f, 0.9f};
constexpr float kRadius = 0.4f;

// A ball alone before a camera that is off every axis.
ToyScene ball_scene() {
  ToyScene scene;
  ToyBuilder builder(scene, "ball", {});
  builder.use(builder.material(Vec3{0.5f, 0.5f, 0.5f}), ToyPart::body);
  builder.ball(kBall, kRadius);
  builder.finish();
  scene.light = toy_light("front");
  scene.camera = ToyCamera::looking({1.5f, -4, 2.2f}, {0, 0, 0.8f}, 0.7, 160, 120);
  return scene;
}

ToyFrame render(const ToyScene& scene, int threads = 1) {
  QuietJob job;
  return render_toybox(scene, {2, threads}, job);
}

double luma_of_things(const ToyFrame& frame) {
  double sum = 0;
  int count = 0;
  for (size_t i = 0; i < frame.instance.size(); ++i) {
    if (frame.instance[i] == 0) continue;
    sum += 0.299 * frame.rgb[3 * i] + 0.587 * frame.rgb[3 * i + 1] + 0.114 * frame.rgb[3 * i + 2];
    ++count;
  }
  return sum / std::max(count, 1);
}

TEST(ToyCamera, ProjectsABallToTheCentroidOfItsMask) {
  const ToyScene scene = ball_scene();
  const ToyFrame frame = render(scene);
  double x = 0, y = 0, count = 0;
  for (int row = 0; row < frame.height; ++row) {
    for (int column = 0; column < frame.width; ++column) {
      if (frame.instance[static_cast<size_t>(row * frame.width + column)] != 1) continue;
      x += column + 0.5;
      y += row + 0.5;
      ++count;
    }
  }
  ASSERT_GT(count, 500);
  const auto p = scene.camera.to_camera(kBall);
  // A ball away from the axis is seen as an ellipse whose middle lies outwards of its centre.
  const double stretch = 1 / (1 - kRadius * kRadius / (p[2] * p[2]));
  EXPECT_NEAR(x / count, scene.camera.fl_x * p[0] / p[2] * stretch + scene.camera.cx, 0.15);
  EXPECT_NEAR(y / count, scene.camera.fl_y * p[1] / p[2] * stretch + scene.camera.cy, 0.15);
}

TEST(ToyCamera, OpenGlMatrixInvertsWorldToCameraWithYAndZTurned) {
  const ToyCamera camera = ball_scene().camera;
  const auto m = camera.opengl_camera_to_world();
  const auto p = camera.to_camera(kBall);
  const double q[3] = {p[0], -p[1], -p[2]}, world[3] = {kBall.x, kBall.y, kBall.z};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(m[4 * i] * q[0] + m[4 * i + 1] * q[1] + m[4 * i + 2] * q[2] + m[4 * i + 3],
                world[i], 1e-5);
  }
}

TEST(ToyTracer, DepthAndNormalsAreThoseOfTheBallAndTheGround) {
  const ToyScene scene = ball_scene();
  const ToyFrame frame = render(scene);
  const ToyCamera& camera = scene.camera;
  const auto m = camera.opengl_camera_to_world();
  for (size_t i = 0; i < frame.depth.size(); ++i) {
    if (frame.depth[i] == 0) continue;
    const double z = frame.depth[i], column = static_cast<double>(i % 160),
                 row = static_cast<double>(i / 160);
    const double c[3] = {(column + 0.5 - camera.cx) / camera.fl_x * z,
                         -(row + 0.5 - camera.cy) / camera.fl_y * z, -z};
    double w[3];
    for (size_t k = 0; k < 3; ++k) {
      w[k] = m[4 * k] * c[0] + m[4 * k + 1] * c[1] + m[4 * k + 2] * c[2] + m[4 * k + 3];
    }
    if (frame.instance[i] == 0) {
      EXPECT_NEAR(w[2], 0, 1e-4 * z) << i;
      continue;
    }
    const Vec3 out =
        Vec3{static_cast<float>(w[0]), static_cast<float>(w[1]), static_cast<float>(w[2])} - kBall;
    EXPECT_NEAR(length(out), kRadius, 1e-4) << i;
    EXPECT_GT(dot(out, frame.normal[i]), 0.9999f * kRadius) << i;
  }
}

TEST(ToyTracer, MarchedSolidsLieWhereTheirClosedFormsSay) {
  ToyScene scene;
  ToyBuilder builder(scene, "cube", {});
  builder.use(builder.material(Vec3{0.5f, 0.5f, 0.5f}), ToyPart::body);
  builder.box({0, 0, 0.5f}, {0.5f, 0.5f, 0.5f}, 0.05f);
  builder.finish();
  const float t = intersect(scene.shapes[0], scene.members, {0.1f, -4, 0.5f}, {0, 1, 0}, 0, 100);
  EXPECT_NEAR(t, 3.5f, 1e-3f);
}

TEST(ToyTracer, ThreadsDoNotChangeAByte) {
  for (uint64_t index = 0; index < 6; ++index) {
    const ToyScene scene = make_toy_scene(5, index, {});
    const ToyFrame one = render(scene, 1), three = render(scene, 3);
    EXPECT_EQ(one.rgb, three.rgb);
    EXPECT_EQ(one.depth, three.depth);
    EXPECT_EQ(one.instance, three.instance);
  }
}

TEST(ToyWorld, SeedAndIndexDecideEverything) {
  EXPECT_EQ(render(make_toy_scene(3, 4, {})).rgb, render(make_toy_scene(3, 4, {})).rgb);
  EXPECT_NE(render(make_toy_scene(3, 4, {})).rgb, render(make_toy_scene(3, 5, {})).rgb);
}

TEST(ToyWorld, PartsAreSeenExactlyWhenAttributesSaySo) {
  const std::pair<std::string_view, ToyPart> kPairs[] = {
      {"hat", ToyPart::hat}, {"glasses", ToyPart::glasses}, {"beard", ToyPart::beard}};
  for (uint64_t index = 0; index < 60; ++index) {
    const ToyScene scene = make_toy_scene(11, index, {"character", "front", 96, 96});
    const ToyFrame frame = render(scene);
    for (const auto& [key, part] : kPairs) {
      const bool seen = std::find(frame.part.begin(), frame.part.end(),
                                  static_cast<uint8_t>(part)) != frame.part.end();
      EXPECT_EQ(seen, scene.things[0].attribute(key) != "none") << index << " " << key;
    }
  }
}

TEST(ToyWorld, EveryThingIsSeen) {
  for (uint64_t index = 0; index < 100; ++index) {
    const ToyScene scene = make_toy_scene(12, index, {});
    const ToyFrame frame = render(scene);
    for (size_t thing = 1; thing <= scene.things.size(); ++thing) {
      EXPECT_GE(
          std::count(frame.instance.begin(), frame.instance.end(), static_cast<uint8_t>(thing)), 8)
          << index << " " << scene.things[thing - 1].kind;
    }
  }
}

TEST(ToyWorld, BackLightDarkensWhatIsSeen) {
  double front = 0, back = 0;
  for (uint64_t index = 0; index < 12; ++index) {
    front += luma_of_things(render(make_toy_scene(13, index, {"any", "front", 64, 64})));
    back += luma_of_things(render(make_toy_scene(13, index, {"any", "back", 64, 64})));
  }
  EXPECT_LT(back, 0.75 * front);
}

TEST(ToyCaptions, ClaimOnlyWhatTheAttributesHold) {
  Rng rng(1);
  int claims = 0;
  for (uint64_t index = 0; index < 300; ++index) {
    const ToyScene scene = make_toy_scene(14, index, {});
    const ToyCaption caption = toy_caption(scene, rng);
    for (const ToyClaim& claim : caption.claims) {
      const auto& [key, value] = claim.attribute;
      const auto held = claim.thing < 0
                            ? scene.attribute(key)
                            : scene.things[static_cast<size_t>(claim.thing)].attribute(key);
      EXPECT_EQ(held, value) << caption.text;
      ++claims;
    }
    EXPECT_EQ(caption.text.find("  "), std::string::npos) << caption.text;
  }
  EXPECT_GT(claims, 600);
}

TEST(ToyWorld, UnknownNamesAreRefused) {
  EXPECT_THROW(make_toy_scene(0, 0, {"landscape", "any", 8, 8}), Error);
  EXPECT_THROW(make_toy_scene(0, 0, {"any", "disco", 8, 8}), Error);
}

}  // namespace
}  // namespace vane
