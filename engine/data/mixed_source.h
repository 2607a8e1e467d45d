// SPDX-License-Identifier: Apache-2.0
#pragma once
// Several sources as one.

#include <memory>
#include <utility>
#include <vector>

#include "engine/data/captioned_source.h"

namespace vane {

/// Draws whole groups of neighbouring samples from its parts, each in its share.
class MixedSource final : public CaptionedSource {
 public:
  struct Part {
    std::shared_ptr<const CaptionedSource> source;
    /// Relative to the other parts; > 0.
    double share = 1;
  };
  /// `group`: neighbours that a part may have sharing a scene. Throws Error{config} without parts.
  MixedSource(std::vector<Part> parts, int group, uint64_t seed);

  CaptionedPicture sample(uint64_t index) const override;
  std::vector<Caption> other_captions(uint64_t index, int count) const override;
  std::string description() const override;

 private:
  const CaptionedSource& part(double position) const;

  std::vector<Part> parts_;
  double total_ = 0;
  int group_;
  uint64_t seed_;
};

}  // namespace vane
