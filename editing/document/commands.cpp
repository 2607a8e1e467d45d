// SPDX-License-Identifier: Apache-2.0
#include "editing/document/commands.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/config/field_node.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

void add_value(std::vector<std::string>& words, const std::string& flag, const std::string& value) {
  // A value that looks like a flag has to be glued to its own.
  if (value.starts_with('-')) {
    words.push_back(flag + "=" + value);
  } else {
    words.push_back(flag);
    words.push_back(value);
  }
}

void add_flag(std::vector<std::string>& words, const Field& field, const Field& standard) {
  FieldNode& node = *field.node;
  const std::string flag = field.options.short_flag == "o" ? "-o" : "--" + dashed(field.name);
  if (node.kind() == FieldKind::list) {
    for (size_t i = 0; i < node.size(); ++i) {
      const std::string value = node.element(i)->text();
      if (field.options.repeat || i == 0) {
        add_value(words, flag, value);
      } else {
        words.push_back(value);
      }
    }
    return;
  }
  if (node.present() == standard.node->present() && node.text() == standard.node->text()) return;
  if (node.kind() == FieldKind::boolean) {
    words.push_back((node.text() == "true" ? "--" : "--no-") + dashed(field.name));
  } else {
    add_value(words, flag, node.text());
  }
}

template <class Request>
std::vector<std::string> words_of(const std::string& command, Request request) {
  Request standard;
  const Fields fields = fields_of(request), defaults = fields_of(standard);
  std::vector<std::string> words{command};
  // First, so that no list takes them.
  for (const Field& field : fields) {
    if (!field.options.positional) continue;
    if (field.node->kind() == FieldKind::list) {
      for (size_t i = 0; i < field.node->size(); ++i) {
        words.push_back(field.node->element(i)->text());
      }
    } else {
      words.push_back(field.node->text());
    }
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].options.positional) add_flag(words, fields[i], defaults[i]);
  }
  if constexpr (requires { request.seed; }) {
    if (request.seed != 0) add_value(words, "--seed", std::to_string(request.seed));
  }
  return words;
}

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
    request.from = edit.face.from;
    request.gain = edit.face.gain;
    request.least_identity = edit.face.least_identity;
  } else {
    request.to = edit.develop.to;
    request.from = edit.develop.from;
    request.like = edit.develop.like;
    request.unlike = edit.develop.unlike;
    request.direction = edit.develop.direction;
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
    std::vector<std::string> operator()(const EnhanceRequest& r) { return words_of("enhance", r); }
    std::vector<std::string> operator()(const EditRequest& r) { return words_of("edit", r); }
    std::vector<std::string> operator()(const SegmentRequest& r) { return words_of("segment", r); }
    std::vector<std::string> operator()(const QueryRequest& r) { return words_of("query", r); }
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
