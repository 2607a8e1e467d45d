// SPDX-License-Identifier: Apache-2.0
// Oracle: the promises of the batch enhancer (sheet enhance.md, 8.1 to 8.4 and 11), seen from
// outside.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/cli/enhance_program.h"

namespace vane::testing {
namespace {

using Json = nlohmann::json;

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

}  // namespace
}  // namespace vane::testing
