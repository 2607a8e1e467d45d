// SPDX-License-Identifier: Apache-2.0
#pragma once
// The weights of dlib's face recognition network as plain arrays, for those who compute it in
// another way. Neither dlib nor torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vane {

struct RecognitionArray {
  std::string name;
  std::vector<int64_t> shape;
  /// Row-major.
  std::vector<float> values;
};

/// In the order that a picture passes them: "mean" [3] of the samples (RGB, 0 to 255), which the
/// network subtracts before it divides by 256; for each convolution N from 1 to 29
/// "con<N>.filters" [out,in,h,w] and "con<N>.biases" [out], of the affine layer behind it
/// "affine<N>.gamma" and "affine<N>.beta" [out]; "fc.weights" [256,128], whose columns are the
/// outputs. `network` is dlib_face_recognition_resnet_model_v1.dat as published; another file is
/// refused before anything reads it: Error{input} when it is not there, Error{checkpoint}
/// otherwise.
std::vector<RecognitionArray> read_recognition_weights(const std::filesystem::path& network);

}  // namespace vane
