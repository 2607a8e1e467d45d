// SPDX-License-Identifier: Apache-2.0
// Oracle: docs/enhance-report.schema.json, which says what sheet enhance.md, section 8.3, asks for;
// every kind of report that the program writes obeys it.
#include "engine/base/hash.h"
#include "tests/cli/enhance_program.h"
#include "tests/image/linear_profile.h"
#include "tests/support/json_schema.h"

namespace vane::testing {
namespace {

using Json = nlohmann::json;

class EnhanceReport : public EnhanceProgram {
 protected:
  void expect_obeys(const Json& report) const {
    for (const std::string& problem : schema_.problems(report)) ADD_FAILURE() << problem;
  }

  Json report(const std::vector<std::string>& arguments, int code = 0) const {
    std::vector<std::string> all{"enhance", "--json", "--threads", "1"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = run_vane(all);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    Json json = Json::parse(outcome.out);
    expect_obeys(json);
    return json;
  }

  static std::vector<std::string> statuses(const Json& report) {
    std::vector<std::string> found;
    for (const Json& file : report["files"]) found.push_back(file["status"]);
    return found;
  }

  const JsonSchema schema_{
      Json::parse(bytes_of(std::string(VANE_TEST_DATA) + "/../docs/enhance-report.schema.json"))};
};

TEST_F(EnhanceReport, OfEveryOutcomeObeysTheSchema) {
  fs::create_directories(path("in"));
  picture("in/a.png", dark_image(24, 18, 3));
  picture("in/b.tif", dark_image(20, 21, 1));
  folder_.file("in/c.png", "no picture");
  const std::vector<std::string> batch{path("in"), "-o", path("out"), "--model", model_};
  const auto with = [&](const std::string& flag) {
    std::vector<std::string> all = batch;
    all.push_back(flag);
    return all;
  };
  using Statuses = std::vector<std::string>;
  const Json plan = report(with("--dry-run"));
  EXPECT_EQ(statuses(plan), (Statuses{"pending", "pending", "pending"}));
  EXPECT_FALSE(plan.contains("config_hash"));  // nothing was loaded
  const Json made = report(batch, 6);
  EXPECT_EQ(statuses(made), (Statuses{"ok", "ok", "failed"}));
  EXPECT_EQ(statuses(report(with("--skip-existing"), 6)),
            (Statuses{"skipped:exists", "skipped:exists", "failed"}));
  const Json resumed = report(with("--resume"), 6);
  EXPECT_EQ(statuses(resumed), (Statuses{"skipped:done", "skipped:done", "failed"}));
  EXPECT_EQ(resumed["config_hash"], made["config_hash"]);
}

TEST_F(EnhanceReport, SaysWhichWeightsWereUsed) {
  const std::string input = picture("in.png", dark_image(24, 18, 3));
  const Json network = report({input, "-o", path("a.png"), "--model", model_});
  EXPECT_EQ(network["model"]["name"], "network.pth");
  EXPECT_EQ(network["model"]["params"], 278790);  // sheet, section 1
  const std::string bytes = bytes_of(model_);
  EXPECT_EQ(network["model"]["sha256"], sha256_hex(std::as_bytes(std::span(bytes))));
  const Json own = report({input, "-o", path("b.png")});
  EXPECT_EQ(own["model"]["name"], "enhance-vane");
  EXPECT_TRUE(own["model"].contains("sha256"));
  EXPECT_GT(own["model"]["params"], 500'000);
  EXPECT_NE(own["config_hash"], network["config_hash"]);
  const Json classical = report({input, "-o", path("c.png"), "--method", "gamma"});
  EXPECT_EQ(classical["model"], Json({{"method", "gamma"}}));
  EXPECT_FALSE(classical["files"][0].contains("map"));
  EXPECT_TRUE(classical.contains("config_hash"));
}

TEST_F(EnhanceReport, SaysWhatBecameOfTheBlocksOfAFile) {
  const std::string full = std::string(VANE_TEST_DATA) + "/image/data/pictures/orientation_6.jpg";
  const Image source = stored(full);
  const auto entry = [&](const std::string& input, const std::string& name,
                         const std::vector<std::string>& more) {
    std::vector<std::string> arguments{input, "-o", path(name), "--model", model_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return report(arguments)["files"][0];
  };
  ASSERT_FALSE(source.metadata.exif.empty());
  const Json kept = entry(full, "kept.jpg", {});
  EXPECT_EQ(kept["exif_kept"], true);
  EXPECT_EQ(kept["icc_in"], !source.metadata.icc.empty());
  EXPECT_EQ(kept["method"], "rave");
  EXPECT_EQ(kept["tiles"], 1);
  EXPECT_GE(kept["map"]["median"], kept["map"]["min"]);
  EXPECT_LE(kept["map"]["median"], kept["map"]["max"]);
  EXPECT_FALSE(kept["ms"].contains("apply"));  // it divides tile by tile
  EXPECT_FALSE(kept.contains("clip"));
  Image tagged = dark_image(30, 20, 3);
  tagged.metadata.exif = source.metadata.exif;
  tagged.metadata.icc = linear_profile(false);
  const std::string input = picture("tagged.png", tagged);
  const Json whole = entry(input, "whole.png", {});
  EXPECT_EQ(whole["icc_in"], true);
  EXPECT_EQ(whole["icc_kept"], true);
  EXPECT_FALSE(whole.contains("xmp_kept"));  // it has none; its own stamp does not count
  EXPECT_EQ(entry(input, "bare.png", {"--strip", "all"})["icc_kept"], true);
  const Json bare = entry(picture("plain.png", dark_image(30, 20, 3)), "plain-out.png", {});
  EXPECT_EQ(bare["icc_in"], false);
  EXPECT_FALSE(bare.contains("icc_kept"));
  EXPECT_FALSE(bare.contains("exif_kept"));
}

TEST_F(EnhanceReport, OfTheMethodVaneSaysWhatClipSaw) {
  const std::string sample = std::string(VANE_TEST_DATA) + "/../assets/samples/rocket.jpg";
  const auto run = [&](const char* name, const std::vector<std::string>& more) {
    std::vector<std::string> line{sample, "-o", path(name)};
    line.insert(line.end(), more.begin(), more.end());
    return report(line)["files"][0];
  };
  // A night is judged, and left as it is.
  const Json judged = run("judged.jpg", {});
  EXPECT_EQ(judged["status"], "skipped:well-lit");
  EXPECT_EQ(judged["clip"]["after"], judged["clip"]["before"]);
  EXPECT_EQ(run("none.jpg", {"--strength", "0"})["clip"], judged["clip"]);
  // Nobody judges what is to get all that is found.
  const Json all = run("all.jpg", {"--no-auto-strength"});
  EXPECT_FALSE(all.contains("clip"));
  EXPECT_FALSE(all.contains("refine"));
  EXPECT_GT(all["ms"]["apply"], 0);
  const Json refined = run("refined.jpg", {"--no-auto-strength", "--refine", "4"});
  EXPECT_EQ(refined["refine"]["steps"], 4);
  EXPECT_LE(refined["refine"]["after"], refined["refine"]["before"]);
}

TEST_F(EnhanceReport, ThatIsNotOneIsToldSo) {
  const std::string input = picture("in.png", dark_image(24, 18, 3));
  const Json right = report({input, "-o", path("a.png"), "--model", model_});
  const auto refused = [&](const char* pointer, const Json& value) {
    Json wrong = right;
    wrong[Json::json_pointer(pointer)] = value;
    return schema_.problems(wrong).size();
  };
  EXPECT_EQ(refused("/schema", 2), 1u);
  EXPECT_EQ(refused("/extra", 1), 1u);
  EXPECT_EQ(refused("/host/cpus", 0), 1u);
  EXPECT_EQ(refused("/host/cpus", 1.5), 1u);
  EXPECT_EQ(refused("/model/sha256", "00"), 1u);
  EXPECT_EQ(refused("/files/0/status", "done"), 1u);
  EXPECT_EQ(refused("/files/0/luma/after", 1.5), 1u);
  EXPECT_EQ(refused("/files/0/map/max", nullptr), 1u);
  EXPECT_EQ(refused("/files/0/ms", Json::object()), 3u);
  Json without = right;
  without.erase("host");
  EXPECT_EQ(schema_.problems(without).size(), 1u);
}

}  // namespace
}  // namespace vane::testing
