// SPDX-License-Identifier: Apache-2.0
#pragma once
// CLIP as the rest of Vane sees it: pictures and phrases in, embeddings out.

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/image/image.h"
#include "engine/tensor/fwd.h"
#include "engine/text/tokenizer.h"
#include "engine/text/unigram.h"

namespace vane {

struct ModifiedResNet;
struct VisionTransformer;
struct TextTransformer;
class TextCache;

/// How a picture becomes the network's input (clip sheet 4.1).
struct ClipPreprocess {
  enum class Resize { shortest, squash, longest };
  enum class CropRounding { torchvision, hugging_face };  // differ by one pixel for odd margins
  int image_size = 224;
  std::array<float, 3> mean{0.48145466f, 0.4578275f, 0.40821073f};
  std::array<float, 3> std{0.26862954f, 0.26130258f, 0.27577711f};
  Resize resize = Resize::shortest;
  CropRounding crop = CropRounding::torchvision;
  bool bicubic = true;  // else bilinear
};

/// Facts of a loaded model.
struct ClipInfo {
  std::string name;         // folder or file name
  std::string layout;       // "openai", "hugging_face", "open_clip", "siglip", …
  std::string vision_kind;  // "vit", "modified_resnet" or "fast_vit"
  int64_t embed_dim = 512;
  int64_t context_length = 77;
  bool quick_gelu = true;
  /// exp(logit_scale), the factor before a softmax; about 100 in published models.
  float logit_scale = 100.f;
  ClipPreprocess preprocess;
  /// Added to the scaled cosine before a sigmoid; set in models of SigLIP's kind, which judge every
  /// text by itself.
  std::optional<float> logit_bias;
  TokenizerOptions tokenizer;
  /// The tokenizer of models that bring their own (SigLIP); null: the one of CLIP.
  std::shared_ptr<const UnigramTokenizer> unigram;
  /// Content hash of the weights (TensorTable::content_hash); directions remember it.
  std::string hash;
};

/// Taps for what works below the embedding: dense features, feature identity, attention
/// attribution.
struct VisionTaps {
  /// ViT: tokens after ln_post of the last block [N, 1+g*g, D]; ResNet: input of the attention
  /// pool; FastViT: the map of the last stage [N,C,h,w].
  Tensor tokens;
  /// ViT: outputs of every block [N, 1+g*g, D]; ResNet: stem, layer1..layer4 maps [N,C,h,w].
  std::vector<Tensor> stages;
};

struct TextOptions {
  /// Encode only up to the last end token of the batch: the same result by causality, several times
  /// faster. Off for models without a causal mask.
  bool trim = true;
};

/// A pair of towers. Weights never require gradients; image embeddings are differentiable in the
/// pixels. Throws Error{usage} on a shape mismatch.
class ClipEncoder {
 public:
  virtual ~ClipEncoder() = default;
  virtual const ClipInfo& info() const = 0;

  /// Raw (not normalised) embeddings of network input: [N,3,R,R], already resized and normalised by
  /// mean and std, R = info().preprocess.image_size -> [N,D].
  virtual Tensor image_embedding_of_input(const Tensor& input,
                                          VisionTaps* taps = nullptr) const = 0;
  /// Raw embeddings of token ids: int64 [N,T], `end` positions [N] -> [N,D].
  virtual Tensor text_embedding_of_tokens(const Tensor& ids, const Tensor& end,
                                          const TextOptions& options = {}) const = 0;

  /// Token embeddings [V,Dt] of the text tower; for learned prompts and inversions.
  virtual const Tensor& token_embedding() const = 0;
  /// Raw embeddings of already embedded tokens: [N,T,Dt] (without positions), end positions [N].
  virtual Tensor text_embedding_of_vectors(const Tensor& vectors, const Tensor& end) const = 0;

  /// A copy with float64 weights, for gradient checks.
  virtual std::unique_ptr<ClipEncoder> to_double() const = 0;

  /// The towers themselves, for what looks inside (dense features, attribution): null when the
  /// model has no tower of that kind.
  virtual const VisionTransformer* vision_transformer_tower() const { return nullptr; }
  virtual const ModifiedResNet* modified_resnet_tower() const { return nullptr; }
  virtual const TextTransformer* text_transformer_tower() const { return nullptr; }

  // What follows is built on the functions above (clip_encoder.cpp).

  /// Image tensor [N,3,H,W] in [0,1], any size -> raw [N,D]; differentiable resize (antialiased
  /// bicubic, no 8-bit rounding), crop and normalisation.
  Tensor image_embedding(const Tensor& image) const;
  /// The evaluation path: Pillow-exact 8-bit resize. Raw [1,D].
  Tensor image_embedding_exact(const Image& image) const;
  /// Raw [N,D]. Long texts are cut with the end token kept (`truncated` tells which).
  Tensor text_embedding(const std::vector<std::string>& texts,
                        std::vector<bool>* truncated = nullptr) const;
  /// Ids of texts by the tokenizer that the model was trained with.
  TokenBatch tokenize(const std::vector<std::string>& texts) const;
  /// Unit-norm versions.
  Tensor image_features(const Tensor& image) const;
  Tensor text_features(const std::vector<std::string>& texts) const;

  /// Embeddings of phrases are remembered in `cache` from now on; load_clip sets one up. Null:
  /// none.
  void remember_texts(std::shared_ptr<TextCache> cache) { text_cache_ = std::move(cache); }

 private:
  std::shared_ptr<TextCache> text_cache_;
};

/// Rows scaled to unit length along the last axis; rows shorter than 1e-12 stay finite.
Tensor unit(const Tensor& x);

/// Network input by the exact evaluation path -> [1,3,R,R].
Tensor preprocess_exact(const Image& image, const ClipPreprocess& preprocess);
/// Network input, differentiable: [N,3,H,W] in [0,1] -> [N,3,R,R].
Tensor preprocess_differentiable(const Tensor& image, const ClipPreprocess& preprocess);

/// (x - mean) / std of [N,3,H,W] in [0,1], any size.
Tensor normalised_input(const Tensor& x, const ClipPreprocess& preprocess);

struct ClipLoadOptions {
  Limits limits{};
  bool image_tower = true, text_tower = true;
  /// For a bare checkpoint whose activation cannot be told from shapes; "auto" follows the
  /// configuration file, else QuickGELU for OpenAI archives and GELU otherwise.
  std::string activation = "auto";  // auto | quick_gelu | gelu
  /// Remember text embeddings in memory and in the cache folder, keyed by the hash of the weights.
  bool text_cache = true;
};

/// Loads a CLIP from a folder or a checkpoint file of any supported layout.
/// The name "clip-mini" stands for the bundled model. Throws Error{checkpoint}, Error{input}.
std::unique_ptr<ClipEncoder> load_clip(const std::filesystem::path& path,
                                       const ClipLoadOptions& options = {});

}  // namespace vane
