// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whichever encoder there is for a generator: Vane's own or a published one.

#include <filesystem>
#include <functional>
#include <string>

#include "engine/base/limits.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

struct FaceEncoder {
  /// face [1,3,S,S] in [0,1], aligned as FFHQ -> w_plus [1,rows,W]. Empty: there is no encoder.
  std::function<Tensor(const Tensor& face)> encode;
  /// Of its file.
  std::string content_hash;
};

/// `path` empty: the one that comes with the program, or none when it is not there or of another
/// generator. A file is told apart by its tensors. Throws Error{input} when `path` is not there,
/// Error{checkpoint} when it holds no encoder or one for other rows or another generator.
FaceEncoder load_face_encoder(const std::filesystem::path& path, const StyleGenerator& generator,
                              const Limits& limits = {});

}  // namespace vane
