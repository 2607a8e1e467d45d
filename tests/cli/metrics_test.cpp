// SPDX-License-Identifier: Apache-2.0
// `vane metrics` from outside: closed forms through real files, folders, and what it refuses.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/image/codec.h"
#include "tests/cli/run_program.h"
#include "tests/image/test_images.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

class MetricsProgram : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  std::string grey(const std::string& name, uint8_t level, int side = 24) const {
    Image image;
    image.width = image.height = side;
    image.channels = 3;
    image.u8.assign(image.sample_count(), level);
    write_image(path(name), image);
    return path(name);
  }

  TemporaryFolder folder_;
};

TEST_F(MetricsProgram, MeasuresAPair) {
  const std::string right = grey("right.png", 100), test = grey("test.png", 110);
  const Outcome outcome = run_vane({"metrics", right, test, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto mean = nlohmann::json::parse(outcome.out)["mean"];
  EXPECT_NEAR(mean["psnr"].get<double>(), 28.1308, 1e-4);
  EXPECT_EQ(mean["loe"], 0);
  EXPECT_NEAR(mean["chroma"].get<double>(), 0, 1e-6);
  EXPECT_EQ(mean.size(), 10u);
  const Outcome equal = run_vane({"metrics", right, right, "--json", "--metric", "psnr,ssim"});
  const auto same = nlohmann::json::parse(equal.out)["mean"];
  EXPECT_TRUE(same["psnr"].is_null());
  EXPECT_NEAR(same["ssim"].get<double>(), 1, 1e-9);
  EXPECT_EQ(same.size(), 2u);
}

TEST_F(MetricsProgram, AveragesFoldersAndGoesOnAfterABadPair) {
  fs::create_directories(path("right/deep"));
  fs::create_directories(path("test/deep"));
  grey("right/a.png", 100);
  grey("test/a.png", 110);
  grey("right/deep/b.png", 100);
  grey("test/deep/b.png", 120);
  grey("test/alone.png", 100);
  grey("right/equal.png", 100);
  grey("test/equal.png", 100);
  const Outcome outcome = run_vane({"metrics", path("right"), path("test"), "-r", "--metric",
                                    "psnr", "--json", "--report", path("report.json")});
  EXPECT_EQ(outcome.code, 6) << outcome.err;
  EXPECT_NE(outcome.err.find("alone.png"), std::string::npos);
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["counts"], nlohmann::json({{"ok", 3}, {"failed", 1}}));
  EXPECT_NEAR(json["mean"]["psnr"].get<double>(), (28.1308 + 22.1102) / 2, 1e-4);
  EXPECT_EQ(json["mean_over"]["psnr"], 2);  // equal pictures have no PSNR
  EXPECT_TRUE(fs::exists(path("report.json")));
  // A folder is its own reference; equal everywhere, its PSNR is infinite.
  const Outcome self =
      run_vane({"metrics", path("right"), path("right"), "--metric", "psnr", "--json"});
  EXPECT_EQ(self.code, 0) << self.err;
  EXPECT_TRUE(nlohmann::json::parse(self.out)["mean"]["psnr"].is_null());
  fs::create_directories(path("none"));
  EXPECT_EQ(run_vane({"metrics", path("right"), path("none")}).code, 4);
}

TEST_F(MetricsProgram, RefusesInOneLine) {
  const std::string right = grey("right.png", 100), other = grey("other.png", 100, 25);
  EXPECT_EQ(run_vane({"metrics", right, other}).code, 2);
  EXPECT_EQ(run_vane({"metrics", right, path("none.png")}).code, 4);
  EXPECT_EQ(run_vane({"metrics", right, folder_.path()}).code, 2);
  const Outcome unknown = run_vane({"metrics", right, right, "--metric", "lpipz"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("there are psnr"), std::string::npos) << unknown.err;
}

}  // namespace
}  // namespace vane::testing
