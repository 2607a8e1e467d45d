// SPDX-License-Identifier: Apache-2.0
// Oracle: the promises of the batch enhancer (sheet enhance.md, 8.1 to 8.4 and 11), seen from
// outside.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "engine/image/orientation.h"
#include "tests/cli/enhance_program.h"

namespace vane::testing {
namespace {

using Json = nlohmann::json;

const std::string kPictures = std::string(VANE_TEST_DATA) + "/image/data/pictures/";

class EnhanceBatch : public EnhanceProgram {
 protected:
  /// Small dark photographs in folders of "in".
  void make_photos(int count) const {
    fs::create_directories(path("in/deep"));
    for (int i = 0; i < count; ++i) {
      picture("in/" + std::string(i % 3 == 0 ? "deep/" : "") + std::to_string(i) + ".png",
              dark_image(12 + i, 9 + i % 4, i % 2 == 0 ? 3 : 1));
    }
  }

  Json batch(const std::vector<std::string>& more, int code = 0) const {
    const Outcome outcome = enhance(path("in"), path("out"), with({"-r", "--json"}, more));
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return outcome.out.empty() ? Json() : Json::parse(outcome.out);
  }

  static std::vector<std::string> with(std::vector<std::string> some,
                                       const std::vector<std::string>& more) {
    some.insert(some.end(), more.begin(), more.end());
    return some;
  }

  /// Names below a folder and their bytes; the journal, which holds times, is left out.
  static std::map<std::string, std::string> tree(const fs::path& root) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file() || entry.path().filename() == ".enhance-journal.jsonl") continue;
      files[entry.path().lexically_relative(root).string()] = bytes_of(entry.path());
    }
    return files;
  }
};

TEST_F(EnhanceBatch, GivesTheSameBytesAndOrderForAnyNumberOfJobs) {
  make_photos(9);
  folder_.file("in/5a.png", "no picture");
  std::map<std::string, std::string> one;
  for (const char* jobs : {"1", "2", "5"}) {
    SCOPED_TRACE(jobs);
    fs::remove_all(path("out"));
    const Json json = batch({"--jobs", jobs}, 6);
    EXPECT_EQ(json["counts"], Json({{"ok", 9}, {"skipped", 0}, {"failed", 1}}));
    std::vector<std::string> order;
    for (const Json& file : json["files"]) order.push_back(file["in"]);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    if (one.empty()) one = tree(path("out"));
    EXPECT_EQ(one.size(), 9u);
    EXPECT_EQ(tree(path("out")), one);
  }
}

TEST_F(EnhanceBatch, ResumesWithWhatItsJournalVouchesFor) {
  make_photos(6);
  batch({});
  const auto all = tree(path("out"));
  const std::string journal = path("out/.enhance-journal.jsonl");
  const auto remade = [&](const std::vector<std::string>& more = {}) {
    const Json json = batch(with({"--resume"}, more));
    std::set<std::string> names;
    for (const Json& file : json["files"]) {
      if (file["status"] == "ok") names.insert(fs::path(file["in"].get<std::string>()).filename());
    }
    EXPECT_EQ(json["counts"]["skipped"], 6 - int(names.size()));
    return names;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(remade(), Names{});
  // A torn last line is as good as none; a line after it is whole again.
  const std::string lines = bytes_of(journal);
  const std::string last = Json::parse(lines.substr(lines.rfind('\n', lines.size() - 2)))["out"];
  fs::resize_file(journal, lines.size() - 9);
  EXPECT_EQ(remade(), Names{fs::path(last).filename()});
  EXPECT_EQ(remade(), Names{});
  // Anything about a photograph or its output that differs makes it again.
  fs::remove(path("out/1.png"));
  folder_.file("out/2.png", "cut");
  fs::last_write_time(path("in/4.png"), fs::file_time_type::clock::now());
  EXPECT_EQ(remade(), (Names{"1.png", "2.png", "4.png"}));
  const auto time = fs::last_write_time(path("in/5.png"));
  std::string bytes = bytes_of(path("in/5.png"));
  bytes.back() ^= 1;  // the checksum of IEND: same size, same time
  folder_.file("in/5.png", bytes);
  fs::last_write_time(path("in/5.png"), time);
  EXPECT_NE(batch({"--resume", "--dry-run"})["files"][3]["status"], "skipped:done");
  bytes.back() ^= 1;
  folder_.file("in/5.png", bytes);
  fs::last_write_time(path("in/5.png"), time);
  EXPECT_EQ(remade({"--dry-run"}), Names{});
  EXPECT_EQ(tree(path("out")), all);
  // Other settings make everything again, and so does going back.
  EXPECT_EQ(remade({"--strength", "0.5"}).size(), 6u);
  EXPECT_NE(tree(path("out")), all);
  EXPECT_EQ(remade().size(), 6u);
  EXPECT_EQ(tree(path("out")), all);
}

TEST_F(EnhanceBatch, AKilledRunResumedGivesTheTreeOfAnUninterruptedOne) {
  make_photos(12);
  batch({});
  const auto whole = tree(path("out"));
  for (int round = 0; round < 4; ++round) {
    fs::remove_all(path("out"));
    RunningVane vane({"enhance", path("in"), "-r", "-o", path("out"), "--model", model_,
                      "--threads", "1", "--resume"});
    const auto is_there = [&](const std::string& name) { return fs::exists(path("out/" + name)); };
    const std::string awaited = std::vector<std::string>{"1.png", "2.png", "7.png", "8.png"}[round];
    for (int i = 0; i < 60000 && !is_there(awaited); ++i) ::usleep(1000);
    ASSERT_TRUE(is_there(awaited));
    vane.send(SIGKILL);
    EXPECT_TRUE(vane.wait().code == -SIGKILL || round == 3);
    for (const auto& [name, bytes] : tree(path("out"))) {
      if (name.find(".tmp-") != std::string::npos) continue;
      EXPECT_EQ(bytes, whole.at(name)) << name;
    }
    batch({"--resume"});
    EXPECT_EQ(tree(path("out")), whole);
  }
}

TEST_F(EnhanceBatch, TakesAwayTemporariesOfTheDeadOnly) {
  make_photos(1);
  fs::create_directories(path("out/deep"));
  RunningVane dead({"--version"});
  const std::string gone = std::to_string(dead.pid()), alive = std::to_string(::getpid());
  dead.wait();
  const std::set<std::string> stay{
      "out/deep/.0.png.tmp-" + alive + "-0", "out/deep/.notes.tmp-" + gone + "-0",
      "out/deep/0.png.tmp-" + gone + "-0", "out/deep/.0.png.tmp-" + gone};
  for (const std::string& name : stay) folder_.file(name, "x");
  const std::string stale = folder_.file("out/deep/.0.png.tmp-" + gone + "-17", "x");
  batch({});
  EXPECT_FALSE(fs::exists(stale));
  for (const std::string& name : stay) EXPECT_TRUE(fs::exists(path(name))) << name;
  expect_refused(path("in"), path("out"), {"--resume", "--overwrite"}, 2, "exclude each other");
}

/// A pattern or list and options, and the outputs that a dry run names.
TEST_F(EnhanceBatch, ChoosesPhotographsByPatternListExtensionAndName) {
  fs::create_directories(path("in/a/b"));
  fs::create_directories(path("in/.hidden"));
  const Image image = dark_image(8, 6, 3);
  for (const char* name : {"x.png", "y.JPG", "a/x.png", "a/b/x.tif", "a/b/y.png", "a/b/[1].png",
                           ".hidden/x.png", "a/b/x.png.preview.png"}) {
    picture(std::string("in/") + name, image);
  }
  fs::create_directory_symlink(path("in"), path("in/a/loop"));
  const auto outputs = [&](const std::vector<std::string>& inputs,
                           const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = with({"enhance"}, inputs);
    arguments = with(
        with(arguments, {"-o", path("out/"), "--model", model_, "--dry-run", "--json"}), options);
    const Outcome outcome = run_vane(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::string names;
    const Json json = Json::parse(outcome.out);
    for (const Json& file : json["files"]) {
      names +=
          fs::path(file["out"].get<std::string>()).lexically_relative(path("out")).string() + " ";
    }
    return names;
  };
  EXPECT_EQ(outputs({path("in/*.png")}), "x.png ");
  EXPECT_EQ(outputs({path("in/**/x.*")}), "a/b/x.tif a/x.png x.png ");
  EXPECT_EQ(outputs({path("in/**")}), "a/b/[1].png a/b/x.tif a/b/y.png a/x.png x.png y.JPG ");
  EXPECT_EQ(outputs({path("in/?/b/[xy].???")}), "a/b/x.tif a/b/y.png ");
  EXPECT_EQ(outputs({path("in/a*")}, {"-r"}), "a/b/[1].png a/b/x.tif a/b/y.png a/x.png ");
  EXPECT_EQ(outputs({path("in/a/b/[1].png")}), "[1].png ");  // it is there under its name
  EXPECT_EQ(outputs({path("in")}, {"-r", "--ext", ".jpg, TIF"}), "a/b/x.tif y.JPG ");
  EXPECT_EQ(outputs({path("in")}, {"-r", "--exclude", "b", "--exclude", "y*"}), "a/x.png x.png ");
  EXPECT_EQ(outputs({path("in")}, {"-r", "--exclude", "a/b/y*", "--ext", "png", "--suffix", "_e"}),
            "a/b/[1]_e.png a/x_e.png x_e.png ");
  EXPECT_EQ(outputs({path("in/*.*")}, {"--format", "webp"}), "x.webp y.webp ");

  expect_refused(path("in/*.webp"), path("out"), {}, 4, "*.webp");
  expect_refused(path("in"), path("out"), {"--ext", "gif"}, 2, "gif");
  expect_refused(path("in"), path("out"), {"-r", "--exclude", "*"}, 4, "--exclude");
  expect_refused(path("in"), path("out"), {"--suffix", "a/b"}, 2, "suffix");
  expect_refused(path("in/x.png"), path("x.png"), {"--suffix", "_e"}, 2, "--suffix");
  expect_refused(path("in/x.png"), path("x.png"), {"--format", "jpg"}, 2, "--format");
  expect_refused(
      path("in/a/b"), path("out"),
      {"-r", "--format", "tif", "--ext", "png,tif", path("in/x.png"), path("in/a/b/x.tif")}, 2,
      "two photographs would become this file");
}

TEST_F(EnhanceBatch, TakesPathsFromStandardInput) {
  fs::create_directories(path("in"));
  const std::string one = picture("in/a b.png", dark_image(8, 6, 3));
  const std::string two = picture("in/c\nd.png", dark_image(8, 6, 3));
  const std::string list = folder_.file("list", one + std::string(1, '\0') + two);
  Surroundings around;
  around.stdin_from = list;
  const Outcome outcome =
      run_vane({"enhance", "-", "-o", path("out"), "--model", model_, "--strength", "0"}, around);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(tree(path("out")), tree(path("in")));
}

TEST_F(EnhanceBatch, WritesBesideThePhotographsAndNeverTakesItsOwnOutputs) {
  fs::create_directories(path("in/deep"));
  picture("in/a.png", dark_image(8, 6, 3));
  picture("in/deep/b.png", dark_image(8, 6, 3));
  const std::vector<std::string> line{"enhance", path("in"), "-r",     "--suffix", "_enh",
                                      "--model", model_,     "--json", "--resume"};
  for (const int made : {2, 0}) {
    const Outcome outcome = run_vane(line);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(Json::parse(outcome.out)["counts"]["ok"], made);
    EXPECT_EQ(Json::parse(outcome.out)["files"].size(), 2u);
  }
  EXPECT_TRUE(fs::exists(path("in/a_enh.png")));
  EXPECT_TRUE(fs::exists(path("in/deep/b_enh.png")));
  const Outcome nowhere = run_vane({"enhance", path("in"), "--model", model_});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_NE(nowhere.err.find("--suffix"), std::string::npos) << nowhere.err;
}

TEST_F(EnhanceBatch, GivesTheFormatDepthAndDatesThatWereAskedFor) {
  fs::create_directories(path("in"));
  const Image deep = dark_image(16, 12, 3);
  Image flat = smooth_image(16, 12, 3);
  picture("in/deep.png", deep);
  picture("in/flat.jpg", flat);
  flat = stored(path("in/flat.jpg"));
  const auto old = fs::last_write_time(path("in/deep.png")) - std::chrono::hours(1000);
  fs::last_write_time(path("in/deep.png"), old);
  batch({"--format", "tif", "--bit-depth", "8", "--strength", "0", "--keep-times"});
  EXPECT_EQ(fs::last_write_time(path("out/deep.tif")), old);
  const Image eight = stored(path("out/deep.tif"));
  ASSERT_EQ(eight.depth, 8);
  for (size_t i = 0; i < eight.u8.size(); ++i) {
    EXPECT_EQ(eight.u8[i], std::lround(deep.u16[i] / 257.0));
  }
  EXPECT_EQ(stored(path("out/flat.tif")).u8, flat.u8);
  fs::remove_all(path("out"));
  batch({"--format", "png", "--bit-depth", "16", "--strength", "0"});
  const Image sixteen = stored(path("out/flat.png"));
  ASSERT_EQ(sixteen.depth, 16);
  for (size_t i = 0; i < flat.u8.size(); ++i) EXPECT_EQ(sixteen.u16[i], 257 * flat.u8[i]);
  // The network's result is rounded to 16 bits, not to 8 and then spread.
  fs::remove_all(path("out"));
  batch({"--format", "png", "--bit-depth", "16"});
  const Image enhanced = stored(path("out/flat.png"));
  EXPECT_TRUE(std::any_of(enhanced.u16.begin(), enhanced.u16.end(),
                          [](uint16_t sample) { return sample % 257 != 0; }));
  expect_refused(path("in"), path("out"), {"--format", "jpg", "--bit-depth", "16"}, 2, "8 bits");
  const Json kept = batch({"--bit-depth", "16", "--overwrite"}, 6);
  EXPECT_EQ(kept["files"][1]["status"], "failed");  // a JPEG stays one
}

/// White in the right half.
Image half_mask(int width, int height) {
  Image mask;
  mask.width = width;
  mask.height = height;
  mask.channels = 1;
  for (int i = 0; i < width * height; ++i) mask.u8.push_back(i % width < width / 2 ? 0 : 255);
  return mask;
}

TEST_F(EnhanceBatch, EnhancesWhereTheMaskIsWhite) {
  Image upright = dark_image(48, 32, 3);
  upright.metadata.exif = stored(kPictures + "orientation_6.jpg").metadata.exif;
  EncodeOptions encode;
  encode.orientation = 6;
  Image turned = oriented(upright, inverse_orientation(6));
  fs::create_directories(path("in"));
  const std::string photo = picture("in/photo.png", turned, encode);
  const std::string mask = picture("mask.png", half_mask(12, 8));
  const Image before = read_image(photo);
  ASSERT_EQ(before.width, 48);  // upright, as the mask is
  const auto result = [&](const std::string& name, const std::vector<std::string>& more) {
    enhanced(photo, name, more);
    return read_image(path(name));
  };
  const Image all = result("all.png", {});
  const Image right = result("right.png", {"--mask", mask});
  const Image left = result("left.png", {"--mask", mask, "--mask-invert"});
  const Image soft = result("soft.png", {"--mask", mask, "--feather", "9"});
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 48; ++x) {
      const size_t i = size_t(y * 48 + x) * 3;
      if (x < 20 || x >= 28) {  // the mask is enlarged four times, smoothly
        EXPECT_EQ(right.u16[i], (x < 24 ? before : all).u16[i]) << x;
        EXPECT_EQ(left.u16[i], (x < 24 ? all : before).u16[i]) << x;
      }
      if (x < 8 || x >= 40) {
        EXPECT_EQ(soft.u16[i], (x < 24 ? before : all).u16[i]) << x;
      }
      if (x >= 16 && x < 32) {
        EXPECT_GT(soft.u16[i], before.u16[i]) << x;
        EXPECT_LT(soft.u16[i], all.u16[i]) << x;
      }
    }
  }
}

TEST_F(EnhanceBatch, TakesEachPhotographsOwnMask) {
  fs::create_directories(path("in/deep"));
  fs::create_directories(path("masks/deep"));
  for (const char* name : {"in/a.png", "in/b.png", "in/deep/a.png", "in/deep/c.png"}) {
    picture(name, dark_image(12, 8, 3));
  }
  picture("masks/a.tif", half_mask(12, 8));
  Image white = half_mask(12, 8);
  white.u8.assign(white.u8.size(), 255);
  picture("masks/deep/a.png", white);
  picture("masks/c.png", half_mask(8, 12));
  Json json = batch({"--mask", path("masks")}, 6);
  EXPECT_EQ(json["files"][0]["status"], "ok");
  EXPECT_NE(json["files"][1]["error"].get<std::string>().find("no mask \"b\""), std::string::npos);
  EXPECT_EQ(json["files"][2]["status"], "ok");
  EXPECT_NE(json["files"][3]["error"].get<std::string>().find("8x12"), std::string::npos);
  EXPECT_NE(bytes_of(path("out/a.png")), bytes_of(path("out/deep/a.png")));
  // A mask that changed makes its photograph again.
  picture("masks/deep/a.png", half_mask(12, 8));
  json = batch({"--mask", path("masks"), "--resume"}, 6);
  EXPECT_EQ(json["files"][0]["status"], "skipped:done");
  EXPECT_EQ(json["files"][2]["status"], "ok");
  EXPECT_EQ(bytes_of(path("out/a.png")), bytes_of(path("out/deep/a.png")));
  picture("masks/a.png", half_mask(12, 8));
  json = batch({"--mask", path("masks"), "--overwrite"}, 6);
  EXPECT_NE(json["files"][0]["error"].get<std::string>().find("which mask"), std::string::npos);

  expect_refused(path("in"), path("other"), {"--feather", "3"}, 2, "need --mask");
  expect_refused(path("in"), path("other"), {"--mask", path("no.png")}, 4, "no.png");
  expect_refused(path("in/a.png"), path("o.png"), {"--mask", "?!"}, 2, "mask");
}

TEST_F(EnhanceBatch, DrawsPreviewsAndAContactSheet) {
  make_photos(4);
  const Json json =
      batch({"--preview", "--contact-sheet", path("sheet.png"), "--contact-pairs", "3"});
  EXPECT_EQ(json["counts"]["ok"], 4);
  const Image preview = read_image(path("out/1.png.preview.png"));
  EXPECT_EQ(preview.width, 1600);
  // Left and right of the map are the pictures before and after, so the right is brighter.
  const auto mean = [&](int left) {
    double sum = 0;
    for (int y = 60; y < 260; ++y) {
      for (int x = left; x < left + 480; ++x) sum += preview.u8[size_t(y * 1600 + x) * 3];
    }
    return sum / (200 * 480);
  };
  EXPECT_GT(mean(1080), 1.02 * mean(30));
  const Image sheet = read_image(path("sheet.png"));
  EXPECT_EQ(sheet.width, 2 * (604 + 16) + 16);
  // Two rows, of 1.png (10 high) with 2.png (11) and of deep/0.png (9).
  EXPECT_EQ(sheet.height, 16 + (20 + 11 + 16) + (20 + 9 + 16));
  // The pictures themselves do not depend on being looked at.
  const std::string alone = bytes_of(path("out/1.png"));
  fs::remove(path("out/1.png.preview.png"));
  EXPECT_EQ(batch({"--preview", "--resume"})["counts"]["ok"], 1);
  EXPECT_EQ(bytes_of(path("out/1.png")), alone);
  EXPECT_TRUE(fs::exists(path("out/1.png.preview.png")));
  EXPECT_EQ(batch({"--resume", "--preview-folder", path("look")})["counts"]["ok"], 4);
  EXPECT_TRUE(fs::exists(path("look/deep/0.png.preview.png")));
  expect_refused(path("in"), path("other"), {"--contact-sheet", path("sheet.xyz")}, 2, "xyz");
  expect_refused(path("in"), path("other"), {"--contact-sheet", path("no/sheet.png")}, 8, "no");
}

/// Waits for a file of another process.
bool appears(const std::string& name) {
  for (int i = 0; i < 60000; ++i) {
    if (fs::exists(name)) return true;
    ::usleep(1000);
  }
  return false;
}

TEST_F(EnhanceBatch, WatchesAFolderUntilItIsStopped) {
  fs::create_directories(path("in"));
  const std::string first = picture("in/a.png", dark_image(12, 9, 3));
  const std::string bytes = bytes_of(first);
  const std::vector<std::string> line{"enhance",      path("in"),         "-r",      "-o",
                                      path("in/out"), "--watch",          "--model", model_,
                                      "--report",     path("report.json")};
  RunningVane vane(line);
  ASSERT_TRUE(vane.wait_for_stderr("watching 1"));
  EXPECT_TRUE(fs::exists(path("in/out/a.png")));
  // Moved in, and in a folder that came after the watch began.
  fs::create_directories(path("in/later"));
  folder_.file(".b", bytes);
  fs::rename(path(".b"), path("in/later/b.png"));
  EXPECT_TRUE(appears(path("in/out/later/b.png")));
  // Written with a pause that is longer than a settled file's quiet.
  {
    std::ofstream slow(path("in/c.png"), std::ios::binary);
    slow << bytes.substr(0, 80) << std::flush;
    folder_.file("in/broken.png", bytes.substr(0, 80));
    ASSERT_TRUE(vane.wait_for_stderr("failed: " + path("in/broken.png")));
    ::usleep(700'000);
    EXPECT_FALSE(fs::exists(path("in/out/c.png")));
    slow << bytes.substr(80);
  }
  EXPECT_TRUE(appears(path("in/out/c.png")));
  EXPECT_EQ(bytes_of(path("in/out/c.png")), bytes_of(path("in/out/a.png")));
  vane.send(SIGTERM);
  Outcome outcome = vane.wait();
  EXPECT_EQ(outcome.code, 6) << outcome.err;  // one was broken
  Json json = Json::parse(bytes_of(path("report.json")));
  EXPECT_EQ(json["counts"], Json({{"ok", 3}, {"skipped", 0}, {"failed", 1}})) << json;

  // A new watch takes what came meanwhile, and nothing again.
  fs::remove(path("in/broken.png"));
  picture("in/d.png", dark_image(9, 9, 3));
  RunningVane again(line);
  ASSERT_TRUE(again.wait_for_stderr("watching 4"));
  again.send(SIGINT);
  outcome = again.wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  json = Json::parse(bytes_of(path("report.json")));
  EXPECT_EQ(json["counts"], Json({{"ok", 1}, {"skipped", 3}, {"failed", 0}})) << json;
  expect_refused(first, path("o.png"), {"--watch"}, 2, "takes folders");
}

}  // namespace
}  // namespace vane::testing
