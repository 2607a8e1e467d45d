// SPDX-License-Identifier: Apache-2.0
#pragma once
// Arrays as those of dlib's face recognition network in everything but the values.

#include <cmath>
#include <string>
#include <vector>

#include "editing/faces/recognition_weights.h"
#include "engine/base/rng.h"

namespace vane::testing {

inline std::vector<RecognitionArray> random_recogniser() {
  std::vector<RecognitionArray> arrays;
  Rng rng(7);
  const auto add = [&](const std::string& name, std::vector<int64_t> shape, float middle,
                       float reach) {
    int64_t count = 1;
    for (const int64_t side : shape) count *= side;
    RecognitionArray array{name, std::move(shape), std::vector<float>(size_t(count))};
    for (float& v : array.values) v = middle + rng.uniform(-reach, reach);
    arrays.push_back(std::move(array));
  };
  add("mean", {3}, 110, 10);
  int64_t inputs = 3;
  for (int n = 1; n <= 29; ++n) {
    const int64_t outputs = n <= 7 ? 32 : n <= 15 ? 64 : n <= 21 ? 128 : 256;
    const int64_t side = n == 1 ? 7 : 3;
    const std::string number = std::to_string(n);
    add("con" + number + ".filters", {outputs, inputs, side, side}, 0,
        1.5f / std::sqrt(float(inputs * side * side)));
    add("con" + number + ".biases", {outputs}, 0, 0.1f);
    add("affine" + number + ".gamma", {outputs}, 0.8f, 0.2f);
    add("affine" + number + ".beta", {outputs}, 0, 0.1f);
    inputs = outputs;
  }
  add("fc.weights", {256, 128}, 0, 0.1f);
  return arrays;
}

}  // namespace vane::testing
