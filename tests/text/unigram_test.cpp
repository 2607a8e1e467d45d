// SPDX-License-Identifier: Apache-2.0
// Oracles: (1) transformers 5.24 and sentencepiece 0.2.3 on two tokenizers trained for the purpose,
// recorded by tests/oracles/record_siglip.py; (2) rules of the file format, checked on damaged
// copies and on models put together by hand.
#include "engine/text/unigram.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/text/unicode.h"
#include "tests/text/recorded_corpus.h"

namespace vane {
namespace {

using Ids = std::vector<int64_t>;

std::string data_file(const std::string& name) {
  return std::string(VANE_TEST_DATA) + "/text/data/" + name;
}

SentencePieceModel parse(const std::string& bytes) {
  return parse_sentencepiece_model(std::as_bytes(std::span(bytes)));
}

/// Files that are not compressed are read as they are.
std::string model_bytes(const std::string& name) { return testing::read_gzip(data_file(name)); }

const UnigramTokenizer& published_kind() {
  static const UnigramTokenizer tokenizer(parse(model_bytes("siglip.model.gz")), "a");
  return tokenizer;
}

const UnigramTokenizer& with_bytes() {
  static const UnigramTokenizer tokenizer(parse(model_bytes("siglip_bytes.model")), "b");
  return tokenizer;
}

struct RecordedIds {
  std::string text;
  Ids published, published_raw, bytes, bytes_raw;
};

const std::vector<RecordedIds>& recorded() {
  static const std::vector<RecordedIds> rows = [] {
    std::vector<RecordedIds> out;
    for (const std::string& line : split(testing::read_gzip(data_file("siglip.tsv.gz")), '\n')) {
      if (line.empty() || line[0] == '#') continue;
      const std::vector<std::string> columns = split(line, '\t');
      using testing::parse_ids;
      out.push_back({testing::from_hex(columns.at(0)), parse_ids(columns.at(1)),
                     parse_ids(columns.at(2)), parse_ids(columns.at(3)), parse_ids(columns.at(4))});
    }
    return out;
  }();
  return rows;
}

Ids raw_ids(const UnigramTokenizer& tokenizer, const std::string& text) {
  Ids ids;
  for (const std::string& piece : tokenizer.pieces(encode_utf8(decode_utf8(text)))) {
    ids.push_back(tokenizer.id_of(piece));
  }
  return ids;
}

TEST(UnigramTokenizer, AgreesWithSiglipTokenizerOnEveryRecordedText) {
  ASSERT_GE(recorded().size(), 1800u);
  for (const RecordedIds& row : recorded()) {
    EXPECT_EQ(published_kind().encode(row.text), row.published) << row.text;
    EXPECT_EQ(with_bytes().encode(row.text), row.bytes) << row.text;
  }
}

TEST(UnigramTokenizer, CutsUncleanedTextAsSentencePieceDoes) {
  for (const RecordedIds& row : recorded()) {
    EXPECT_EQ(raw_ids(published_kind(), row.text), row.published_raw) << row.text;
    EXPECT_EQ(raw_ids(with_bytes(), row.text), row.bytes_raw) << row.text;
  }
}

TEST(UnigramTokenizer, LaysOutRowsWithOneEndTokenAndPadsWithIt) {
  TokenizerOptions options;
  options.cleaning = TextCleaning::siglip;
  options.context_length = 16;
  options.pad_id = published_kind().end_id();
  EXPECT_EQ(options.pad_id, 1);
  std::string longest;
  for (int i = 0; i < 40; ++i) longest += "photo ";
  const TokenBatch batch =
      published_kind().encode_batch({"a photo", "", longest, "a</s>"}, options);
  const Ids words = published_kind().encode("a photo");
  ASSERT_EQ(batch.ids.size(), 4u * 16);
  EXPECT_EQ(Ids(batch.ids.begin(), batch.ids.begin() + std::ptrdiff_t(words.size())), words);
  for (size_t i = words.size(); i < 16; ++i) EXPECT_EQ(batch.ids[i], 1);
  EXPECT_EQ(Ids(batch.ids.begin() + 16, batch.ids.begin() + 32), Ids(16, 1));
  EXPECT_NE(batch.ids[46], 1);
  EXPECT_EQ(batch.ids[47], 1);
  EXPECT_EQ(batch.truncated, (std::vector<bool>{false, false, true, false}));
  EXPECT_EQ(batch.end[0], static_cast<int64_t>(words.size()));
  EXPECT_EQ(batch.end[1], 0);
  EXPECT_EQ(batch.end[2], 15);
  EXPECT_EQ(batch.end[3], static_cast<int64_t>(published_kind().encode("a").size()));
  options.context_length = 1;
  EXPECT_THROW(published_kind().encode_batch({"a"}, options), Error);
}

TEST(UnigramTokenizer, GivesIdsOfItsVocabularyForAnyBytes) {
  Rng rng(11);
  for (int round = 0; round < 1000; ++round) {
    std::string bytes(rng.below(60), '\0');
    for (char& c : bytes)
      c = static_cast<char>(rng.chance(0.7f) ? 0x80 + rng.below(128) : rng.below(128));
    for (const UnigramTokenizer* tokenizer : {&published_kind(), &with_bytes()}) {
      for (int64_t id : tokenizer->encode(bytes)) {
        ASSERT_TRUE(id >= 0 && id < tokenizer->vocabulary());
      }
      tokenizer->pieces(bytes);  // malformed UTF-8 reaches the normaliser only here
    }
  }
}

// A model file by hand: the encoding of protocol buffers.
std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7F));
  return out + static_cast<char>(value);
}
std::string number(unsigned field, uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(unsigned field, const std::string& content) {
  return varint(field << 3 | 2) + varint(content.size()) + content;
}
std::string piece(const std::string& text, float score, unsigned type = 1) {
  std::string bits(4, '\0');
  std::memcpy(bits.data(), &score, 4);
  return bytes(1, bytes(1, text) + varint(2 << 3 | 5) + bits + number(3, type));
}
const std::string& specials() {
  static const std::string pieces = piece("<unk>", 0, 2) + piece("</s>", 0, 3);
  return pieces;
}

/// Without a dummy space in front of the text.
const std::string& plain_normaliser() {
  static const std::string spec = bytes(3, number(3, 0));
  return spec;
}

std::string fault_of(const std::string& model) {
  try {
    const UnigramTokenizer tokenizer(parse(model), "x");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
    EXPECT_LE(error.byte().value_or(0), model.size()) << error.what();
    return error.what();
  }
  return "no error";
}

TEST(UnigramTokenizer, TakesThePathOfTheBestSum) {
  // a+bc = -3 beats ab+c = -4 and abc = -5; "d" is unknown: -5-10.
  const UnigramTokenizer tokenizer(
      parse(specials() + piece("a", -1) + piece("bc", -2) + piece("ab", -2) + piece("c", -2) +
            piece("abc", -5) + plain_normaliser()),
      "x");
  EXPECT_EQ(tokenizer.pieces("abcdda"), (std::vector<std::string>{"a", "bc", "dd", "a"}));
  EXPECT_EQ(tokenizer.id_of("dd"), 0);
}

TEST(UnigramTokenizer, NeverTakesUnusedPiecesAndAlwaysThoseDefinedByHand) {
  const UnigramTokenizer tokenizer(
      parse(specials() + piece("a", -1) + piece("b", -1) + piece("ab", -0.5f, 5) +
            piece("ba", -90, 4) + plain_normaliser()),
      "x");
  EXPECT_EQ(tokenizer.pieces("abbab"), (std::vector<std::string>{"a", "b", "ba", "b"}));
}

TEST(SentencePieceModel, FaultsOfTheFileAreNamed) {
  const auto says = [](const std::string& fields, const char* words) {
    const std::string fault = fault_of(plain_normaliser() + fields);
    EXPECT_NE(fault.find(words), std::string::npos) << fault;
  };
  EXPECT_NE(fault_of("").find("no normaliser specification"), std::string::npos);
  says("", "no pieces");
  says(piece("a", -1), "0 unknown pieces");
  says(specials() + piece("?", 0, 2), "2 unknown pieces");
  says(specials() + piece("a", -1) + piece("a", -2), "\"a\" appears twice");
  says(specials() + piece("", -1), "empty or holds a zero byte");
  says(specials() + piece("a", std::numeric_limits<float>::quiet_NaN()), "no finite number");
  says(specials() + piece("a", -1, 7), "of type 7");
  says(specials() + piece("<0x41>", -1, 6), "contradicts byte_fallback");
  says(specials() + piece("<0x4>", -1, 6), "no byte piece");
  says(specials() + bytes(2, number(35, 1)), "contradicts byte_fallback");
  says(specials() + bytes(2, number(3, 9)), "model type is 9");
  says(specials() + number(1, 5), "wire type 0, expected 2");
  says(specials() + varint(9 << 3 | 3), "of wire type 3");
  says(specials() + std::string(11, '\xFF'), "longer than 64 bits");
  says(specials() + varint(1 << 3 | 2) + varint(1ull << 62), "bytes is cut");
  says(piece("<unk>", 0, 2) + piece("a", -1), "no pieces <unk> and </s>");
  says(specials() + bytes(3, bytes(2, "abc")), "character map of 3 bytes");
  says(specials() + bytes(3, bytes(2, std::string("\x04\0\0\0abcdef", 10))), "does not end");
  says(model_bytes("siglip_pair.model"), "byte-pair model");
}

TEST(SentencePieceModel, EveryCutOfAFileIsRefused) {
  const std::string whole = model_bytes("siglip_bytes.model");
  ASSERT_EQ(fault_of(whole), "no error");
  for (size_t size = 0; size < whole.size(); size += 1 + size / 40) {
    EXPECT_NE(fault_of(whole.substr(0, size)), "no error") << size;
  }
}

TEST(SentencePieceModel, ChangedBytesAreRefusedOrStillTokenize) {
  Rng rng(5);
  const std::string whole = model_bytes("siglip_bytes.model");
  int refused = 0, read = 0;
  for (int round = 0; round < 400; ++round) {
    std::string changed = whole;
    // Near the end lie the settings and the character map.
    const size_t from = rng.chance(0.5f) ? 0 : whole.size() - 600;
    for (int i = 0; i < 3; ++i) {
      changed[from + rng.below(static_cast<uint32_t>(whole.size() - from))] =
          static_cast<char>(rng.below(256));
    }
    try {
      const UnigramTokenizer tokenizer(parse(changed), "x");
      for (const char* text : {"a photo of Ad e\u0301 DE", "水彩 Ωмир \xff\xc3"}) {
        for (int64_t id : tokenizer.encode(text)) ASSERT_LT(id, tokenizer.vocabulary());
      }
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
  EXPECT_GT(read, 20);
}

class UnigramFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("vane_unigram_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  std::string fault() const {
    try {
      read_unigram_tokenizer(folder_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint);
      return error.what();
    }
    return "no error";
  }
  std::filesystem::path folder_;
};

TEST_F(UnigramFolder, IsReadAndItsHashFollowsTheFile) {
  write("spiece.model", model_bytes("siglip_bytes.model"));
  const auto tokenizer = read_unigram_tokenizer(folder_);
  EXPECT_EQ(tokenizer->encode("a photo"), with_bytes().encode("a photo"));
  write("spiece.model", model_bytes("siglip.model.gz"));
  EXPECT_NE(read_unigram_tokenizer(folder_)->hash(), tokenizer->hash());
}

TEST_F(UnigramFolder, MissingFilesAndOtherTokenizersAreRefusedByName) {
  EXPECT_NE(fault().find("spiece.model"), std::string::npos);
  write("tokenizer.json", "{}");
  EXPECT_NE(fault().find("tokenizer.json (as SigLIP 2 brings)"), std::string::npos);
  write("spiece.model", model_bytes("siglip_bytes.model"));
  EXPECT_EQ(fault(), "no error");
  write("tokenizer_config.json", R"({"tokenizer_class": "SiglipTokenizer", "do_lower_case": true,
    "eos_token": {"content": "</s>"}, "pad_token": "</s>", "unk_token": "<unk>",
    "additional_special_tokens": [], "added_tokens_decoder": {"1": {"content": "</s>"}}})");
  EXPECT_EQ(fault(), "no error");
  for (const auto& [setting, key] :
       {std::pair{R"({"tokenizer_class": "GemmaTokenizer"})", "tokenizer_class"},
        {R"({"do_lower_case": false})", "do_lower_case"},
        {R"({"pad_token": "<pad>"})", "pad_token"},
        {R"({"added_tokens_decoder": {"5": {"content": "<x>"}}})", "added_tokens_decoder"}}) {
    write("tokenizer_config.json", setting);
    EXPECT_NE(fault().find(key), std::string::npos) << fault();
  }
}

}  // namespace
}  // namespace vane
