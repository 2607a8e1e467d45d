// SPDX-License-Identifier: Apache-2.0
// Oracle: identities of an illumination map (sheet enhance.md, section 4) seen from outside through
// the real program, with a checkpoint that PyTorch wrote (tests/oracles/record_enhance.py), and the
// promises of sections 8.2 and 9. The network itself is held to plain loops in tests/enhance.
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>

#include "engine/image/exif.h"
#include "engine/image/metadata.h"
#include "engine/image/orientation.h"
#include "tests/cli/enhance_program.h"
#include "tests/image/linear_profile.h"

namespace vane::testing {
namespace {

const std::string kPictures = std::string(VANE_TEST_DATA) + "/image/data/pictures/";

TEST_F(EnhanceProgram, StrengthZeroGivesTheSameSamplesInEveryFormatAndDepth) {
  int files = 0;
  for (const char* name :
       {"rgb.png", "rgba.png", "grey.png", "grey_alpha.png", "deep_grey.png", "deep.tif",
        "plain.tif", "lossless.webp", "lossy.webp", "progressive_420.jpg", "orientation_6.jpg"}) {
    SCOPED_TRACE(name);
    const Image before = stored(kPictures + name);
    const Image after = enhanced(kPictures + name, name, {"--strength", "0"});
    EXPECT_EQ(after.u8, before.u8);
    EXPECT_EQ(after.u16, before.u16);
    EXPECT_EQ(after.metadata.orientation, before.metadata.orientation);
    ++files;
  }
  // Another format: the samples themselves went through the program.
  for (const char* name : {"orientation_6.jpg", "rgba.png", "deep_grey.png"}) {
    SCOPED_TRACE(name);
    const Image before = stored(kPictures + name);
    const Image after = enhanced(kPictures + name, name + std::string(".tif"), {"--strength", "0"});
    EXPECT_EQ(after.channels, before.channels);
    EXPECT_EQ(after.u8, before.u8);
    EXPECT_EQ(after.u16, before.u16);
  }
}

// y1 = x / m and y2 = x / m^2, so that y1 y1 = x y2, and one m for the three channels.
TEST_F(EnhanceProgram, DividesBySixteenBitSamplesByOneMapAtItsStrength) {
  const Image source = dark_image(31, 22, 4);
  const std::string input = picture("in.png", source);
  const Image once = enhanced(input, "once.png"),
              twice = enhanced(input, "twice.png", {"--strength", "2"});
  ASSERT_EQ(once.depth, 16);
  ASSERT_EQ(once.channels, 4);
  double least = 10, most = 0;
  for (size_t pixel = 0; pixel < 31 * 22; ++pixel) {
    const uint16_t* x = &source.u16[pixel * 4];
    const uint16_t* y = &once.u16[pixel * 4];
    const uint16_t* z = &twice.u16[pixel * 4];
    const double gain = double(y[2]) / x[2];
    least = std::min(least, gain);
    most = std::max(most, gain);
    for (int c = 0; c < 3; ++c) {
      ASSERT_LT(y[c], 65535);
      EXPECT_NEAR(y[c], gain * x[c], 1.1) << pixel;
      EXPECT_NEAR(z[c], double(y[c]) * y[c] / x[c], 4) << pixel;
    }
    EXPECT_EQ(y[3], x[3]) << pixel;
  }
  EXPECT_GT(most / least, 1.1);  // the map is not one number
}

// The same scene, once sRGB-encoded without a profile, once in linear light with one: the network
// has to see the same picture, and so divide by the same map.
TEST_F(EnhanceProgram, LooksAtColoursThroughTheirProfile) {
  const Image plain = dark_image(26, 19, 3);
  Image linear = plain;
  for (uint16_t& sample : linear.u16) {
    const double v = sample / 65535.0;
    sample = uint16_t(
        std::lround(65535 * (v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4))));
  }
  const std::string unprofiled = picture("unprofiled.png", linear);
  linear.metadata.icc = linear_profile(false);
  const Image one = enhanced(picture("plain.png", plain), "one.png");
  const Image two = enhanced(picture("linear.png", linear), "two.png");
  const Image naive = enhanced(unprofiled, "naive.png");
  EXPECT_EQ(two.metadata.icc, linear.metadata.icc);
  double worst = 0, naive_worst = 0;
  for (size_t i = 0; i < plain.u16.size(); ++i) {
    const double gain = double(one.u16[i]) / plain.u16[i];
    worst = std::max(worst, std::abs(double(two.u16[i]) / linear.u16[i] / gain - 1));
    naive_worst = std::max(naive_worst, std::abs(double(naive.u16[i]) / linear.u16[i] / gain - 1));
  }
  EXPECT_LT(worst, 0.01);
  EXPECT_GT(naive_worst, 0.03);
}

TEST_F(EnhanceProgram, KeepsGreyGrey) {
  Image grey = dark_image(20, 14, 1), colour = dark_image(20, 14, 1);
  colour.channels = 3;
  colour.u16.clear();
  for (const uint16_t sample : grey.u16) colour.u16.insert(colour.u16.end(), 3, sample);
  const Image one = enhanced(picture("grey.png", grey), "one.png");
  const Image three = enhanced(picture("colour.png", colour), "three.png");
  ASSERT_EQ(one.channels, 1);
  for (size_t i = 0; i < one.u16.size(); ++i) ASSERT_EQ(one.u16[i], three.u16[3 * i]);
  EXPECT_NE(one.u16, grey.u16);
}

TEST_F(EnhanceProgram, ShowsTheNetworkEveryOrientationUprightAndKeepsTheTag) {
  const Image upright = smooth_image(26, 17, 3);
  const ImageMetadata tagged = stored(kPictures + "orientation_6.jpg").metadata;
  Image expected;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    Image turned = oriented(upright, inverse_orientation(orientation));
    turned.metadata = tagged;
    const std::string name = std::to_string(orientation) + ".png";
    EncodeOptions encode;
    encode.orientation = orientation;
    const std::string input = picture(name, turned, encode);
    ASSERT_EQ(stored(input).metadata.orientation, orientation);
    const Image result = enhanced(input, "out" + name);
    EXPECT_EQ(result.metadata.orientation, orientation);
    EXPECT_EQ(result.width, turned.width);
    const Image seen = read_image(path("out" + name));
    if (orientation == 1) {
      expected = seen;
      EXPECT_NE(seen.u8, upright.u8);
    }
    EXPECT_EQ(seen.u8, expected.u8);
  }
}

TEST_F(EnhanceProgram, KeepsMetadata) {
  for (const char* name : {"metadata.jpg", "metadata.png", "metadata.tif", "metadata.webp"}) {
    SCOPED_TRACE(name);
    const Image before = stored(kPictures + name);
    const Image after = enhanced(kPictures + name, name, {"--no-stamp"});
    ASSERT_FALSE(before.metadata.icc.empty());
    EXPECT_EQ(after.metadata.icc, before.metadata.icc);
    EXPECT_EQ(after.metadata.orientation, before.metadata.orientation);
    // EXIF and XMP of one of the files contradict each other; EXIF is what viewers follow.
    EXPECT_EQ(after.metadata.xmp,
              xmp_with_orientation(before.metadata.xmp, before.metadata.orientation));
    EXPECT_EQ(exif_for_pixels(after.metadata.exif, 1, 1, 1).empty(), before.metadata.exif.empty());
  }
}

TEST_F(EnhanceProgram, TilesLeaveNoSeams) {
  const std::string input = picture("in.png", dark_image(150, 90, 3));
  const Image whole = enhanced(input, "whole.png");
  const Image tiles = enhanced(input, "tiles.png", {"--max-memory", "45MiB"});
  int most = 0;
  for (size_t i = 0; i < whole.u16.size(); ++i) {
    most = std::max(most, std::abs(int(whole.u16[i]) - int(tiles.u16[i])));
  }
  EXPECT_LE(most, 2);  // of 65535: 2e-5 of the map
}

// The whole picture at once would take about 700 MiB.
TEST_F(EnhanceProgram, StaysWithinItsMemory) {
  const Outcome small = enhance(picture("small.png", smooth_image(24, 18, 3)), path("s.png"));
  const Outcome large = enhance(picture("large.png", smooth_image(700, 500, 3)), path("l.png"),
                                {"--max-memory", "256MiB"});
  ASSERT_EQ(small.code, 0) << small.err;
  ASSERT_EQ(large.code, 0) << large.err;
  EXPECT_LE(large.peak_bytes - small.peak_bytes, int64_t{256} << 20);
}

TEST_F(EnhanceProgram, ReportsWhatItDid) {
  const std::string input = picture("in.png", dark_image(24, 18, 3));
  const Outcome outcome =
      enhance(input, folder_.path(), {"--json", "--overwrite", "--report", path("report.json")});
  EXPECT_EQ(outcome.code, 2) << "the folder of the photograph: " << outcome.err;
  fs::create_directory(path("out"));
  const Outcome second = enhance(input, path("out"), {"--json", "--report", path("report.json")});
  ASSERT_EQ(second.code, 0) << second.err;
  const auto json = nlohmann::json::parse(second.out);
  EXPECT_EQ(json, nlohmann::json::parse(bytes_of(path("report.json"))));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["counts"], nlohmann::json({{"ok", 1}, {"skipped", 0}, {"failed", 0}}));
  EXPECT_EQ(json["model"]["name"], "network.pth");
  const auto file = json["files"].at(0);
  EXPECT_EQ(file["out"], path("out/in.png"));
  EXPECT_EQ(file["status"], "ok");
  EXPECT_EQ(file["w"], 24);
  EXPECT_EQ(file["bits"], 16);
  EXPECT_LT(file["map"]["min"], file["map"]["max"]);
  EXPECT_NE(file["luma"]["before"], file["luma"]["after"]);
  EXPECT_TRUE(fs::exists(path("out/in.png")));
}

TEST_F(EnhanceProgram, LeavesAWellLitPhotographAsItIs) {
  const std::string sample = std::string(VANE_TEST_DATA) + "/../assets/samples/astronaut.jpg";
  const Outcome outcome = run_vane({"enhance", sample, "-o", path("out.jpg"), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["model"]["method"], "vane");
  EXPECT_EQ(json["files"][0]["status"], "skipped:well-lit");
  EXPECT_EQ(json["files"][0]["strength"], 0);
  EXPECT_EQ(json["counts"], nlohmann::json({{"ok", 0}, {"skipped", 1}, {"failed", 0}}));
  EXPECT_TRUE(bytes_of(path("out.jpg")) == bytes_of(sample));
}

TEST_F(EnhanceProgram, IsWhatModelsInspectNamesForItsWeights) {
  const Outcome outcome = run_vane({"models", "inspect", model_, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["kind"], "enhancement");
  EXPECT_EQ(json["loads_as"], "enhance --model");
  EXPECT_EQ(json["tensors"].size(), 30u);
}

TEST_F(EnhanceProgram, KeepsAnOutputThatIsThereUnlessToldOtherwise) {
  const std::string input = picture("in.png", dark_image(12, 9, 3));
  const std::string there = folder_.file("there.png", "mine");
  expect_refused(input, there, {}, 6, "--overwrite");
  EXPECT_EQ(bytes_of(there), "mine");
  const Outcome skipped = enhance(input, there, {"--skip-existing", "--json"});
  EXPECT_EQ(skipped.code, 0) << skipped.err;
  EXPECT_EQ(nlohmann::json::parse(skipped.out)["counts"]["skipped"], 1);
  EXPECT_EQ(bytes_of(there), "mine");
  EXPECT_EQ(enhance(input, there, {"--overwrite"}).code, 0);
  EXPECT_EQ(stored(there).width, 12);
  const std::string before = bytes_of(input);
  expect_refused(input, input, {"--overwrite"}, 2, "the photograph itself");
  EXPECT_EQ(bytes_of(input), before);
}

TEST_F(EnhanceProgram, RefusesInOneLineAndWritesNothing) {
  const std::string input = picture("in.png", dark_image(12, 9, 3));
  const std::string out = path("out.png");
  const std::string dot = picture("dot.png", dark_image(1, 1, 3));
  const std::string column = picture("column.png", dark_image(1, 40, 3));
  const std::string broken = folder_.file("broken.png", bytes_of(input).substr(0, 60));
  expect_refused(dot, out, {}, 4, "dot.png");
  expect_refused(column, out, {}, 4, "2 pixels");
  expect_refused(broken, out, {}, 4, "broken.png");
  expect_refused(path("absent.png"), out, {}, 4, "absent.png");
  expect_refused(input, out, {"--strength", "3"}, 2, "strength");
  expect_refused(input, out, {"--refine", "3"}, 2, "nothing to refine");
  expect_refused(input, out, {"--max-memory", "1MiB"}, 8, "43 MiB");
  expect_refused(input, out, {"--max-memory", "much"}, 2, "--max-memory");
  expect_refused(input, path("out.xyz"), {}, 2, "xyz");
  expect_refused(input, path("absent/out.png"), {}, 8, "absent");
  EXPECT_FALSE(fs::exists(out));
  const Outcome foreign = run_vane({"enhance", input, "-o", out, "--model", input});
  EXPECT_EQ(foreign.code, 5) << foreign.err;
  const Outcome missing = run_vane({"enhance", input, "-o", out, "--model", path("no.pth")});
  EXPECT_EQ(missing.code, 5) << missing.err;
  EXPECT_NE(missing.err.find("no.pth"), std::string::npos);
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(EnhanceProgram, MirrorsATreeAndGoesOnAfterABadFile) {
  fs::create_directories(path("in/deep/er"));
  fs::create_directories(path("in/.hidden"));
  const std::string first = picture("in/b.png", dark_image(24, 18, 3));
  picture("in/deep/er/a.JPG.png", dark_image(12, 9, 3));
  picture("in/.hidden/x.png", dark_image(12, 9, 3));
  folder_.file("in/deep/broken.png", bytes_of(first).substr(0, 60));
  folder_.file("in/notes.txt", "not a picture");
  const std::string alone = picture("alone.png", dark_image(24, 18, 3));
  const Outcome dry = enhance(path("in"), path("out"), {"-r", "--dry-run", "--json"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_EQ(nlohmann::json::parse(dry.out)["files"].size(), 3u);
  EXPECT_FALSE(fs::exists(path("out")));

  const Outcome batch =
      enhance(path("in"), path("out"), {alone, "-r", "--json", "--report", path("report.json")});
  EXPECT_EQ(batch.code, 6) << batch.err;
  EXPECT_NE(batch.err.find("broken.png"), std::string::npos);
  const auto json = nlohmann::json::parse(batch.out);
  EXPECT_EQ(json, nlohmann::json::parse(bytes_of(path("report.json"))));
  EXPECT_EQ(json["counts"], nlohmann::json({{"ok", 3}, {"skipped", 0}, {"failed", 1}}));
  EXPECT_EQ(json["files"][2]["in"], path("in/deep/broken.png"));
  EXPECT_EQ(json["files"][2]["status"], "failed");
  EXPECT_NE(json["files"][2]["error"], "");
  EXPECT_TRUE(fs::exists(path("out/deep/er/a.JPG.png")));
  EXPECT_FALSE(fs::exists(path("out/deep/broken.png")));
  EXPECT_FALSE(fs::exists(path("out/x.png")));
  // The same bytes as one photograph by itself.
  EXPECT_EQ(enhance(first, path("single.png")).code, 0);
  EXPECT_EQ(bytes_of(path("out/b.png")), bytes_of(path("single.png")));

  // A folder of one bad file is a batch as well, and its page says so.
  const Outcome bad = enhance(path("in/deep"), path("bad"));
  EXPECT_EQ(bad.code, 6) << bad.err;
  EXPECT_NE(bad.out.find("0 enhanced, 0 there already, 1 failed"), std::string::npos) << bad.out;

  // Again: what is there stays, and only what is missing is tried.
  const Outcome again = enhance(path("in"), path("out"), {"-r", "--skip-existing", "--json"});
  EXPECT_EQ(again.code, 6) << again.err;
  EXPECT_EQ(nlohmann::json::parse(again.out)["counts"],
            nlohmann::json({{"ok", 0}, {"skipped", 2}, {"failed", 1}}));
}

TEST_F(EnhanceProgram, RefusesABatchThatWouldLoseAFile) {
  fs::create_directories(path("one"));
  fs::create_directories(path("two"));
  const std::string a = picture("one/same.png", dark_image(12, 9, 3));
  const std::string b = picture("two/same.png", dark_image(12, 9, 3));
  expect_refused(a, path("out"), {b}, 2, "two photographs would become this file");
  expect_refused(a, path("out.png"), {path("two")}, 2, "need a folder");
  expect_refused(path("one"), path("one"), {}, 2, "the photograph itself");
  expect_refused(path("absent.png"), path("out") + "/", {}, 4, "absent.png");
  fs::create_directories(path("none"));
  expect_refused(path("none"), path("out"), {}, 4, "no photograph");
  expect_refused("@" + path("none.txt"), path("out"), {}, 4, "none.txt");
  EXPECT_FALSE(fs::exists(path("out/same.png")));
  // A list names them just as well, a path a line.
  const std::string list = folder_.file("list.txt", a + "\n\n" + a + "\r\n");
  const Outcome listed = enhance("@" + list, path("out"), {"--json"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_EQ(nlohmann::json::parse(listed.out)["counts"]["ok"], 1);
}

TEST_F(EnhanceProgram, AnInterruptLeavesNothingBehind) {
  const std::string input = picture("in.png", smooth_image(900, 900, 3));
  fs::create_directory(path("out"));
  RunningVane vane({"enhance", input, "-o", path("out"), "--model", model_, "--threads", "1",
                    "--max-memory", "64MiB"});
  ASSERT_TRUE(vane.wait_for_stderr("measuring the light"));
  vane.send(SIGINT);
  const Outcome outcome = vane.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_TRUE(fs::is_empty(path("out")));
}

}  // namespace
}  // namespace vane::testing
