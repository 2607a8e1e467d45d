// SPDX-License-Identifier: Apache-2.0
// Oracle: the definition with numeric derivatives: every number of the last layer's attention is
// moved by hand in float64, and the cosine computed again.
#include "guidance/word_attribution.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/clip/text_transformer.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

using testing::small_clip;

using Words = std::vector<std::string>;

// Attention of the last block and what the cosine becomes with another one.
struct LastLayer {
  const TextTransformer& tower;
  Tensor stream, value, attention, image;
  int64_t end;

  LastLayer(const TextTransformer& given, const std::vector<int64_t>& ids, const Tensor& seen)
      : tower(given), image(seen), end(static_cast<int64_t>(ids.size()) - 1) {
    const Tensor row = at::tensor(ids, at::TensorOptions().dtype(at::kLong)).unsqueeze(0);
    stream = at::embedding(tower.token_embedding, row) +
             tower.positional_embedding.slice(0, 0, row.size(1));
    for (size_t i = 0; i + 1 < tower.blocks.size(); ++i) {
      stream = residual_block(tower.blocks[i], stream, true);
    }
    residual_block_explicit(tower.blocks.back(), stream, true, &attention);
    value = attention_heads(tower.blocks.back(), stream).value;
  }
  double cosine(const Tensor& other) const {
    const Tensor out = finish_block(tower.blocks.back(), stream, at::matmul(other, value));
    const Tensor embedding = at::matmul(tower.ln_final(out[0][end]), tower.text_projection);
    return (unit(embedding) * unit(image)).sum().item<double>();
  }
};

TEST(WordAttribution, IsGradientTimesAttentionAtTheEndToken) {
  const auto clip = small_clip()->to_double();
  const Tensor image = named_values("seen", {16}).to(at::kDouble);
  WordAttributionConfig config;
  config.layers = 1;
  const std::string caption = "a xylophone, near houses";
  const WordAttribution found = attribute_words(*clip, image, caption, config);
  ASSERT_EQ(found.words.size(), 4u);
  EXPECT_EQ(found.words[1].word, "xylophone,");

  std::vector<int64_t> ids{Tokenizer::kStart};
  std::vector<int64_t> starts;
  for (const char* word : {"A photo depicts", "a", "xylophone,", "near", "houses"}) {
    starts.push_back(static_cast<int64_t>(ids.size()));
    for (const int64_t id : Tokenizer::builtin().encode(word)) ids.push_back(id);
  }
  starts.push_back(static_cast<int64_t>(ids.size()));
  ids.push_back(Tokenizer::kEnd);
  const LastLayer layer(*clip->text_transformer_tower(), ids, image);
  EXPECT_NEAR(found.similarity, layer.cosine(layer.attention), 1e-9);
  const int64_t heads = layer.attention.size(1);
  for (size_t w = 0; w < 4; ++w) {
    double sum = 0;
    for (int64_t i = starts[w + 1]; i < starts[w + 2]; ++i) {
      for (int64_t h = 0; h < heads; ++h) {
        constexpr double kStep = 1e-5;
        Tensor up = layer.attention.clone(), down = layer.attention.clone();
        up[0][h][layer.end][i] += kStep;
        down[0][h][layer.end][i] -= kStep;
        const double slope = (layer.cosine(up) - layer.cosine(down)) / (2 * kStep);
        sum += slope * layer.attention[0][h][layer.end][i].item<double>();
      }
    }
    const double expected =
        sum / static_cast<double>(heads) / static_cast<double>(starts[w + 2] - starts[w + 1]);
    EXPECT_NEAR(found.words[w].score, expected, 1e-8) << found.words[w].word;
    EXPECT_EQ(found.words[w].misaligned, expected < config.threshold);
  }
}

// Law: y is a cosine, so the opposite picture turns every sign.
TEST(WordAttribution, TheOppositePictureTurnsEverySign) {
  const auto clip = small_clip();
  const Tensor image = named_values("seen", {1, 16});
  const WordAttribution one = attribute_words(*clip, image, "an old house by the sea");
  const WordAttribution other = attribute_words(*clip, -image, "an old house by the sea");
  EXPECT_NEAR(one.similarity, -other.similarity, 1e-6);
  double largest = 0;
  for (size_t i = 0; i < one.words.size(); ++i) {
    EXPECT_NEAR(one.words[i].score, -other.words[i].score, 1e-6);
    largest = std::max(largest, std::abs(one.words[i].score));
  }
  EXPECT_GT(largest, 1e-5);
}

TEST(WordAttribution, WordsBeyondTheContextHaveNoScore) {
  const auto clip = small_clip();
  std::string caption;
  for (int i = 0; i < 90; ++i) caption += "house ";
  const WordAttribution found = attribute_words(*clip, named_values("seen", {16}), caption);
  EXPECT_TRUE(found.truncated);
  ASSERT_EQ(found.words.size(), 90u);
  EXPECT_TRUE(std::isfinite(found.words[71].score));
  EXPECT_TRUE(std::isnan(found.words[72].score));  // start, three words of the prefix, 72, end
  EXPECT_FALSE(found.words[89].misaligned);
}

TEST(WordAttribution, RefusesCaptionsWithoutWords) {
  const auto clip = small_clip();
  EXPECT_THROW(attribute_words(*clip, named_values("seen", {16}), " ... "), Error);
  EXPECT_THROW(attribute_words(testing::LinearClip(16), named_values("seen", {16}), "a house"),
               Error);
}

TEST(WordsOfText, AreSeparatedByWhiteSpace) {
  EXPECT_EQ(words_of_text("  a\tred,\n house "), (Words{"a", "red,", "house"}));
  EXPECT_EQ(words_of_text(""), Words{});
}

}  // namespace
}  // namespace vane
