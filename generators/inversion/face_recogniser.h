// SPDX-License-Identifier: Apache-2.0
#pragma once
// ArcFace on IR-SE50: faces to unit vectors whose dot product says how alike two people are. The
// published editing methods keep a person's identity by it (StyleGAN sheet, section 9).
// Source: Deng et al. 2019, "ArcFace: Additive Angular Margin Loss for Deep Face Recognition".

#include <filesystem>
#include <string>

#include "engine/base/limits.h"
#include "generators/inversion/ir_se_backbone.h"

namespace vane {

struct FaceRecogniser {
  IrSeBackbone backbone;
  StoredNorm map_norm;                // [C], of the last map [N,C,7,7]
  Tensor linear_weight, linear_bias;  // [C,49 C], [C]
  StoredNorm norm;                    // [C]
  /// Content of the file that it was read from; empty otherwise.
  std::string content_hash;
};

FaceRecogniser make_face_recogniser(const IrSeWidths& widths = kPublishedIrSeWidths);
/// Shows every tensor under its published name: the backbone's, "output_layer.3.weight", …
void visit_parameters(FaceRecogniser& recogniser, const ParameterVisitor& visit);

/// Reads the published layout (one state dict, no prefix) from any supported weights file.
/// Throws Error{checkpoint} naming file and keys: tensors missing, left over, of another shape or
/// not finite.
FaceRecogniser load_face_recogniser(const std::filesystem::path& path, const Limits& limits = {});

/// faces [N,3,H,W] in [-1,1], aligned as FFHQ, H and W at least 2 -> unit vectors [N,C]: the
/// picture is averaged to 256 px (rows and columns of it repeat when it is smaller), the face cut
/// out of rows 35 to 223 and columns 32 to 220 and averaged to 112 px. Differentiable in the faces
/// and the parameters. Throws Error{usage} on another shape.
Tensor face_identity(const FaceRecogniser& recogniser, const Tensor& faces);

}  // namespace vane
