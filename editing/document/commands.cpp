// SPDX-License-Identifier: Apache-2.0
#include "editing/document/commands.h"

#include <fmt/format.h>

#include "editing/document/request_words.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// What --mask takes for the mask of an edit; empty: none, or its search found nothing yet.
std::string mask_value(const Edit& edit, const EditStack& stack, const DocumentPlaces& places) {
  if (!edit.mask.starts_with('#')) return edit.mask;
  const auto id = parse_integer(std::string_view(edit.mask).substr(1));
  const Edit* mask = id ? stack.find(*id) : nullptr;
  if (!mask || mask->kind != EditKind::mask || !mask->enabled || mask->found.empty()) return {};
  return (places.folder / mask->found).string();
}

StepRequest enhance_request(const Edit& edit, const std::string& mask, const fs::path& input,
                            const fs::path& output) {
  EnhanceRequest request;
  request.inputs = {input};
  request.output = output;
  request.method = edit.enhance.method;
  request.auto_strength = edit.enhance.auto_strength;
  request.refine = edit.enhance.refine;
  request.strength = edit.strength;
  request.mask = mask;
  request.overwrite = true;
  return request;
}

EditRequest edit_request(const Edit& edit, const std::string& mask, const fs::path& input,
                         const fs::path& output) {
  EditRequest request;
  request.input = input;
  request.output = output;
  request.mask = mask;
  if (edit.kind == EditKind::face) {
    request.generator = "faces";
    request.face = edit.face.face;
    request.seed = edit.face.seed;
  } else {
    request.seed = edit.develop.seed;
  }
  return request;
}

/// A recipe is always written for faces; it goes into the folder, not beside the output.
StepRequest applied(const Edit& edit, const std::string& mask, const DocumentPlaces& places,
                    const fs::path& input, const fs::path& output) {
  EditRequest request = edit_request(edit, mask, input, output);
  request.apply = places.folder / edit.found;
  request.strength = static_cast<float>(edit.strength);
  if (edit.kind == EditKind::face) request.sidecar = places.folder / "applied.edit.yaml";
  return request;
}

bool makes_a_picture(const Edit& edit) {
  if (!edit.enabled || edit.kind == EditKind::mask || edit.kind == EditKind::scene) return false;
  return !needs_search(edit.kind) || !edit.found.empty();
}

std::vector<Step> steps_of(const EditStack& stack, const DocumentPlaces& places, int64_t end) {
  std::vector<Step> steps;
  fs::path input = places.photo;
  for (const EditStack::Entry& edit : stack.edits()) {
    if (edit->id == end) break;
    if (!makes_a_picture(*edit)) continue;
    const fs::path output = places.folder / fmt::format("step-{}.png", steps.size() + 1);
    const std::string mask = mask_value(*edit, stack, places);
    steps.push_back({edit->id,
                     edit->kind == EditKind::enhance ? enhance_request(*edit, mask, input, output)
                                                     : applied(*edit, mask, places, input, output),
                     output});
    input = output;
  }
  return steps;
}

/// A name in the folder that is not taken.
fs::path fresh_name(const DocumentPlaces& places, const Edit& edit, const std::string& ending) {
  for (int n = 1;; ++n) {
    const fs::path name = fmt::format("{}-{}-{}{}", edit_kind_name(edit.kind), edit.id, n, ending);
    if (!fs::exists(places.folder / name)) return name;
  }
}

/// Files of the document's own are named without their folder, so that it can be moved.
fs::path in_folder(const fs::path& file, const DocumentPlaces& places) {
  if (file.empty() || file.is_absolute() || !fs::exists(places.folder / file)) return file;
  return places.folder / file;
}

Error nothing_to_search(const Edit& edit) {
  return Error(ErrorCode::usage, "the edit \"" + edit_title(edit) + "\" has no phrase")
      .with_hint("type what the picture should become");
}

}  // namespace

std::vector<Step> picture_steps(const EditStack& stack, const DocumentPlaces& places,
                                const fs::path& output) {
  std::vector<Step> steps = steps_of(stack, places, 0);
  if (steps.empty()) return steps;
  steps.back().output = output;
  if (auto* enhance = std::get_if<EnhanceRequest>(&steps.back().request)) enhance->output = output;
  if (auto* edit = std::get_if<EditRequest>(&steps.back().request)) edit->output = output;
  return steps;
}

std::vector<Step> steps_before(const EditStack& stack, const DocumentPlaces& places, int64_t id) {
  return steps_of(stack, places, id);
}

Search search_step(const Edit& edit, const EditStack& stack, const DocumentPlaces& places,
                   const fs::path& input) {
  Search search;
  search.step.edit = edit.id;
  if (edit_phrase(edit).empty()) throw nothing_to_search(edit);
  if (edit.kind == EditKind::mask) {
    SegmentRequest request;
    request.image = input;
    request.texts = {edit.region.text};
    request.negatives = edit.region.negative;
    request.threshold = static_cast<float>(edit.region.threshold);
    search.found = fresh_name(places, edit, "");
    search.step.output = request.output = places.folder / search.found;
    search.step.request = request;
    return search;
  }
  search.found = fresh_name(places, edit, ".yaml");
  search.step.output = places.folder / fs::path(search.found).replace_extension(".png");
  EditRequest request =
      edit_request(edit, mask_value(edit, stack, places), input, search.step.output);
  request.sidecar = places.folder / search.found;
  if (edit.kind == EditKind::face) {
    request.to = edit.face.to;
    request.direction = in_folder(edit.face.direction, places);
    request.toward = edit.face.toward;
    request.rows = edit.face.rows;
    // A direction says both ends.
    if (!edit.face.to.empty()) request.from = edit.face.from;
    request.gain = edit.face.gain;
    request.least_identity = edit.face.least_identity;
  } else {
    request.to = edit.develop.to;
    request.from = edit.develop.from;
    request.like = edit.develop.like;
    request.unlike = edit.develop.unlike;
    request.direction = in_folder(edit.develop.direction, places);
    request.steps = edit.develop.steps;
  }
  search.step.request = request;
  return search;
}

fs::path found_picture(const fs::path& found, const DocumentPlaces& places) {
  return places.folder / fs::path(found).replace_extension(".png");
}

fs::path found_input(const fs::path& found, const DocumentPlaces& places) {
  return places.folder / fs::path(found).replace_extension(".input.png");
}

fs::path found_mask(const SegmentResult& result, const Edit& edit, const DocumentPlaces& places) {
  if (result.texts.empty()) throw Error(ErrorCode::internal, "a search for masks found no text");
  const SegmentText& text = result.texts.front();
  return fs::path(edit.region.hard ? text.mask : text.soft).lexically_relative(places.folder);
}

std::vector<std::string> command_words(const StepRequest& request) {
  struct Speller {
    std::vector<std::string> operator()(const EnhanceRequest& r) {
      return request_words({"enhance"}, r);
    }
    std::vector<std::string> operator()(const EditRequest& r) { return request_words({"edit"}, r); }
    std::vector<std::string> operator()(const SegmentRequest& r) {
      return request_words({"segment"}, r);
    }
    std::vector<std::string> operator()(const QueryRequest& r) {
      return request_words({"query"}, r);
    }
  };
  return std::visit(Speller{}, request);
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line = "vane";
  for (const std::string& word : words) {
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-./=+,:@%") == std::string::npos;
    line += " ";
    if (plain) {
      line += word;
      continue;
    }
    line += "'";
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += "'";
  }
  return line;
}

std::string shell_script(const std::vector<Step>& steps) {
  std::vector<std::string> lines;
  for (const Step& step : steps) lines.push_back(shell_line(command_words(step.request)));
  return join(lines, " &&\n") + (lines.empty() ? "" : "\n");
}

}  // namespace vane
