// SPDX-License-Identifier: Apache-2.0
// Oracles: closed forms for faces of known landmarks; the published rule of FFHQ, recorded by
// tests/oracles/record_face_crops.py.
#include "editing/faces/face_crop.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Left eye, right eye, left and right corner of the mouth.
using Features = std::array<FaceLandmarks::Point, 4>;

FaceLandmarks face_of(const Features& features) {
  FaceLandmarks face;
  for (size_t i = 36; i < 42; ++i) face.points[i] = features[0];
  for (size_t i = 42; i < 48; ++i) face.points[i] = features[1];
  face.points[48] = features[2];
  face.points[54] = features[3];
  return face;
}

/// As in the recording script.
const Features kFrontal{{{201, 103}, {246, 105}, {203, 146}, {241, 147}}};
const std::vector<Features> kRecorded{
    kFrontal,
    {{{210.25f, 90.5f}, {238.5f, 130.25f}, {178, 122}, {199.75f, 151.5f}}},
    {{{30, 25}, {75, 27}, {32, 68}, {70, 69}}},
    {{{180, 200}, {330, 190}, {200, 340}, {320, 330}}},
    {{{216, 110}, {228.5f, 111}, {217, 122}, {227, 122.5f}}}};

TEST(FaceCrop, AnUprightFaceGivesTheSquareOfTheRule) {
  // e = (40, 0), m = (0, 40): the width is 2 max(80, 72), the middle 4 below the eyes.
  const FaceCrop crop = FaceCrop::of(face_of({{{80, 100}, {120, 100}, {85, 140}, {115, 140}}}));
  EXPECT_DOUBLE_EQ(crop.side(), 160);
  const auto quad = crop.quad();
  const double expected[4][2] = {{20, 24}, {20, 184}, {180, 184}, {180, 24}};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(quad[i].x, expected[i][0], 1e-12);
    EXPECT_NEAR(quad[i].y, expected[i][1], 1e-12);
  }
  // A long face: 1.8 |m| counts.
  EXPECT_DOUBLE_EQ(FaceCrop::of(face_of({{{80, 100}, {120, 100}, {85, 160}, {115, 160}}})).side(),
                   2 * 1.8 * 60);
}

TEST(FaceCrop, FollowsRotationScaleAndTranslation) {
  const FaceCrop crop = FaceCrop::of(face_of(kFrontal));
  for (const double degrees : {0.0, 33.0, 90.0, 180.0, -120.0}) {
    const double scale = 1.7, dx = 31.5, dy = -12.25;
    const double c = scale * std::cos(degrees / 57.29577951308232);
    const double s = scale * std::sin(degrees / 57.29577951308232);
    Features moved = kFrontal;
    for (auto& p : moved) {
      const double x = p.x, y = p.y;
      p = {static_cast<float>(c * x - s * y + dx), static_cast<float>(s * x + c * y + dy)};
    }
    const auto quad = FaceCrop::of(face_of(moved)).quad();
    for (size_t i = 0; i < 4; ++i) {
      const CropPoint p = crop.quad()[i];
      EXPECT_NEAR(quad[i].x, c * p.x - s * p.y + dx, 1e-3);
      EXPECT_NEAR(quad[i].y, s * p.x + c * p.y + dy, 1e-3);
    }
  }
}

TEST(FaceCrop, TheWayBackUndoesTheWayIn) {
  const FaceCrop crop = FaceCrop::of(face_of(kRecorded[1]));
  for (const CropPoint p : {CropPoint{0, 0}, {0.3, 0.9}, {1, 1}, {-2, 5}}) {
    const CropPoint back = crop.to_crop(crop.to_photo(p));
    EXPECT_NEAR(back.x, p.x, 1e-12);
    EXPECT_NEAR(back.y, p.y, 1e-12);
  }
}

TEST(FaceCrop, LandmarksInOnePlaceAreNoFace) {
  try {
    FaceCrop::of(face_of({}));
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
  }
}

/// A ramp in 16 bit: red grows across, green downwards.
Image ramp(int width, int height) {
  Image picture;
  picture.width = width;
  picture.height = height;
  picture.depth = 16;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.u16.insert(picture.u16.end(), {static_cast<uint16_t>(100 * x),
                                             static_cast<uint16_t>(100 * y), uint16_t{7777}});
    }
  }
  return picture;
}

TEST(CropFace, PlacesPixelsWhereTheTransformSays) {
  // Linear colours survive linear looking-up and symmetric reduction: pixel (i, j) tells its place.
  const Image photo = ramp(400, 400);
  for (const double degrees : {0.0, 25.0, 140.0}) {
    const double half = 60.3;
    const FaceCrop crop({201.37, 198.81}, {half * std::cos(degrees / 57.29577951308232),
                                           half * std::sin(degrees / 57.29577951308232)});
    for (const int size : {17, 64, 200}) {
      const Image cut = crop_face(photo, crop, size);
      ASSERT_EQ(cut.depth, 16);
      ASSERT_EQ(cut.sample_count(), size_t(3 * size * size));
      // Not in the outer pixels, whose Lanczos window is cut on one side.
      for (int y = 3; y < size - 3; ++y) {
        for (int x = 3; x < size - 3; ++x) {
          const CropPoint p = crop.to_photo({(x + 0.5) / size, (y + 0.5) / size});
          const uint16_t* pixel = &cut.u16[3 * (size_t(y) * size_t(size) + size_t(x))];
          ASSERT_NEAR(pixel[0] / 100.0, p.x, 0.02) << x << " " << y;
          ASSERT_NEAR(pixel[1] / 100.0, p.y, 0.02) << x << " " << y;
          ASSERT_EQ(pixel[2], 7777);
        }
      }
    }
  }
}

TEST(CropFace, AgreesWithThePublishedRule) {
  const Image photo = read_image(assets_folder() / "samples" / "astronaut.jpg");
  const Image sheet = read_image(fs::path(VANE_TEST_DATA) / "faces" / "data" / "ffhq_crops.png");
  int left = 0;
  for (size_t n = 0; n < kRecorded.size(); ++n) {
    const int size = n == 3 ? 160 : 64;
    ASSERT_LE(left + size, sheet.width);
    const Image expected = crop(sheet, left, 0, size, size);
    left += size;
    const Image cut = crop_face(photo, FaceCrop::of(face_of(kRecorded[n])), size);
    // Both round to 8 bits at the end only.
    double sum = 0;
    int worst = 0;
    for (size_t i = 0; i < cut.u8.size(); ++i) {
      const int difference = std::abs(cut.u8[i] - expected.u8[i]);
      sum += difference;
      worst = std::max(worst, difference);
    }
    EXPECT_LE(sum / double(cut.u8.size()), 0.2) << n;
    EXPECT_LE(worst, 2) << n;
  }
}

TEST(CropFace, EightAndSixteenBitGreyAndAlphaAgree) {
  const Image photo = ramp(90, 80);
  const FaceCrop crop({40, 41}, {30, 9});  // near the edge: continued
  const Image deep = crop_face(photo, crop, 24);
  Image grey, alpha;
  grey.width = alpha.width = 90;
  grey.height = alpha.height = 80;
  grey.channels = 1;
  alpha.channels = 4;
  for (size_t i = 0; i < photo.u16.size(); i += 3) {
    const auto value = static_cast<uint8_t>(photo.u16[i] / 257);
    grey.u8.push_back(value);
    alpha.u8.insert(alpha.u8.end(), {value, uint8_t(photo.u16[i + 1] / 257), 3, 0});
  }
  const Image from_grey = crop_face(grey, crop, 24), from_alpha = crop_face(alpha, crop, 24);
  ASSERT_EQ(from_grey.channels, 3);
  ASSERT_EQ(from_alpha.channels, 3);
  for (size_t i = 0; i < deep.u16.size(); i += 3) {
    EXPECT_NEAR(from_alpha.u8[i], deep.u16[i] / 257.0, 1.6);
    EXPECT_NEAR(from_alpha.u8[i + 1], deep.u16[i + 1] / 257.0, 1.6);
    for (size_t c = 0; c < 3; ++c) EXPECT_EQ(from_grey.u8[i + c], from_alpha.u8[i]);
  }
}

TEST(CropFace, ASquareBesideThePictureIsRefused) {
  const Image photo = ramp(50, 50);
  for (const CropPoint middle : {CropPoint{200, 25}, {25, -200}, {1e12, 0}, {std::nan(""), 0}}) {
    try {
      crop_face(photo, FaceCrop(middle, {20, 0}), 16);
      ADD_FAILURE() << middle.x;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::input);
    }
  }
  EXPECT_THROW(crop_face(photo, FaceCrop({25, 25}, {20, 0}), 0), Error);
}

}  // namespace
}  // namespace vane
