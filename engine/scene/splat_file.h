// SPDX-License-Identifier: Apache-2.0
#pragma once
// Splat files: reading any layout, writing three. No torch.

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

/// The layouts that a splat file may have, told apart by contents: "ply" (INRIA), "compressed-ply"
/// (PlayCanvas), "splat" (antimatter15), "spz" (Niantic, versions 1 to 4), "sog" (PlayCanvas; a
/// folder with meta.json or a zip of one), "checkpoint" (INRIA's and LangSplat's chkpnt30000.pth,
/// gaussian_checkpoint.h). Empty when it is none of them.
std::string splat_layout(const std::filesystem::path& file);

/// Whether a file's name ends as those of splats do: .ply, .splat, .spz or .sog.
bool is_splat_name(const std::filesystem::path& file);

struct SplatFile {
  SplatCloud cloud;
  std::string layout;
  int64_t dropped = 0;  // rows that were left out, see read_splats
  /// The row of the file that each Gaussian was; empty when none was left out.
  std::vector<int64_t> source_rows;

  /// Row of the file of Gaussian `index` (for copy_ply_rows).
  int64_t source_row(int64_t index) const {
    return source_rows.empty() ? index : source_rows[static_cast<size_t>(index)];
  }
};

/// Reads a scene of any layout. Rows are left out that are not finite, whose rotation has length 0,
/// or that lie more than 10^6 units from the origin along an axis; opacity logits are clamped to
/// [-20,20] and log scales to [-20,10], which no picture shows. Throws Error{input} naming the
/// file, the place and the reason; a point cloud without scales and rotations is called one.
SplatFile read_splats(const std::filesystem::path& file, const Limits& limits);

/// Writes a cloud of finite numbers by the ending of the name: .ply (INRIA), .splat, .spz (version
/// 3), .compressed.ply. Only .ply keeps every digit; .splat has no bands above 0; .splat and
/// .compressed.ply change the order. The file appears whole or not at all. Throws Error{usage} for
/// another ending.
void write_splats(const std::filesystem::path& file, const SplatCloud& cloud);

/// Copies the named rows of an INRIA .ply to another, in the order of the file, byte for byte and
/// with every property and comment of the source. `indices` count the rows of the file as stored.
void copy_ply_rows(const std::filesystem::path& source, const std::vector<int64_t>& indices,
                   const std::filesystem::path& target, const Limits& limits);

}  // namespace vane
