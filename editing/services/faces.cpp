// SPDX-License-Identifier: Apache-2.0
#include "editing/services/faces.h"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "editing/faces/face_measure.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/data/face_set.h"
#include "engine/image/resize.h"
#include "engine/run/freed_memory.h"
#include "engine/tensor/image_tensor.h"
#include "generators/stylegan/mobile_stylegan.h"

namespace vane {
namespace {

/// Landmarks are found at this size: the face is about 150 pixels wide.
constexpr int kMeasured = 256;

std::vector<float> numbers(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous();
  return {dense.const_data_ptr<float>(), dense.const_data_ptr<float>() + dense.numel()};
}

FaceRecord make_face(const MobileStyleGan& model, const Tensor& w, int size,
                     FaceLandmarkFinder& finder) {
  const Tensor half = model.synthesise_half(w);
  const Image portrait = tensor_to_image(resize_area(half, kMeasured, kMeasured));
  const FaceLandmarks landmarks = finder.find(portrait);
  FaceRecord face;
  face.rgb = resize_u8(portrait, size, size).u8;
  face.measures = measure_face(portrait, landmarks);
  for (const FaceLandmarks::Point& p : landmarks.points) {
    face.landmarks.push_back((p.x + 0.5f) / kMeasured);
    face.landmarks.push_back((p.y + 0.5f) / kMeasured);
  }
  face.w = numbers(w);
  return face;
}

/// Neither full size nor landmarks.
FaceRecord quick_face(const MobileStyleGan& model, const Tensor& w, int size) {
  FaceRecord face;
  face.rgb = tensor_to_image(model.synthesise_at(w, size)).u8;
  face.measures.fill(std::numeric_limits<float>::quiet_NaN());
  face.measures[static_cast<size_t>(FaceMeasure::detected)] = 0;
  face.landmarks.assign(2 * FaceLandmarks{}.points.size(), 0.5f);
  face.w = numbers(w);
  return face;
}

void measure_again(FaceRecord& face, int size) {
  Image portrait;
  portrait.width = portrait.height = size;
  portrait.u8 = face.rgb;
  FaceLandmarks landmarks;
  landmarks.detected = face.measures[static_cast<size_t>(FaceMeasure::detected)] > 0.5f;
  const auto side = static_cast<float>(size);
  for (size_t i = 0; i < landmarks.points.size(); ++i) {
    landmarks.points[i] = {face.landmarks[2 * i] * side - 0.5f,
                           face.landmarks[2 * i + 1] * side - 0.5f};
  }
  face.measures = measure_face(portrait, landmarks);
}

FacesDatasetResult measure_set_again(const FacesDatasetRequest& request, Job& job) {
  namespace fs = std::filesystem;
  if (!fs::exists(face_file(request.from, 0))) {
    throw Error(ErrorCode::input, "holds no face set").in_file(request.from);
  }
  std::error_code ignored;
  if (fs::equivalent(request.from, request.output, ignored)) {
    throw Error(ErrorCode::usage, "a set cannot be measured again in its own folder")
        .in_file(request.output)
        .with_hint("write to another folder");
  }
  fs::create_directories(request.output, ignored);
  check_writable(face_file(request.output, 0));
  FacesDatasetResult result{request.output.string(), 0, 0};
  for (int64_t number = 0; fs::exists(face_file(request.from, number)); ++number) {
    job.check_cancelled();
    job.progress(number, 0, "measuring faces");
    FaceFile file = read_face_file(face_file(request.from, number), request.limits);
    const fs::path path = face_file(request.output, number);
    const auto count = static_cast<int64_t>(file.faces.size());
    result.faces += count;
    // Refuses another set; what is there may be of an older version, so nothing is kept.
    faces_in_file(path, file.size, file.origin);
    for (FaceRecord& face : file.faces) measure_again(face, file.size);
    write_face_file(path, file.size, file.origin, file.faces);
  }
  return result;
}

}  // namespace

FacesDatasetResult faces_dataset(const FacesDatasetRequest& request, Job& job) {
  if (!request.from.empty()) return measure_set_again(request, job);
  const at::NoGradGuard no_grad;
  keep_freed_memory();
  job.progress(0, 0, "loading");
  MobileStyleGan model = MobileStyleGan::load(generator_path("faces"), request.limits);
  if (request.quick) model.load_preview_heads(preview_heads_file(), request.limits);
  std::optional<FaceLandmarkFinder> finder;
  if (!request.quick) finder.emplace(landmark_file());
  std::error_code ignored;
  std::filesystem::create_directories(request.output, ignored);
  check_writable(face_file(request.output, 0));
  const std::string origin =
      fmt::format("mobilestylegan {}, seed {}, truncation {}{}", model.content_hash(), request.seed,
                  request.truncation, request.quick ? ", quick" : "");
  const int size = static_cast<int>(request.size);
  const auto make = [&](int64_t i) {
    const Tensor w = model.truncate(model.map(model.sample_z(request.seed, i)), request.truncation);
    return request.quick ? quick_face(model, w, size) : make_face(model, w, size, *finder);
  };
  const int64_t kept = write_face_set(request.output, request.count, size, origin, make, job);
  const int64_t files = (request.count + kFacesPerFile - 1) / kFacesPerFile;
  return {request.output.string(), files * kFacesPerFile, kept};
}

}  // namespace vane
