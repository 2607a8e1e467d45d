// SPDX-License-Identifier: Apache-2.0
#pragma once
// The procedural world as training pairs.

#include <string>

#include "engine/data/captioned_source.h"
#include "generators/toybox/toy_scene.h"

namespace vane {

struct ToyboxSourceConfig {
  int size = 64;
  uint64_t seed = 1;
  /// Neighbouring samples that come from one scene, of which one attribute or the light differs.
  int group = 4;
  /// Scenes of another seed, for evaluation.
  bool held_out = false;
};

/// All that is true of a scene, sorted: its things by every name the captions use, their
/// attributes, the light and the background.
std::vector<Fact> toy_facts(const ToyScene& scene);

class ToyboxSource final : public CaptionedSource {
 public:
  explicit ToyboxSource(const ToyboxSourceConfig& config) : config_(config) {}

  CaptionedPicture sample(uint64_t index) const override;
  std::vector<Caption> other_captions(uint64_t index, int count) const override;
  std::string description() const override;

  /// Scene `index` of the split.
  ToyScene scene(uint64_t index, const std::string& kind = "any",
                 const std::vector<ToyAttribute>& set = {}, const std::string& light = "any") const;
  /// sRGB bytes, size x size.
  std::vector<uint8_t> picture(const ToyScene& scene) const;

 private:
  ToyboxSourceConfig config_;
};

}  // namespace vane
