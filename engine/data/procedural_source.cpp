// SPDX-License-Identifier: Apache-2.0
#include "engine/data/procedural_source.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/data/tone.h"

namespace vane {
namespace {

// Halfway between what is called one thing or the other (shown_looks), and half of that way.
constexpr float kMiddleLightness = 48, kLightnessDegree = 26;
constexpr float kMiddleChroma = 26, kChromaDegree = 19;

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

/// Part of the sample, as shares of its side, that an object keeps to.
struct Region {
  float left = 0, top = 0, width = 1, height = 1;
};

/// Composites a cut-out over `scene` in linear light and adds it to the mask. It covers `share` of
/// the region's shorter side.
void place(Scene& scene, const Cutout& cutout, const Region& region, float share, Rng& rng) {
  const auto size = static_cast<float>(scene.pixels.width);
  const auto width = static_cast<float>(cutout.picture.width);
  const auto height = static_cast<float>(cutout.picture.height);
  // The box, in pixels of the cut-out, that the whole sample covers.
  const float scale =
      std::max(width / (share * size * region.width), height / (share * size * region.height));
  CropBox box;
  box.width = box.height = scale * size;
  box.left = -(region.left * box.width + (region.width * box.width - width) * rng.uniform());
  box.top = -(region.top * box.height + (region.height * box.height - height) * rng.uniform());
  box.flip = rng.chance(0.5f);
  // A mirrored box counts from the other side.
  if (box.flip) box.left = width - box.width - box.left;
  const int n = scene.pixels.width;
  Raster object = cut(cutout.picture, box, n);
  const std::vector<float> mask = cut_alpha(cutout.picture, box, n);
  if (scene.object_mask.empty()) scene.object_mask.assign(mask.size(), 0.f);

  const float exposure = std::exp2(rng.uniform(-0.4f, 0.4f));
  shift_temperature(object, rng.uniform(-0.06f, 0.06f), rng);
  for (size_t i = 0; i < scene.pixels.pixels(); ++i) {
    const float alpha = mask[i];
    scene.object_mask[i] = std::max(scene.object_mask[i], alpha);
    for (size_t c = 0; c < 3; ++c) {
      float& v = scene.pixels.rgb[3 * i + c];
      v += alpha * (std::min(exposure * object.rgb[3 * i + c], 1.f) - v);
    }
  }
}

/// Photographers put what is behind the thing out of focus.
void soften_background(Scene& scene, Rng& rng) {
  const int n = scene.pixels.width;
  if (rng.chance(0.3f)) {
    gaussian_blur(scene.pixels.rgb, n, n, 3, rng.uniform(0.6f, 1.6f) * float(n) / 64.f);
  }
}

void add_names(Scene& scene, const Cutout& cutout) {
  scene.material.objects.push_back(cutout.name);
  for (const std::string& kind : cutout.kinds) scene.material.objects.push_back(kind);
}

void add_coloured_names(Scene& scene, const Cutout& cutout) {
  if (cutout.colour.empty() || cutout.name.find(cutout.colour) != std::string::npos) return;
  const std::string article = cutout.colour == "orange" ? "an" : "a";
  scene.material.objects.push_back(article + " " + cutout.colour + " thing");
  if (cutout.name.rfind("a", 0) == 0) {
    scene.material.objects.push_back(article + " " + cutout.colour +
                                     cutout.name.substr(cutout.name.find(' ')));
  }
}

/// A look that the picture does not show; often the opposite of one that it does.
std::vector<Look> other_look(const std::set<Look>& shown, const std::vector<Look>& applied,
                             Rng& rng) {
  if (!applied.empty() && rng.chance(0.4f)) {
    const Look opposite = opposite_look(applied[rng.below(static_cast<uint32_t>(applied.size()))]);
    if (!shown.count(opposite)) return {opposite};
  }
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto look = static_cast<Look>(rng.below(kAppliedLookCount));
    if (!shown.count(look)) return {look};
  }
  return {};
}

/// What the photograph shows against what others show first, which is what they are most about.
std::vector<Choice> subject_choices(const std::vector<const Photograph*>& photographs, size_t own,
                                    Rng& rng) {
  static constexpr std::array kFrames = {"a photo of ", "a picture of ", "an image of ", ""};
  const std::vector<std::string>& subjects = photographs[own]->subjects;
  std::vector<Choice> choices;
  for (int i = 0; i < 2 && !subjects.empty(); ++i) {
    const std::string& right = rng.chance(0.7f)
                                   ? subjects.front()
                                   : subjects[rng.below(static_cast<uint32_t>(subjects.size()))];
    const auto n = static_cast<uint32_t>(photographs.size());
    const std::vector<std::string>& others = photographs[rng.below(n)]->subjects;
    if (others.empty() || std::count(subjects.begin(), subjects.end(), others.front()) > 0) {
      continue;
    }
    const std::string frame = kFrames[rng.below(static_cast<uint32_t>(kFrames.size()))];
    choices.push_back({frame + right, frame + others.front()});
  }
  return choices;
}

}  // namespace

std::vector<Choice> look_choices(const std::set<Look>& shown, const std::vector<Look>& applied,
                                 Rng& rng) {
  std::vector<Choice> choices;
  const auto ask = [&](Look right, Look wrong) {
    const std::vector<std::string> yes = look_phrases(right), no = look_phrases(wrong);
    choices.push_back({yes[rng.below(static_cast<uint32_t>(yes.size()))],
                       no[rng.below(static_cast<uint32_t>(no.size()))]});
  };
  for (const Look look : applied) {
    if (!shown.count(look)) continue;
    for (int i = 0; i < 2; ++i) {
      const std::vector<Look> other = other_look(shown, {look}, rng);
      if (!other.empty()) ask(look, other.front());
    }
  }
  // Of the looks that people ask for most, every one that shows against those that do not.
  for (const Look look : kMainLooks) {
    if (!shown.count(look)) continue;
    for (const Look other : kMainLooks) {
      if (!shown.count(other)) ask(look, other);
    }
  }
  // Both are flat; only fog is light.
  if (shown.count(Look::hazy) && !shown.count(Look::dark)) ask(Look::hazy, Look::dark);
  if (shown.count(Look::dark) && !shown.count(Look::hazy)) ask(Look::dark, Look::hazy);
  static constexpr std::array kFaults = {Look::hazy, Look::hazy, Look::blurry, Look::noisy,
                                         Look::backlit};
  const Look fault = kFaults[rng.below(static_cast<uint32_t>(kFaults.size()))];
  if (rng.chance(0.8f) && shown.count(opposite_look(fault))) ask(opposite_look(fault), fault);
  return choices;
}

std::vector<Grade> look_grades(const std::set<Look>& shown, const ColourStatistics& measured,
                               Rng& rng) {
  const auto any = [&rng](Look look) {
    const std::vector<std::string> phrases = look_phrases(look);
    return phrases[rng.below(static_cast<uint32_t>(phrases.size()))];
  };
  std::vector<Grade> grades;
  grades.push_back({"lightness",
                    {any(Look::bright), any(Look::dark)},
                    (measured.lightness - kMiddleLightness) / kLightnessDegree});
  // Patches of impossible hues are not vividness.
  if (!shown.count(Look::stained) && !shown.count(Look::false_colour)) {
    grades.push_back({"chroma",
                      {any(Look::vivid), any(Look::muted)},
                      (measured.chroma - kMiddleChroma) / kChromaDegree});
  }
  return grades;
}

Caption foil_of(const CaptionMaterial& material, const std::vector<Look>& applied,
                const PhotoLibrary& library, Rng& rng) {
  const std::vector<Fact> facts = facts_of(material);
  for (int attempt = 0; attempt < 8; ++attempt) {
    CaptionMaterial other = material;
    std::vector<Look> others;
    if (!material.relation.kind.empty() && rng.chance(0.6f)) {
      std::swap(other.relation.first, other.relation.second);
    } else if (material.count > 0 && rng.chance(0.6f)) {
      other.count = 1 + (material.count + static_cast<int>(rng.below(3))) % 4;
    } else if (!material.objects.empty() && !library.cutouts.empty() && rng.chance(0.65f)) {
      const auto n = static_cast<uint32_t>(library.cutouts.size());
      const Cutout& cutout = library.cutouts[rng.below(n)];
      if (!other.relation.kind.empty()) {
        (rng.chance(0.5f) ? other.relation.first : other.relation.second) = cutout.name;
      }
      other.objects = {cutout.name};
      other.objects.insert(other.objects.end(), cutout.kinds.begin(), cutout.kinds.end());
    } else {
      others = other_look(material.looks, applied, rng);
      other.looks = {others.begin(), others.end()};
      if (!material.objects.empty() || rng.chance(0.7f)) other.subjects.clear();
      if (rng.chance(0.5f)) other.objects.clear();
      other.relation = {};
      other.count = 0;
    }
    Caption caption = random_caption(other, {others.begin(), others.end()}, rng);
    if (!holds(caption.asserts, facts)) return caption;
  }
  return {};
}

std::set<Look> add_looks(Scene& scene, const std::vector<Look>& looks, Rng& rng) {
  const float share = looks.size() > 1 ? 0.8f : 1.f;
  for (const Look look : looks) {
    apply_look(scene.pixels, look, share * rng.uniform(0.25f, 1.f), rng, scene.object_mask);
  }
  std::set<Look> has = scene.material.looks;
  has.insert(looks.begin(), looks.end());
  return shown_looks(has, colour_statistics(scene.pixels));
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

std::vector<Caption> ProceduralSource::other_captions(uint64_t index, int count) const {
  Rng rng = Rng(config_.seed).fork("captions", index);
  std::vector<Caption> captions;
  while (static_cast<int>(captions.size()) < count) {
    CaptionMaterial material;
    const float u = rng.uniform();
    if (u < 0.2f && !library_->other_captions.empty()) {
      const auto n = static_cast<uint32_t>(library_->other_captions.size());
      const std::string& other = library_->other_captions[rng.below(n)];
      captions.push_back({"a photo of " + other, {caption_fact(other)}});
      continue;
    }
    if (u < 0.75f && !library_->cutouts.empty()) {
      const auto n = static_cast<uint32_t>(library_->cutouts.size());
      material.objects = {library_->cutouts[rng.below(n)].name};
    } else if (u < 0.85f) {
      const auto n = static_cast<uint32_t>(photographs_.size());
      material.subjects = photographs_[rng.below(n)]->subjects;
    } else {
      material.looks = {static_cast<Look>(rng.below(kLookCount))};
    }
    Caption caption = random_caption(material, material.looks, rng);
    if (!caption.asserts.empty()) captions.push_back(std::move(caption));
  }
  return captions;
}

Scene ProceduralSource::scene(size_t photograph, std::optional<size_t> object, Rng& crop,
                              Rng& placement) const {
  const Photograph& source = *photographs_.at(photograph);
  Scene scene;
  scene.pixels = cut(source.picture, random_crop(source.picture, crop), config_.size);
  scene.material.subjects = source.subjects;
  scene.material.looks.insert(source.shows.begin(), source.shows.end());
  // Developed darker, a fog would teach that fog is dark.
  if (source.shows.empty() && crop.chance(config_.development)) {
    develop_at_random(scene.pixels, crop);
  }
  if (crop.chance(config_.cast)) shift_temperature(scene.pixels, crop.uniform(-0.4f, 0.4f), crop);
  if (object) {
    const Cutout& cutout = library_->cutouts.at(*object);
    soften_background(scene, placement);
    place(scene, cutout, {}, placement.uniform(0.5f, 0.98f), placement);
    add_names(scene, cutout);
  }
  return scene;
}

Scene ProceduralSource::pair_scene(size_t photograph, const PairOfCutouts& pair, Rng& crop,
                                   Rng& placement) const {
  Scene made = scene(photograph, std::nullopt, crop, placement);
  const Cutout& first = library_->cutouts.at(pair.first);
  const Cutout& second = library_->cutouts.at(pair.second);
  soften_background(made, placement);
  const Region here = pair.above ? Region{0, 0, 1, 0.5f} : Region{0, 0, 0.5f, 1};
  const Region there = pair.above ? Region{0, 0.5f, 1, 0.5f} : Region{0.5f, 0, 0.5f, 1};
  place(made, first, here, placement.uniform(0.7f, 0.98f), placement);
  place(made, second, there, placement.uniform(0.7f, 0.98f), placement);
  add_names(made, first);
  add_names(made, second);
  made.material.relation = {pair.above ? "above" : "left of", first.name, second.name};
  return made;
}

Scene ProceduralSource::counted_scene(size_t photograph, size_t object, int count, Rng& crop,
                                      Rng& placement) const {
  Scene made = scene(photograph, std::nullopt, crop, placement);
  const Cutout& cutout = library_->cutouts.at(object);
  soften_background(made, placement);
  // Two stand side by side, three or four each in a quarter.
  std::array<Region, 4> regions{Region{0, 0, 0.5f, 0.5f}, Region{0.5f, 0, 0.5f, 0.5f},
                                Region{0, 0.5f, 0.5f, 0.5f}, Region{0.5f, 0.5f, 0.5f, 0.5f}};
  if (count == 2) {
    regions[0].height = regions[1].height = 1;
  } else {
    for (size_t i = 3; i > 0; --i) {
      std::swap(regions[i], regions[placement.below(static_cast<uint32_t>(i) + 1)]);
    }
  }
  for (int i = 0; i < count; ++i) {
    const float share = placement.uniform(0.75f, 0.98f);
    place(made, cutout, count == 1 ? Region{} : regions[static_cast<size_t>(i)], share, placement);
  }
  add_names(made, cutout);
  made.material.count = count;
  return made;
}

CaptionedPicture ProceduralSource::sample(uint64_t index) const {
  const Rng root(config_.seed, config_.held_out ? 1 : 0);
  Rng shared = root.fork("group", index / static_cast<uint64_t>(config_.group));
  Rng own = root.fork("sample", index);
  const bool with_object = !library_->cutouts.empty() && shared.chance(config_.cutout_share);
  const size_t photograph = shared.below(static_cast<uint32_t>(photographs_.size()));
  Scene made;
  bool bare = false;  // whether only the thing is worth telling
  if (!with_object) {
    made = scene(photograph, std::nullopt, shared, own);
  } else {
    // A group with a relation or a count shares its cut-outs, so that only the order or the number
    // tells its samples apart.
    Rng things = root.fork("things", index / static_cast<uint64_t>(config_.group));
    const auto cutouts = static_cast<uint32_t>(library_->cutouts.size());
    const float arrangement = things.uniform();
    if (arrangement < config_.relation_share && cutouts > 1) {
      PairOfCutouts pair{things.below(cutouts), things.below(cutouts), own.chance(0.5f)};
      while (library_->cutouts[pair.second].name == library_->cutouts[pair.first].name &&
             cutouts > 2) {
        pair.second = (pair.second + 1) % cutouts;
      }
      if (own.chance(0.5f)) std::swap(pair.first, pair.second);
      made = pair_scene(photograph, pair, shared, own);
      bare = true;
    } else if (arrangement < config_.relation_share + config_.count_share) {
      const size_t object = things.below(cutouts);
      made = counted_scene(photograph, object, 1 + static_cast<int>(own.below(4)), shared, own);
      bare = true;
    } else {
      const size_t object = own.below(cutouts);
      made = scene(photograph, object, shared, own);
      bare = own.chance(0.5f);
      if (bare) add_coloured_names(made, library_->cutouts[object]);
    }
  }
  std::vector<Look> looks;
  if (!bare) looks = random_looks(own);
  made.material.looks = add_looks(made, looks, own);
  CaptionedPicture out;
  out.size = config_.size;
  out.rgb = to_srgb8(made.pixels);
  out.facts = facts_of(made.material);
  out.caption = random_caption(made.material, {looks.begin(), looks.end()}, own);
  out.foil = foil_of(made.material, looks, *library_, own);
  out.choices = look_choices(made.material.looks, looks, own);
  out.grades = look_grades(made.material.looks, colour_statistics(made.pixels), own);
  if (made.material.objects.empty()) {
    for (Choice& choice : subject_choices(photographs_, photograph, own)) {
      out.choices.push_back(std::move(choice));
    }
  }
  return out;
}

}  // namespace vane
