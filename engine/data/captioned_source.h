// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where training pairs come from.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/captions.h"

namespace vane {

/// Two texts about one attribute of a picture.
struct Choice {
  std::string right, wrong;
};

/// How far a picture shows something that all pictures with a grade of that name can be compared
/// in.
struct Grade {
  std::string of;
  /// What is right for pictures that show it, and what is wrong.
  Choice texts;
  float degree = 0;
};

/// One training pair.
struct CaptionedPicture {
  /// sRGB bytes, interleaved, size x size.
  int size = 0;
  std::vector<uint8_t> rgb;
  Caption caption;
  /// A caption like it that is false of the picture: another look, thing, number or order. Without
  /// text: none is known.
  Caption foil;
  /// Attributes asked about directly, whatever the caption says.
  std::vector<Choice> choices;
  /// For ranking pictures of a batch against each other.
  std::vector<Grade> grades;
  /// Everything known to be true of the picture, sorted; includes caption.asserts.
  std::vector<Fact> facts;
};

/// An endless, reproducible stream. `sample` may be called from several threads.
class CaptionedSource {
 public:
  virtual ~CaptionedSource() = default;
  /// The pair at `index`; depends on (seed, index) only. Samples with neighbouring indices may
  /// share a scene, so that a batch holds hard negatives.
  virtual CaptionedPicture sample(uint64_t index) const = 0;
  /// `count` captions that need not be true of any picture of batch `index`: more things for a
  /// picture to be told from than a batch has pictures. They depend on (seed, index) only.
  virtual std::vector<Caption> other_captions(uint64_t index, int count) const {
    (void)index, (void)count;
    return {};
  }
  /// One line for the log: how many pictures were found.
  virtual std::string description() const = 0;
};

}  // namespace vane
