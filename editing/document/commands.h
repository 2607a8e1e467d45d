// SPDX-License-Identifier: Apache-2.0
#pragma once
// A stack of edits as the commands that make its picture: what a service is asked, and the same as
// a line for a shell.

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "editing/document/document_file.h"
#include "editing/document/edit_stack.h"
#include "editing/services/edit.h"
#include "editing/services/enhance.h"
#include "editing/services/query.h"
#include "editing/services/segment.h"

namespace vane {

using StepRequest = std::variant<EnhanceRequest, EditRequest, SegmentRequest, QueryRequest>;

/// One command. What `request` reads and writes is in it; `output` is the picture it leaves.
struct Step {
  int64_t edit = 0;
  StepRequest request;
  std::filesystem::path output;
};

/// The commands that turn the photograph into `output`, one for each edit that is on, in their
/// order; pictures between them are step-N.png in the document's folder. Edits whose search found
/// nothing yet are left out, masks too: edits name their files. Without any step the photograph
/// itself is the picture.
std::vector<Step> picture_steps(const EditStack& stack, const DocumentPlaces& places,
                                const std::filesystem::path& output);

/// The same for all that comes before the edit `id`: what its search looks at. Empty: the
/// photograph.
std::vector<Step> steps_before(const EditStack& stack, const DocumentPlaces& places, int64_t id);

/// The search of an edit, on the picture `input`. It leaves what `found_by` names, relative to the
/// document's folder, which no earlier search wrote. Throws Error{usage} when the edit says not
/// what to search for.
struct Search {
  Step step;
  std::filesystem::path found;
};
Search search_step(const Edit& edit, const EditStack& stack, const DocumentPlaces& places,
                   const std::filesystem::path& input);
/// The picture that a search which found `found` left, at full strength, and of a face what it was
/// made of: between them its strength can be shown without the generator.
std::filesystem::path found_picture(const std::filesystem::path& found,
                                    const DocumentPlaces& places);
std::filesystem::path found_input(const std::filesystem::path& found, const DocumentPlaces& places);
/// What the search of a mask left, from its result; see MaskParameters::hard.
std::filesystem::path found_mask(const SegmentResult& result, const Edit& edit,
                                 const DocumentPlaces& places);

/// The words after `vane` that ask for the same: {"edit", "photo.jpg", "--to", "warm light", …}.
/// Only what differs from the defaults is spelled out.
std::vector<std::string> command_words(const StepRequest& request);
/// One line for a POSIX shell, quoted where it has to be: vane edit photo.jpg --to 'warm light' …
std::string shell_line(const std::vector<std::string>& words);
/// All steps, a line each, joined by && so that a failure ends them.
std::string shell_script(const std::vector<Step>& steps);

}  // namespace vane
