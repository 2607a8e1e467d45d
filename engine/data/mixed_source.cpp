// SPDX-License-Identifier: Apache-2.0
#include "engine/data/mixed_source.h"

#include <cmath>

#include "engine/base/error.h"
#include "engine/base/rng.h"

namespace vane {

MixedSource::MixedSource(std::vector<Part> parts, int group, uint64_t seed)
    : parts_(std::move(parts)), group_(group), seed_(seed) {
  if (parts_.empty()) throw Error(ErrorCode::config, "there is no source of training pictures");
  for (const Part& part : parts_) {
    if (!(part.share > 0)) throw Error(ErrorCode::config, "the share of a source must be positive");
    total_ += part.share;
  }
}

const CaptionedSource& MixedSource::part(double position) const {
  double before = 0;
  for (const Part& part : parts_) {
    before += part.share;
    if (position * total_ < before) return *part.source;
  }
  return *parts_.back().source;
}

CaptionedPicture MixedSource::sample(uint64_t index) const {
  const uint64_t group = index / static_cast<uint64_t>(group_);
  return part(double(Rng(seed_).fork("part", group).uniform())).sample(index);
}

std::vector<Caption> MixedSource::other_captions(uint64_t index, int count) const {
  std::vector<Caption> all;
  for (const Part& part : parts_) {
    const int wanted = static_cast<int>(std::lround(count * part.share / total_));
    for (Caption& caption : part.source->other_captions(index, wanted)) {
      all.push_back(std::move(caption));
    }
  }
  return all;
}

std::string MixedSource::description() const {
  std::string text;
  for (const Part& part : parts_) text += (text.empty() ? "" : "; ") + part.source->description();
  return text;
}

}  // namespace vane
