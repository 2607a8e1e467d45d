// SPDX-License-Identifier: Apache-2.0
// Directions on disk.
#include <gtest/gtest.h>

#include <fstream>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "guidance/direction.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::LinearClip;
using testing::normal_tensor;

std::filesystem::path temporary(const std::string& name) {
  return std::filesystem::path(::testing::TempDir()) / ("vane_direction_" + name);
}

template <class F>
Error error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::internal, "nothing was thrown");
}

// Oracle 3 (round trip), with text that could trip a writer of JSON.
TEST(DirectionFile, RoundTripKeepsEverything) {
  const LinearClip clip;
  Direction direction = text_direction(clip, "a \"plain\"\nphoto", "wärmer — 光", "subset7");
  direction.tau = 0.125f;
  const auto path = temporary("round.safetensors");
  save_direction(path, direction);
  const Direction loaded = load_direction(path, &clip);
  EXPECT_LT((loaded.vector - direction.vector).abs().max().item<double>(), 1e-7);
  EXPECT_EQ(loaded.magnitude, direction.magnitude);
  EXPECT_EQ(loaded.kind, direction.kind);
  EXPECT_EQ(loaded.origin, direction.origin);
  EXPECT_EQ(loaded.model_hash, direction.model_hash);
  EXPECT_EQ(loaded.tau, 0.125f);
}

TEST(DirectionFile, MixOfLoadedDirectionsIsTheMixOfTheOriginals) {
  const LinearClip clip;
  const Direction a = text_direction(clip, "dark", "bright"),
                  b = text_direction(clip, "cold", "warm");
  save_direction(temporary("a.safetensors"), a);
  save_direction(temporary("b.safetensors"), b);
  const Direction mixed = mix(load_direction(temporary("a.safetensors"), &clip),
                              load_direction(temporary("b.safetensors"), &clip), 0.3f);
  EXPECT_LT((mixed.vector - mix(a, b, 0.3f).vector).abs().max().item<double>(), 1e-6);
  save_direction(temporary("m.safetensors"), mixed);
  const Direction loaded = load_direction(temporary("m.safetensors"), &clip);
  EXPECT_EQ(loaded.origin.at("a.to"), "bright");
  EXPECT_TRUE(std::isnan(loaded.tau));
}

TEST(DirectionFile, AnotherModelIsRefusedUnlessNobodyAsks) {
  const LinearClip clip(12, 1), other(12, 2);
  const auto path = temporary("foreign.safetensors");
  save_direction(path, text_direction(clip, "dark", "bright"));
  const Error error = error_of([&] { load_direction(path, &other); });
  EXPECT_EQ(error.code(), ErrorCode::checkpoint);
  EXPECT_EQ(error.file(), path.string());
  EXPECT_NO_THROW(load_direction(path, nullptr));
}

TEST(DirectionFile, OtherFilesAreRefusedByWhatIsWrong) {
  const auto path = temporary("bad.safetensors");
  const auto message = [&](const std::map<std::string, Tensor>& tensors,
                           const std::map<std::string, std::string>& metadata = {}) {
    save_tensors(path, tensors, metadata);
    const Error error = error_of([&] { load_direction(path, nullptr); });
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
    return error.message();
  };
  EXPECT_NE(message({{"other", normal_tensor({4}, 1)}}).find("no tensor named"), std::string::npos);
  EXPECT_NE(message({{"direction", normal_tensor({4, 2}, 1)}}).find("not a vector"),
            std::string::npos);
  EXPECT_NE(message({{"direction", at::ones({4}, at::kLong)}}).find("not a vector"),
            std::string::npos);
  EXPECT_NE(message({{"direction", at::zeros({4})}}).find("zero"), std::string::npos);
  EXPECT_NE(message({{"direction", at::full({4}, INFINITY)}}).find("not finite"),
            std::string::npos);
  EXPECT_NE(message({{"direction", normal_tensor({4}, 1)}}, {{"tau", "high"}}).find("'tau'"),
            std::string::npos);
  std::ofstream(path, std::ios::binary) << "not a weights file";
  EXPECT_EQ(error_of([&] { load_direction(path, nullptr); }).code(), ErrorCode::checkpoint);
}

// Oracle 1: a vector saved by somebody else is made unit and its length becomes the magnitude.
TEST(DirectionFile, BareVectorIsMadeUnit) {
  const auto path = temporary("bare.safetensors");
  save_tensors(path, {{"direction", at::tensor({3.0, 4.0}, at::kFloat)}});
  const Direction direction = load_direction(path, nullptr);
  EXPECT_FLOAT_EQ(direction.vector[0].item<float>(), 0.6f);
  EXPECT_FLOAT_EQ(direction.magnitude, 5.f);
}

}  // namespace
}  // namespace vane
