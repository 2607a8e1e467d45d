// SPDX-License-Identifier: Apache-2.0
#include "editing/language/scene_lifter.h"

#include <fmt/format.h>

#include "engine/base/error.h"

namespace vane {
namespace {

/// Codes of a level: products of more would be computed anew for every pixel.
constexpr int32_t kMostCodes = 4096;

}  // namespace

SceneLifter::SceneLifter(const ClipEncoder& clip, const SplatCloud& cloud,
                         const LiftOptions& options)
    : clip_(clip), cloud_(cloud), options_(options), lifter_(cloud.size()) {
  field_.gaussians = cloud.size();
  field_.dim = static_cast<int>(clip.info().embed_dim);
  field_.clip_hash = clip.info().hash;
}

void SceneLifter::add(const std::string& name, const Camera& camera, const Image& image,
                      RegionMaps& maps, Job& job) {
  if (maps.features.empty()) embed_masks(clip_, image, options_.crops, maps, job);
  if (maps.dim != field_.dim) {
    throw Error(ErrorCode::input, "features have " + std::to_string(maps.dim) +
                                      " numbers, those of the CLIP " + std::to_string(field_.dim))
        .in_file(name)
        .with_hint("give the --clip that they were made with, or leave the _f.npy files out");
  }
  const SplatRaster raster(cloud_, camera);
  lifter_.add_view(raster, camera.width, camera.height, maps);
  if (options_.trained) {
    const auto masks = static_cast<int32_t>(features_.size() / static_cast<size_t>(field_.dim));
    latent_views_.push_back(latent_view(camera.at_most(options_.trained->long_side), maps, masks));
  }
  features_.insert(features_.end(), maps.features.begin(), maps.features.end());
  field_.view_names.push_back(name);
  field_.cameras.push_back(camera);
}

int64_t SceneLifter::masks() const {
  int64_t count = 0;
  for (int level = 0; level < kRegionLevels; ++level) count += lifter_.table(level).masks();
  return count;
}

LanguageField SceneLifter::finish(Job& job) {
  const auto dim = static_cast<size_t>(field_.dim);
  for (int level = 0; level < kRegionLevels; ++level) {
    job.check_cancelled();
    job.progress(level, kRegionLevels, "grouping masks");
    const LabelTable& table = lifter_.table(level);
    std::vector<float> features;
    features.reserve(table.view_of.size() * dim);
    for (const int32_t row : lifter_.row_of(level)) {
      const auto first = features_.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(row) * dim);
      features.insert(features.end(), first, first + static_cast<ptrdiff_t>(dim));
    }
    field_.levels.push_back(make_level(std::string(region_level_name(level)), table,
                                       group_masks(table, options_.least_overlap), features,
                                       field_.dim));
  }
  job.progress(kRegionLevels, kRegionLevels, "grouping masks");
  if (options_.trained) train(job);
  return std::move(field_);
}

void SceneLifter::train(Job& job) {
  const Tensor features = at::tensor(features_).view({-1, field_.dim});
  autoencoder_ = options_.trained->autoencoder;
  if (!autoencoder_) {
    AutoencoderTraining training;
    training.seed = options_.trained->latents.seed;
    training.cosine = options_.trained->cosine;
    autoencoder_ = train_scene_autoencoder(features, training, job);
  } else if (autoencoder_->dim != field_.dim) {
    throw Error(ErrorCode::input,
                "the autoencoder is for features of " + std::to_string(autoencoder_->dim) +
                    " numbers, those of the CLIP have " + std::to_string(field_.dim));
  }
  const at::NoGradGuard no_grad;
  const Tensor codes_of_masks = encoded(*autoencoder_, features);
  const double kept =
      (decoded(*autoencoder_, codes_of_masks) * features).sum(1).mean().item<double>();
  job.info(fmt::format("what three numbers keep of a mask's feature: cosine {:.3f}", kept));
  latents_ = options_.trained->given;
  if (!latents_.defined()) {
    latents_ = train_latents(cloud_, latent_views_, codes_of_masks, options_.trained->latents, job);
  }
  for (int level = 0; level < kRegionLevels; ++level) {
    LanguageLevel& gathered = field_.levels[static_cast<size_t>(level)];
    const LatentCodes codes =
        latent_codes(latents_.select(1, level).contiguous(), gathered.weight, kMostCodes);
    gathered =
        coded_level(gathered, lifter_.table(level), codes, decoded(*autoencoder_, codes.latents));
  }
}

}  // namespace vane
