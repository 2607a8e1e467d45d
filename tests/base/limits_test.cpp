// SPDX-License-Identifier: Apache-2.0
// Oracle: the table of the robustness sheet, section 1.
#include "engine/base/limits.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace vane {
namespace {

TEST(Limits, DefaultsAreThoseOfTheSheet) {
  const Limits limits;
  EXPECT_EQ(limits.weights_header_bytes, 100'000'000u);
  EXPECT_EQ(limits.image_pixels, 268'435'456u);
  EXPECT_EQ(limits.image_side, 65'500u);
}

TEST(Limits, SetTakesSuffixesAndNamesTheNearest) {
  Limits limits;
  limits.set("image.pixels=300M");
  EXPECT_EQ(limits.image_pixels, 300'000'000u);
  limits.set("weights.file_bytes=2GiB");
  EXPECT_EQ(limits.weights_file_bytes, 2ull << 30);
  try {
    limits.set("image.pixel=5");
    FAIL() << "accepted an unknown limit";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_EQ(error.hint(), "did you mean image.pixels?");
  }
  EXPECT_THROW(limits.set("image.pixels"), Error);
  EXPECT_THROW(limits.set("image.pixels=0"), Error);
  EXPECT_THROW(limits.set("image.pixels=many"), Error);
}

TEST(Limits, EveryNameCanBeSet) {
  for (const std::string& name : Limits::names()) {
    Limits limits;
    EXPECT_NO_THROW(limits.set(name + "=77")) << name;
  }
}

TEST(Error, SaysFilePlaceReasonAndRemedyInOneLine) {
  const Error error = Error(ErrorCode::checkpoint, "bad\ntensor")
                          .in_file("a/b.safetensors")
                          .at_key("x.weight")
                          .at_byte(4096)
                          .with_hint("export it again")
                          .while_doing("while loading CLIP");
  EXPECT_STREQ(error.what(),
               "a/b.safetensors: x.weight: bad\\x0atensor (byte 4096); export it again; while "
               "loading CLIP");
  EXPECT_EQ(static_cast<int>(error.code()), 5);
}

}  // namespace
}  // namespace vane
