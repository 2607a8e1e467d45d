// SPDX-License-Identifier: Apache-2.0
// Oracle: faces put together from known distances, and what a refusal must say.
#include "editing/faces/face_choice.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"

namespace vane {
namespace {

using Point = FaceLandmarks::Point;

/// A face seen from the front around (x, y), `distance` px between the eyes; `turn` moves the tip
/// of the nose to the side and narrows the eyes, in units of that distance.
FaceLandmarks face_at(float x, float y, float distance, float turn = 0) {
  FaceLandmarks face;
  face.detected = true;
  const auto put = [&](size_t i, float u, float v) {
    face.points[i] = {x + u * distance, y + v * distance};
  };
  for (size_t i = 0; i <= 16; ++i) {
    const float angle = 3.1415927f * float(i) / 16;
    put(i, -1.1f * std::cos(angle), 1.6f * std::sin(angle));
  }
  for (size_t i = 17; i < 36; ++i) put(i, turn, 0.6f);
  for (size_t i = 36; i < 42; ++i) put(i, -0.5f, 0);
  for (size_t i = 42; i < 48; ++i) put(i, 0.5f, 0);
  for (size_t i = 48; i < 68; ++i) put(i, 0, 1.05f);
  put(48, -0.4f, 1.05f);
  put(54, 0.4f, 1.05f);
  return face;
}

std::string refusal(const std::vector<FaceLandmarks>& found, const FaceChoice& choice) {
  try {
    choose_faces(found, choice);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
    return error.message();
  }
  return "accepted";
}

TEST(FaceChoice, TheLargestIsMeantUnlessANumberOrAllIs) {
  const std::vector<FaceLandmarks> found{face_at(200, 200, 80), face_at(500, 200, 60)};
  const ChosenFaces largest = choose_faces(found, {});
  ASSERT_EQ(largest.faces.size(), 1u);
  EXPECT_EQ(largest.faces[0].number, 1);
  EXPECT_DOUBLE_EQ(largest.faces[0].crop.side(), 320);
  ASSERT_EQ(largest.warnings.size(), 1u);
  EXPECT_NE(largest.warnings[0].find("2 faces were found"), std::string::npos);

  const ChosenFaces second = choose_faces(found, {.number = 2});
  ASSERT_EQ(second.faces.size(), 1u);
  EXPECT_EQ(second.faces[0].number, 2);
  EXPECT_NEAR(second.faces[0].crop.middle().x, 500, 1e-3);
  EXPECT_TRUE(second.warnings.empty());

  EXPECT_EQ(choose_faces(found, {.all = true}).faces.size(), 2u);
  EXPECT_EQ(refusal(found, {.number = 3}), "there is no face 3: 2 were found");
  EXPECT_EQ(refusal({found[0]}, {.number = 2}), "there is no face 2: one was found");
}

TEST(FaceChoice, NoFaceSaysWhatIsNeeded) {
  EXPECT_EQ(refusal({}, {}), "no face was found");
  EXPECT_EQ(refusal({}, {.all = true}), "no face was found");
}

TEST(FaceChoice, SmallFacesAreDoubtedAndSmallerOnesRefused) {
  EXPECT_TRUE(choose_faces({{face_at(90, 90, 40.5f)}}, {}).warnings.empty());
  const ChosenFaces small = choose_faces({{face_at(90, 90, 30)}}, {});
  ASSERT_EQ(small.warnings.size(), 1u);
  EXPECT_NE(small.warnings[0].find("30 px between the eyes"), std::string::npos);
  EXPECT_EQ(refusal({face_at(90, 90, 8)}, {}),
            "face 1 is too small: 8 px between the eyes, 16 are needed");
  // Among others the small one is left out, with a word.
  const ChosenFaces all = choose_faces({{face_at(90, 90, 60), face_at(9, 9, 8)}}, {.all = true});
  EXPECT_EQ(all.faces.size(), 1u);
  ASSERT_EQ(all.warnings.size(), 1u);
  EXPECT_EQ(all.warnings[0].rfind("left out: face 2 is too small", 0), 0u);
}

TEST(FaceChoice, TurnedFacesAreDoubtedAndImpossibleOnesRefused) {
  // Tip of the nose 0.6 distances aside: atan(0.6 / 0.6) = 45 degrees by the nose alone.
  const ChosenFaces turned = choose_faces({{face_at(200, 200, 80, 0.6f)}}, {});
  ASSERT_EQ(turned.warnings.size(), 1u);
  EXPECT_NE(turned.warnings[0].find("turned away"), std::string::npos);
  EXPECT_TRUE(choose_faces({{face_at(200, 200, 80, 0.1f)}}, {}).warnings.empty());

  FaceLandmarks profile = face_at(200, 200, 80);
  for (size_t i = 36; i < 48; ++i) profile.points[i].x = 200 + (profile.points[i].x - 200) * 0.4f;
  EXPECT_NE(refusal({profile}, {}).find("where no face seen from the front has them"),
            std::string::npos);
  FaceLandmarks upside = face_at(200, 200, 80);
  for (size_t i = 48; i < 68; ++i) upside.points[i].y = 100;
  EXPECT_NE(refusal({upside}, {}), "accepted");
  FaceLandmarks broken = face_at(200, 200, 80);
  broken.points[40].x = NAN;
  EXPECT_NE(refusal({broken}, {}), "accepted");
}

TEST(FaceChoice, ADrawingIsToldFromAPhotograph) {
  const Image photo = read_image(assets_folder() / "samples" / "astronaut.jpg");
  EXPECT_FALSE(looks_drawn(photo, FaceCrop({223, 108}, {90, 0})));
  Image drawing = photo;
  for (uint8_t& v : drawing.u8) v = static_cast<uint8_t>(v / 64 * 64);
  EXPECT_TRUE(looks_drawn(drawing, FaceCrop({223, 108}, {90, 0})));
  // Beside the picture there is nothing to tell.
  EXPECT_FALSE(looks_drawn(drawing, FaceCrop({-900, 108}, {90, 0})));
}

}  // namespace
}  // namespace vane
