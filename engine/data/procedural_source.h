// SPDX-License-Identifier: Apache-2.0
#pragma once
// Photographs under photographic looks, with or without a captioned cut-out in front.

#include <memory>
#include <optional>

#include "engine/base/rng.h"
#include "engine/data/captioned_source.h"
#include "engine/data/photo_library.h"

namespace vane {

struct ProceduralConfig {
  int size = 64;
  uint64_t seed = 1;
  /// Share of groups with cut-outs.
  float cutout_share = 0.45f;
  /// Of these, the shares that hold two different cut-outs, and one to four of the same.
  float relation_share = 0, count_share = 0;
  /// Samples that share a photograph and a crop, so that only look or object tells them apart.
  int group = 4;
  /// Share of crops that first get a colour cast of their own, which no caption mentions.
  float cast = 0;
  /// Share of crops that are first developed otherwise: exposure, contrast, saturation.
  float development = 0;
  /// Photographs kept for evaluation instead of those for training.
  bool held_out = false;
};

/// The parts of a sample before looks: linear-light pixels, the mask of the object (empty for a
/// bare photograph), and what it shows.
struct Scene {
  Raster pixels;
  std::vector<float> object_mask;
  CaptionMaterial material;
};

/// Two cut-outs side by side, or the first above the second.
struct PairOfCutouts {
  size_t first = 0, second = 0;
  bool above = false;
};

class ProceduralSource final : public CaptionedSource {
 public:
  /// Throws Error{input} when the library has no photograph for this split.
  ProceduralSource(std::shared_ptr<const PhotoLibrary> library, ProceduralConfig config);

  CaptionedPicture sample(uint64_t index) const override;
  std::vector<Caption> other_captions(uint64_t index, int count) const override;
  std::string description() const override;

  /// A scene of photograph `i` of this split, cropped by `rng`; with cut-out `object` in front when
  /// given.
  Scene scene(size_t photograph, std::optional<size_t> object, Rng& crop, Rng& placement) const;
  /// The same with two cut-outs, or with `count` (1 to 4) of one.
  Scene pair_scene(size_t photograph, const PairOfCutouts& pair, Rng& crop, Rng& placement) const;
  Scene counted_scene(size_t photograph, size_t object, int count, Rng& crop, Rng& placement) const;
  size_t photographs() const { return photographs_.size(); }
  const PhotoLibrary& library() const { return *library_; }

 private:
  std::shared_ptr<const PhotoLibrary> library_;
  ProceduralConfig config_;
  std::vector<const Photograph*> photographs_;
};

/// In random plain wordings, what the picture shows against what it does not: each applied look and
/// one of those that people ask for most, and for some pictures the absence of a fault against the
/// fault.
std::vector<Choice> look_choices(const std::set<Look>& shown, const std::vector<Look>& applied,
                                 Rng& rng);

/// How bright and how colourful the picture is, in CIELAB, as bright against dark and vivid against
/// muted.
std::vector<Grade> look_grades(const std::set<Look>& shown, const ColourStatistics& measured,
                               Rng& rng);

/// A random caption that is false of a picture of this material in one thing: a look that it does
/// not show, another cut-out, another number, the other order. Without text when none was found.
Caption foil_of(const CaptionMaterial& material, const std::vector<Look>& applied,
                const PhotoLibrary& library, Rng& rng);

/// Adds `looks` with random strengths; returns what the picture then shows.
std::set<Look> add_looks(Scene& scene, const std::vector<Look>& looks, Rng& rng);

}  // namespace vane
