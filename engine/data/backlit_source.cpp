// SPDX-License-Identifier: Apache-2.0
#include "engine/data/backlit_source.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/image/codec.h"

namespace vane {
namespace {

CropBox random_crop(const Image& picture, Rng& rng) {
  const auto width = static_cast<float>(picture.width), height = static_cast<float>(picture.height);
  CropBox box;
  const float side = std::min(width, height) * rng.uniform(0.55f, 1.f);
  box.width = std::min(width, side * rng.uniform(0.85f, 1.4f));
  box.height = side;
  box.left = rng.uniform() * (width - box.width);
  box.top = rng.uniform() * (height - box.height);
  box.flip = rng.chance(0.5f);
  return box;
}

std::vector<uint8_t> through_jpeg(const std::vector<uint8_t>& rgb, int size, int quality) {
  Image image;
  image.width = image.height = size;
  image.u8 = rgb;
  EncodeOptions options;
  options.jpeg_quality = quality;
  options.jpeg_full_chroma = false;
  return decode_image(MemorySource(encode_image(image, "jpeg", options))).u8;
}

}  // namespace

BacklitSource::BacklitSource(std::shared_ptr<const PhotoLibrary> library, BacklitConfig config)
    : library_(std::move(library)), config_(config) {
  for (const Photograph& photograph : library_->photographs) {
    if (photograph.held_out == config_.held_out) photographs_.push_back(&photograph);
  }
  if (photographs_.empty()) {
    throw Error(ErrorCode::input, config_.held_out ? "no photograph is marked held-out"
                                                   : "every photograph is marked held-out");
  }
}

Raster BacklitSource::lit_picture(Rng& rng, std::vector<float>& subject) const {
  const Image& photograph =
      photographs_[rng.below(static_cast<uint32_t>(photographs_.size()))]->picture;
  Raster picture = cut(photograph, random_crop(photograph, rng), config_.size);
  if (library_->cutouts.empty() || !rng.chance(static_cast<float>(config_.cutout_share))) {
    // Of the pairs without a cut-out; no draw where there are none, so that older recipes keep
    // their pictures.
    const double others = std::max(1e-9, 1 - config_.cutout_share);
    const double scene = config_.scene_share / others, side = config_.side_share / others;
    const double drawn = scene + side > 0 ? rng.uniform() : 1;
    subject = drawn < scene          ? darker_side(picture, rng)
              : drawn < scene + side ? shaded_side(picture, rng)
                                     : random_subject(picture, rng);
    return picture;
  }
  const Image& thing =
      library_->cutouts[rng.below(static_cast<uint32_t>(library_->cutouts.size()))].picture;
  const auto width = static_cast<float>(thing.width), height = static_cast<float>(thing.height);
  CropBox box;
  box.width = box.height = std::max(width, height) / rng.uniform(0.5f, 1.f);
  box.left = -rng.uniform() * (box.width - width);
  box.top = -rng.uniform() * (box.height - height);
  box.flip = rng.chance(0.5f);
  if (box.flip) box.left = width - box.width - box.left;
  const Raster object = cut(thing, box, config_.size);
  subject = cut_alpha(thing, box, config_.size);
  for (size_t i = 0; i < picture.rgb.size(); ++i) {
    picture.rgb[i] += subject[i / 3] * (object.rgb[i] - picture.rgb[i]);
  }
  return picture;
}

BacklitPair BacklitSource::sample(uint64_t index) const {
  Rng rng = Rng(config_.seed, config_.held_out ? 1 : 0).fork("backlit", index);
  BacklitPair pair;
  pair.size = config_.size;
  const float kind = rng.uniform();
  const auto untouched = static_cast<float>(config_.untouched_share);
  const auto dark = static_cast<float>(config_.dark_share);
  Raster picture, shaded;
  for (int attempt = 0; attempt < 8; ++attempt) {
    picture = lit_picture(rng, pair.subject);
    shaded = picture;
    pair.light = backlight_preset("ok");
    pair.changed = kind >= untouched;
    if (!pair.changed) break;
    pair.light = random_backlight(rng);
    if (kind < untouched + dark) {
      pair.subject.assign(pair.subject.size(), 1.f);
      pair.light.subject_ev = -rng.uniform(0.8f, 3.5f);
    }
    shaded = under_backlight(picture, pair.subject, pair.light, rng);
    if (is_backlit(shaded, pair.subject)) break;
  }
  pair.lit = to_srgb8(picture);
  pair.backlit = to_srgb8(shaded);
  if (rng.chance(static_cast<float>(config_.jpeg_share))) {
    const int quality = 70 + static_cast<int>(rng.below(26));
    pair.backlit = through_jpeg(pair.backlit, pair.size, quality);
  }
  return pair;
}

}  // namespace vane
