// SPDX-License-Identifier: Apache-2.0
#pragma once
// StyleCLIP's latent mapper: one network for one prompt moves the rows of any W+. Source: Patashnik
// et al. 2021, "StyleCLIP", section 5; StyleGAN sheet, section 6.3.

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "engine/base/limits.h"
#include "generators/mappers/mapper_stack.h"

namespace vane {

/// Rows 0 to 3, 4 to 7 and 8 up each have their stack, and one that is absent moves nothing; or
/// one stack, `whole`, moves all rows.
struct LatentMapper {
  std::optional<MapperStack> coarse, medium, fine, whole;
  int64_t width = 512;
  /// What the file says of itself; of Vane's own: "generator" and "clip", content hashes, and the
  /// phrases "from" and "to".
  std::map<std::string, std::string> facts;
  /// Content of the file that it was read from; empty otherwise.
  std::string content_hash;
};

/// The published edit is w + 0.1 M(w).
inline constexpr double kMapperStep = 0.1;

/// A mapper of three levels without weights.
LatentMapper make_latent_mapper(int64_t width = 512);
/// Shows every tensor under its published name: "course_mapping.mapping.1.weight" (so spelt), …; of
/// a mapper of one stack "mapping.mapping.1.weight", ….
void visit_parameters(LatentMapper& mapper, const ParameterVisitor& visit);
/// As the published training starts.
LatentMapper initial_latent_mapper(int64_t width, const Rng& rng);

/// Reads a published checkpoint (`state_dict` with `mapper.*` and the generator's `decoder.*`) or
/// safetensors of the same names. Throws Error{checkpoint} naming file and keys: tensors missing,
/// left over, of another shape or not finite, or a mapper of StyleSpace.
LatentMapper load_latent_mapper(const std::filesystem::path& path, const Limits& limits = {});

/// Under the published names in float16, `facts` as metadata.
void save_latent_mapper(const std::filesystem::path& path, const LatentMapper& mapper,
                        const std::map<std::string, std::string>& facts);

/// w_plus [N,rows,W] -> M(w_plus) of the same shape. Differentiable in w_plus and parameters.
/// Throws Error{usage} on another shape, or fewer than 9 rows for a mapper of three levels.
Tensor latent_step(const LatentMapper& mapper, const Tensor& w_plus);

}  // namespace vane
