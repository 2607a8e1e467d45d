// SPDX-License-Identifier: Apache-2.0
// The only file that sees dlib: its headers take long to compile.
#include "editing/faces/face_landmarks.h"

#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_processing/shape_predictor.h>

#include <sstream>

#include "engine/base/assets.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"

namespace vane {
namespace {

constexpr const char* kPublished =
    "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f";

/// Reads memory as a stream without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::span<const std::byte> bytes) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(begin, begin, begin + bytes.size());
  }
};

}  // namespace

struct FaceLandmarkFinder::State {
  dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
  dlib::shape_predictor predictor;
};

std::filesystem::path landmark_file() {
  return models_folder() / "faces" / "shape_predictor_68_face_landmarks.dat";
}

FaceLandmarkFinder::FaceLandmarkFinder(const std::filesystem::path& predictor) {
  if (!std::filesystem::exists(predictor)) {
    throw Error(ErrorCode::input, "the landmarks of faces are not there")
        .in_file(predictor)
        .with_hint("vane models get faces");
  }
  const auto file =
      MappedFile::open(predictor, 1ull << 30, static_cast<int>(ErrorCode::checkpoint));
  // dlib's reader trusts what it reads.
  if (sha256_hex(file->view()) != kPublished) {
    throw Error(ErrorCode::checkpoint, "is not the published predictor of 68 face landmarks")
        .in_file(predictor)
        .with_hint("delete it and call vane models get faces");
  }
  state_ = std::make_unique<State>();
  ViewBuffer buffer(file->view());
  std::istream stream(&buffer);
  dlib::deserialize(state_->predictor, stream);
}

FaceLandmarkFinder::~FaceLandmarkFinder() = default;

FaceLandmarks FaceLandmarkFinder::find(const Image& portrait) {
  if (portrait.depth != 8 || portrait.channels != 3) {
    throw Error(ErrorCode::internal, "faces are looked for in 8-bit RGB pictures only");
  }
  dlib::array2d<dlib::rgb_pixel> picture(portrait.height, portrait.width);
  const uint8_t* sample = portrait.u8.data();
  for (auto& pixel : picture) {
    pixel = dlib::rgb_pixel(sample[0], sample[1], sample[2]);
    sample += 3;
  }
  const std::vector<dlib::rectangle> found = state_->detector(picture);
  // Mean box of the detector on aligned portraits (591 samples of the generator).
  const auto at = [](double share, int side) { return static_cast<long>(share * side); };
  dlib::rectangle face(at(0.19, portrait.width), at(0.29, portrait.height),
                       at(0.78, portrait.width), at(0.89, portrait.height));
  if (!found.empty()) {
    face = *std::max_element(found.begin(), found.end(),
                             [](const auto& a, const auto& b) { return a.area() < b.area(); });
  }
  const dlib::full_object_detection shape = state_->predictor(picture, face);
  FaceLandmarks landmarks;
  landmarks.detected = found.size() == 1;
  for (size_t i = 0; i < landmarks.points.size(); ++i) {
    const dlib::point& p = shape.part(i);
    landmarks.points[i] = {static_cast<float>(p.x()), static_cast<float>(p.y())};
  }
  return landmarks;
}

}  // namespace vane
