// SPDX-License-Identifier: Apache-2.0
// Oracle: the colours that the header names.
#include "editing/language/field_pictures.h"

#include <gtest/gtest.h>

namespace vane {
namespace {

TEST(HeatMap, BeginsWhereAThingBeginsToBeThere) {
  Image grey;
  grey.width = 3;
  grey.height = 1;
  grey.u8.assign(9, 100);
  // Of what is there by 0.44, by 0.46 at most, and of what is not.
  const Image heat = heat_map(grey, {0.44f, 0.46f, 0.3f}, 0.43f);
  EXPECT_GT(heat.u8[1], 100);  // green in the middle of the range
  EXPECT_GT(heat.u8[3], 100);  // red at its top
  EXPECT_GT(heat.u8[3], heat.u8[5]);
  EXPECT_EQ(heat.u8[6], 30);  // dimmed
  EXPECT_EQ(heat.u8[8], 30);
}

}  // namespace
}  // namespace vane
