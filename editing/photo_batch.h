// SPDX-License-Identifier: Apache-2.0
#pragma once
// From what was named on a command line to photographs and the files they become.

#include <filesystem>
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

/// The files of a folder that have the name of a picture (is_picture_name()), relative to it,
/// sorted byte by byte; with `recursive` also those of the folders below. Hidden names, links to
/// folders and whatever lies in the folder `without` below are left out. Throws Error{input} for a
/// folder that cannot be read.
std::vector<std::filesystem::path> picture_names(const std::filesystem::path& folder,
                                                 bool recursive,
                                                 const std::filesystem::path& without = {});

/// `inputs` are photographs, folders, or "@LIST", a text file with a path a line. A folder stands
/// for its picture_names() without those in `output`. Photographs named themselves go to
/// `output`/NAME, those of a folder to the same place below `output` as they have below the folder.
/// One photograph may go to `output` itself. Throws:  Error{input} for a list or folder that cannot
/// be read, or nothing to do; Error{usage}
///          when two photographs would become one file, one would replace itself, or several are
///          to become one file.
PhotoBatch photo_batch(const std::vector<std::filesystem::path>& inputs,
                       const std::filesystem::path& output, bool recursive);

}  // namespace vane
