// SPDX-License-Identifier: Apache-2.0
// Oracles: the network's description (29 convolutions, widths), and what dlib's example prints of
// its input; tests/services/identity_parity_test.cpp holds the values to dlib's output.
#include "editing/faces/recognition_weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "editing/faces/face_identity.h"
#include "engine/base/error.h"

namespace vane {
namespace {

TEST(RecognitionWeights, AMissingFileIsRefused) {
  try {
    read_recognition_weights("/nowhere/recognition.dat");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
    EXPECT_EQ(error.hint(), "vane models get faces");
  }
}

TEST(RecognitionWeights, ThePublishedFileHoldsTwentyNineConvolutionsInOrder) {
  if (!std::filesystem::exists(recognition_file())) {
    GTEST_SKIP() << "no " << recognition_file() << "; ./setup.sh --get faces";
  }
  const auto arrays = read_recognition_weights(recognition_file());
  ASSERT_EQ(arrays.size(), 1u + 4 * 29 + 1);
  EXPECT_EQ(arrays[0].name, "mean");
  EXPECT_EQ(arrays[0].values, (std::vector<float>{122.782f, 117.001f, 104.298f}));
  int64_t inputs = 3;
  for (size_t n = 1; n <= 29; ++n) {
    const int64_t outputs = n <= 7 ? 32 : n <= 15 ? 64 : n <= 21 ? 128 : 256;
    const int64_t side = n == 1 ? 7 : 3;
    const RecognitionArray* layer = &arrays[4 * n - 3];
    const std::string number = std::to_string(n);
    EXPECT_EQ(layer[0].name, "con" + number + ".filters");
    EXPECT_EQ(layer[0].shape, (std::vector<int64_t>{outputs, inputs, side, side}));
    EXPECT_EQ(layer[1].name, "con" + number + ".biases");
    EXPECT_EQ(layer[2].name, "affine" + number + ".gamma");
    EXPECT_EQ(layer[3].name, "affine" + number + ".beta");
    for (int i = 1; i < 4; ++i) EXPECT_EQ(layer[i].shape, std::vector<int64_t>{outputs});
    inputs = outputs;
  }
  EXPECT_EQ(arrays.back().name, "fc.weights");
  EXPECT_EQ(arrays.back().shape, (std::vector<int64_t>{256, 128}));
  for (const RecognitionArray& array : arrays) {
    size_t count = 1;
    for (const int64_t side : array.shape) count *= size_t(side);
    EXPECT_EQ(array.values.size(), count) << array.name;
    for (const float v : array.values) ASSERT_TRUE(std::isfinite(v)) << array.name;
  }
}

}  // namespace
}  // namespace vane
