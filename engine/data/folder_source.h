// SPDX-License-Identifier: Apache-2.0
#pragma once
// A folder of pictures with captions: NAME.jpg beside NAME.txt, or one captions.json.

#include <filesystem>

#include "engine/base/job.h"
#include "engine/data/captioned_source.h"
#include "engine/image/image.h"

namespace vane {

struct FolderConfig {
  std::filesystem::path folder;
  int size = 64;
  uint64_t seed = 1;
  /// Share of the shorter side that random crops keep at least.
  float min_crop = 0.8f;
  bool flip = true;
};

/// Reads the folder recursively. captions.json: {"relative/picture.jpg": "caption" or ["…", …]}.
/// A .txt holds one caption a line. Throws Error{input} for a missing folder, damaged
/// captions.json, a picture it names that is not there, or no captioned picture at all.
class FolderSource final : public CaptionedSource {
 public:
  FolderSource(const FolderConfig& config, Job& job);
  CaptionedPicture sample(uint64_t index) const override;
  std::string description() const override;

 private:
  struct Entry {
    Image picture;
    std::vector<std::string> captions;
  };
  FolderConfig config_;
  std::vector<Entry> entries_;
};

}  // namespace vane
