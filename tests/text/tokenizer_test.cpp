// SPDX-License-Identifier: Apache-2.0
#include "engine/text/tokenizer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/rng.h"
#include "tests/text/recorded_corpus.h"

namespace vane {
namespace {

using Ids = std::vector<int64_t>;

struct Golden {
  const char* text;
  Ids ids;
};

// Oracle 5: the OpenAI tokenizer with ftfy 6.3.1 (clip sheet, section 3.4).
const std::vector<Golden>& golden() {
  static const std::vector<Golden> vectors = {
      {"a diagram", {320, 22697}},
      {"a dog", {320, 1929}},
      {"a cat", {320, 2368}},
      {"", {}},
      {"HELLO", {3306}},
      {"X X X", {343, 343, 343}},
      {"!!!", {995}},
      {"$", {259}},
      {"Hello, World!", {3306, 267, 1002, 256}},
      {"a photo of a backlit face.", {320, 1125, 539, 320, 1663, 4350, 1710, 269}},
      {"well-lit", {1123, 268, 4350}},
      {"it's 2024, we've won!", {585, 568, 273, 271, 273, 275, 267, 649, 1200, 1749, 256}},
      {"we'LL", {649, 1342}},
      {"'S", {568}},
      {"don't can't", {847, 713, 753, 713}},
      {"caf\u00e9", {15304}},
      {"cafe\u0301", {15304}},
      {"na\u00efve r\u00e9sum\u00e9", {1097, 35689, 563, 29106, 7054, 4166}},
      {"日本語", {39121, 44353, 34002, 508}},
      {"\U0001F600", {7334}},
      {"I\u2019m here", {328, 880, 763}},
      {"&lt;b&gt; &amp;amp;", {283, 321, 285, 261}},
      {"  many   spaces\t\n here ", {1346, 9006, 763}},
      {"3.14159", {274, 269, 272, 275, 272, 276, 280}},
      {"a\u00a0b", {320, 321}},
      {"\u0130stanbul", {328, 16384, 11231}},
      {"straße", {1894, 127, 253, 324}},
      {"ΣΙΓΜΑΣ", {139, 225, 138, 117, 138, 111, 138, 120, 138, 109, 139, 480}},
      {"_under_score_", {318, 1798, 318, 4431, 318}},
      {"½ cup Ⅷ", {33613, 1937, 158, 227, 371}},
      {"\u200bzero", {9844, 5848}},
      {"e-mail@x.com", {324, 268, 2614, 287, 343, 269, 2464}},
      {"\ufb01ne", {3797}},
      {"Ｈｅｌｌｏ", {3306}},
      {"supercalifragilisticexpialidocious",
       {1642, 2857, 13093, 2076, 5868, 26850, 835, 639, 38466}},
      {"ไทย", {31718, 245, 33091}},
      {"हिन्दी", {29446, 26721, 26090, 19389, 29552, 25751}},
      {"\U0001F468\u200d\U0001F469", {25023, 964, 358}},
      {"â€™s broken mojibake schÃ¶n", {568, 5107, 617, 3252, 11878, 844, 7255, 333}},
      {"object", {14115}},
      {"things", {1739}},
      {"stuff", {3487}},
      {"texture", {16505}},
      {"£", {1950}},
      {"<|startoftext|> inner <|endoftext|>", {49406, 6955, 49407}},
  };
  return vectors;
}

TEST(Tokenizer, ReproducesTheGoldenVectors) {
  for (const Golden& g : golden()) EXPECT_EQ(Tokenizer::builtin().encode(g.text), g.ids) << g.text;
}

constexpr TokenizerOptions kHuggingFace{.cleaning = TextCleaning::hugging_face, .pad_id = 49407};
constexpr TokenizerOptions kPlainText{.parse_special = false};

const Tokenizer& tokenizer() { return Tokenizer::builtin(); }

// Oracle 5: open_clip's tokenizer with OpenAI's special strings, recorded with ftfy 6.3.1.
TEST(Tokenizer, AgreesWithOpenAiOnTheRecordedCorpus) {
  ASSERT_GE(testing::recorded_corpus().size(), 5000u);
  for (const auto& record : testing::recorded_corpus()) {
    EXPECT_EQ(tokenizer().encode(record.text), record.openai) << record.kind << ": " << record.text;
  }
}

// Oracle 5: transformers' fast tokenizer.
TEST(Tokenizer, AgreesWithHuggingFaceOnTheRecordedCorpus) {
  for (const auto& record : testing::recorded_corpus()) {
    EXPECT_EQ(tokenizer().encode(record.text, kHuggingFace), record.hugging_face)
        << record.kind << ": " << record.text;
  }
}

// Oracle 5: both published tokenizers; their answers differ where one cleans more than the other.
TEST(Tokenizer, FollowsEachPolicyWhereTheyDiffer) {
  EXPECT_EQ(tokenizer().encode("ΑΣ"), (Ids{138, 109, 139, 480}));
  EXPECT_EQ(tokenizer().encode("ΑΣ", kHuggingFace), (Ids{138, 109, 139, 481}));
  EXPECT_EQ(tokenizer().encode("&lt;b&gt;", kHuggingFace),
            (Ids{261, 3333, 282, 321, 261, 4725, 282}));
  EXPECT_EQ(tokenizer().encode("a <|ENDOFTEXT|>!"), (Ids{320, 49407, 256}));
  EXPECT_EQ(tokenizer().encode("a <|ENDOFTEXT|>!", kHuggingFace),
            (Ids{320, 27, 347, 40786, 4160, 91, 285, 256}));
}

// Oracle 5: the published tokenizers without their special strings.
TEST(Tokenizer, TreatsSpecialStringsAsTextOnRequest) {
  EXPECT_EQ(tokenizer().encode("<|startoftext|>!! a"), (Ids{49406, 748, 320}));
  EXPECT_EQ(tokenizer().encode("<|startoftext|>!! a", kPlainText),
            (Ids{27, 347, 993, 6659, 4160, 91, 29, 748, 320}));
  TokenizerOptions fast = kHuggingFace;
  fast.parse_special = false;
  EXPECT_EQ(tokenizer().encode("<|startoftext|>!! a", fast),
            (Ids{27, 347, 993, 6659, 4160, 91, 285, 748, 320}));
}

// Oracle 5: SHA-256 over the text of every id, one per line, as the published decoder writes it.
TEST(Tokenizer, KnowsTheTextOfEveryId) {
  std::string texts;
  for (int64_t id = 0; id < Tokenizer::kStart; ++id) texts += tokenizer().decode({id}) + "\n";
  std::ifstream file(std::string(VANE_TEST_DATA) + "/text/data/vocabulary.txt");
  std::string expected;
  file >> expected;
  EXPECT_EQ(sha256_hex(std::as_bytes(std::span(texts))), expected);
  EXPECT_EQ(tokenizer().token_text(1929), "dog");
  EXPECT_EQ(tokenizer().token_text(64), "a");
  EXPECT_EQ(tokenizer().token_text(Tokenizer::kStart), "");
  EXPECT_EQ(tokenizer().token_text(Tokenizer::kEnd), "");
}

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

// Oracle 3 (round trip): pieces are joined by spaces, so texts agree up to spaces. Left out: the
// iota subscript, which the pattern drops, and special strings, which decoding leaves out.
TEST(Tokenizer, DecodesToTheCleanedText) {
  int compared = 0;
  for (const auto& record : testing::recorded_corpus()) {
    const std::string clean = Tokenizer::clean(record.text, TextCleaning::openai);
    if (clean.find("\u0345") != clean.npos || clean.find("</w>") != clean.npos) continue;
    const std::string decoded = tokenizer().decode(tokenizer().encode(record.text, kPlainText));
    EXPECT_EQ(without_spaces(decoded), without_spaces(clean));
    ++compared;
  }
  EXPECT_GT(compared, 5000);
}

// Oracle 3 (invariance): what was encoded before, and by how many threads, does not matter.
TEST(Tokenizer, DoesNotDependOnItsCache) {
  const Tokenizer fresh(assets_folder() / "bpe_simple_vocab_16e6.txt.gz");
  const auto& corpus = testing::recorded_corpus();
  std::vector<int> mismatches(4);
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < mismatches.size(); ++t) {
      threads.emplace_back([&, t] {
        for (size_t i = 0; i < corpus.size(); ++i) {
          const auto& record = corpus[(i * (2 * t + 1)) % corpus.size()];
          mismatches[t] += fresh.encode(record.text) != record.openai;
        }
      });
    }
  }
  EXPECT_EQ(mismatches, std::vector<int>(4));
}

// Oracle 1: the layout of a row as clip sheet 3.3 states it.
TEST(Tokenizer, LaysOutRowsLikeThePublishedModels) {
  const TokenBatch batch = tokenizer().encode_batch({"a dog", ""});
  ASSERT_EQ(batch.ids.size(), 2u * 77);
  EXPECT_EQ(Ids(batch.ids.begin(), batch.ids.begin() + 5), (Ids{49406, 320, 1929, 49407, 0}));
  EXPECT_EQ(Ids(batch.ids.begin() + 77, batch.ids.begin() + 80), (Ids{49406, 49407, 0}));
  EXPECT_EQ(batch.end, (Ids{3, 1}));
  EXPECT_EQ(batch.truncated, (std::vector<bool>{false, false}));
  const TokenBatch padded = tokenizer().encode_batch({"a dog"}, kHuggingFace);
  EXPECT_EQ(padded.ids[4], 49407);
  EXPECT_EQ(padded.ids[76], 49407);
  EXPECT_EQ(padded.end, (Ids{3}));
}

// Oracle 1: 300 tokens keep the first 75 and end in the end token at position 76; 75 still fit.
TEST(Tokenizer, CutsLongTextsButKeepsTheEndToken) {
  std::string longest, fitting;
  for (int i = 0; i < 300; ++i) longest += "dog ";
  for (int i = 0; i < 75; ++i) fitting += "dog ";
  ASSERT_EQ(tokenizer().encode(longest).size(), 300u);
  const TokenBatch batch = tokenizer().encode_batch({longest, fitting});
  EXPECT_EQ(batch.ids[75], 1929);
  EXPECT_EQ(batch.ids[76], 49407);
  EXPECT_EQ(batch.end, (Ids{76, 76}));
  EXPECT_EQ(batch.truncated, (std::vector<bool>{true, false}));
  EXPECT_EQ(Ids(batch.ids.begin(), batch.ids.begin() + 77),
            Ids(batch.ids.begin() + 77, batch.ids.end()));
}

// Oracle 1: a model reads its output at the first end token, also when the text brought it along.
TEST(Tokenizer, ReportsTheFirstEndToken) {
  EXPECT_EQ(tokenizer().encode_batch({"a <|endoftext|> dog"}).end, (Ids{2}));
}

TEST(Tokenizer, RefusesAContextWithoutRoom) {
  TokenizerOptions options;
  options.context_length = 1;
  try {
    tokenizer().encode_batch({"a"}, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
  }
}

// Oracle 3: any bytes give ids of the vocabulary, the same each time.
TEST(Tokenizer, AcceptsArbitraryBytes) {
  Rng rng(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(rng.below(60), '\0');
    // High bytes dominate, so that many sequences are nearly valid.
    for (char& c : bytes)
      c = static_cast<char>(rng.chance(0.7f) ? 0x80 + rng.below(128) : rng.below(128));
    for (const TokenizerOptions& options : {TokenizerOptions{}, kHuggingFace, kPlainText}) {
      const Ids ids = tokenizer().encode(bytes, options);
      for (int64_t id : ids) ASSERT_TRUE(id >= 0 && id < Tokenizer::kVocabulary);
      EXPECT_EQ(ids, tokenizer().encode(bytes, options));
    }
  }
}

TEST(Tokenizer, RefusesIdsOutsideTheVocabulary) {
  for (int64_t id : {int64_t{-1}, Tokenizer::kVocabulary}) {
    try {
      tokenizer().decode({id});
      FAIL() << id;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
    }
  }
}

class TokenizerFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("vane_tokenizer_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }
  std::filesystem::path folder_;
};

TEST_F(TokenizerFile, MayBeInflated) {
  const std::string content =
      testing::read_gzip((assets_folder() / "bpe_simple_vocab_16e6.txt.gz").string());
  const Tokenizer inflated(write("merges.txt", content));
  EXPECT_EQ(inflated.encode("a diagram"), (Ids{320, 22697}));
}

TEST_F(TokenizerFile, IsRefusedWhenChangedCutOrMissing) {
  std::ifstream file(assets_folder() / "bpe_simple_vocab_16e6.txt.gz", std::ios::binary);
  std::stringstream stream;
  stream << file.rdbuf();
  std::string changed = stream.str(), cut = changed.substr(0, changed.size() / 2);
  changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
  for (const auto& path : {write("changed.gz", changed), write("cut.gz", cut),
                           write("empty.gz", ""), folder_ / "missing.gz"}) {
    try {
      const Tokenizer refused(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::input);
      EXPECT_NE(std::string(error.what()).find(path.filename().string()), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace vane
