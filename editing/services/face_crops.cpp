// SPDX-License-Identifier: Apache-2.0
#include "editing/services/face_crops.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "editing/faces/face_identity.h"
#include "editing/faces/face_paste.h"
#include "editing/faces/photo_faces.h"
#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

Image read_photo(const fs::path& path, const Limits& limits) {
  DecodeOptions options;
  options.limits = limits;
  return read_image(path, options);
}

std::vector<double> numbers_of(const FaceCrop& crop) {
  std::vector<double> numbers;
  for (const CropPoint& p : crop.quad()) numbers.insert(numbers.end(), {p.x, p.y});
  return numbers;
}

double eye_distance(const FaceLandmarks& face) {
  const FaceLandmarks::Point left = face.mean_of(36, 6), right = face.mean_of(42, 6);
  return std::hypot(double(right.x) - left.x, double(right.y) - left.y);
}

std::string recipe_of(const FacesAlignRequest& request, const Image& photo, const FaceCrop& crop) {
  const nlohmann::ordered_json recipe = {
      {"command", "faces align"},
      {"photo", request.photo.filename().string()},
      {"width", photo.width},
      {"height", photo.height},
      {"middle", {crop.middle().x, crop.middle().y}},
      {"half_width", {crop.half_width().x, crop.half_width().y}},
  };
  return recipe.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// The place that a crop's recipe names; nothing when it has none or one of another command.
std::optional<FaceCrop> recorded_crop(const fs::path& path, const Image& photo,
                                      const Limits& limits, Job& job) {
  const auto text =
      read_recipe(*MappedFile::open(path, UINT64_MAX, static_cast<int>(ErrorCode::input)), limits);
  if (!text) return {};
  const auto recipe =
      nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/false);
  if (!recipe.is_object() || recipe.value("command", nlohmann::json()) != "faces align") return {};
  const auto number = [&](const char* key, size_t i) -> double {
    const auto found = recipe.find(key);
    if (found == recipe.end() || !found->is_array() || found->size() != 2) return NAN;
    return (*found)[i].is_number() ? (*found)[i].get<double>() : NAN;
  };
  const FaceCrop crop({number("middle", 0), number("middle", 1)},
                      {number("half_width", 0), number("half_width", 1)});
  if (recipe.value("width", nlohmann::json()) != photo.width ||
      recipe.value("height", nlohmann::json()) != photo.height || !(crop.side() > 0) ||
      !std::isfinite(crop.middle().x + crop.middle().y)) {
    job.warn(fmt::format("{}: was not cut from this photograph as it is now; looking for the face",
                         path.string()));
    return {};
  }
  return crop;
}

fs::path numbered(const fs::path& path, int number) {
  return path.parent_path() /
         fmt::format("{}-{}{}", path.stem().string(), number, path.extension().string());
}

}  // namespace

FacesAlignResult faces_align(const FacesAlignRequest& request, Job& job) {
  format_for_path(request.output);
  const FaceChoice choice = parse_face_choice(request.face, true);
  check_writable(request.output);
  const Image photo = read_photo(request.photo, request.limits);
  FaceLandmarkFinder finder(landmark_file());
  const ChosenFaces chosen = find_faces(finder, photo, request.photo, choice, job);
  FacesAlignResult result;
  for (const ChosenFace& face : chosen.faces) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(result.faces.size()),
                 static_cast<int64_t>(chosen.faces.size()), "cutting out");
    const fs::path path = choice.all ? numbered(request.output, face.number) : request.output;
    EncodeOptions encode;
    encode.recipe = recipe_of(request, photo, face.crop);
    write_image(path, crop_face(photo, face.crop, static_cast<int>(request.size)), encode);
    result.faces.push_back(
        {path.string(), face.number, eye_distance(face.landmarks), numbers_of(face.crop)});
  }
  return result;
}

FacesPasteResult faces_paste(const FacesPasteRequest& request, Job& job) {
  format_for_path(request.output);
  const FaceChoice choice = parse_face_choice(request.face, false);
  check_writable(request.output);
  const Image photo = read_photo(request.photo, request.limits);
  const Image edited = read_photo(request.edited, request.limits);
  FacePasteOptions options;
  options.mode = request.replace ? PasteMode::replace : PasteMode::difference;
  options.match_seam = request.match_seam;
  options.feather = request.feather;
  Image before, mask;
  std::optional<FaceCrop> crop = recorded_crop(request.edited, photo, request.limits, job);
  if (!request.before.empty()) {
    before = read_photo(request.before, request.limits);
    options.before = &before;
    if (!crop) crop = recorded_crop(request.before, photo, request.limits, job);
  }
  if (!request.mask.empty()) {
    mask = read_photo(request.mask, request.limits);
    options.mask = &mask;
  }
  if (!crop) {
    FaceLandmarkFinder finder(landmark_file());
    crop = find_faces(finder, photo, request.photo, choice, job).faces.front().crop;
  }
  job.progress(0, 0, "pasting");
  Image result;
  try {
    result = paste_face(photo, *crop, edited, options);
  } catch (Error& error) {
    error.set_file_if_empty(request.edited);
    throw;
  }
  int64_t changed = 0;
  const auto channels = static_cast<size_t>(photo.channels);
  for (size_t i = 0; i < photo.sample_count(); i += channels) {
    bool same = true;
    for (size_t c = i; c < i + channels; ++c) {
      same =
          same && (photo.depth == 16 ? photo.u16[c] == result.u16[c] : photo.u8[c] == result.u8[c]);
    }
    changed += same ? 0 : 1;
  }
  EncodeOptions encode;
  encode.jpeg_quality = static_cast<int>(request.jpeg_quality);
  write_image(request.output, result, encode);
  return {request.output.string(), double(changed) / (double(photo.width) * double(photo.height)),
          numbers_of(*crop)};
}

FacesCompareResult faces_compare(const FacesCompareRequest& request, Job& job) {
  if (request.photos.size() < 2) {
    throw Error(ErrorCode::usage, "faces are compared in two photographs or more");
  }
  FaceLandmarkFinder finder(landmark_file());
  FaceRecogniser recogniser(recognition_file());
  std::vector<FaceEmbedding> embeddings;
  for (const fs::path& path : request.photos) {
    job.check_cancelled();
    const Image photo = read_photo(path, request.limits);
    const ChosenFaces chosen = find_faces(finder, photo, path, {}, job);
    job.progress(static_cast<int64_t>(embeddings.size()),
                 static_cast<int64_t>(request.photos.size()), "comparing");
    embeddings.push_back(
        recogniser.embed(seen_by_detectors(photo), chosen.faces.front().landmarks));
  }
  FacesCompareResult result;
  result.reference = request.photos.front().string();
  for (size_t i = 0; i < embeddings.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      result.mean_distance += face_distance(embeddings[i], embeddings[k]);
    }
    if (i == 0) continue;
    result.faces.push_back({request.photos[i].string(), face_distance(embeddings[0], embeddings[i]),
                            face_identity(embeddings[0], embeddings[i])});
  }
  const double count = double(embeddings.size());
  result.mean_distance /= count * (count - 1) / 2;
  return result;
}

}  // namespace vane
