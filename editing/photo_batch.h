// SPDX-License-Identifier: Apache-2.0
#pragma once
// From what was named on a command line to photographs and the files they become.

#include <filesystem>
#include <string>
#include <vector>

namespace vane {

/// One photograph of a batch.
struct PhotoTask {
  std::filesystem::path input, output;
  /// The folder that the output is relative to; empty for one photograph's own output.
  std::filesystem::path root = {};
};

struct PhotoBatch {
  /// Sorted by input, byte by byte; each input once.
  std::vector<PhotoTask> tasks;
  /// True when the output is a folder, which may not be there yet.
  bool into_folder = false;
  /// False for one photograph that was named itself: its fault is the fault of the call.
  bool many = false;
};

/// What a command line says about photographs and where they go.
struct PhotoSelection {
  /// Photographs, folders, patterns (photo_pattern.h) of either, or "@LIST", a text file with a
  /// path a line. What is there under its name is never taken for a pattern.
  std::vector<std::filesystem::path> inputs;
  /// A folder, the file for one photograph, or empty: beside each photograph, which needs `suffix`.
  std::filesystem::path output;
  bool recursive = false;
  /// Extensions to take, without their dot; empty: those of all pictures and raw files. Videos are
  /// taken where they are named themselves, or their extension is, here or by a pattern.
  std::vector<std::string> extensions = {};
  /// Patterns of names to leave out, see is_like().
  std::vector<std::string> exclude = {};
  /// Goes between stem and extension of the output's name.
  std::string suffix = {};
  /// Extension of the outputs, without its dot; empty: that of the photograph, tif for raw files.
  std::string extension = {};
  /// Nothing to do is no error.
  bool may_be_empty = false;
};

/// The files of a folder that have the name of a picture or raw file (is_picture_name(),
/// is_raw_name()), relative to it, sorted byte by byte; with `recursive` also those of the folders
/// below. Hidden names, links to folders and whatever lies in the folder `without` below are left
/// out, and so are videos unless `videos`. Throws Error{input} for a folder that cannot be read.
std::vector<std::filesystem::path> picture_names(const std::filesystem::path& folder,
                                                 bool recursive,
                                                 const std::filesystem::path& without = {},
                                                 bool videos = false);

/// True for what this program puts beside outputs to be looked at, "NAME.preview.png": a folder
/// never offers it as a photograph.
bool is_preview_name(const std::filesystem::path& path);

/// A folder stands for its picture_names() without those in the output folder, without previews,
/// and, where outputs go beside their photographs, without names that end with the suffix.
/// Photographs named themselves go to `output`/NAME, those of a folder or pattern to the same place
/// below `output` as they have below the folder, or below the pattern's part without wildcards. One
/// photograph may go to `output` itself.
/// Throws:  Error{input} for a list or folder that cannot be read, a pattern without a photograph,
///          or nothing to do; Error{usage} when two photographs would become one file, one would
///          replace itself, or several are to become one file.
PhotoBatch photo_batch(const PhotoSelection& selection);

}  // namespace vane
