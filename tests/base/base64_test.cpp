// SPDX-License-Identifier: Apache-2.0
// Oracle 1: the test vectors of RFC 4648, section 10.
#include "engine/base/base64.h"

#include <gtest/gtest.h>

#include <utility>

namespace vane {
namespace {

TEST(Base64, MatchesTheVectorsOfTheStandard) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    const auto bytes = std::as_bytes(std::span(plain));
    EXPECT_EQ(base64_text(bytes), coded);
    const auto back = base64_bytes(coded);
    ASSERT_TRUE(back.has_value()) << coded;
    EXPECT_TRUE(std::equal(back->begin(), back->end(), bytes.begin(), bytes.end())) << coded;
  }
}

TEST(Base64, KeepsEveryByteValue) {
  std::vector<std::byte> bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<std::byte>(i));
  EXPECT_EQ(base64_bytes(base64_text(bytes)), bytes);
}

TEST(Base64, RefusesMalformedText) {
  for (const std::string_view text : {"Zg=", "Zg", "Z", "====", "Z===", "Zh==", "Zm9=", "Zm 9",
                                      "Zm9\n", "Zm9*", "Zg==Zg==", "=Zg=", "Zm-_"}) {
    EXPECT_FALSE(base64_bytes(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace vane
