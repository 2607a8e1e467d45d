// SPDX-License-Identifier: Apache-2.0
// `vane metrics` from outside: closed forms through real files, folders, and what it refuses.
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/base/rng.h"
#include "engine/image/codec.h"
#include "engine/weights/safetensors.h"
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
  EXPECT_EQ(mean.size(), 11u);
  EXPECT_TRUE(mean["niqe_local"].is_null());  // too small for a block
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

TEST_F(MetricsProgram, SaysHowItMeasuredWithEveryTable) {
  const std::string right = grey("right.png", 100), test = grey("test, \"2\".png", 110);
  const Outcome page =
      run_vane({"metrics", right, test, "--metric", "psnr_y,deltae", "--csv", path("numbers.csv")});
  ASSERT_EQ(page.code, 0) << page.err;
  for (const char* line : {"1 file\n",
                           "not resized; colours as stored, taken for sRGB; no "
                           "statistics of the reference used\n",
                           "psnr_y: luma of BT.601 in studio range, rounded to levels\n"}) {
    EXPECT_NE(page.out.find(line), std::string::npos) << page.out;
  }
  std::ifstream csv(path("numbers.csv"));
  std::string head, row, end;
  std::getline(csv, head);
  std::getline(csv, row);
  EXPECT_EQ(head, "reference,test,psnr_y,deltae,deltae_p95,error");
  EXPECT_TRUE(row.starts_with(right + ",\"" + path("test, \"\"2\"\".png") + "\",")) << row;
  EXPECT_FALSE(std::getline(csv, end));
  fs::create_directories(path("a"));
  grey("a/1.png", 10);
  grey("a/2.png", 20);
  const Outcome many = run_vane({"metrics", path("a"), path("a"), "--metric", "loe", "--json"});
  EXPECT_EQ(nlohmann::json::parse(many.out)["protocol"][0],
            "2 files, mean over files (not pixels)");
}

TEST_F(MetricsProgram, MeasuresTheGapThatIsClosedInClip) {
  const std::string sample = std::string(VANE_TEST_DATA) + "/../assets/samples/coffee.jpg";
  Image dark = read_image(sample);
  for (uint8_t& level : dark.u8) level = static_cast<uint8_t>(level / 6);
  write_image(path("dark.png"), dark);
  const auto closed = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"metrics", sample, sample, "--metric", "clip", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_vane(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out)["mean"];
  };
  // From dark to what it was: towards well lit; from itself: nowhere.
  const auto brightened = closed({"--before", path("dark.png")});
  EXPECT_GT(brightened["clip_direction"].get<double>(), 0.1);
  EXPECT_GT(brightened["gap_closed"].get<double>(), 0.1);
  EXPECT_TRUE(closed({})["clip_direction"].is_null());
  EXPECT_EQ(run_vane({"metrics", sample, sample, "--metric", "clip", "--direction", sample}).code,
            5);
  EXPECT_EQ(
      run_vane({"metrics", sample, sample, "--metric", "clip", "--before", path("none.png")}).code,
      4);
}

TEST_F(MetricsProgram, HasNoLpipsWithoutItsWeights) {
  const std::string right = grey("right.png", 100);
  const Outcome json = run_vane({"metrics", right, right, "--metric", "psnr,lpips", "--json"});
  ASSERT_EQ(json.code, 0) << json.err;
  const auto report = nlohmann::json::parse(json.out);
  EXPECT_EQ(report["unavailable"]["lpips"], "needs trained weights: --lpips FILE");
  EXPECT_FALSE(report["mean"].contains("lpips"));
  const Outcome page = run_vane({"metrics", right, right, "--metric", "lpips"});
  EXPECT_NE(page.out.find("unavailable"), std::string::npos) << page.out;
  EXPECT_EQ(run_vane({"metrics", right, right, "--metric", "lpips", "--lpips", right}).code, 5);
}

/// AlexNet with linear layers in the layout of the lpips package, with numbers drawn from a seed.
class LpipsWeights {
 public:
  void add(const std::string& name, const std::vector<int64_t>& shape, float low, float high) {
    size_t count = 1;
    for (const int64_t extent : shape) count *= static_cast<size_t>(extent);
    std::vector<float>& values = values_.emplace_back(count);
    for (float& value : values) value = low + (high - low) * rng_.uniform();
    TensorRecord& record = records_.emplace_back();
    record.name = name;
    record.shape = shape;
    record.bytes = std::as_bytes(std::span(values));
    record.strides.assign(shape.size(), 1);
    for (size_t i = shape.size(); i-- > 1;) {
      record.strides[i - 1] = record.strides[i] * shape[i];
    }
  }
  void write(const std::string& path) const { write_safetensors(path, records_); }

 private:
  Rng rng_{5};
  std::deque<std::vector<float>> values_;
  std::vector<TensorRecord> records_;
};

// The measure itself is held to the lpips package in tests/guidance.
TEST_F(MetricsProgram, MeasuresLpipsByTheWeightsThatAreGiven) {
  LpipsWeights trunk, linear;
  const std::vector<std::pair<int, std::vector<int64_t>>> layers{{0, {64, 3, 11, 11}},
                                                                 {3, {192, 64, 5, 5}},
                                                                 {6, {384, 192, 3, 3}},
                                                                 {8, {256, 384, 3, 3}},
                                                                 {10, {256, 256, 3, 3}}};
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto& [index, shape] = layers[i];
    const std::string name = "features." + std::to_string(index);
    trunk.add(name + ".weight", shape, -0.05f, 0.05f);
    trunk.add(name + ".bias", {shape[0]}, 0, 0.1f);
    linear.add("lin" + std::to_string(i) + ".model.1.weight", {1, shape[0], 1, 1}, 0, 1);
  }
  trunk.write(path("alex.safetensors"));
  linear.write(path("linear.safetensors"));
  const std::string right = path("right.png"), test = path("test.png");
  write_image(right, noise_image(64, 64, 3, 8, 1));
  write_image(test, smooth_image(64, 64, 3));
  const auto distance = [&](const std::string& to) {
    const Outcome outcome =
        run_vane({"metrics", right, to, "--metric", "lpips", "--json", "--lpips",
                  path("alex.safetensors"), "--lpips-linear", path("linear.safetensors")});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto json = nlohmann::json::parse(outcome.out);
    EXPECT_FALSE(json.contains("unavailable"));
    return json["mean"]["lpips"].get<double>();
  };
  EXPECT_EQ(distance(right), 0);
  EXPECT_GT(distance(test), 0.01);
  const Outcome alone =
      run_vane({"metrics", right, test, "--metric", "lpips", "--lpips", path("alex.safetensors")});
  EXPECT_EQ(alone.code, 5);  // a trunk without its linear layers
  EXPECT_NE(alone.err.find("lin0.model.1.weight"), std::string::npos) << alone.err;
}

TEST_F(MetricsProgram, FitsWhatIsNaturalAndMeasuresByIt) {
  fs::create_directories(path("sharp"));
  for (int i = 0; i < 41; ++i) {
    write_image(path("sharp/" + std::to_string(i) + ".png"),
                noise_image(192, 96, 3, 8, unsigned(i)));
  }
  folder_.file("sharp/broken.png", "no picture");
  const std::string model = path("niqe.safetensors");
  const Outcome fitted = run_vane({"naturalness", "fit", path("sharp"), "-o", model, "--json"});
  ASSERT_EQ(fitted.code, 0) << fitted.err;
  const auto json = nlohmann::json::parse(fitted.out);
  EXPECT_EQ(json["pictures"], 41);
  EXPECT_GE(json["blocks"], 41);
  EXPECT_EQ(json["skipped"].size(), 1u);
  write_image(path("like.png"), noise_image(480, 480, 3, 8, 99));
  write_image(path("unlike.png"), smooth_image(480, 480, 3));
  const auto distance = [&](const std::string& name) {
    const Outcome outcome = run_vane({"metrics", path(name), path(name), "--metric", "niqe_local",
                                      "--niqe-model", model, "--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out)["mean"]["niqe_local"].get<double>();
  };
  EXPECT_LT(distance("like.png") * 3, distance("unlike.png"));
  fs::remove(path("sharp/7.png"));
  fs::remove(path("sharp/8.png"));
  const Outcome few =
      run_vane({"naturalness", "fit", path("sharp"), "-o", path("few.safetensors")});
  EXPECT_EQ(few.code, 2);
  EXPECT_NE(few.err.find("39 photographs are too few"), std::string::npos) << few.err;
  EXPECT_FALSE(fs::exists(path("few.safetensors")));
}

TEST_F(MetricsProgram, MeasuresPicturesByThemselves) {
  const std::string one = grey("one.png", 51, 192);
  const Outcome outcome = run_vane({"metrics", one, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["mean"].size(), 6u);
  EXPECT_NEAR(json["mean"]["luma"].get<double>(), 0.2, 1e-9);
  EXPECT_EQ(json["mean"]["entropy"], 0);
  EXPECT_TRUE(json["mean"]["niqe_local"].is_null());  // there is no texture to judge
  EXPECT_FALSE(json["files"][0].contains("reference"));
  // A folder by itself, and against what was before.
  fs::create_directories(path("a"));
  fs::create_directories(path("b"));
  grey("a/1.png", 0);
  grey("a/2.png", 255);
  grey("b/1.png", 30);
  grey("b/2.png", 40);
  const Outcome many = run_vane({"metrics", path("a"), "--before", path("b"), "--metric",
                                 "dark,bright,clip", "--json", "--csv", path("c.csv")});
  ASSERT_EQ(many.code, 0) << many.err;
  const auto mean = nlohmann::json::parse(many.out)["mean"];
  EXPECT_EQ(mean["dark"], 0.5);
  EXPECT_EQ(mean["bright"], 0.5);
  EXPECT_TRUE(mean["clip_direction"].is_number());
  const Outcome compares = run_vane({"metrics", one, "--metric", "luma,psnr"});
  EXPECT_EQ(compares.code, 2);
  EXPECT_NE(compares.err.find("psnr compares with a reference"), std::string::npos);
  EXPECT_EQ(run_vane({"metrics", one, "--metric", "clip"}).code, 2);
  EXPECT_EQ(run_vane({"metrics", one, "--before", path("a")}).code, 2);
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
