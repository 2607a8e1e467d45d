// SPDX-License-Identifier: Apache-2.0
#pragma once
// A CLIP with its tensors at hand: what load_clip returns, and what training works on.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/rng.h"
#include "engine/clip/clip_config.h"
#include "engine/clip/clip_encoder.h"
#include "engine/clip/fast_vit.h"
#include "engine/clip/modified_resnet.h"
#include "engine/clip/parameters.h"
#include "engine/clip/text_transformer.h"
#include "engine/clip/vision_transformer.h"

namespace vane {

/// Both towers (either may be absent) and the scale between them.
///
/// Training: build with `random` (or load, then `own_tensors`), call `require_gradients(true)`,
/// compute with `encode_image` / `encode_text`, take gradients of `parameters()` and update those
/// tensors in place: they are the very tensors that the towers hold.
struct ClipModel final : ClipEncoder {
  ClipConfig config;
  std::optional<VisionTransformer> vit;
  std::optional<ModifiedResNet> resnet;
  std::optional<FastVit> fast_vit;
  std::optional<TextTransformer> text;
  Tensor logit_scale;  // 0-dim, natural logarithm
  Tensor logit_bias;   // 0-dim or undefined
  ClipInfo facts;

  /// Random weights drawn as open_clip initialises them; every tensor from its own fork of `rng`,
  /// by name. info().hash is empty, so nothing of it is ever cached.
  static ClipModel random(const ClipConfig& config, const Rng& rng);
  /// From tensors with open_clip names (see clip_layout.h). Position tables of another grid are
  /// resized to the configuration. Throws Error{checkpoint} naming missing, mismatched and unused
  /// tensors as the file spells them.
  static ClipModel from_table(const TensorTable& table, const ClipConfig& config,
                              const std::string& layout = "open_clip");

  /// Every tensor by its open_clip name; the tensors themselves, not copies.
  std::map<std::string, Tensor> state_dict() const;
  /// state_dict without the statistics of batch normalisation: what an optimiser moves.
  std::map<std::string, Tensor> parameters() const;
  void visit(const ParameterVisitor& visitor);

  /// Also discards what was prepared for evaluation (folded batch normalisations).
  void require_gradients(bool on);
  /// Replaces views of a mapped file by writable copies.
  void own_tensors();
  /// Moves every tensor, "cpu" or "cuda". Inputs and results of the functions below stay on the
  /// CPU all the same; gradients flow through the copies.
  void move_to(const std::string& device);
  /// Folds batch normalisations; load_clip calls it.
  void prepare_evaluation();

  /// Raw [N,D] of network input [N,3,R,R]; `mode` matters to ResNet towers only.
  Tensor encode_image(const Tensor& input, VisionTaps* taps = nullptr,
                      BatchNormMode mode = BatchNormMode::running) const;
  /// Raw [N,D] of token ids and end positions.
  Tensor encode_text(const Tensor& ids, const Tensor& end, bool trim = true) const;

  /// open_clip_config.json and open_clip_model.safetensors; `half` stores float16. `metadata` goes
  /// into the safetensors header. Loads in open_clip and in Vane.
  void save_folder(const std::filesystem::path& folder, bool half = false,
                   const std::map<std::string, std::string>& metadata = {}) const;

  const ClipInfo& info() const override { return facts; }
  Tensor image_embedding_of_input(const Tensor& input, VisionTaps* taps = nullptr) const override;
  Tensor text_embedding_of_tokens(const Tensor& ids, const Tensor& end,
                                  const TextOptions& options = {}) const override;
  const Tensor& token_embedding() const override;
  Tensor text_embedding_of_vectors(const Tensor& vectors, const Tensor& end) const override;
  std::unique_ptr<ClipEncoder> to_double() const override;
  const VisionTransformer* vision_transformer_tower() const override;
  const ModifiedResNet* modified_resnet_tower() const override;
  const TextTransformer* text_transformer_tower() const override;

 private:
  /// Towers of `config` without tensors.
  explicit ClipModel(const ClipConfig& config);
  void refresh_facts();
};

}  // namespace vane
