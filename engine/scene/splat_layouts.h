// SPDX-License-Identifier: Apache-2.0
#pragma once
// One reader and one writer a layout, on bytes. splat_file.h is the door for others.

#include <cstddef>
#include <span>

#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/limits.h"
#include "engine/scene/ply.h"
#include "engine/scene/splat_file.h"

namespace vane {

/// Each throws Error{input} with the byte; none names the file.
SplatFile parse_inria_ply(std::span<const std::byte> file, const PlyHeader& header,
                          const Limits& limits);

bool is_compressed_ply(const PlyHeader& header);
SplatFile parse_compressed_ply(std::span<const std::byte> file, const PlyHeader& header,
                               const Limits& limits);
SplatFile parse_raw_splat(std::span<const std::byte> file, const Limits& limits);
bool is_spz(std::span<const std::byte> file);
SplatFile parse_spz(std::span<const std::byte> file, const Limits& limits);

/// Each writes a whole file; what the layout cannot hold is rounded to what it can.
void write_inria_ply(const SplatCloud& cloud, const ByteSink& sink);
void write_compressed_ply(const SplatCloud& cloud, const ByteSink& sink);
void write_raw_splat(const SplatCloud& cloud, const ByteSink& sink);
void write_spz(const SplatCloud& cloud, const ByteSink& sink);

/// Leaves out the Gaussians that read_splats promises to leave out and clamps the rest.
void drop_invalid(SplatFile& file);

/// Throws Error{input} when `count` is over the limit scene.gaussians.
void check_gaussians(uint64_t count, const Limits& limits);

/// Band-0 basis function of spherical harmonics: rgb = 0.5 + kShBand0 * sh0.
inline constexpr float kShBand0 = 0.28209479177387814f;

}  // namespace vane
