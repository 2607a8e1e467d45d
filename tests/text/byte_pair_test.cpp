// SPDX-License-Identifier: Apache-2.0
#include "engine/text/byte_pair.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "tests/text/recorded_corpus.h"

namespace vane {
namespace {

const std::string& merge_list() {
  static const std::string text =
      testing::read_gzip((assets_folder() / "bpe_simple_vocab_16e6.txt.gz").string());
  return text;
}

// Oracle 2: the definition of Sennrich et al. 2016 on strings, for lower-case ASCII pieces.
class SlowBytePairs {
 public:
  SlowBytePairs() {
    const std::vector<std::string> lines = split(merge_list(), '\n');
    for (int k = 0; k < BytePairTable::kMerges; ++k) {
      const std::vector<std::string> parts = split(lines[static_cast<size_t>(k) + 1], ' ');
      rank_[{parts[0], parts[1]}] = k;
    }
  }

  std::vector<std::string> encode(const std::string& piece) const {
    std::vector<std::string> word;
    for (char c : piece) word.emplace_back(1, c);
    word.back() += "</w>";
    while (true) {
      auto best = rank_.end();
      for (size_t i = 0; i + 1 < word.size(); ++i) {
        const auto found = rank_.find({word[i], word[i + 1]});
        if (found != rank_.end() && (best == rank_.end() || found->second < best->second)) {
          best = found;
        }
      }
      if (best == rank_.end()) return word;
      std::vector<std::string> merged;
      for (size_t i = 0; i < word.size(); ++i) {
        const bool pair = i + 1 < word.size() && word[i] == best->first.first &&
                          word[i + 1] == best->first.second;
        merged.push_back(pair ? word[i] + word[i + 1] : word[i]);
        if (pair) ++i;
      }
      word = std::move(merged);
    }
  }

 private:
  std::map<std::pair<std::string, std::string>, int> rank_;
};

TEST(BytePairTable, MergesLikeTheDefinition) {
  const BytePairTable table(merge_list());
  const SlowBytePairs slow;
  Rng rng(11);
  for (int round = 0; round < 400; ++round) {
    // Few distinct letters and repetitions make overlapping pairs such as "aaa" frequent.
    const uint32_t letters = 1 + rng.below(26);
    std::string piece(1 + rng.below(round < 350 ? 24 : 300), 'a');
    for (char& c : piece) c = static_cast<char>('a' + rng.below(letters));
    std::vector<int64_t> ids;
    table.encode(piece, ids);
    std::vector<std::string> symbols;
    for (int64_t id : ids) symbols.push_back(table.bytes(id));
    EXPECT_EQ(symbols, slow.encode(piece)) << piece;
  }
}

// Oracle 1: clip sheet 3.1.
TEST(BytePairTable, NumbersBytesInTheOrderOfTheByteAlphabet) {
  const BytePairTable table(merge_list());
  EXPECT_EQ(table.bytes(0), "!");
  EXPECT_EQ(table.bytes(64), "a");
  EXPECT_EQ(table.bytes(187), "\xff");
  EXPECT_EQ(table.bytes(188), std::string(1, '\0'));
  EXPECT_EQ(table.bytes(255), "\xad");
  EXPECT_EQ(table.bytes(256), "!</w>");
  EXPECT_EQ(table.bytes(512), "in");
  EXPECT_EQ(table.bytes(49405), "jekyll</w>");
}

TEST(BytePairTable, RefusesAMergeOfUnknownSymbolsWithItsLine) {
  try {
    const BytePairTable table("version\ni n\nxyzzy q\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
    EXPECT_EQ(error.line(), 3);
  }
  EXPECT_THROW(BytePairTable(""), Error);
  EXPECT_THROW(BytePairTable("version\ni n"), Error);
}

}  // namespace
}  // namespace vane
