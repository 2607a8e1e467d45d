// SPDX-License-Identifier: Apache-2.0
// Every source of `vane direction`, from files to file: one seed and thread count give the same
// bytes, another thread count the same numbers to 1e-5 (style sheet, determinism).
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "editing/services/direction.h"
#include "editing/services/direction_difference.h"
#include "engine/base/assets.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/run/threads.h"
#include "guidance/direction.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Two folders of the same crops, in one of them darkened.
class DirectionSources : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("sources_" + std::to_string(::getpid()));
    for (const char* name : {"dark", "plain"}) fs::create_directories(folder_ / name);
    int count = 0;
    for (const char* name : {"coffee", "chelsea", "astronaut", "rocket"}) {
      const Image sample =
          thumbnail(read_image(assets_folder() / "samples" / (std::string(name) + ".jpg")), 160);
      for (int k = 0; k < 4; ++k) {
        const Image part = crop(sample, 6 * k, 4 * k, 80, 80);
        const std::string file = std::to_string(count++) + ".png";
        write_image(folder_ / "plain" / file, part);
        Image dark = part;
        for (uint8_t& sample8 : dark.u8) sample8 = static_cast<uint8_t>(sample8 / 3);
        write_image(folder_ / "dark" / file, dark);
      }
    }
    std::ofstream(folder_ / "words.txt") << "night\ta photo at night\ndark\ta dark photo\n"
                                            "bright\ta bright photo\nfog\ta foggy photo\n";
    set_compute_threads(1);
    fresh_cache();
  }
  void TearDown() override {
    ::unsetenv("XDG_CACHE_HOME");
    fs::remove_all(folder_);
    set_compute_threads(0);
  }
  void fresh_cache() {
    const fs::path cache = folder_ / ("cache" + std::to_string(++caches_));
    ::setenv("XDG_CACHE_HOME", cache.c_str(), 1);
  }
  Tensor vector_of(const std::function<void(const fs::path&)>& make) {
    const fs::path file = folder_ / "d.safetensors";
    fs::remove(file);
    make(file);
    return load_direction(file, nullptr).vector;
  }

  fs::path folder_;
  int caches_ = 0;
  QuietJob job_;
};

TEST_F(DirectionSources, AreTheSameBytesAgainAndTheSameNumbersOnTwoThreads) {
  std::map<std::string, std::function<void(const fs::path&)>> sources;
  sources["text"] = [&](const fs::path& file) {
    DirectionTextRequest request;
    request.from = "a photo";
    request.to = "a dark photo";
    request.templates = "subset7";
    request.output = file;
    direction_text(request, job_);
  };
  sources["image"] = [&](const fs::path& file) {
    DirectionImageRequest request;
    request.from = folder_ / "plain" / "0.png";
    request.to = folder_ / "dark" / "0.png";
    request.output = file;
    direction_image(request, job_);
  };
  for (const bool whiten : {false, true}) {
    sources[whiten ? "whitened" : "residual"] = [&, whiten](const fs::path& file) {
      DirectionResidualRequest request;
      request.from = folder_ / "plain";
      request.to = folder_ / "dark";
      request.whiten = whiten;
      request.output = file;
      direction_residual(request, job_);
    };
  }
  for (const std::string form : {"full", "context", "latent"}) {
    sources["prompts " + form] = [&, form](const fs::path& file) {
      DirectionPromptsRequest request;
      request.from = folder_ / "plain";
      request.to = folder_ / "dark";
      request.form = form;
      request.tokens = 4;
      // Few steps: what is compared is arithmetic, not what long training makes of its rounding.
      request.iterations = 2;
      request.seed = 3;
      request.output = file;
      direction_prompts(request, job_);
    };
  }
  sources["invert"] = [&](const fs::path& file) {
    DirectionInvertRequest request;
    request.image = folder_ / "dark" / "0.png";
    request.iterations = 2;
    request.seed = 3;
    request.output = file;
    direction_invert(request, job_);
  };
  const fs::path tower = folder_ / "vit";
  testing::small_clip()->save_folder(tower);
  sources["invert text"] = [&, tower](const fs::path& file) {
    DirectionInvertRequest request;
    request.text = "a dark photo";
    request.iterations = 20;
    request.seed = 3;
    request.clip = tower;
    request.output = file;
    direction_invert(request, job_);
  };
  sources["difference"] = [&](const fs::path& file) {
    DirectionDifferenceRequest request;
    request.from = folder_ / "plain";
    request.to = folder_ / "dark";
    request.vocabulary = folder_ / "words.txt";
    request.count = 1;
    request.seed = 3;
    request.output = file;
    direction_difference(request, job_);
  };
  sources["mix"] = [&](const fs::path& file) {
    DirectionMixRequest request;
    request.a = folder_ / "a.safetensors";
    request.b = folder_ / "b.safetensors";
    request.output = file;
    sources["text"](request.a);
    sources["image"](request.b);
    direction_mix(request, job_);
  };
  for (const auto& [name, make] : sources) {
    SCOPED_TRACE(name);
    set_compute_threads(1);
    fresh_cache();
    const Tensor first = vector_of(make), again = vector_of(make);
    EXPECT_TRUE(first.equal(again));
    set_compute_threads(2);
    fresh_cache();
    EXPECT_LT((vector_of(make) - first).abs().max().item<double>(), 1e-5);
  }
}

TEST_F(DirectionSources, WhatDiffersIsNamedAndEqualFoldersDifferInNothing) {
  DirectionDifferenceRequest request;
  request.from = folder_ / "plain";
  request.to = folder_ / "dark";
  request.vocabulary = folder_ / "words.txt";
  request.count = 4;
  const DirectionDifferenceResult found = direction_difference(request, job_);
  EXPECT_GT(found.significant, 0);
  ASSERT_FALSE(found.second.empty());
  EXPECT_GT(found.second.front().auroc, 0.8);
  request.to = request.from;
  EXPECT_EQ(direction_difference(request, job_).significant, 0);
  request.output = folder_ / "none.safetensors";
  EXPECT_THROW(direction_difference(request, job_), Error);
  EXPECT_FALSE(fs::exists(request.output));
}

}  // namespace
}  // namespace vane
