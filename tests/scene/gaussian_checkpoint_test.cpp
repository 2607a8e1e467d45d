// SPDX-License-Identifier: Apache-2.0
// Oracle: tests/oracles/record_gaussian_checkpoint.py, where PyTorch saves the first rows of
// cloud.ply as 3D Gaussian Splatting and LangSplat do.
#include "engine/scene/gaussian_checkpoint.h"

#include <limits>
#include <numeric>

#include "engine/scene/splat_file.h"
#include "engine/weights/tensor_table.h"
#include "engine/weights/torch_write.h"
#include "tests/scene/scene_support.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;

const fs::path kData = fs::path(VANE_TEST_DATA) / "scene/data";
constexpr int64_t kKept = 40;

SplatCloud first_rows() {
  std::vector<int64_t> rows(kKept);
  std::iota(rows.begin(), rows.end(), 0);
  return read_splats(kData / "cloud.ply", {}).cloud.rows(rows);
}

void expect_same(const SplatCloud& a, const SplatCloud& b) {
  EXPECT_EQ(a.sh_degree, b.sh_degree);
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.sh0, b.sh0);
  EXPECT_EQ(a.sh_rest, b.sh_rest);
  EXPECT_EQ(a.opacity_logit, b.opacity_logit);
  EXPECT_EQ(a.log_scale, b.log_scale);
  EXPECT_EQ(a.rotation, b.rotation);
}

std::string refusal_of(const fs::path& file, const Limits& limits = {}) {
  try {
    read_gaussian_checkpoint(file, limits);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input) << error.what();
    return error.what();
  }
  return "";
}

TEST(GaussianCheckpoint, WhatThePublishedProgramsSaveIsRead) {
  const SplatCloud rows = first_rows();
  const GaussianCheckpoint plain = read_gaussian_checkpoint(kData / "cloud_rgb.pth");
  expect_same(plain.cloud, rows);
  EXPECT_TRUE(plain.language.empty());
  const GaussianCheckpoint speaking = read_gaussian_checkpoint(kData / "cloud_language.pth");
  expect_same(speaking.cloud, rows);
  ASSERT_EQ(speaking.language.size(), static_cast<size_t>(3 * kKept));
  for (size_t i = 0; i < speaking.language.size(); ++i) {
    // y, z, x of the position over four.
    EXPECT_EQ(speaking.language[i], rows.position[i / 3 * 3 + (i + 1) % 3] * 0.25f);
  }
  // A scene like any other.
  EXPECT_EQ(splat_layout(kData / "cloud_rgb.pth"), "checkpoint");
  expect_same(read_splats(kData / "cloud_rgb.pth", {}).cloud, rows);
}

TEST(GaussianCheckpoint, WhatIsWrittenIsReadAgain) {
  const ScratchFolder folder;
  GaussianCheckpoint checkpoint = read_gaussian_checkpoint(kData / "cloud_language.pth");
  write_gaussian_checkpoint(folder / "a.pth", checkpoint, 3000);
  const GaussianCheckpoint again = read_gaussian_checkpoint(folder / "a.pth");
  expect_same(again.cloud, checkpoint.cloud);
  EXPECT_EQ(again.language, checkpoint.language);
  // The places of both files hold the same kinds of tensors.
  const TensorTable ours = open_weights(folder / "a.pth"),
                    theirs = open_weights(kData / "cloud_language.pth");
  ASSERT_EQ(ours.tensors.size(), theirs.tensors.size());
  for (size_t i = 0; i < ours.tensors.size(); ++i) {
    EXPECT_EQ(ours.tensors[i].name, theirs.tensors[i].name);
    EXPECT_EQ(ours.tensors[i].shape, theirs.tensors[i].shape) << ours.tensors[i].name;
  }
  checkpoint.language.clear();
  write_gaussian_checkpoint(folder / "b.pth", checkpoint, 3000);
  expect_same(read_gaussian_checkpoint(folder / "b.pth").cloud, checkpoint.cloud);
  EXPECT_TRUE(read_gaussian_checkpoint(folder / "b.pth").language.empty());
}

TEST(GaussianCheckpoint, OtherFilesAreRefused) {
  const ScratchFolder folder;
  const std::vector<float> numbers(6, 1.f);
  write_torch(folder / "flat.pth", TorchValue::dict({"w"}, {TorchValue::floats({6}, numbers)}));
  EXPECT_EQ(splat_layout(folder / "flat.pth"), "") << "weights of something else";
  EXPECT_NE(refusal_of(folder / "flat.pth").find("no checkpoint of Gaussians"), std::string::npos);
  write_torch(folder / "pair.pth", TorchValue::tuple({TorchValue::floats({2, 3}, numbers),
                                                      TorchValue::floats({6}, numbers)}));
  EXPECT_NE(refusal_of(folder / "pair.pth").find("pair.pth"), std::string::npos);
  GaussianCheckpoint checkpoint = read_gaussian_checkpoint(kData / "cloud_language.pth");
  checkpoint.language.pop_back();
  EXPECT_THROW(write_gaussian_checkpoint(folder / "short.pth", checkpoint, 1), Error);
  EXPECT_FALSE(fs::exists(folder / "short.pth"));
  checkpoint = read_gaussian_checkpoint(kData / "cloud_rgb.pth");
  checkpoint.cloud.log_scale[4] = std::numeric_limits<float>::quiet_NaN();
  write_gaussian_checkpoint(folder / "nan.pth", checkpoint, 1);
  EXPECT_NE(refusal_of(folder / "nan.pth").find("0.4 that is not finite"), std::string::npos);
  Limits few;
  few.scene_gaussians = 10;
  EXPECT_NE(refusal_of(kData / "cloud_rgb.pth", few).find("scene.gaussians"), std::string::npos);
}

}  // namespace
}  // namespace vane
