// SPDX-License-Identifier: Apache-2.0
#include "engine/data/procedural_source.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/data/tone.h"

namespace vane {
namespace {

CropBox random_crop(const Image& picture, Rng& rng) {
  const auto width = static_cast<float>(picture.width), height = static_cast<float>(picture.height);
  const float side = std::min(width, height) * rng.uniform(0.4f, 1.f);
  CropBox box;
  // Crops may be squeezed a little, as photographs of other shapes are.
  box.width = std::min(width, side * rng.uniform(0.9f, 1.25f));
  box.height = side;
  box.left = rng.uniform() * (width - box.width);
  box.top = rng.uniform() * (height - box.height);
  box.flip = rng.chance(0.5f);
  return box;
}

/// Composites a cut-out over `scene` in linear light.
void place(Scene& scene, const Cutout& cutout, Rng& rng) {
  const auto size = static_cast<float>(scene.pixels.width);
  const auto width = static_cast<float>(cutout.picture.width);
  const auto height = static_cast<float>(cutout.picture.height);
  // The box, in pixels of the cut-out, that the whole sample covers.
  const float share = rng.uniform(0.5f, 0.98f);
  const float scale = std::max(width, height) / (share * size);
  CropBox box;
  box.width = box.height = scale * size;
  box.left = -(box.width - width) * rng.uniform();
  box.top = -(box.height - height) * rng.uniform();
  box.flip = rng.chance(0.5f);
  const int n = scene.pixels.width;
  Raster object = cut(cutout.picture, box, n);
  scene.object_mask = cut_alpha(cutout.picture, box, n);

  const float exposure = std::exp2(rng.uniform(-0.4f, 0.4f));
  shift_temperature(object, rng.uniform(-0.06f, 0.06f), rng);
  if (rng.chance(0.3f))
    gaussian_blur(scene.pixels.rgb, n, n, 3, rng.uniform(0.6f, 1.6f) * size / 64.f);
  for (size_t i = 0; i < scene.pixels.pixels(); ++i) {
    const float alpha = scene.object_mask[i];
    for (size_t c = 0; c < 3; ++c) {
      float& v = scene.pixels.rgb[3 * i + c];
      v += alpha * (std::min(exposure * object.rgb[3 * i + c], 1.f) - v);
    }
  }
  scene.material.objects.push_back(cutout.name);
  for (const std::string& kind : cutout.kinds) scene.material.objects.push_back(kind);
}

}  // namespace

std::set<Look> add_looks(Scene& scene, const std::vector<Look>& looks, Rng& rng) {
  const float share = looks.size() > 1 ? 0.8f : 1.f;
  for (const Look look : looks) {
    apply_look(scene.pixels, look, share * rng.uniform(0.25f, 1.f), rng, scene.object_mask);
  }
  return shown_looks({looks.begin(), looks.end()}, colour_statistics(scene.pixels));
}

ProceduralSource::ProceduralSource(std::shared_ptr<const PhotoLibrary> library,
                                   ProceduralConfig config)
    : library_(std::move(library)), config_(config) {
  for (const Photograph& photograph : library_->photographs) {
    if (photograph.held_out == config_.held_out) photographs_.push_back(&photograph);
  }
  if (photographs_.empty()) {
    throw Error(ErrorCode::input, config_.held_out ? "no photograph is marked held-out"
                                                   : "every photograph is marked held-out");
  }
}

std::string ProceduralSource::description() const {
  return std::to_string(photographs_.size()) + " photographs, " +
         std::to_string(library_->cutouts.size()) + " cut-outs";
}

Scene ProceduralSource::scene(size_t photograph, std::optional<size_t> object, Rng& crop,
                              Rng& placement) const {
  const Photograph& source = *photographs_.at(photograph);
  Scene scene;
  scene.pixels = cut(source.picture, random_crop(source.picture, crop), config_.size);
  scene.material.subjects = source.subjects;
  if (crop.chance(config_.cast)) shift_temperature(scene.pixels, crop.uniform(-0.4f, 0.4f), crop);
  if (object) place(scene, library_->cutouts.at(*object), placement);
  return scene;
}

CaptionedPicture ProceduralSource::sample(uint64_t index) const {
  const Rng root(config_.seed, config_.held_out ? 1 : 0);
  Rng shared = root.fork("group", index / static_cast<uint64_t>(config_.group));
  Rng own = root.fork("sample", index);
  const bool with_object = !library_->cutouts.empty() && shared.chance(config_.cutout_share);
  const size_t photograph = shared.below(static_cast<uint32_t>(photographs_.size()));
  std::optional<size_t> object;
  if (with_object) object = own.below(static_cast<uint32_t>(library_->cutouts.size()));

  Scene made = scene(photograph, object, shared, own);
  std::vector<Look> looks;
  if (!object || own.chance(0.5f)) looks = random_looks(own);
  made.material.looks = add_looks(made, looks, own);
  if (object && looks.empty()) {
    const Cutout& cutout = library_->cutouts[*object];
    const size_t gap = cutout.name.find(' ');
    if (!cutout.colour.empty() && cutout.name.find(cutout.colour) == std::string::npos) {
      const std::string article = cutout.colour == "orange" ? "an" : "a";
      made.material.objects.push_back(article + " " + cutout.colour + " thing");
      if (cutout.name.rfind("a", 0) == 0) {
        made.material.objects.push_back(article + " " + cutout.colour + cutout.name.substr(gap));
      }
    }
  }
  CaptionedPicture out;
  out.size = config_.size;
  out.rgb = to_srgb8(made.pixels);
  out.facts = facts_of(made.material);
  out.caption = random_caption(made.material, {looks.begin(), looks.end()}, own);
  return out;
}

}  // namespace vane
