// SPDX-License-Identifier: Apache-2.0
#include "editing/document/render.h"

#include <fmt/format.h>

#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Size and date of a file: what tells that it is another one. Empty when it is not there.
std::string stamp_of(const fs::path& path) {
  std::error_code fault;
  const auto size = fs::file_size(path, fault);
  if (fault) return {};
  const auto time = fs::last_write_time(path, fault).time_since_epoch().count();
  return fmt::format("{} {}", size, time);
}

void create_folder(const fs::path& folder) {
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) {
    throw Error(ErrorCode::resource, "cannot create the folder: " + fault.message())
        .in_file(folder);
  }
}

std::string summary_of(const EditResult& result) {
  std::string text =
      fmt::format("CLIP gain {:+.3f} in {}", result.gain, duration_text(result.seconds));
  if (!result.verdict.empty()) text += ", audit: " + result.verdict;
  if (!result.moved.empty()) text += ". " + join(result.moved, ", ");
  return text;
}

}  // namespace

std::string DocumentRenderer::key_of(const Step& step, const std::string& input_key) const {
  std::string key = input_key + "|" + join(command_words(step.request), "\n");
  // What a search found, and masks, are files of which only the names are in the command.
  if (const auto* edit = std::get_if<EditRequest>(&step.request)) {
    key += "|" + stamp_of(edit->apply) + "|" + stamp_of(edit->mask);
  } else if (const auto* enhance = std::get_if<EnhanceRequest>(&step.request)) {
    key += "|" + stamp_of(enhance->mask);
  }
  return hex64(xxh64(key));
}

void DocumentRenderer::call(const Step& step, Job& job) {
  if (const auto* enhance = std::get_if<EnhanceRequest>(&step.request)) {
    door_.call<EnhanceResult>("enhance", *enhance, job);
  } else if (const auto* edit = std::get_if<EditRequest>(&step.request)) {
    door_.call<EditResult>("edit", *edit, job);
  } else if (const auto* query = std::get_if<QueryRequest>(&step.request)) {
    door_.call<QueryResult>("query", *query, job);
  } else {
    door_.call<SegmentResult>("segment", std::get<SegmentRequest>(step.request), job);
  }
}

void DocumentRenderer::run(const std::vector<Step>& steps, bool whole, Job& job) {
  std::string input_key;
  for (size_t i = 0; i < steps.size(); ++i) {
    job.check_cancelled();
    const Step& step = steps[i];
    if (i == 0) {
      const auto* enhance = std::get_if<EnhanceRequest>(&step.request);
      const auto* edit = std::get_if<EditRequest>(&step.request);
      const auto* query = std::get_if<QueryRequest>(&step.request);
      const fs::path input = enhance ? enhance->inputs.front()
                             : edit  ? edit->input
                             : query ? query->field
                                     : fs::path();
      input_key = input.string() + stamp_of(input);
    }
    create_folder(step.output.parent_path());
    const std::string key = key_of(step, input_key);
    const auto made = made_.find(step.output);
    const bool current = made != made_.end() && made->second == key && fs::exists(step.output);
    if (!current || (whole && i + 1 == steps.size())) {
      made_.erase(step.output);
      call(step, job);
      made_[step.output] = key;
    }
    input_key = key;
  }
}

void DocumentRenderer::export_picture(const EditStack& stack, const DocumentPlaces& places,
                                      const fs::path& output, Job& job) {
  if (fs::exists(output) && fs::equivalent(output, places.photo)) {
    throw Error(ErrorCode::usage, "that is the photograph itself; it is never changed")
        .in_file(output)
        .with_hint("choose another name");
  }
  const std::vector<Step> steps = picture_steps(stack, places, output);
  if (!steps.empty()) {
    run(steps, true, job);
    return;
  }
  const Image photo = read_image(places.photo);
  if (!photo.format.empty() && photo.format == format_for_path(output)) {
    const auto file = MappedFile::open(places.photo, Limits{}.image_file_bytes,
                                       static_cast<int>(ErrorCode::input));
    atomic_write(output, file->view());
  } else {
    write_image(output, photo);
  }
}

Found DocumentRenderer::search(const EditStack& stack, const DocumentPlaces& places, int64_t id,
                               Job& job) {
  const Edit* edit = stack.find(id);
  if (!edit) throw Error(ErrorCode::internal, "there is no edit " + std::to_string(id));
  create_folder(places.folder);
  if (edit->kind == EditKind::mask) {
    const Search search = search_step(*edit, stack, places, places.photo);
    const auto result =
        door_.call<SegmentResult>("segment", std::get<SegmentRequest>(search.step.request), job);
    Found found{found_mask(result, *edit, places), {}, {}};
    found.picture = places.folder / found.file;
    const SegmentText& text = result.texts.front();
    found.summary = fmt::format("covers {:.0f} % of the picture, confidence {:.2f}",
                                100 * text.share, text.confidence);
    return found;
  }
  const std::vector<Step> before = steps_before(stack, places, id);
  run(before, false, job);
  const Search search =
      search_step(*edit, stack, places, before.empty() ? places.photo : before.back().output);
  auto request = std::get<EditRequest>(search.step.request);
  // Who stops a search in the window wants to go on with something else.
  request.give_up = true;
  const auto result = door_.call<EditResult>("edit", request, job);
  if (edit->kind == EditKind::face) {
    write_image(found_input(search.found, places), read_image(request.input));
  }
  return {search.found, search.step.output, summary_of(result)};
}

}  // namespace vane
