// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a scene of Gaussians says in CLIP space, as a codebook: a few (object, weight) pairs for
// each Gaussian and one feature an object. The feature of a Gaussian is n(sum_k w_k phi_k); no
// query ever forms it. No torch.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/camera.h"
#include "generators/language/label_table.h"

namespace vane {

/// Pairs that are kept for a Gaussian at a level, the heaviest first.
constexpr int kFieldSlots = 8;
/// An unused slot.
constexpr int16_t kNoObject = -1;

/// One level of a field.
struct LanguageLevel {
  std::string name;             // "s", "m", "l"
  std::vector<int16_t> object;  // [N,kFieldSlots]
  std::vector<uint8_t> share;   // [N,kFieldSlots]: 255 times the part of the Gaussian's weight
  std::vector<float> weight;    // [N]: sum over views and pixels of alpha T inside masks
  std::vector<float> features;  // [M,dim], unit rows
  std::vector<float> mass;      // [M]: weight of all Gaussians together
  std::vector<int32_t> views;   // [M]: how many views show it

  int32_t objects() const { return static_cast<int32_t>(mass.size()); }
};

struct LanguageField {
  int64_t gaussians = 0;
  int dim = 0;
  std::vector<LanguageLevel> levels;
  std::string clip, clip_hash;    // as given to `vane lift`, and ClipInfo::hash
  std::string scene, scene_hash;  // path relative to the field's file; XXH64 of the bytes
  std::string crops;              // how masks were shown to CLIP
  std::vector<std::string> view_names;
  std::vector<Camera> cameras;  // one a view
};

/// A level from its table, its groups and the unit features [masks,dim] of its masks. An object's
/// feature is the mean of its masks' features, each counted by its weight. Throws Error{input} for
/// more than 32767 objects.
LanguageLevel make_level(const std::string& name, const LabelTable& table, const MaskGroups& groups,
                         const std::vector<float>& features, int dim);

/// Reads and writes safetensors: LEVEL.object I16 [N,8], LEVEL.share U8 [N,8], LEVEL.weight F32
/// [N], LEVEL.features F32 [M,dim], LEVEL.mass F32 [M], LEVEL.views I32 [M], and metadata. The file
/// appears whole or not at all. Throws Error{checkpoint} for another kind of file, ids that point
/// outside of the objects, values that are not finite.
LanguageField read_language_field(const std::filesystem::path& file, const Limits& limits = {});
void write_language_field(const std::filesystem::path& file, const LanguageField& field);

/// Dot products of a level's objects with unit queries, and with each other: what every score of
/// that level follows from.
class FieldQueries {
 public:
  /// `queries` [count,dim] unit rows.
  FieldQueries(const LanguageLevel& level, int dim, const std::vector<float>& queries);

  int count() const { return count_; }
  /// Cosines of n(sum_k weight_k phi_k) with the queries into `cosines` [count]; false, and zeros,
  /// when the sum vanishes.
  bool cosines(const std::vector<SplatWeight>& objects, float* cosines) const;
  /// [N,count] for the Gaussians of the level; zeros for those that no mask saw.
  std::vector<float> of_gaussians() const;
  /// [M,count] for its objects.
  const std::vector<float>& of_objects() const { return dots_; }

 private:
  float gram(int32_t a, int32_t b) const;
  const LanguageLevel& level_;
  int dim_, count_;
  std::vector<float> dots_, gram_;  // [M,count], [M,M] or empty when that would be too large
};

/// The objects that a Gaussian is made of, weights adding up to at most 1.
void objects_of(const LanguageLevel& level, int64_t gaussian, std::vector<SplatWeight>& objects);

/// What a view shows of a level: the cosines [H,W,count] of n(F(p)), F(p) = sum_i w_i f_i, f_i not
/// normalised (LangSplat blends so), and the weight [H,W] of Gaussians that carry features.
struct FieldPicture {
  int width = 0, height = 0, count = 0;
  std::vector<float> cosine, weight;
};
FieldPicture draw_field(const SplatRaster& raster, int width, int height,
                        const LanguageLevel& level, const FieldQueries& queries);

}  // namespace vane
