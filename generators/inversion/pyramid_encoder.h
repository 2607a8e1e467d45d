// SPDX-License-Identifier: Apache-2.0
#pragma once
// Vane's own inversion encoder: a small feature pyramid, after pSp and e4e (Richardson et al. 2021;
// Tov et al. 2021), which two cores can train. A face becomes one vector for all rows of W+ and,
// from finer features for finer rows, what each row differs by.

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/clip/parameters.h"
#include "engine/tensor/fwd.h"
#include "generators/inversion/ir_se_backbone.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

/// x -> (conv2(lrelu(conv1(x))) + skip(mean of 2x2 x)) / sqrt(2), half the side; slope 0.2, behind
/// conv2 as well.
struct PyramidStage {
  Tensor conv1_weight, conv1_bias;  // [C,C,3,3], [C]
  Tensor conv2_weight, conv2_bias;  // [O,C,3,3], [O], stride 2
  Tensor skip_weight;               // [O,C,1,1]
};

struct PyramidEncoder {
  static constexpr int64_t kSide = 128;
  /// Channels at 64, 32, 16, 8 and 4 px.
  static constexpr std::array<int64_t, 5> kWidths{32, 64, 128, 256, 384};
  /// Length of what is read off the maps of 4, 8 and 16 px.
  static constexpr std::array<int64_t, 3> kCodes{512, 256, 256};

  /// Of each row of W+: 0 coarse (up to 16 px), 1 middle (up to 64), 2 fine, -1 for a row that the
  /// generator does not read, which repeats the one before.
  std::vector<int> levels;
  int64_t width = 512;  // of a row

  Tensor stem_weight, stem_bias;  // [32,3,3,3], [32], stride 2
  std::array<PyramidStage, 4> stages;
  std::array<Tensor, 2> narrow_weight, narrow_bias;  // 1x1, of the maps of 8 and 16 px
  std::array<Tensor, 3> code_weight, code_bias;
  Tensor base_weight, base_bias;             // all codes -> [W]
  Tensor fine_weight, fine_bias;             // all codes -> [256], which fine rows are made of
  std::vector<Tensor> row_weight, row_bias;  // of the rows that are read
  Tensor latent_avg;                         // [W]
  /// Content hash of the generator whose rows these are.
  std::string generator_hash;
  /// Content of the file that it was read from; empty otherwise.
  std::string content_hash;

  int64_t rows() const { return std::ssize(levels); }
};

/// A network without weights for a generator.
PyramidEncoder make_pyramid_encoder(const StyleGenerator& generator);
/// Shows every tensor but latent_avg.
void visit_parameters(PyramidEncoder& encoder, const ParameterVisitor& visit);
/// Random weights (He et al. 2015); rows begin with no difference.
PyramidEncoder initial_pyramid_encoder(const StyleGenerator& generator, const Rng& rng);

/// Reads what `save_pyramid_encoder` wrote, for that generator. Throws Error{checkpoint} naming
/// file and keys: tensors missing, left over, of another shape or not finite; made for a generator
/// of other weights.
PyramidEncoder load_pyramid_encoder(const std::filesystem::path& path,
                                    const StyleGenerator& generator, const Limits& limits = {});
/// As float16.
void save_pyramid_encoder(const std::filesystem::path& path, const PyramidEncoder& encoder);

/// face [N,3,S,S] sRGB in [0,1], aligned as FFHQ; S is brought to 128 -> w_plus [N,rows,W].
/// Differentiable in face and parameters. Throws Error{usage} on another shape.
Tensor encode_face(const PyramidEncoder& encoder, const Tensor& face);
/// The maps that rows are read off: c1 [N,128,16,16], c2 [N,256,8,8] and c3 [N,384,4,4].
/// CLIPInverter adapts them.
PyramidFeatures face_features(const PyramidEncoder& encoder, const Tensor& face);
/// The second half of encode_face: maps to rows [N,rows,W], without latent_avg.
Tensor feature_rows(const PyramidEncoder& encoder, const PyramidFeatures& features);

}  // namespace vane
