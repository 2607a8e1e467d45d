// SPDX-License-Identifier: Apache-2.0
#include "gui/session/preview.h"

#include <fmt/format.h>

#include "editing/document/commands.h"
#include "editing/document/face_blend.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostLights = 6;

std::string number(double value) { return number_text(value); }

/// Everything that decides about what an edit does, and the picture that it does it to.
std::string key_of(const std::string& input, const Edit& edit, const std::string& mask) {
  std::string key = input + fmt::format("/{}:{}@{}", edit_kind_name(edit.kind), edit.found.string(),
                                        number(edit.strength));
  if (edit.kind == EditKind::enhance) {
    key += fmt::format(":{}:{}:{}", edit.enhance.method, edit.enhance.auto_strength,
                       edit.enhance.refine);
  }
  return key + (mask.empty() ? "" : "%" + mask);
}

fs::path mask_file(const Edit& edit, const EditStack& stack, const DocumentPlaces& places) {
  if (edit.mask.empty()) return {};
  if (!edit.mask.starts_with('#')) return edit.mask;
  const auto id = parse_integer(std::string_view(edit.mask).substr(1));
  const Edit* mask = id ? stack.find(*id) : nullptr;
  if (!mask || !mask->enabled || mask->found.empty()) return {};
  return places.folder / mask->found;
}

}  // namespace

PreviewPicture PreviewRenderer::render(const SharedImage& source, const std::string& source_key,
                                       const EditStack& stack, const DocumentPlaces& places,
                                       bool map, Job& job) {
  PreviewPicture picture{source, {}, -1};
  std::string key = source_key;
  for (const EditStack::Entry& edit : stack.edits()) {
    if (!edit->enabled || edit->kind == EditKind::mask) continue;
    if (needs_search(edit->kind) && edit->found.empty()) continue;
    job.check_cancelled();
    const std::string next = key_of(key, *edit, mask_file(*edit, stack, places).string());
    const PreviewPicture* const known = find(next);
    const bool lacks_map = map && edit->kind == EditKind::enhance && known && known->stops.empty();
    if (known && !lacks_map) {
      picture = *known;
    } else {
      picture = applied(picture, key, *edit, stack, places, map, job);
      keep(next, picture);
    }
    key = next;
  }
  return picture;
}

PreviewPicture PreviewRenderer::applied(const PreviewPicture& input, const std::string& input_key,
                                        const Edit& edit, const EditStack& stack,
                                        const DocumentPlaces& places, bool map, Job& job) {
  PreviewPicture out = input;
  if (edit.kind == EditKind::enhance) {
    PreviewEnhanceRequest request;
    request.source = input.image;
    request.method = edit.enhance.method;
    request.auto_strength = edit.enhance.auto_strength;
    request.strength = edit.strength;
    request.map = map;
    request.mask = mask_of(edit, stack, places, job);
    const std::string light_key =
        fmt::format("{}|{}|{}", input_key, request.method, request.auto_strength);
    if (const auto known = lights_.find(light_key); known != lights_.end()) {
      request.known = known->second;
    }
    auto result = door_.call<PreviewEnhanceResult>("preview enhance", request, job);
    if (lights_.size() >= kMostLights) lights_.clear();
    lights_[light_key] = result.known;
    out.image = result.image;
    out.stops = std::move(result.stops);
    out.chosen_strength = result.strength;
    return out;
  }
  if (edit.kind == EditKind::develop) {
    PreviewDevelopRequest request;
    request.source = input.image;
    request.settings = places.folder / edit.found;
    request.strength = edit.strength;
    request.mask = mask_of(edit, stack, places, job);
    out.image = door_.call<PreviewDevelopResult>("preview develop", request, job).image;
    return out;
  }
  const int width = input.image->width, height = input.image->height;
  const SharedImage before = picture_file(found_input(edit.found, places), width, height);
  const SharedImage after = picture_file(found_picture(edit.found, places), width, height);
  out.image =
      std::make_shared<const Image>(face_blend(*input.image, *before, *after, edit.strength));
  return out;
}

SharedImage PreviewRenderer::mask_of(const Edit& edit, const EditStack& stack,
                                     const DocumentPlaces& places, Job& job) {
  const fs::path path = mask_file(edit, stack, places);
  if (path.empty()) return nullptr;
  if (!fs::exists(path)) {
    job.warn("the mask \"" + printable(path.string()) +
             "\" is not there; a phrase needs a mask edit to be seen here");
    return nullptr;
  }
  return picture_file(path, 0, 0);
}

SharedImage PreviewRenderer::picture_file(const fs::path& path, int width, int height) {
  const std::string key = fmt::format("{}|{}x{}", path.string(), width, height);
  if (const auto known = files_.find(key); known != files_.end()) return known->second;
  Image image = read_image(path);
  if (width > 0) image = resize_u8(to_rgb8(std::move(image)), width, height);
  if (files_.size() >= limits_.files) files_.clear();
  return files_[key] = std::make_shared<const Image>(std::move(image));
}

const PreviewPicture* PreviewRenderer::find(const std::string& key) {
  for (auto at = kept_.begin(); at != kept_.end(); ++at) {
    if (at->key != key) continue;
    kept_.splice(kept_.begin(), kept_, at);
    return &kept_.front().picture;
  }
  return nullptr;
}

void PreviewRenderer::keep(const std::string& key, const PreviewPicture& picture) {
  kept_.push_front({key, picture});
  if (kept_.size() > limits_.kept) kept_.pop_back();
}

}  // namespace vane
