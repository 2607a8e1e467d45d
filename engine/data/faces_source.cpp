// SPDX-License-Identifier: Apache-2.0
#include "engine/data/faces_source.h"

#include <algorithm>
#include <array>

#include "engine/base/error.h"
#include "engine/data/procedural_source.h"

namespace vane {
namespace {

using A = FaceAttribute;

/// What stays true under every look.
constexpr std::array kShapes = {A::smile, A::open_mouth, A::head_turned, A::turned_left,
                                A::closed_eyes};
/// Shapes first; colours and light besides. Not the skin: what is measured confuses dark skin with
/// a face in shadow (about four of ten by eye).
constexpr std::array kEverything = {A::smile,
                                    A::open_mouth,
                                    A::head_turned,
                                    A::turned_left,
                                    A::closed_eyes,
                                    A::dark_hair,
                                    A::bright_background,
                                    A::blue_background,
                                    A::green_background,
                                    A::warm_background,
                                    A::lit_from_left,
                                    A::blond_hair,
                                    A::grey_hair};

/// Looks that leave the colours and the brightness of things as they are.
bool keeps_colours(Look look) {
  return look == Look::blurry || look == Look::noisy || look == Look::vignette;
}

/// Random looks, one or two of them.
std::vector<Look> some_looks(Rng& rng) {
  std::vector<Look> looks;
  while (looks.empty()) looks = random_looks(rng);
  if (looks.size() > 2) looks.resize(2);
  return looks;
}

CropBox whole(const Image& picture) {
  return {0, 0, static_cast<float>(picture.width), static_cast<float>(picture.height), false};
}

}  // namespace

FacesSource::FacesSource(std::shared_ptr<const FaceSet> set, const FacesData& data, int size,
                         uint64_t seed, bool held_out)
    : set_(std::move(set)), data_(data), size_(size), seed_(seed), held_out_(held_out) {
  for (int64_t i = 0; i < set_->count(); ++i) {
    if (FaceSet::is_held_out(i) == held_out) faces_.push_back(i);
  }
  if (faces_.empty()) {
    throw Error(ErrorCode::input, "the face set has too few faces to train or to hold out any");
  }
}

CaptionedPicture FacesSource::sample(uint64_t index) const {
  Rng own = Rng(seed_, held_out_ ? 1 : 0).fork("face", index);
  const int64_t face = faces_[own.below(static_cast<uint32_t>(faces_.size()))];
  const Image& picture = set_->picture(face);
  const auto side = static_cast<float>(picture.width);
  const float kept = side * own.uniform(data_.min_crop, 1.f);
  const CropBox box{own.uniform() * (side - kept), own.uniform() * (side - kept), kept, kept,
                    own.chance(0.5f)};
  const FaceTruth truth = box.flip ? mirrored(set_->truth(face)) : set_->truth(face);

  Scene scene;
  scene.pixels = cut(picture, box, size_);
  std::vector<Look> looks;
  if (own.chance(data_.look_share)) looks = some_looks(own);
  scene.material.looks = add_looks(scene, looks, own);
  const bool true_colours = std::all_of(looks.begin(), looks.end(), keeps_colours);
  const std::span<const A> spoken_of =
      true_colours ? std::span<const A>(kEverything) : std::span<const A>(kShapes);
  const Caption phrase = random_face_phrase(truth, spoken_of, own);
  scene.material.objects = {phrase.text};

  CaptionedPicture out;
  out.size = size_;
  out.rgb = to_srgb8(scene.pixels);
  out.caption = random_caption(scene.material, {looks.begin(), looks.end()}, own);
  // The phrase stood for a thing; what it asserts is finer than that.
  std::vector<Fact>& asserts = out.caption.asserts;
  if (std::erase(asserts, subject_fact(phrase.text)) > 0) {
    asserts.insert(asserts.end(), phrase.asserts.begin(), phrase.asserts.end());
    std::sort(asserts.begin(), asserts.end());
  }
  out.choices = face_choices(truth, spoken_of, own);
  const FaceDegrees degrees = face_degrees(set_->measures(face));
  out.grades = face_grades(box.flip ? mirrored(degrees) : degrees, spoken_of, own);
  for (Choice& choice : look_choices(scene.material.looks, looks, own)) {
    out.choices.push_back(std::move(choice));
  }
  // The same of a face that is the opposite in everything that is clear.
  FaceTruth opposite = truth;
  for (Answer& answer : opposite) answer = static_cast<Answer>(-static_cast<int>(answer));
  Caption foil = random_face_phrase(opposite, spoken_of, own);
  CaptionMaterial lie;
  lie.objects = {foil.text};
  foil.text = random_caption(lie, {}, own).text;
  scene.material.objects.clear();
  out.facts = facts_of(scene.material);
  const std::vector<Fact> facts = face_facts(truth);
  out.facts.insert(out.facts.end(), facts.begin(), facts.end());
  std::sort(out.facts.begin(), out.facts.end());
  if (!holds(foil.asserts, out.facts)) out.foil = std::move(foil);
  return out;
}

std::string FacesSource::description() const {
  return std::to_string(faces_.size()) + (held_out_ ? " held-out faces" : " faces");
}

std::vector<uint8_t> plain_face(const FaceSet& set, int64_t i, int size) {
  const Image& picture = set.picture(i);
  if (size == picture.width) return picture.u8;
  return to_srgb8(cut(picture, whole(picture), size));
}

}  // namespace vane
