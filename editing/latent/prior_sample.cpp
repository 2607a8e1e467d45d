// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/prior_sample.h"

#include <fmt/format.h>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKey = "features";
// Raised when the samples themselves change.
constexpr int kVersion = 1;
// Pictures between two saves.
constexpr int64_t kChunk = 256;
constexpr int64_t kBatch = 4;

fs::path file_for(const StyleGenerator& generator, const ClipEncoder& clip, int64_t side) {
  const std::string facts =
      fmt::format("{} {} {} {}", kVersion, generator.content_hash(), clip.info().hash, side);
  return cache_folder() / "latent-prior" / (hex64(xxh64(facts)) + ".safetensors");
}

/// [n,D] with n <= count; empty when there is no such file. A damaged one is no file.
Tensor remembered(const fs::path& path, int64_t count, int64_t dim) {
  const Tensor none = at::empty({0, dim});
  if (!fs::exists(path)) return none;
  try {
    const Weights file(open_weights(path, {}));
    const Tensor features = file.take(kKey, {-1, dim});
    file.finish();
    return features.narrow(0, 0, std::min(count, features.size(0))).clone();
  } catch (const Error&) {
    return none;
  }
}

/// Not being able to remember is no reason to stop.
void remember(const fs::path& path, const Tensor& features, Job& job) {
  try {
    fs::create_directories(path.parent_path());
    save_tensors(path, {{kKey, features}});
  } catch (const std::exception& problem) {
    job.warn(fmt::format("what was measured is not kept: {}", problem.what()));
  }
}

}  // namespace

double PriorSample::deviation_along(const Tensor& direction) const {
  return at::mv(features, direction).std().item<double>();
}

PriorSample prior_sample(const StyleGenerator& generator, const ClipEncoder& clip, int64_t count,
                         int64_t side, Job& job) {
  PriorSample sample{mixed_latents(generator, count, side), {}, side};
  const fs::path path = file_for(generator, clip, side);
  Tensor known = remembered(path, count, clip.info().embed_dim);
  const int64_t found = known.size(0);
  if (found == 0) {
    job.info(fmt::format("looking at {} pictures of the generator, once for this CLIP", count));
  }
  std::vector<Tensor> chunk;
  const auto keep = [&] {
    if (chunk.empty()) return;
    chunk.insert(chunk.begin(), known);
    known = at::cat(chunk);
    chunk.clear();
    remember(path, known, job);
  };
  for (int64_t first = found; first < count; first += kBatch) {
    if (job.stop_requested()) {
      keep();
      job.check_cancelled();
    }
    job.progress(first, count, "looking at the prior");
    const int64_t batch = std::min(kBatch, count - first);
    const Tensor w = sample.latents.w_plus(generator, first, batch);
    chunk.push_back(clip.image_features(generator.synthesise_at(w, side).clamp(0, 1)));
    if (std::ssize(chunk) * kBatch >= kChunk) keep();
  }
  keep();
  sample.features = known;
  return sample;
}

}  // namespace vane
