// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where photographs of a batch are to be enhanced: one mask, a mask for each, or a phrase.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "editing/photo_batch.h"
#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/image/image.h"
#include "engine/tensor/fwd.h"

namespace vane {

struct MaskRequest {
  /// A grey picture (white is enhanced), a folder with a picture of the same stem for each
  /// photograph, or a phrase (mask_source.h); empty: no mask.
  std::string source;
  bool invert = false;
  /// Pixels of the photograph over which edges fade, to either side.
  double feather = 0;
  /// Finds phrases.
  std::string clip;
  Limits limits{};
};

class EnhanceMasks {
 public:
  /// Throws Error{input} for a mask or folder that cannot be read, Error{usage} for invert or
  /// feather without a mask.
  explicit EnhanceMasks(const MaskRequest& request);

  bool wanted() const { return !request_.source.empty(); }
  /// What the mask of a photograph depends on, beside the photograph; empty without a mask.
  /// Throws Error{input} when there is none in the folder.
  std::string identity(const PhotoTask& task) const;
  /// The mask as its file has it; nothing for a phrase, or without a mask. Any thread.
  /// Throws Error{input} when there is none in the folder or it cannot be read.
  std::optional<Image> read(const PhotoTask& task) const;
  /// [1,1,H,W] in [0,1] for the photograph `upright`: `picture` of read(), or where the phrase is;
  /// inverted, feathered, resized.
  /// Throws Error{input} when it does not have the photograph's shape, or the phrase is found
  /// nowhere.
  Tensor mask_for(const Image& upright, const std::optional<Image>& picture, Job& job) const;

 private:
  const std::filesystem::path& file_of(const PhotoTask& task) const;

  const MaskRequest request_;
  std::optional<Image> single_;
  std::string single_identity_;
  bool from_folder_ = false;
  std::map<std::string, std::vector<std::filesystem::path>> by_stem_;
};

/// [1,1,H,W] blurred so that an edge becomes a smooth ramp of `pixels` to either side; borders are
/// repeated.
Tensor feathered(const Tensor& mask, double pixels);

}  // namespace vane
