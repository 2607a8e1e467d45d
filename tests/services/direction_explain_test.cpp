// SPDX-License-Identifier: Apache-2.0
// `vane direction explain` with the bundled model, from file to file.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "editing/services/direction.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class DirectionExplainService : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("explain_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    ::setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
    DirectionTextRequest request;
    request.from = "a dark photo";
    request.to = "a bright photo";
    request.output = folder_ / "light.safetensors";
    direction_text(request, job_);
  }
  void TearDown() override {
    ::unsetenv("XDG_CACHE_HOME");
    fs::remove_all(folder_);
  }
  DirectionExplainRequest request() const {
    DirectionExplainRequest request;
    request.direction = folder_ / "light.safetensors";
    return request;
  }
  ErrorCode refusal(const DirectionExplainRequest& request) {
    try {
      direction_explain(request, job_);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  }
  static bool names(const std::vector<ExplainedWord>& words, const std::string& word) {
    return std::any_of(words.begin(), words.end(),
                       [&](const ExplainedWord& each) { return each.word == word; });
  }
  fs::path folder_;
  QuietJob job_;
};

TEST_F(DirectionExplainService, NamesTheWordsOnBothSides) {
  DirectionExplainRequest asked = request();
  asked.texts = {"bright", "dark"};
  const DirectionExplainResult result = direction_explain(asked, job_);
  EXPECT_TRUE(names(result.toward, "bright"));
  EXPECT_GT(result.phrases[1].rank, result.words * 9 / 10);
  EXPECT_LT(result.phrases[0].rank, result.phrases[1].rank);
  EXPECT_TRUE(result.output.empty());
}

TEST_F(DirectionExplainService, ARemovedWordLosesItsPullAndTheFileIsADirection) {
  DirectionExplainRequest asked = request();
  asked.remove = {"foggy"};
  asked.texts = {"bright"};
  asked.output = folder_ / "rest.safetensors";
  const DirectionExplainResult result = direction_explain(asked, job_);
  ASSERT_EQ(result.changed.size(), 2u);
  EXPECT_GT(std::abs(result.changed[0].before.pull), 0.01);
  EXPECT_NEAR(result.changed[0].after.pull, 0, 1e-4);
  EXPECT_GT(result.changed[1].after.pull, 0);
  DirectionExplainRequest again = request();
  again.direction = asked.output;
  EXPECT_EQ(direction_explain(again, job_).toward.front().word, result.toward_after.front().word);
}

TEST_F(DirectionExplainService, AVocabularyOfOnesOwnIsRanked) {
  std::ofstream(folder_ / "words.txt") << "bright\ta bright photo\ndark\ta dark photo\nfrog\n";
  DirectionExplainRequest asked = request();
  asked.vocabulary = folder_ / "words.txt";
  const DirectionExplainResult result = direction_explain(asked, job_);
  EXPECT_EQ(result.words, 3);
  EXPECT_EQ(result.toward.front().word, "bright");
  EXPECT_EQ(result.away.front().word, "dark");
}

TEST_F(DirectionExplainService, AnInvertedPictureAndLearnedPromptsAreDirectionsToo) {
  const fs::path samples = assets_folder() / "samples";
  DirectionInvertRequest invert;
  invert.image = samples / "coffee.jpg";
  invert.output = folder_ / "inverted.safetensors";
  EXPECT_GT(direction_invert(invert, job_).similarity, 0.5);
  for (const std::string side : {"from", "to"}) fs::create_directories(folder_ / side);
  fs::copy(samples / "coffee.jpg", folder_ / "from");
  fs::copy(samples / "chelsea.jpg", folder_ / "to");
  DirectionPromptsRequest prompts;
  prompts.from = folder_ / "from";
  prompts.to = folder_ / "to";
  prompts.iterations = 100;
  prompts.output = folder_ / "prompts.safetensors";
  EXPECT_EQ(direction_prompts(prompts, job_).accuracy, 1.0);
  for (const char* file : {"inverted.safetensors", "prompts.safetensors"}) {
    DirectionExplainRequest asked = request();
    asked.direction = folder_ / file;
    EXPECT_FALSE(direction_explain(asked, job_).toward.empty()) << file;
  }
  prompts.to = folder_ / "absent";
  EXPECT_THROW(direction_prompts(prompts, job_), Error);
}

TEST_F(DirectionExplainService, RefusesWhatMakesNoSense) {
  DirectionExplainRequest asked = request();
  asked.remove = {"foggy"};
  EXPECT_EQ(refusal(asked), ErrorCode::usage);  // where to?
  asked = request();
  asked.output = folder_ / "x.safetensors";
  EXPECT_EQ(refusal(asked), ErrorCode::usage);  // without what?
  asked.remove = {"?!"};
  EXPECT_EQ(refusal(asked), ErrorCode::usage);
  asked.remove = {"foggy"};
  asked.output = folder_ / "x.txt";
  EXPECT_EQ(refusal(asked), ErrorCode::usage);
  asked = request();
  asked.vocabulary = folder_ / "absent.txt";
  EXPECT_EQ(refusal(asked), ErrorCode::input);
  asked = request();
  asked.direction = folder_ / "absent.safetensors";
  EXPECT_NE(refusal(asked), ErrorCode::internal);
  EXPECT_FALSE(fs::exists(folder_ / "x.safetensors"));
}

}  // namespace
}  // namespace vane
