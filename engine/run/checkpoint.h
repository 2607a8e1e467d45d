// SPDX-License-Identifier: Apache-2.0
#pragma once
// Snapshots of a long optimisation: whole or absent, two generations, checked when read.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "engine/base/job.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// Everything that a run needs to continue bit for bit: parameters, optimiser moments, and numbers
/// and positions of random streams as text.
struct Checkpoint {
  int64_t step = 0;
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> facts;
};

/// Copies the tensor under `key` into `to`. Throws Error{checkpoint} when it is missing or has
/// another shape.
void restore_tensor(const Checkpoint& checkpoint, const std::string& key, const Tensor& to);
/// The tensors whose names begin with `prefix`, without it.
std::map<std::string, Tensor> tensors_under(const Checkpoint& checkpoint,
                                            const std::string& prefix);

/// A folder of `step-000001200.safetensors` and the pointer file `latest` (robustness sheet, 6 and
/// 14.6). Files appear by rename; the pointer follows them; the generation before the previous one
/// is deleted last.
class CheckpointFolder {
 public:
  /// `config_hash` identifies the run; a checkpoint of another configuration is refused on load.
  CheckpointFolder(std::filesystem::path folder, std::string config_hash, int keep = 2);

  /// Throws Error{resource} when the disk is full or read-only; older generations are then intact.
  void save(const Checkpoint& checkpoint);

  /// The newest sound checkpoint: `latest`, else older ones. A damaged one is skipped with a
  /// warning that names it. Empty when the folder holds none. Throws Error{checkpoint} when all are
  /// damaged or the newest belongs to another configuration.
  std::optional<Checkpoint> load(Job& job) const;

  bool empty() const;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::string config_hash_;
  int keep_;
};

}  // namespace vane
