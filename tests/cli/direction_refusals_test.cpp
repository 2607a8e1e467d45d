// SPDX-License-Identifier: Apache-2.0
// Oracle: the contract of the command line: one line, the right exit code, nothing written.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/cli/run_program.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

class DirectionRefusals : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"empty", "one", "same", "texts", "two"}) {
      fs::create_directories(folder_.path() / name);
    }
    const fs::path samples = fs::path(VANE_TEST_DATA) / ".." / "assets" / "samples";
    fs::copy_file(samples / "coffee.jpg", path("one") + "/a.jpg");
    for (const char* name : {"a", "b", "c", "d"}) {
      fs::copy_file(samples / "coffee.jpg", path("same") + "/" + name + ".jpg");
    }
    fs::copy_file(samples / "coffee.jpg", path("two") + "/a.jpg");
    fs::copy_file(samples / "rocket.jpg", path("two") + "/b.jpg");
    std::ofstream(path("texts") + "/a.txt") << "no picture";
    picture_ = path("one") + "/a.jpg";
  }
  std::string path(const std::string& name) const { return folder_.path() / name; }

  // Runs `vane direction ARGUMENTS -o FILE`; a job that warns before it fails may say so in lines
  // of its own.
  void refused(std::vector<std::string> arguments, int code, const std::string& words) const {
    const std::string output = path("d.safetensors");
    arguments.insert(arguments.begin(), "direction");
    arguments.insert(arguments.end(), {"-o", output, "--quiet", "--threads", "1"});
    const Outcome outcome = run_vane(arguments);
    SCOPED_TRACE(arguments[1] + " " + arguments[2] + " " + arguments[3]);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("vane: error: ", 0), 0u) << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
    EXPECT_FALSE(fs::exists(output));
  }

  TemporaryFolder folder_;
  std::string picture_;
};

TEST_F(DirectionRefusals, AFolderWithoutAPicture) {
  for (const char* source : {"residual", "prompts", "difference"}) {
    refused({source, path("empty"), path("two")}, 4, "the folder holds no file");
    refused({source, path("two"), path("empty")}, 4, "the folder holds no file");
    refused({source, path("two"), path("absent")}, 4, "cannot read the folder");
  }
  refused({"residual", path("one"), path("absent"), "--whiten"}, 4, "cannot read the folder");
}

TEST_F(DirectionRefusals, OnePictureWhereASetIsNeeded) {
  refused({"difference", path("one"), path("same")}, 2, "a set of 1 pictures is too small");
  refused({"residual", path("one"), path("one"), "--whiten"}, 2, "");
}

TEST_F(DirectionRefusals, SetsThatAreTheSame) {
  refused({"residual", path("one"), path("same")}, 2, "the same mean embedding");
  refused({"residual", path("same"), path("same"), "--whiten"}, 2, "do not differ from each other");
  refused({"residual", path("two"), path("two"), "--whiten"}, 2, "the same mean embedding");
  refused({"prompts", path("same"), path("one")}, 2, "the same mean embedding");
  refused({"difference", path("same"), path("same")}, 2, "differ in no phrase significantly");
  refused({"image", picture_, picture_}, 2, "the two pictures give the same embedding");
}

TEST_F(DirectionRefusals, PhrasesThatSayNothingOrTheSame) {
  refused({"text", "?!", "a dark photo"}, 2, "says nothing");
  refused({"text", "a photo", "..."}, 2, "says nothing");
  refused({"text", "a dark photo", "a dark photo"}, 2, "give the same embedding");
  refused({"text", "a dark photo", "A  DARK photo"}, 2, "give the same embedding");
  refused({"prompts", path("one"), path("two"), "--form", "context", "--from-word", "?"}, 2,
          "says nothing");
  refused({"difference", path("same"), path("same"), "--phrases", folder_.file("p.txt", "?!\n")}, 2,
          "says nothing");
}

TEST_F(DirectionRefusals, InversionsOfBothOrNeitherAndOfTextsWithoutPatches) {
  refused({"invert", picture_, "--text", "a frog"}, 2, "either a picture or --text");
  refused({"invert", "--from", "a photo"}, 2, "either a picture or --text");
  refused({"invert", "--text", "?!"}, 2, "says nothing");
  refused({"invert", "--text", "a frog"}, 2, "has no patches that a text could be inverted to");
}

TEST_F(DirectionRefusals, MixturesOfOppositesAndOfOtherFiles) {
  const std::string a = path("a.safetensors"), b = path("b.safetensors");
  for (const auto& [from, to, file] :
       {std::tuple{"a photo", "a dark photo", a}, std::tuple{"a dark photo", "a photo", b}}) {
    ASSERT_EQ(
        run_vane({"direction", "text", from, to, "-o", file, "--quiet", "--threads", "1"}).code, 0);
  }
  refused({"mix", a, b}, 2, "opposite");
  refused({"mix", a, picture_}, 5, "");
  refused({"mix", a, path("absent.safetensors")}, 5, "there is no such file");
}

}  // namespace
}  // namespace vane::testing
