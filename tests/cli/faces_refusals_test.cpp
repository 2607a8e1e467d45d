// SPDX-License-Identifier: Apache-2.0
// Oracle: the contract of the command line where the generator of faces is not installed: one line
// that names the remedy, exit code 4, nothing written.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/cli/run_program.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

class FacesAbsent : public ::testing::Test {
 protected:
  /// Runs `vane` beside an empty assets folder, where no models are.
  Outcome run(std::vector<std::string> arguments) const {
    fs::create_directories(folder_.path() / "assets");
    Surroundings around;
    around.environment["VANE_ASSETS"] = (folder_.path() / "assets").string();
    arguments.insert(arguments.end(), {"--quiet", "--threads", "1"});
    return run_vane(arguments, around);
  }
  static void expect_refusal(const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 4) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("vane: error: ", 0), 0u) << outcome.err;
    EXPECT_NE(outcome.err.find("vane models get faces"), std::string::npos) << outcome.err;
  }
  TemporaryFolder folder_;
};

TEST_F(FacesAbsent, TrainingForIdentitySaysWhatToGet) {
  const fs::path recipe = folder_.path() / "recipe.yaml", output = folder_.path() / "encoder";
  std::ofstream(recipe) << "name: n\noutput: " << output << "\nfaces: " << folder_.path()
                        << "\nloss: {identity: 1}\n";
  const std::string run_folder = (folder_.path() / "run").string();
  expect_refusal(run({"train", "inversion", recipe.string(), "--run", run_folder}));
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(FacesAbsent, GenerateSaysWhatToGet) {
  const fs::path output = folder_.path() / "face.png";
  expect_refusal(run({"generate", "-o", output.string()}));
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(FacesAbsent, InvertSaysWhatToGet) {
  const fs::path photo = fs::path(VANE_TEST_DATA).parent_path() / "assets/samples/astronaut.jpg";
  const fs::path output = folder_.path() / "latent.safetensors";
  expect_refusal(run({"invert", photo.string(), "-o", output.string()}));
  const Outcome picture = run({"invert", photo.string(), "-o", "face.png"});
  EXPECT_EQ(picture.code, 2) << picture.err;
  EXPECT_NE(picture.err.find("--picture"), std::string::npos) << picture.err;
  const Outcome absent = run({"invert", "absent.jpg", "-o", output.string()});
  EXPECT_EQ(absent.code, 4) << absent.err;
  EXPECT_NE(absent.err.find("absent.jpg"), std::string::npos) << absent.err;
  EXPECT_EQ(run({"invert", photo.string(), "--method", "guess", "-o", output.string()}).code, 2);
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(FacesAbsent, ADatasetSaysWhatToGet) {
  const fs::path output = folder_.path() / "set";
  expect_refusal(run({"faces", "dataset", "-n", "1", "-o", output.string()}));
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(FacesAbsent, CropsOfFacesSayWhatToGet) {
  const fs::path photo = fs::path(VANE_TEST_DATA).parent_path() / "assets/samples/astronaut.jpg";
  const fs::path output = folder_.path() / "face.png";
  expect_refusal(run({"faces", "align", photo.string(), "-o", output.string()}));
  expect_refusal(run({"faces", "paste", photo.string(), photo.string(), "-o", output.string()}));
  expect_refusal(run({"faces", "compare", photo.string(), photo.string()}));
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(FacesAbsent, MeasuringAgainNeedsASet) {
  const Outcome outcome = run({"faces", "dataset", "--from", (folder_.path() / "no").string(), "-o",
                               (folder_.path() / "set").string()});
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

}  // namespace
}  // namespace vane::testing
