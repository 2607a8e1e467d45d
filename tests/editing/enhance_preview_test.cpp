// SPDX-License-Identifier: Apache-2.0
// Oracle: arithmetic on pictures of few colours, and where a sheet must show which of them.
#include "editing/enhance_preview.h"

#include <gtest/gtest.h>

#include <cmath>

#include "editing/drawing.h"
#include "engine/base/error.h"

namespace vane {
namespace {

const uint8_t* pixel(const Image& image, int x, int y) {
  return &image.u8[static_cast<size_t>(y * image.width + x) * 3];
}

TEST(EnhancePreview, MeasuresGainInStopsOfLinearLight) {
  // sRGB 188 is twice the light of 137 within rounding: .5029 and .2502.
  const Image before = blank_sheet(3, 2, {137, 137, 137}),
              after = blank_sheet(3, 2, {188, 188, 188});
  for (const float stops : gain_in_stops(before, after)) EXPECT_NEAR(stops, 1, 0.01);
  for (const float stops : gain_in_stops(after, after)) EXPECT_EQ(stops, 0);
  // From black to white is the ten stops of a thousand, not infinity.
  const float most =
      gain_in_stops(blank_sheet(1, 1, {0, 0, 0}), blank_sheet(1, 1, {255, 255, 255}))[0];
  EXPECT_NEAR(most, std::log2(1001.0), 1e-4);
  EXPECT_THROW(gain_in_stops(before, blank_sheet(2, 2, {})), Error);
}

TEST(EnhancePreview, ShowsBeforeMapAndAfterOnASheetOfItsSize) {
  for (const auto& [width, height] :
       {std::pair{30, 20}, {20, 30}, {4, 90}, {900, 3}, {1536, 1024}}) {
    const Image before = blank_sheet(width, height, {40, 50, 60});
    Image after = blank_sheet(width, height, {140, 150, 160});
    const Image sheet = enhance_preview(before, after);
    EXPECT_EQ(std::max(sheet.width, sheet.height), kPreviewSide);
    ASSERT_EQ(sheet.u8.size(), sheet.sample_count());
    const int middle = 38 + (sheet.height - 38 - 58) / 2;
    EXPECT_EQ(pixel(sheet, sheet.width / 6 + 8, middle)[2], 60);
    EXPECT_EQ(pixel(sheet, sheet.width * 5 / 6 - 8, middle)[2], 160);
  }
  // The map ends at the scale's ends: dark violet where nothing changed, yellow at the top.
  const Image before = blank_sheet(30, 20, {40, 40, 40});
  Image after = before;
  paste(after, blank_sheet(15, 20, {200, 200, 200}), 15, 0);
  const Image sheet = enhance_preview(before, after);
  const uint8_t* const still = pixel(sheet, 600, 200);
  const uint8_t* const most = pixel(sheet, 1000, 200);
  EXPECT_LT(still[0] + still[1], 90);
  EXPECT_GT(most[0], 150);
  EXPECT_GT(most[1], 200);
}

TEST(Drawing, StaysOnTheSheet) {
  Image sheet = blank_sheet(9, 9, {1, 2, 3});
  const Image clean = sheet;
  paste(sheet, blank_sheet(4, 4, {9, 9, 9}), 20, 0);
  paste(sheet, blank_sheet(4, 4, {9, 9, 9}), 0, -7);
  draw_text(sheet, "A\xff", 40, -30, 3, {9, 9, 9});
  EXPECT_EQ(sheet.u8, clean.u8);
  paste(sheet, blank_sheet(30, 30, {9, 9, 9}), -10, -10);
  EXPECT_EQ(sheet.u8, blank_sheet(9, 9, {9, 9, 9}).u8);
  draw_text(sheet, "I", 0, 0, 1, {1, 1, 1});  // .###. over ..#..
  EXPECT_EQ(pixel(sheet, 0, 0)[0], 9);
  EXPECT_EQ(pixel(sheet, 1, 0)[0], 1);
  EXPECT_EQ(pixel(sheet, 1, 3)[0], 9);
  EXPECT_EQ(pixel(sheet, 2, 3)[0], 1);
  EXPECT_EQ(text_width("ab", 2), 22);
  EXPECT_THROW(contact_sheet({}), Error);
}

TEST(EnhancePreview, AContactSheetIsAsHighAsItsPictures) {
  const Image wide = blank_sheet(kContactSide, kContactSide / 4, {10, 20, 30});
  const Image tall = blank_sheet(kContactSide / 4, kContactSide, {10, 20, 30});
  const Image one = contact_sheet({{"a", wide, wide}});
  const Image two = contact_sheet({{"a", wide, wide}, {"b", tall, tall}});
  EXPECT_LT(one.height, kContactSide / 2);
  EXPECT_EQ(two.height - one.height - kContactSide, one.height - wide.height - 16);
}

}  // namespace
}  // namespace vane
