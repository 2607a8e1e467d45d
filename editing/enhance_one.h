// SPDX-License-Identifier: Apache-2.0
#pragma once
// One photograph of `vane enhance` from file to file, in three stages.

#include <optional>

#include "editing/enhance_masks.h"
#include "editing/enhance_source.h"
#include "editing/photo_batch.h"
#include "editing/services/enhance.h"
#include "engine/base/error.h"
#include "engine/image/image.h"

namespace vane {

class EnhanceMethod;

/// A photograph between its stages.
struct PhotoWork {
  PhotoTask task;
  EnhancedFile* file = nullptr;
  PhotoSource source;
  /// Upright: first the photograph, then what became of it.
  Image image;
  int orientation = 1;
  /// Tells the weights of the method that changed it; for its stamp.
  std::string model_hash;
  /// The mask's picture, when it is one.
  std::optional<Image> mask;
  /// What it was, for the preview; empty without one.
  Image before;
};

/// What will not be better with the next photograph: the folder is read-only, the disk is full.
struct CannotWrite {
  Error error;
};

/// The stages throw what is wrong with the photograph, or CannotWrite.
class PhotoStages {
 public:
  /// `request` outlives this. Throws Error{usage} for a faulty size of memory, or a bit depth that
  /// the format cannot hold; what EnhanceMasks() throws.
  explicit PhotoStages(const EnhanceRequest& request);

  /// Throws Error{usage} when the output cannot be what was asked for; before it is opened.
  void check(const PhotoTask& task) const;
  /// Makes the folder of the output where `into_folder` says so, and throws CannotWrite where the
  /// output could not be written.
  static void prepare_output(const PhotoTask& task, bool into_folder);
  /// Makes the folder of the output where `into_folder` says so, reads and decodes. Any thread.
  void load(PhotoWork& work, bool into_folder) const;
  void process(PhotoWork& work, const EnhanceMethod& method, Job& job) const;
  /// Encodes and writes, and says "ok" or "skipped:well-lit". Any thread.
  void store(PhotoWork& work) const;

  /// What decides about a photograph's result beside its bytes and the settings of all.
  std::string mask_identity(const PhotoTask& task) const { return masks_.identity(task); }
  /// Where the preview of a photograph goes; empty without one.
  std::filesystem::path preview_of(const PhotoTask& task) const;
  uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  /// The output is to be the photograph's file itself.
  bool is_copy(const PhotoWork& work, const Image& enhanced) const;
  /// Takes out of the metadata what is not wanted, adds what was done, and reports what is lost.
  void settle_metadata(PhotoWork& work, Image& enhanced) const;
  void write(const PhotoWork& work, const Image& enhanced) const;

  const EnhanceRequest& request_;
  const EnhanceMasks masks_;
  uint64_t memory_bytes_;
  int bit_depth_;  // 0: as it is
};

}  // namespace vane
