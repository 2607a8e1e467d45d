// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small CLIP models whose weights follow from their names.

#include <memory>

#include "engine/clip/clip_model.h"
#include "tests/support/named_values.h"

namespace vane::testing {

/// Towers of a few thousand parameters over the whole vocabulary. ViT: 32 pixels, patches of 8, two
/// layers, two heads; ResNet: 64 pixels, a map of 2 x 2.
inline ClipConfig small_clip_config(bool resnet = false) {
  ClipConfig config;
  config.embed_dim = 16;
  config.vision.head_width = 12;
  if (resnet) {
    config.vision.kind = VisionConfig::Kind::modified_resnet;
    config.vision.image_size = 64;
    config.vision.width = 8;
    config.vision.depths = {1, 1, 1, 1};
    config.vision.head_width = 64;
  } else {
    config.vision.image_size = 32;
    config.vision.patch_size = 8;
    config.vision.width = 24;
    config.vision.blocks = ClipConfig::uniform_blocks(2, 24, 2);
  }
  config.text.width = 16;
  config.text.blocks = ClipConfig::uniform_blocks(3, 16, 2);
  return config;
}

/// `gain` multiplies the matrices: larger ones make attention peak and embeddings differ.
inline std::shared_ptr<ClipModel> small_clip(bool resnet = false, double gain = 2.0) {
  auto model = std::make_shared<ClipModel>(ClipModel::random(small_clip_config(resnet), Rng(1)));
  model->visit([gain](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
    tensor = named_weight(name, shape);
    if (shape.size() == 2 && name != "token_embedding.weight") tensor = tensor * gain;
    if (name == "token_embedding.weight") tensor = tensor * 10;
  });
  model->prepare_evaluation();
  model->facts.name = "small";
  return model;
}

}  // namespace vane::testing
