// SPDX-License-Identifier: Apache-2.0
// Oracle: published test vectors of each algorithm (XXH64 reference, FIPS 180-4, zlib).
#include "engine/base/hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace vane {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Hash, Xxh64MatchesTheReference) {
  EXPECT_EQ(xxh64(std::string_view()), 0xef46db3751d8e999ull);
  EXPECT_EQ(xxh64(std::string_view("a")), 0xd24ec4f1a98c6e5bull);
  EXPECT_EQ(xxh64(std::string_view("abc")), 0x44bc2cf5ad770999ull);
  // 39 bytes: the four-lane loop, an eight-byte, no four-byte and single-byte tail.
  EXPECT_EQ(xxh64(std::string_view("Nobody inspects the spammish repetition")),
            0xfbcea83c8a378bf1ull);
}

TEST(Hash, Sha256MatchesTheStandard) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(bytes_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// Oracle 5: the test suite of RFC 1321, appendix A.5.
TEST(Hash, Md5GivesTheDigestsOfItsStandard) {
  EXPECT_EQ(md5_hex({}), "D41D8CD98F00B204E9800998ECF8427E");
  EXPECT_EQ(md5_hex(bytes_of("abc")), "900150983CD24FB0D6963F7D28E17F72");
  EXPECT_EQ(md5_hex(bytes_of("12345678901234567890123456789012345678901234567890123456789012345678"
                             "901234567890")),
            "57EDF4A22BE3C955AC49DA2E2107B67A");
}

TEST(Hash, Crc32MatchesZipAndContinues) {
  EXPECT_EQ(crc32(bytes_of("123456789")), 0xCBF43926u);
  EXPECT_EQ(crc32(bytes_of("6789"), crc32(bytes_of("12345"))), 0xCBF43926u);
}

}  // namespace
}  // namespace vane
