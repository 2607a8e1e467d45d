// SPDX-License-Identifier: Apache-2.0
#pragma once
// Photographs and alpha-masked cut-outs that are installed on this machine, kept small in memory.

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/config/fields.h"
#include "engine/data/looks.h"
#include "engine/image/image.h"

namespace vane {

/// One photograph of a data package, labelled by eye.
struct PhotographEntry {
  /// Relative to a data folder: "backgrounds/mate/nature/Dune.jpg".
  std::string file;
  /// What it shows, as noun phrases: "the sea".
  std::vector<std::string> subjects;
  /// Never trained on.
  bool held_out = false;
  /// Names of looks that it has of itself, for what colours do not tell: "hazy".
  std::vector<std::string> shows = {};

  template <class V>
  static void fields(V& v) {
    using C = PhotographEntry;
    v.field("file", &C::file, "path below a data folder", {.required = true});
    v.field("subjects", &C::subjects, "what it shows, as noun phrases");
    v.field("shows", &C::shows, "looks that it has of itself: hazy");
    v.field("held-out", &C::held_out, "kept for evaluation, never trained on");
  }
};

struct PhotoLibraryConfig {
  /// Where to look for `file` and `cutouts`; empty: $XDG_DATA_DIRS, then the system's folders.
  std::vector<std::string> folders;
  std::vector<PhotographEntry> photographs;
  /// Folder of PNG cut-outs with a caption in a .txt beside each; empty: none.
  std::string cutouts;
  /// Folder names below `cutouts` that are left out.
  std::vector<std::string> cutouts_without;
  int photograph_side = 288;
  int cutout_side = 160;

  template <class V>
  static void fields(V& v) {
    using C = PhotoLibraryConfig;
    v.field("folders", &C::folders, "data folders; empty: XDG_DATA_DIRS");
    v.field("photographs", &C::photographs, "photographs and what they show");
    v.field("cutouts", &C::cutouts, "folder of captioned PNG cut-outs below a data folder");
    v.field("cutouts-without", &C::cutouts_without, "folder names that are left out");
    v.field("photograph-side", &C::photograph_side, "shorter side kept in memory",
            {.min = 32, .max = 4096, .unit = "px"});
    v.field("cutout-side", &C::cutout_side, "longer side kept in memory",
            {.min = 16, .max = 2048, .unit = "px"});
  }
};

struct Photograph {
  std::string file;
  Image picture;  // 8-bit RGB
  std::vector<std::string> subjects;
  bool held_out = false;
  std::vector<Look> shows = {};
};

struct Cutout {
  std::string file;
  Image picture;  // 8-bit RGBA, cropped to what is opaque
  /// "a frog"
  std::string name;
  /// "an animal"; more general ones last.
  std::vector<std::string> kinds;
  /// Named colour of most of its area, or empty: "red".
  std::string colour;
};

struct PhotoLibrary {
  std::vector<Photograph> photographs;
  std::vector<Cutout> cutouts;
  /// Captions of the cut-outs that are left out, in lower case and without a final stop: further
  /// wrong answers.
  std::vector<std::string> other_captions;
  /// Listed photographs that are not installed.
  std::vector<std::string> missing;
};

/// Decodes everything once, reduced to the configured sizes. Photographs that are not installed are
/// listed in `missing`. Throws Error{input} when none of them is there (naming the packages' files)
/// or one is damaged.
PhotoLibrary load_photo_library(const PhotoLibraryConfig& config, Job& job);

/// "A brown hen." -> "a brown hen"; "Boom!!!" -> "": the noun phrase of a short caption that starts
/// with an article or a number.
std::string noun_phrase_of_caption(std::string_view caption);

}  // namespace vane
