// SPDX-License-Identifier: Apache-2.0
#pragma once
// The latent of a photograph's face for an edit of it, found once and then remembered.

#include <filesystem>

#include "editing/faces/face_crop.h"
#include "editing/portraits/invert_face.h"

namespace vane {

struct PortraitLatent {
  Tensor w_plus;  // [1,rows,W]
  FaceCrop crop;  // where the face is in the photograph
};

/// As invert_face() with `options`, but kept in cache_folder()/inversions by the samples of the
/// photograph, the generator, the encoder and the options, so that the next edit of the photograph
/// starts at once; warnings are given again. A damaged file is no file, and one that cannot be
/// written is no reason to stop. `options` may name no start, LPIPS weights or further terms.
/// Throws Cancelled, for a stopped inversion is not remembered.
PortraitLatent portrait_latent(const StyleGenerator& generator, const Image& photo,
                               const std::filesystem::path& path,
                               const FaceInversionOptions& options, Job& job);

}  // namespace vane
