// SPDX-License-Identifier: Apache-2.0
#pragma once
// Architecture of a CLIP: from a configuration file, from the shapes of its tensors, and back.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/clip/attention.h"
#include "engine/clip/clip_encoder.h"
#include "engine/weights/tensor_table.h"

namespace vane {

/// One stage of a FastViT.
struct FastVitStageShape {
  int64_t depth = 1, width = 64, hidden = 192;
  /// Channels inside the squeeze-and-excite of the downsampling; 0: none.
  int64_t excite = 0;
  /// Attention instead of RepMixer; a convolution that adds positions in front.
  bool attention = false, positions = false;
  /// Layer instead of batch normalisation in front of the attention (MobileCLIP2-S3 and -S4).
  bool layer_norm = false;
};

struct FastVitShape {
  std::vector<FastVitStageShape> stages;  // four, five in MobileCLIP2-S3 and -S4
  /// Channels in front of the head, and inside the squeeze-and-excite there.
  int64_t final_width = 1024, final_excite = 64;
};

struct VisionConfig {
  enum class Kind { vit, modified_resnet, fast_vit };
  /// `attention`: a learned probe attends to every token (SigLIP).
  enum class Pool { token, average, attention };
  Kind kind = Kind::vit;
  int64_t image_size = 224;
  /// ViT: width of the residual stream. ResNet: channels after the stem; the attention pool has
  /// 32 times as many.
  int64_t width = 768;
  int64_t head_width = 64;
  Activation activation = Activation::quick_gelu;
  double epsilon = 1e-5;

  // Vision transformer.
  int64_t patch_size = 32;
  std::vector<BlockShape> blocks = std::vector<BlockShape>(12);
  bool layer_scale = false;
  double layer_scale_init = 1e-5;
  bool ln_pre = true;
  /// Off in SigLIP, whose patch convolution has a bias instead, and whose embedding is the pooled
  /// row itself.
  bool class_token = true, patch_bias = false, projection = true;
  Pool pool = Pool::token;
  bool final_ln_after_pool = false;

  // ModifiedResNet: bottlenecks of its four stages.
  std::array<int64_t, 4> depths{3, 4, 6, 3};

  // FastViT (MobileCLIP): always taken from the shapes of the tensors.
  FastVitShape fast_vit;

  int64_t grid() const { return kind == Kind::vit ? image_size / patch_size : image_size / 32; }
};

struct TextConfig {
  enum class Pool { end_token, first, last };
  int64_t context_length = 77, vocab_size = 49408, width = 512;
  std::vector<BlockShape> blocks = std::vector<BlockShape>(12, BlockShape{8, 512, 2048});
  Activation activation = Activation::quick_gelu;
  double epsilon = 1e-5;
  bool layer_scale = false;
  double layer_scale_init = 1e-5;
  bool causal = true;
  Pool pool = Pool::end_token;
  bool projection = true, projection_bias = false;
  int64_t pad_id = 0;
};

struct ClipConfig {
  int64_t embed_dim = 512;
  VisionConfig vision;
  TextConfig text;
  bool has_vision = true, has_text = true;
  bool logit_bias = false;
  ClipPreprocess preprocess;

  /// `layers` equal transformer blocks.
  static std::vector<BlockShape> uniform_blocks(int64_t layers, int64_t width, int64_t heads,
                                                double mlp_ratio = 4.0);
};

/// open_clip_config.json: {"model_cfg": …, "preprocess_cfg": …} or a bare model_cfg.
/// An unknown key, and a known one that asks for something that Vane does not build, is refused by
/// name: ignoring it would give a wrong embedding without a word. The stages of a FastViT are not
/// in such a file; see infer_fast_vit. Throws Error{checkpoint}.
ClipConfig read_open_clip_config(const std::filesystem::path& file, const Limits& limits = {});

/// Hugging Face config.json of CLIPModel, CLIPVisionModel(WithProjection) or
/// CLIPTextModel(WithProjection), and preprocessor_config.json beside it when there is one.
/// Missing fields take the defaults of the reference classes. Throws Error{checkpoint}.
ClipConfig read_hugging_face_config(const std::filesystem::path& file, const Limits& limits = {});

/// Hugging Face config.json of SiglipModel, SiglipVisionModel or SiglipTextModel, and
/// preprocessor_config.json beside it when there is one. Missing fields take the defaults of the
/// reference classes. Throws Error{checkpoint}.
ClipConfig read_siglip_config(const std::filesystem::path& file, const Limits& limits = {});

/// Architecture from shapes alone; names as in open_clip. `activation` cannot be told from shapes.
/// Head width is 64 where nothing says otherwise. Throws Error{checkpoint} naming a missing key.
ClipConfig infer_clip_config(const TensorTable& table, Activation activation);

/// Pictures of 256 pixels, resized bilinearly and left in [0,1] (clip sheet 1.6); the towers with
/// five stages normalise as CLIP does (open_clip pretrained.py).
ClipPreprocess mobile_clip_preprocess(bool five_stages);
/// What all MobileCLIP models with a FastViT share: that preprocessing, and text read without a
/// causal mask.
void as_mobile_clip(ClipConfig& config);

/// The same architecture as open_clip_config.json text.
std::string open_clip_config_json(const ClipConfig& config);

std::string_view activation_name(Activation activation);

}  // namespace vane
