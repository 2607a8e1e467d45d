// SPDX-License-Identifier: Apache-2.0
// Oracle: the rules of the robustness sheet, sections 6 and 14.6, with faults made on disk.
#include "engine/run/checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/base/error.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

struct WarningJob final : Job {
  std::vector<std::string> warnings;
  bool stop_requested() const noexcept override { return false; }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view message) override { warnings.emplace_back(message); }
  void info(std::string_view) override {}
};

class Checkpoints : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("vane_checkpoints_") + info->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Checkpoint at_step(int64_t step) {
    Checkpoint checkpoint;
    checkpoint.step = step;
    checkpoint.tensors["w"] = at::arange(12, at::kFloat).view({3, 4}) * double(step);
    checkpoint.tensors["n"] = at::full({}, step, at::kLong);
    checkpoint.facts["samples"] = std::to_string(step * 8);
    return checkpoint;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void damage(const std::string& name) const {
    std::fstream file(folder_ / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-2, std::ios::end);
    file.put('\x5a');
  }

  fs::path folder_;
  WarningJob job_;
};

TEST_F(Checkpoints, ComeBackExactlyWithDtypesAndFacts) {
  CheckpointFolder folder(folder_, "abc");
  EXPECT_TRUE(folder.empty());
  EXPECT_FALSE(folder.load(job_));
  folder.save(at_step(5));
  const auto loaded = folder.load(job_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->step, 5);
  EXPECT_EQ(loaded->facts.at("samples"), "40");
  EXPECT_TRUE(loaded->tensors.at("w").equal(at_step(5).tensors.at("w")));
  EXPECT_EQ(loaded->tensors.at("n").scalar_type(), at::kLong);
}

TEST_F(Checkpoints, TwoGenerationsAreKept) {
  CheckpointFolder folder(folder_, "abc");
  for (const int64_t step : {1, 2, 3, 10}) folder.save(at_step(step));
  EXPECT_EQ(files(), (std::vector<std::string>{"latest", "step-000000003.safetensors",
                                               "step-000000010.safetensors"}));
}

TEST_F(Checkpoints, ADamagedOneIsSkippedByNameAndTheOneBeforeIsUsed) {
  CheckpointFolder folder(folder_, "abc");
  folder.save(at_step(1));
  folder.save(at_step(2));
  damage("step-000000002.safetensors");
  const auto loaded = folder.load(job_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->step, 1);
  ASSERT_EQ(job_.warnings.size(), 1u);
  EXPECT_NE(job_.warnings[0].find("step-000000002"), std::string::npos);
}

TEST_F(Checkpoints, AllDamagedIsAnErrorAndNotAFreshStart) {
  CheckpointFolder folder(folder_, "abc");
  folder.save(at_step(1));
  std::ofstream(folder_ / "step-000000001.safetensors", std::ios::trunc) << "short";
  EXPECT_THROW(folder.load(job_), Error);
}

TEST_F(Checkpoints, AnotherConfigurationIsRefused) {
  CheckpointFolder(folder_, "abc").save(at_step(1));
  try {
    CheckpointFolder(folder_, "other").load(job_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
  }
}

TEST_F(Checkpoints, AFileThatThePointerDoesNotNameYetComesSecond) {
  CheckpointFolder folder(folder_, "abc");
  folder.save(at_step(1));
  folder.save(at_step(2));
  std::ofstream(folder_ / "latest", std::ios::trunc) << "step-000000001.safetensors\n";
  EXPECT_EQ(folder.load(job_)->step, 1);
}

}  // namespace
}  // namespace vane
