// SPDX-License-Identifier: Apache-2.0
#include "editing/services/embed.h"

#include "editing/clip_inputs.h"
#include "engine/base/atomic_file.h"
#include "engine/tensor/weights.h"
#include "engine/text/phrase.h"

namespace vane {

EmbedResult embed(const EmbedRequest& request, Job& job) {
  if (request.images.empty() && request.texts.empty()) {
    throw Error(ErrorCode::usage, "nothing to embed").with_hint("give pictures or --text");
  }
  check_phrase_bytes(request.texts, "--text", request.limits);
  check_writable(request.output);
  ClipLoadOptions options;
  options.limits = request.limits;
  options.image_tower = !request.images.empty();
  options.text_tower = !request.texts.empty();
  const std::unique_ptr<ClipEncoder> clip = load_clip(request.clip, options);
  EmbedResult result;
  std::map<std::string, Tensor> tensors;
  if (!request.images.empty()) {
    tensors["image_embeddings"] = embed_image_files(*clip, request.images, {}, request.limits, job);
  }
  if (!request.texts.empty()) {
    tensors["text_embeddings"] = embed_texts(*clip, request.texts, result.truncated, job);
  }
  const ClipInfo& info = clip->info();
  save_tensors(request.output, tensors,
               {{"kind", "embeddings"},
                {"model", info.name},
                {"model_hash", info.hash},
                {"embed_dim", std::to_string(info.embed_dim)}});
  result.images = int64_t(request.images.size());
  result.texts = int64_t(request.texts.size());
  result.count = result.images + result.texts;
  result.dim = info.embed_dim;
  result.output = request.output.string();
  result.model_hash = info.hash;
  return result;
}

}  // namespace vane
