// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane faces dataset`: measured portraits to train from. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct FacesDatasetRequest {
  int64_t count = 3000, size = 96;
  double truncation = 1;
  bool quick = false;
  std::filesystem::path from, output;
  uint64_t seed = 1;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = FacesDatasetRequest;
    v.field("count", &C::count, "portraits, rounded up to whole files of 100",
            {.min = 1, .max = 1e7, .short_flag = "n", .placeholder = "N"});
    v.field("size", &C::size, "side of the stored pictures", {.min = 16, .max = 256, .unit = "px"});
    v.field("truncation", &C::truncation, "1 as drawn, less: nearer to the average face",
            {.min = 0, .max = 1});
    v.field(
        "quick", &C::quick,
        "draw them small from the start, which blurs detail a little, and measure nothing: more "
        "pictures to train an inversion encoder from");
    v.field("from", &C::from, "measure the portraits of this set again instead of making any",
            {.placeholder = "DIR"});
    v.field("output", &C::output, "folder to write",
            {.required = true, .short_flag = "o", .placeholder = "DIR"});
  }
};

struct FacesDatasetResult {
  std::string output;
  int64_t faces = 0, kept = 0;
};

/// Writes whole files of 100 portraits (engine/data/face_set.h); those that a former run with the
/// same size, seed and truncation left are kept. Measured at 256 px, or with `quick` not at all,
/// nothing being detected. With `from` the portraits of that set are measured at their stored size
/// instead, which needs neither generator nor landmarks; its count, size and origin stay, and files
/// of the same set in `output` are replaced. Throws Error{input} when something is not installed or
/// `from` holds no set, Error{usage} for a folder with another set or for `output` being `from`.
FacesDatasetResult faces_dataset(const FacesDatasetRequest& request, Job& job);

}  // namespace vane
