// SPDX-License-Identifier: Apache-2.0
#pragma once
// A folder of small portraits with measurements, made ahead of time by `vane faces dataset`.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/data/face_attributes.h"
#include "engine/image/image.h"

namespace vane {

/// One portrait of a set that is being written.
struct FaceRecord {
  /// sRGB bytes, interleaved, size x size.
  std::vector<uint8_t> rgb;
  FaceMeasures measures{};
  /// 68 points (x, y) in [0,1] of the picture, in the order of the iBUG 300-W scheme.
  std::vector<float> landmarks;
  /// [512], the latent that made the picture.
  std::vector<float> w;
};

/// Faces of one file of a set.
inline constexpr int64_t kFacesPerFile = 100;

/// DIR/faces-00007.safetensors: the faces 700 to 799 of the set. Keys: `pictures` U8 [n,S,S,3],
/// `measures` F32 [n,M] (columns named in the metadata), `landmarks` F32 [n,68,2], `w` F32 [n,D].
std::filesystem::path face_file(const std::filesystem::path& folder, int64_t number);
/// Writes one file whole. `origin` says what made it; a set holds one origin only.
void write_face_file(const std::filesystem::path& path, int size, const std::string& origin,
                     std::span<const FaceRecord> faces);
/// The faces of one file for measuring them again: all but their measures, which may be those of
/// another version; of these only `detected` is kept.
struct FaceFile {
  std::vector<FaceRecord> faces;
  int size = 0;
  std::string origin;
};
/// Throws Error{checkpoint} for a damaged file.
FaceFile read_face_file(const std::filesystem::path& path, const Limits& limits = {});
/// Number of faces of a sound file of this size and origin; 0 when there is none. Throws
/// Error{checkpoint} for a damaged file and Error{usage} for one of another size or origin.
int64_t faces_in_file(const std::filesystem::path& path, int size, const std::string& origin);

/// Writes whole files of the faces 0 to `count` - 1, rounded up, that `make` makes; whole files of
/// the same size and origin are kept, so that an interrupted set goes on where it stopped. Returns
/// the number of faces kept. Throws Error{usage} for a folder with another set.
int64_t write_face_set(const std::filesystem::path& folder, int64_t count, int size,
                       const std::string& origin, const std::function<FaceRecord(int64_t)>& make,
                       Job& job);

/// The whole set in memory (27 kB a face at 96 px).
class FaceSet {
 public:
  /// Reads faces-*.safetensors in order. Throws Error{input} when there is none, Error{checkpoint}
  /// for a damaged file or one of another size or other columns.
  static FaceSet load(const std::filesystem::path& folder, Job& job, const Limits& limits = {});

  int64_t count() const { return static_cast<int64_t>(pictures_.size()); }
  int size() const { return size_; }
  /// 8-bit RGB, size x size.
  const Image& picture(int64_t i) const { return pictures_.at(static_cast<size_t>(i)); }
  const FaceMeasures& measures(int64_t i) const { return measures_.at(static_cast<size_t>(i)); }
  const FaceTruth& truth(int64_t i) const { return truths_.at(static_cast<size_t>(i)); }
  Answer answer(int64_t i, FaceAttribute attribute) const {
    return truth(i)[static_cast<size_t>(attribute)];
  }
  /// [D], the latent that made the picture.
  std::span<const float> w(int64_t i) const { return latents_.at(static_cast<size_t>(i)); }
  /// 68 points (x, y) in [0,1] of the picture.
  std::span<const float> landmarks(int64_t i) const {
    return landmarks_.at(static_cast<size_t>(i));
  }
  /// What made the set.
  const std::string& origin() const { return origin_; }
  /// Every tenth face, never trained on.
  static bool is_held_out(int64_t i) { return i % 10 == 9; }

 private:
  int size_ = 0;
  std::vector<Image> pictures_;
  std::vector<FaceMeasures> measures_;
  std::vector<FaceTruth> truths_;
  std::vector<std::vector<float>> latents_, landmarks_;
  std::string origin_;
};

}  // namespace vane
