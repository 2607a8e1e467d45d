// SPDX-License-Identifier: Apache-2.0
// Oracle: the promises of the batch enhancer (sheet enhance.md, 8.1 to 8.4 and 11), seen from
// outside.
#include <algorithm>
#include <map>

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

}  // namespace
}  // namespace vane::testing
