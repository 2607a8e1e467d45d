// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane faces align`, `paste` and `compare`: faces out of photographs, back into them, and whether
// they are one person's. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct FacesAlignRequest {
  std::filesystem::path photo, output;
  int64_t size = 1024;
  std::string face = "largest";
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = FacesAlignRequest;
    v.field("photo", &C::photo, "photograph with a face",
            {.required = true, .positional = true, .placeholder = "PHOTO"});
    v.field("size", &C::size, "side of the crop", {.min = 16, .max = 8192, .unit = "px"});
    v.field("face", &C::face, "number of a face, 1 the largest; `all`: each into its own file",
            {.placeholder = "N|all"});
    v.field("output", &C::output, "crop to write; with `all` numbered: CROP-1.png, CROP-2.png",
            {.required = true, .short_flag = "o", .placeholder = "CROP"});
  }
};

/// One face of a photograph. Lengths in pixels of the photograph, upright.
struct AlignedFace {
  std::string output;
  int64_t number = 1;
  double eye_distance = 0;
  /// x, y of the crop's corners: upper left, lower left, lower right, upper right.
  std::vector<double> quad;
};

struct FacesAlignResult {
  std::vector<AlignedFace> faces;
};

/// Writes the crop of FFHQ (editing/faces/face_crop.h) in the photograph's depth and profile, with
/// its place in its recipe, where `faces paste` finds it. Throws Error{input} when there is no face
/// or none that can be used.
FacesAlignResult faces_align(const FacesAlignRequest& request, Job& job);

struct FacesPasteRequest {
  std::filesystem::path photo, edited, before, mask, output;
  std::string face = "largest";
  bool replace = false, match_seam = true;
  double feather = 0.1;
  int64_t jpeg_quality = 92;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = FacesPasteRequest;
    v.field("photo", &C::photo, "photograph that the crop was cut from",
            {.required = true, .positional = true, .placeholder = "PHOTO"});
    v.field("edited", &C::edited, "its crop, edited, of any size",
            {.required = true, .positional = true, .placeholder = "EDITED_CROP"});
    v.field(
        "before", &C::before,
        "what the edit started from: the crop, or its reconstruction by a generator; by default "
        "the photograph's own crop",
        {.placeholder = "FILE"});
    v.field("face", &C::face,
            "number of the face, 1 the largest, where neither crop says its place",
            {.placeholder = "N"});
    v.field("mask", &C::mask, "in the frame of the crop: white where the edit counts",
            {.placeholder = "FILE"});
    v.field("feather", &C::feather, "share of the crop's side over which it fades at its edges",
            {.min = 0.001, .max = 0.5});
    v.field("replace", &C::replace,
            "put in the edited crop itself instead of adding what the edit changed");
    v.field("match-seam", &C::match_seam,
            "with --replace: lead its colours to the photograph's where it fades");
    v.field("jpeg-quality", &C::jpeg_quality, "of a JPEG", {.min = 1, .max = 100});
    v.field("output", &C::output, "photograph to write",
            {.required = true, .short_flag = "o", .placeholder = "OUT"});
  }
};

struct FacesPasteResult {
  std::string output;
  /// Share of the photograph's pixels that differ from the source.
  double changed = 0;
  std::vector<double> quad;
};

/// The place comes from the recipe of `edited` or `before` when one of them has it and the
/// photograph has the size that it names; else the face is found again. Written upright with all
/// metadata. Throws Error{input} for what cannot be used.
FacesPasteResult faces_paste(const FacesPasteRequest& request, Job& job);

struct FacesCompareRequest {
  std::vector<std::filesystem::path> photos;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = FacesCompareRequest;
    v.field("photos", &C::photos,
            "photographs; the largest face of the first is compared with each",
            {.required = true, .positional = true, .placeholder = "PHOTO..."});
  }
};

struct ComparedFace {
  std::string file;
  double distance = 0, identity = 0;
};

struct FacesCompareResult {
  std::string reference;
  std::vector<ComparedFace> faces;
  /// Mean distance over all pairs, the reference among them.
  double mean_distance = 0;
};

/// Throws Error{input} for fewer than two photographs or one without a face.
FacesCompareResult faces_compare(const FacesCompareRequest& request, Job& job);

}  // namespace vane
