// SPDX-License-Identifier: Apache-2.0
// Oracle: faces drawn here from given landmarks, whose geometry and colours are known.
#include "editing/faces/face_measure.h"

#include <gtest/gtest.h>

#include <cmath>

namespace vane {
namespace {

using M = FaceMeasure;
using Point = FaceLandmarks::Point;

struct Rgb {
  uint8_t r, g, b;
};
constexpr Rgb kSkin{200, 150, 125}, kWall{90, 120, 170}, kBlack{25, 20, 18}, kBlond{205, 170, 110},
    kWhiteWool{235, 235, 235};

constexpr int kSide = 256;
constexpr float kDistance = 60;
constexpr Point kEyes{128, 122};

/// A point in units of the eye distance, from between the eyes.
Point placed(float x, float y) { return {kEyes.x + x * kDistance, kEyes.y + y * kDistance}; }

/// A face seen from the front: mouth one unit wide with straight, closed lips; eyes a quarter as
/// high as wide.
FaceLandmarks frontal() {
  FaceLandmarks face;
  face.detected = true;
  auto& p = face.points;
  for (size_t i = 0; i <= 16; ++i) {
    const float angle = 3.1415927f * static_cast<float>(i) / 16;
    p[i] = placed(-1.1f * std::cos(angle), 1.6f * std::sin(angle));
  }
  for (size_t i = 0; i < 5; ++i) {
    p[17 + i] = placed(-0.85f + 0.15f * static_cast<float>(i), -0.35f);
    p[22 + i] = placed(0.25f + 0.15f * static_cast<float>(i), -0.35f);
    p[31 + i] = placed(-0.2f + 0.1f * static_cast<float>(i), 0.75f);
  }
  for (size_t i = 0; i < 4; ++i) p[27 + i] = placed(0, 0.2f * static_cast<float>(i));
  for (const float side : {-1.f, 1.f}) {
    const size_t first = side < 0 ? 36 : 42;
    const float x[] = {-0.2f, -0.07f, 0.07f, 0.2f, 0.07f, -0.07f};
    const float y[] = {0, -0.05f, -0.05f, 0, 0.05f, 0.05f};
    for (size_t i = 0; i < 6; ++i) p[first + i] = placed(0.5f * side + x[i], y[i]);
  }
  const float lip[] = {-0.5f, -0.3f, -0.1f, 0, 0.1f, 0.3f, 0.5f, 0.3f, 0.1f, 0, -0.1f, -0.3f};
  for (size_t i = 0; i < 12; ++i) {
    const float side = i == 0 || i == 6 ? 0.f : i < 6 ? -0.1f : 0.1f;
    p[48 + i] = placed(lip[i], 1.1f + side);
  }
  const float inner[] = {-0.4f, -0.15f, 0, 0.15f, 0.4f, 0.15f, 0, -0.15f};
  for (size_t i = 0; i < 8; ++i) p[60 + i] = placed(inner[i], 1.1f);
  return face;
}

/// Moves landmarks by units of the eye distance.
FaceLandmarks moved(FaceLandmarks face, std::initializer_list<size_t> which, float x, float y) {
  for (const size_t i : which) {
    face.points[i].x += x * kDistance;
    face.points[i].y += y * kDistance;
  }
  return face;
}

FaceLandmarks turned_in_plane(FaceLandmarks face, float degrees, float scale) {
  const float c = std::cos(degrees / 57.29578f) * scale, s = std::sin(degrees / 57.29578f) * scale;
  for (Point& p : face.points) {
    const Point d{p.x - kEyes.x, p.y - kEyes.y};
    p = {kEyes.x + c * d.x - s * d.y, kEyes.y + s * d.x + c * d.y};
  }
  return face;
}

/// What a drawing shows where; distances in units of the eye distance.
struct Drawing {
  Rgb wall = kWall, hair = kBlack, skin = kSkin, crown = kBlack;
  /// The right half of the face.
  Rgb right_skin = kSkin;
  bool has_hair = true;
};

Drawing hair_of(Rgb colour) {
  Drawing drawing;
  drawing.hair = drawing.crown = colour;
  return drawing;
}

/// An oval face in hair that reaches from the crown to beside the temples.
Image draw(const Drawing& what) {
  Image picture;
  picture.width = picture.height = kSide;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const float u = (static_cast<float>(x) - kEyes.x) / kDistance;
      const float v = (static_cast<float>(y) - kEyes.y) / kDistance;
      const bool face = std::hypot(u / 1.1f, v < 0 ? v / 0.9f : v / 1.6f) < 1;
      const bool head = std::hypot(u / 1.5f, v < 0 ? v / 1.75f : v / 1.3f) < 1;
      Rgb colour = what.wall;
      if (head) colour = !what.has_hair ? what.skin : v < -0.85f ? what.crown : what.hair;
      if (face) colour = u < 0 ? what.skin : what.right_skin;
      picture.u8.insert(picture.u8.end(), {colour.r, colour.g, colour.b});
    }
  }
  return picture;
}

float measure(M which, const FaceLandmarks& landmarks, const Drawing& what = {}) {
  return measure_face(draw(what), landmarks)[static_cast<size_t>(which)];
}

bool hair_is_unknown(const Drawing& what) {
  return std::isnan(measure(M::hair_lightness, frontal(), what)) &&
         std::isnan(measure(M::hair_chroma, frontal(), what));
}

Answer answer_to(FaceAttribute attribute, const FaceLandmarks& landmarks,
                 const Drawing& what = {}) {
  return face_truth(measure_face(draw(what), landmarks))[static_cast<size_t>(attribute)];
}

TEST(FaceMeasure, LengthsAreInUnitsOfTheEyeDistance) {
  EXPECT_NEAR(measure(M::mouth_width, frontal()), 1, 1e-4);
  EXPECT_NEAR(measure(M::mouth_gap, frontal()), 0, 1e-4);
  EXPECT_NEAR(measure(M::mouth_curve, frontal()), 0, 1e-4);
  EXPECT_NEAR(measure(M::eye_opening, frontal()), 0.25, 1e-4);
  EXPECT_EQ(measure(M::detected, frontal()), 1);
}

TEST(FaceMeasure, TheGapIsBetweenTheInnerLips) {
  const FaceLandmarks open = moved(moved(frontal(), {65, 66, 67}, 0, 0.3f), {61, 62, 63}, 0, -0.1f);
  EXPECT_NEAR(measure(M::mouth_gap, open), 0.4, 1e-4);
  EXPECT_EQ(answer_to(FaceAttribute::open_mouth, open), Answer::yes);
  EXPECT_EQ(answer_to(FaceAttribute::open_mouth, frontal()), Answer::no);
}

TEST(FaceMeasure, RaisedCornersCurveTheMouthUpwards) {
  const FaceLandmarks smile = moved(moved(frontal(), {48}, -0.1f, -0.15f), {54}, 0.1f, -0.15f);
  EXPECT_NEAR(measure(M::mouth_curve, smile), 0.15, 1e-4);
  EXPECT_EQ(answer_to(FaceAttribute::smile, smile), Answer::yes);
  const FaceLandmarks sour = moved(moved(frontal(), {48}, 0.05f, 0.1f), {54}, -0.05f, 0.1f);
  EXPECT_NEAR(measure(M::mouth_curve, sour), -0.1, 1e-4);
  EXPECT_EQ(answer_to(FaceAttribute::smile, sour), Answer::no);
}

TEST(FaceMeasure, TheMoreClosedEyeCounts) {
  const FaceLandmarks wink = moved(frontal(), {43, 44}, 0, 0.08f);
  EXPECT_NEAR(measure(M::eye_opening, wink), 0.05, 1e-4);
  EXPECT_EQ(answer_to(FaceAttribute::closed_eyes, wink), Answer::yes);
}

TEST(FaceMeasure, ANoseNearerToTheLeftEdgeOfThePictureIsATurnToTheLeft) {
  EXPECT_NEAR(measure(M::yaw, frontal()), 0, 1e-3);
  const float left = measure(M::yaw, moved(frontal(), {30}, -0.3f, 0));
  const float right = measure(M::yaw, moved(frontal(), {30}, 0.3f, 0));
  EXPECT_GT(left, 18);
  EXPECT_LT(left, 35);
  EXPECT_NEAR(left, -right, 1e-3);
  EXPECT_EQ(answer_to(FaceAttribute::turned_left, moved(frontal(), {30}, -0.4f, 0)), Answer::yes);
  EXPECT_EQ(answer_to(FaceAttribute::turned_left, moved(frontal(), {30}, 0.4f, 0)), Answer::no);
  EXPECT_EQ(answer_to(FaceAttribute::head_turned, frontal()), Answer::no);
}

TEST(FaceMeasure, ARollAndASmallerFaceChangeNoOtherGeometry) {
  const FaceLandmarks plain = moved(moved(frontal(), {65, 66, 67}, 0, 0.3f), {30}, -0.2f, 0);
  const FaceLandmarks rolled = turned_in_plane(plain, 15, 0.8f);
  EXPECT_NEAR(measure(M::roll, plain), 0, 1e-3);
  EXPECT_NEAR(measure(M::roll, rolled), 15, 1e-2);
  for (const M which : {M::mouth_curve, M::mouth_width, M::mouth_gap, M::yaw, M::eye_opening}) {
    EXPECT_NEAR(measure(which, rolled), measure(which, plain), 2e-3) << face_measure_name(which);
  }
}

TEST(FaceMeasure, DarkAndBlondHairAreFoundAtTheTemples) {
  EXPECT_NEAR(measure(M::hair_lightness, frontal(), hair_of(kBlack)), 7, 2);
  EXPECT_EQ(answer_to(FaceAttribute::dark_hair, frontal(), hair_of(kBlack)), Answer::yes);
  EXPECT_NEAR(measure(M::hair_lightness, frontal(), hair_of(kBlond)), 71, 2);
  EXPECT_EQ(answer_to(FaceAttribute::dark_hair, frontal(), hair_of(kBlond)), Answer::no);
  EXPECT_EQ(answer_to(FaceAttribute::blond_hair, frontal(), hair_of(kBlond)), Answer::yes);
  const Drawing grey = hair_of({150, 150, 150});
  EXPECT_EQ(answer_to(FaceAttribute::grey_hair, frontal(), grey), Answer::yes);
}

TEST(FaceMeasure, WhatMayNotBeHairIsUnknown) {
  Drawing bald;
  bald.has_hair = false;
  EXPECT_TRUE(hair_is_unknown(bald));
  Drawing black_cap = hair_of(kBlond);
  black_cap.crown = kBlack;
  EXPECT_TRUE(hair_is_unknown(black_cap));
  Drawing pale_cap = hair_of(kBlack);
  pale_cap.crown = kWhiteWool;
  EXPECT_TRUE(hair_is_unknown(pale_cap));
  EXPECT_TRUE(hair_is_unknown(hair_of(kWhiteWool)));
  EXPECT_TRUE(hair_is_unknown(hair_of({150, 35, 20})));
  EXPECT_TRUE(hair_is_unknown(hair_of({90, 120, 220})));
  EXPECT_TRUE(hair_is_unknown(hair_of(kWall)));
}

TEST(FaceMeasure, BlackHairBeforeABlackWallIsStillDark) {
  Drawing night = hair_of(kBlack);
  night.wall = kBlack;
  EXPECT_EQ(answer_to(FaceAttribute::dark_hair, frontal(), night), Answer::yes);
  Drawing bald = night;
  bald.has_hair = false;
  EXPECT_TRUE(hair_is_unknown(bald));
}

TEST(FaceMeasure, TheBackgroundIsWhatTheUpperEdgesShow) {
  Drawing white = hair_of(kBlack);
  white.wall = {245, 245, 245};
  EXPECT_NEAR(measure(M::background_lightness, frontal(), white), 96.5, 0.5);
  EXPECT_GT(measure(M::background_evenness, frontal(), white), 0.99f);
  EXPECT_EQ(answer_to(FaceAttribute::bright_background, frontal(), white), Answer::yes);
  white.wall = {15, 15, 15};
  EXPECT_EQ(answer_to(FaceAttribute::bright_background, frontal(), white), Answer::no);
  white.wall = {30, 60, 200};
  EXPECT_EQ(answer_to(FaceAttribute::blue_background, frontal(), white), Answer::yes);
}

TEST(FaceMeasure, APatternedBackgroundIsUneven) {
  Image picture = draw({});
  for (size_t i = 0; i < picture.u8.size() / 3; ++i) {
    const size_t x = i % kSide, y = i / kSide;
    if (x > 30 && x < kSide - 30) continue;
    for (size_t c = 0; c < 3; ++c) picture.u8[3 * i + c] = (x / 8 + y / 8) % 2 ? 250 : 5;
  }
  const FaceMeasures measures = measure_face(picture, frontal());
  EXPECT_LT(measures[static_cast<size_t>(M::background_evenness)], 0.6f);
  EXPECT_EQ(face_truth(measures)[static_cast<size_t>(FaceAttribute::bright_background)],
            Answer::unclear);
}

TEST(FaceMeasure, LightFromTheLeftBrightensTheLeftCheek) {
  Drawing lit = hair_of(kBlack);
  lit.right_skin = {100, 75, 62};
  EXPECT_GT(measure(M::light_side, frontal(), lit), 20);
  EXPECT_EQ(answer_to(FaceAttribute::lit_from_left, frontal(), lit), Answer::yes);
  EXPECT_NEAR(measure(M::light_side, frontal()), 0, 0.1);
  // The brighter cheek tells the skin.
  EXPECT_NEAR(measure(M::skin_lightness, frontal(), lit), measure(M::skin_lightness, frontal()),
              0.5);
}

TEST(FaceMeasure, LandmarksOutsideThePictureLeaveColoursUnknown) {
  FaceLandmarks far = frontal();
  for (Point& p : far.points) p.x += 1000;
  const FaceMeasures measures = measure_face(draw({}), far);
  EXPECT_TRUE(std::isnan(measures[static_cast<size_t>(M::skin_lightness)]));
  EXPECT_TRUE(std::isnan(measures[static_cast<size_t>(M::hair_lightness)]));
  EXPECT_NEAR(measures[static_cast<size_t>(M::mouth_width)], 1, 1e-3);
}

TEST(FaceMeasure, EyesInOnePlaceGiveNumbersStill) {
  FaceLandmarks heap;
  for (Point& p : heap.points) p = kEyes;
  for (const float value : measure_face(draw({}), heap)) EXPECT_FALSE(std::isinf(value));
}

}  // namespace
}  // namespace vane
