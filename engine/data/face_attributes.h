// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be measured on a face, when it counts as true or false, and what it is called.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/data/captioned_source.h"

namespace vane {

enum class FaceAttribute : uint8_t {
  smile,
  open_mouth,
  /// Seen from the side instead of from the front.
  head_turned,
  /// Towards the left edge of the picture; the opposite is towards the right edge.
  turned_left,
  closed_eyes,
  /// The opposite is blond or light grey hair.
  dark_hair,
  dark_skin,
  bright_background,
  blue_background,
  green_background,
  /// Red, orange, brown or beige.
  warm_background,
  /// The side of the face at the left edge of the picture is the brighter one.
  lit_from_left,
  /// The opposite is dark hair, for both.
  blond_hair,
  grey_hair,
};
inline constexpr int kFaceAttributeCount = static_cast<int>(FaceAttribute::grey_hair) + 1;

/// The dead zone between clear cases is `unclear`: neither said nor denied.
enum class Answer : int8_t { no = -1, unclear = 0, yes = 1 };

/// One number of a face. Lengths are in units of the distance between the eye centres, lightness
/// and chroma are CIELAB (D65, L in [0,100]), angles are degrees; NaN: could not be measured.
enum class FaceMeasure : uint8_t {
  /// 1 when the face detector found exactly one face, 0 when the landmarks were placed by the
  /// crop alone.
  detected,
  /// Height of the mouth's corners above the middle of the lips' outline, positive upwards.
  mouth_curve,
  mouth_width,
  /// Height of the opening between the inner lips.
  mouth_gap,
  /// Rotation about the vertical axis, positive towards the left edge of the picture.
  yaw,
  /// Rotation in the picture plane, positive clockwise.
  roll,
  /// Height over width of the eye's outline, the smaller of both eyes.
  eye_opening,
  hair_lightness,
  hair_chroma,
  skin_lightness,
  background_lightness,
  background_a,
  background_b,
  /// Share of background samples near their median colour: a patterned one has no colour.
  background_evenness,
  /// Lightness of the left cheek less that of the right one (sides of the picture).
  light_side,
};
inline constexpr int kFaceMeasureCount = static_cast<int>(FaceMeasure::light_side) + 1;

using FaceMeasures = std::array<float, kFaceMeasureCount>;
using FaceTruth = std::array<Answer, kFaceAttributeCount>;
/// How far each attribute is there; NaN: not known.
using FaceDegrees = std::array<float, kFaceAttributeCount>;

/// "smile", "open-mouth", …: names in facts, tables and reports.
std::string_view face_attribute_name(FaceAttribute attribute);
/// "mouth-curve", …: names of columns.
std::string_view face_measure_name(FaceMeasure measure);

/// -1 where an attribute begins to be clearly absent, 1 where it begins to be clearly there,
/// straight in between and beyond. NaN where it cannot be measured, and for colours of background
/// and hair, which have no scale.
FaceDegrees face_degrees(const FaceMeasures& measures);
/// Applies the thresholds that face_attributes.cpp lists. All unclear when nothing was detected.
FaceTruth face_truth(const FaceMeasures& measures);
/// The same with one threshold in the middle between the two: what is nearer, there or absent.
FaceTruth face_leaning(const FaceMeasures& measures);
/// The same face in a mirror: sides are exchanged.
FaceTruth mirrored(const FaceTruth& truth);
FaceDegrees mirrored(const FaceDegrees& degrees);

/// fnv1a of "face:smile" or "face:not smile".
Fact face_fact(FaceAttribute attribute, bool value);
/// Facts of a face, sorted: every answer that is not unclear, and that it is a face, a person and
/// a portrait.
std::vector<Fact> face_facts(const FaceTruth& truth);

/// A noun phrase that is true of the face, as it may stand after "a photo of", and what it asserts:
/// "a smiling person with dark hair". Mentions none, one or two
/// of the attributes in `spoken_of` that are clear.
Caption random_face_phrase(const FaceTruth& truth, std::span<const FaceAttribute> spoken_of,
                           Rng& rng);

/// Up to three of the clear attributes in `spoken_of` that have an opposite in words, each in the
/// same wording both ways.
std::vector<Choice> face_choices(const FaceTruth& truth, std::span<const FaceAttribute> spoken_of,
                                 Rng& rng);

/// How far the face shows each attribute in `spoken_of` that can be measured, within [-2,2].
std::vector<Grade> face_grades(const FaceDegrees& degrees, std::span<const FaceAttribute> spoken_of,
                               Rng& rng);

/// How evaluation asks for an attribute.
struct FacePhrases {
  /// "a smiling person", "a person with a neutral face": wordings that training uses. `no` is empty
  /// for the colours of a background, which have no opposite in words.
  std::string yes, no;
  /// The same in wordings that training never uses, from words that it does use.
  std::vector<std::pair<std::string, std::string>> unseen;
};
FacePhrases face_phrases(FaceAttribute attribute);
/// What a model learns from the captions, as lines of training_vocabulary(): word and caption.
std::vector<std::pair<std::string, std::string>> face_vocabulary();

}  // namespace vane
