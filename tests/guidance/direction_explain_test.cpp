// SPDX-License-Identifier: Apache-2.0
// Closed-form identities of ranking words against a direction and of taking words out of it.
#include "guidance/direction_explain.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "engine/base/error.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

Direction direction_of(const std::vector<float>& values) {
  Direction direction;
  direction.vector = unit(at::tensor(values));
  direction.kind = "residual";
  return direction;
}

Vocabulary vocabulary_of(const std::vector<std::string>& words,
                         const std::vector<std::vector<float>>& rows) {
  Vocabulary vocabulary;
  std::vector<Tensor> features;
  for (size_t i = 0; i < words.size(); ++i) {
    vocabulary.words.push_back(word_of(words[i]));
    features.push_back(unit(at::tensor(rows[i])));
  }
  vocabulary.features = at::stack(features);
  return vocabulary;
}

// A bias of what is shown is far weaker than the light, and still the strongest of its kind.
TEST(DirectionExplain, JudgesEveryKindByItself) {
  Vocabulary vocabulary;
  std::vector<Tensor> rows;
  for (int i = 0; i < 12; ++i) {
    // Words of light along the first axis, of places along the second.
    const float at = static_cast<float>(i) / 11 - 0.5f;
    vocabulary.words.push_back({"light " + std::to_string(i), "", "look"});
    rows.push_back(unit(at::tensor({4 * at, 0.f, 1.f})));
    vocabulary.words.push_back({"place " + std::to_string(i), "", "place"});
    rows.push_back(unit(at::tensor({0.f, at, 1.f})));
  }
  vocabulary.words.push_back({"lonely", "", "thing"});
  rows.push_back(unit(at::tensor({0.f, 0.f, 1.f})));
  vocabulary.features = at::stack(rows);
  const auto explained = explain_direction(direction_of({1, 0.3f, 0}), vocabulary, 3, {}, {});
  for (const auto& side : {explained.toward, explained.away}) {
    for (const WordPull& word : side) EXPECT_EQ(word.word.rfind("light", 0), 0u) << word.word;
  }
  // One word of a kind is too few to stand out.
  ASSERT_EQ(explained.kinds.size(), 2u);
  EXPECT_EQ(explained.kinds[0].toward[0].word, "light 11");
  EXPECT_EQ(explained.kinds[1].kind, "place");
  EXPECT_EQ(explained.kinds[1].toward[0].word, "place 11");
  EXPECT_EQ(explained.kinds[1].away[0].word, "place 0");
  EXPECT_GT(explained.kinds[1].toward[0].deviations, 1);
  EXPECT_NEAR(explained.kinds[1].toward[0].deviations, -explained.kinds[1].away[0].deviations,
              1e-4);
}

// The mean of the vocabulary says nothing: a part that all words share moves no word.
TEST(DirectionExplain, RanksByTheCosineLessTheMean) {
  const Vocabulary words =
      vocabulary_of({"light", "dark", "dog"}, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
  const Direction direction = direction_of({0.6f, -0.8f, 0});
  const auto explained = explain_direction(direction, words, 2, {"both"},
                                           unit(at::tensor({1.f, 1.f, 0.f})).unsqueeze(0));
  ASSERT_EQ(explained.toward.size(), 2u);
  EXPECT_EQ(explained.toward[0].word, "light");
  EXPECT_EQ(explained.toward[1].word, "dog");
  EXPECT_EQ(explained.away[0].word, "dark");
  const double mean = (0.6 - 0.8) / 3;
  EXPECT_NEAR(explained.mean, mean, 1e-6);
  EXPECT_NEAR(explained.toward[0].pull, 0.6 - mean, 1e-6);
  EXPECT_NEAR(explained.away[0].pull, -0.8 - mean, 1e-6);
  EXPECT_NEAR(explained.phrases[0].pull, -0.2 / std::sqrt(2.0) - mean, 1e-6);
  EXPECT_EQ(explained.phrases[0].rank, 3);
  double sum = 0, squares = 0;
  for (const auto& side : {explained.toward, explained.away}) sum += side[0].deviations;
  for (const double pull : {0.6 - mean, -0.8 - mean, -mean}) squares += pull * pull / 3;
  EXPECT_NEAR(explained.deviation, std::sqrt(squares), 1e-6);
  EXPECT_NEAR(sum, (0.6 - 0.8 - 2 * mean) / std::sqrt(squares), 1e-5);
}

// c = n(<v,r> v) of a single word is that word: the rest is orthogonal to it (clip sheet 5).
TEST(DirectionExplain, ARemovedWordHasNoShareLeft) {
  const Direction direction = direction_of({0.5f, -0.7f, 0.2f, 0.1f});
  const Tensor word = unit(at::tensor({0.3f, 0.1f, 0.9f, -0.2f})).unsqueeze(0);
  const Direction rest = without_words(direction, word, {"night"});
  EXPECT_NEAR(word[0].dot(rest.vector).item<double>(), 0, 1e-6);
  EXPECT_NEAR(rest.vector.norm().item<double>(), 1, 1e-6);
  const double cosine = word[0].dot(direction.vector).item<double>();
  EXPECT_NEAR(rest.vector.dot(direction.vector).item<double>(), std::sqrt(1 - cosine * cosine),
              1e-6);
  EXPECT_EQ(rest.origin.at("removed"), "night");
  // A word and its opposite say the same thing.
  EXPECT_LT(
      (without_words(direction, -word, {"day"}).vector - rest.vector).abs().max().item<double>(),
      1e-6);
}

TEST(DirectionExplain, SeveralWordsAreWeightedByTheirScores) {
  const Direction direction = direction_of({3, 1, 5, 0});
  const Tensor words = at::eye(4).slice(0, 0, 2);
  // c = n(3 e0 + 1 e1) / |r|; r' = n(r - c <c, r>) = e2.
  const Direction rest = without_words(direction, words, {"a", "b"});
  EXPECT_LT((rest.vector - at::tensor({0.f, 0.f, 1.f, 0.f})).abs().max().item<double>(), 1e-6);
}

TEST(DirectionExplain, TauFollowsFromTheMeans) {
  const Tensor from = at::tensor({1.f, 0.2f, 0.1f, 0.f, 0.9f, 0.1f, 0.3f, 0.1f}).view({2, 4});
  const Tensor to = at::tensor({0.2f, 1.f, 0.3f, 0.1f, 0.1f, 0.9f, 0.2f, 0.4f}).view({2, 4});
  const Direction direction = residual_direction(from, to);
  const Direction rest = without_words(direction, at::eye(4).slice(0, 2, 3), {"c"});
  EXPECT_NEAR(rest.tau, rest.to_point.dot(rest.vector).item<double>(), 1e-6);
  EXPECT_NEAR(direction.tau, direction.to_point.dot(direction.vector).item<double>(), 1e-6);
}

// RAVE's removal by rank: both halves point along r, so what is left is orthogonal to their sum.
TEST(DirectionExplain, TheStrongestWordsOfBothSidesAreRemoved) {
  const Vocabulary words =
      vocabulary_of({"up", "some", "none", "down"},
                    {{0.9f, 0.1f, 0.f}, {0.5f, 0.5f, 0.2f}, {0.f, 0.f, 1.f}, {-0.9f, 0.2f, 0.1f}});
  const Direction direction = direction_of({1, 0.3f, 0.2f});
  std::vector<std::string> removed;
  const Direction rest = without_strongest(direction, words, 1, &removed);
  EXPECT_EQ(removed, (std::vector<std::string>{"up", "down"}));
  const Tensor up = words.features[0], down = words.features[3];
  const Tensor u = unit(up - down);  // <up,r> > 0, <down,r> < 0
  EXPECT_NEAR(u.dot(rest.vector).item<double>(), 0, 1e-6);
}

TEST(DirectionExplain, NothingLeftIsAnError) {
  const Direction direction = direction_of({1, 0, 0});
  EXPECT_THROW(without_words(direction, at::eye(3).slice(0, 0, 1), {"all"}), Error);
  EXPECT_THROW(without_words(direction, at::eye(3).slice(0, 1, 2), {"nothing"}), Error);
}

class VocabularyFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("vocabulary_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    ::setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_CACHE_HOME");
    fs::remove_all(folder_);
  }
  fs::path file(const std::string& text) const {
    std::ofstream(folder_ / "words.txt") << text;
    return folder_ / "words.txt";
  }
  fs::path folder_;
  QuietJob job_;
};

TEST_F(VocabularyFile, ReadsWordsAndTheirTexts) {
  const auto words =
      read_vocabulary(file("# comment\nbright\ta bright photo\r\n\n dog \nbright\n"));
  ASSERT_EQ(words.size(), 2u);
  EXPECT_EQ(words[0].word, "bright");
  EXPECT_EQ(words[0].text, "a bright photo");
  EXPECT_EQ(words[1].text, "dog");
}

TEST_F(VocabularyFile, RefusesWhatHoldsNoWord) {
  EXPECT_THROW(read_vocabulary(file("# nothing\n\n\t\n")), Error);
  EXPECT_THROW(read_vocabulary(file(std::string(100'000, 'x'))), Error);
  EXPECT_THROW(read_vocabulary(folder_ / "absent.txt"), Error);
}

TEST_F(VocabularyFile, TokensAreWordsOnce) {
  const auto words = token_vocabulary();
  EXPECT_GT(words.size(), 30'000u);
  EXPECT_LT(words.size(), 49'408u);
  std::set<std::string> seen;
  for (const VocabularyWord& word : words) EXPECT_TRUE(seen.insert(word.word).second) << word.word;
  EXPECT_TRUE(seen.contains("night"));
}

TEST_F(VocabularyFile, TheCacheGivesTheSameFeatures) {
  const auto clip = testing::small_clip();
  clip->facts.hash = "0123456789abcdef";
  const std::vector<VocabularyWord> words{word_of("a dog"), word_of("the sea"), word_of("night")};
  const Vocabulary first = embed_vocabulary(*clip, words, job_);
  EXPECT_FALSE(fs::is_empty(folder_ / "vane" / "vocabulary"));
  const Vocabulary second = embed_vocabulary(*clip, words, job_);
  EXPECT_TRUE(first.features.equal(second.features));
  EXPECT_LT((first.features - clip->text_features({"a dog", "the sea", "night"}))
                .abs()
                .max()
                .item<double>(),
            1e-3);  // float16
  // A damaged cache is made anew.
  for (const auto& entry : fs::directory_iterator(folder_ / "vane" / "vocabulary")) {
    fs::resize_file(entry.path(), 40);
  }
  const Vocabulary third = embed_vocabulary(*clip, words, job_);
  EXPECT_LT((third.features - first.features).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace vane
