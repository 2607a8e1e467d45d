// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane embed`: raw CLIP embeddings of pictures and texts as a safetensors file. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

/// Writes keys `image_embeddings` [N,D] and `text_embeddings` [M,D], float32, not normalised, in
/// argument order; a key is absent when there is nothing for it. Metadata: kind, model, model_hash,
/// embed_dim.
struct EmbedRequest {
  std::vector<std::filesystem::path> images;
  std::vector<std::string> texts;
  std::string clip = "clip-mini";
  std::filesystem::path output;
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    using C = EmbedRequest;
    v.field("images", &C::images, "pictures to embed",
            {.positional = true, .placeholder = "IMAGE"});
    v.field("text", &C::texts, "texts to embed", {.placeholder = "TEXT"});
    v.field("clip", &C::clip, "CLIP model: a folder, a checkpoint file or a built-in name",
            {.placeholder = "M"});
    v.field("output", &C::output, "file to write",
            {.required = true, .short_flag = "o", .placeholder = "E.safetensors"});
  }
};

struct EmbedResult {
  int64_t count = 0, images = 0, texts = 0, dim = 0;
  std::string output, model_hash;
  std::vector<std::string> truncated;

  template <class V>
  static void fields(V& v) {
    using C = EmbedResult;
    v.field("count", &C::count, "embeddings written");
    v.field("images", &C::images, "of pictures");
    v.field("texts", &C::texts, "of texts");
    v.field("dim", &C::dim, "length of an embedding");
    v.field("output", &C::output, "file");
    v.field("model_hash", &C::model_hash, "content hash of the model");
    v.field("truncated", &C::truncated, "texts that were cut to fit");
  }
};

EmbedResult embed(const EmbedRequest& request, Job& job);

}  // namespace vane
