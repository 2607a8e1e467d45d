// SPDX-License-Identifier: Apache-2.0
#include "editing/portraits/face_encoder.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "generators/inversion/inversion_encoder.h"
#include "generators/inversion/pyramid_encoder.h"

namespace vane {
namespace {

FaceEncoder own_encoder(const std::filesystem::path& path, const StyleGenerator& generator,
                        const Limits& limits) {
  auto network =
      std::make_shared<const PyramidEncoder>(load_pyramid_encoder(path, generator, limits));
  return {[network](const Tensor& face) { return encode_face(*network, face); },
          network->content_hash};
}

FaceEncoder published_encoder(const std::filesystem::path& path, const StyleGenerator& generator,
                              const Limits& limits) {
  auto network = std::make_shared<const InversionEncoder>(load_inversion_encoder(path, {}, limits));
  const int64_t width = network->styles.front().linear_weight.size(0);
  if (network->rows() != generator.rows() || width != generator.w_dim()) {
    throw Error(ErrorCode::checkpoint,
                fmt::format("is an encoder for another generator: it gives {} rows of {} numbers, "
                            "and this one takes {} of {}",
                            network->rows(), width, generator.rows(), generator.w_dim()))
        .in_file(path);
  }
  const auto encode = [network](const Tensor& face) {
    constexpr int64_t side = InversionEncoder::kSide;
    const Tensor seen =
        face.size(2) < side ? resize_bicubic(face, side, side) : resize_area(face, side, side);
    return invert(*network, seen * 2 - 1).w_plus;
  };
  return {encode, network->content_hash};
}

}  // namespace

FaceEncoder load_face_encoder(const std::filesystem::path& path, const StyleGenerator& generator,
                              const Limits& limits) {
  if (path.empty()) {
    if (!std::filesystem::exists(bundled_face_encoder())) return {};
    const auto facts = open_weights(bundled_face_encoder(), limits).metadata;
    const auto made_for = facts.find("generator");
    if (made_for == facts.end() || made_for->second != generator.content_hash()) return {};
    return own_encoder(bundled_face_encoder(), generator, limits);
  }
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::input, "there is no such file").in_file(path);
  }
  const bool is_own = open_weights(path, limits).contains("stem.weight");
  return is_own ? own_encoder(path, generator, limits) : published_encoder(path, generator, limits);
}

}  // namespace vane
