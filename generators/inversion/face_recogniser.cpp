// SPDX-License-Identifier: Apache-2.0
#include "generators/inversion/face_recogniser.h"

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int64_t kSide = 256;                        // of the whole picture
constexpr int64_t kTop = 35, kLeft = 32, kCut = 188;  // the face in it
constexpr int64_t kInput = 112, kMap = 7;             // sides that the network sees and ends with

}  // namespace

FaceRecogniser make_face_recogniser(const IrSeWidths& widths) {
  FaceRecogniser recogniser;
  recogniser.backbone = make_ir_se_backbone(widths);
  return recogniser;
}

void visit_parameters(FaceRecogniser& recogniser, const ParameterVisitor& visit) {
  visit_parameters(recogniser.backbone, visit);
  const int64_t channels = recogniser.backbone.widths[3];
  visit_norm(recogniser.map_norm, "output_layer.0", channels, visit);
  visit("output_layer.3.weight", recogniser.linear_weight, {channels, channels * kMap * kMap});
  visit("output_layer.3.bias", recogniser.linear_bias, {channels});
  visit_norm(recogniser.norm, "output_layer.4", channels, visit);
}

FaceRecogniser load_face_recogniser(const std::filesystem::path& path, const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  FaceRecogniser recogniser;
  recogniser.backbone = make_ir_se_backbone(weights);
  take_parameters(recogniser, weights);
  weights.finish();
  fold_norms(recogniser.backbone);
  recogniser.content_hash = weights.table().content_hash();
  return recogniser;
}

Tensor face_identity(const FaceRecogniser& recogniser, const Tensor& faces) {
  if (faces.dim() != 4 || faces.size(1) != 3 || faces.size(2) < 2 || faces.size(3) < 2) {
    throw Error(ErrorCode::usage, "a face recogniser needs pictures [N,3,H,W]");
  }
  Tensor x = faces;
  if (x.size(2) != kSide || x.size(3) != kSide) x = at::adaptive_avg_pool2d(x, {kSide, kSide});
  x = x.narrow(2, kTop, kCut).narrow(3, kLeft, kCut);
  x = at::adaptive_avg_pool2d(x, {kInput, kInput});
  const Tensor map = stored_norm(recogniser.map_norm, ir_se_features(recogniser.backbone, x).c3);
  const Tensor raw =
      stored_norm(recogniser.norm,
                  at::linear(map.flatten(1), recogniser.linear_weight, recogniser.linear_bias));
  return raw / raw.norm(2, {1}, true);
}

}  // namespace vane
