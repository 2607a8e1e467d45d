// SPDX-License-Identifier: Apache-2.0
// Apart from the landmarks, because dlib's networks take long to compile.
#include "editing/faces/face_identity.h"

#include <dlib/image_transforms/interpolation.h>

#include <algorithm>
#include <cmath>
#include <istream>

#include "editing/faces/dlib_file.h"
#include "editing/faces/recognition_network.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

constexpr const char* kPublished =
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30";
constexpr int kChip = 150;

using Pixels = dlib::matrix<dlib::rgb_pixel>;

Pixels pixels_of(const Image& picture) {
  Pixels pixels(picture.height, picture.width);
  const uint8_t* sample = picture.u8.data();
  for (auto& pixel : pixels) {
    pixel = dlib::rgb_pixel(sample[0], sample[1], sample[2]);
    sample += 3;
  }
  return pixels;
}

}  // namespace

namespace recognition {

void read_network(const std::filesystem::path& path, Network& network) {
  const auto file = open_dlib_file(path, kPublished, "the weights that compare faces");
  ViewBuffer buffer(file->view());
  std::istream stream(&buffer);
  dlib::deserialize(network, stream);
}

}  // namespace recognition

struct FaceRecogniser::State {
  recognition::Network network;
};

std::filesystem::path recognition_file() {
  return models_folder() / "faces" / "dlib_face_recognition_resnet_model_v1.dat";
}

FaceRecogniser::FaceRecogniser(const std::filesystem::path& network)
    : state_(std::make_unique<State>()) {
  recognition::read_network(network, state_->network);
}

FaceRecogniser::~FaceRecogniser() = default;

Image face_chip(const Image& photo, const FaceLandmarks& landmarks) {
  if (photo.depth != 8 || photo.channels != 3) {
    throw Error(ErrorCode::internal, "faces are compared in 8-bit RGB pictures only");
  }
  // The part around the face; dlib would copy the whole picture.
  float low_x = 1e6f, low_y = 1e6f, high_x = -1e6f, high_y = -1e6f;
  for (const auto& p : landmarks.points) {
    low_x = std::min(low_x, p.x), low_y = std::min(low_y, p.y);
    high_x = std::max(high_x, p.x), high_y = std::max(high_y, p.y);
  }
  const float reach = std::max(high_x - low_x, high_y - low_y);
  const auto inside = [](float v, int count) {
    return static_cast<int>(std::clamp(v, 0.f, static_cast<float>(count)));
  };
  const int left = inside(low_x - reach, photo.width), top = inside(low_y - reach, photo.height);
  const int width = inside(high_x + reach, photo.width) - left;
  const int height = inside(high_y + reach, photo.height) - top;
  if (width < 1 || height < 1) throw Error(ErrorCode::input, "the face lies outside the picture");
  const Image part = crop(photo, left, top, width, height);
  std::vector<dlib::point> points;
  for (const auto& p : landmarks.points) {
    points.emplace_back(std::lround(p.x - static_cast<float>(left)),
                        std::lround(p.y - static_cast<float>(top)));
  }
  const dlib::full_object_detection shape(dlib::rectangle(0, 0, width - 1, height - 1), points);
  Pixels seen;
  dlib::extract_image_chip(pixels_of(part), dlib::get_face_chip_details(shape, kChip, 0.25), seen);
  Image chip;
  chip.width = chip.height = kChip;
  for (const auto& pixel : seen) {
    chip.u8.insert(chip.u8.end(), {pixel.red, pixel.green, pixel.blue});
  }
  return chip;
}

FaceEmbedding FaceRecogniser::embed(const Image& photo, const FaceLandmarks& landmarks) {
  return embed_chip(face_chip(photo, landmarks));
}

FaceEmbedding FaceRecogniser::embed_chip(const Image& chip) {
  if (chip.width != kChip || chip.height != kChip || chip.depth != 8 || chip.channels != 3) {
    throw Error(ErrorCode::internal, "the network that compares faces sees 8-bit RGB of 150 px");
  }
  const dlib::matrix<float, 0, 1> numbers = state_->network(pixels_of(chip));
  FaceEmbedding embedding;
  for (size_t i = 0; i < embedding.size(); ++i) embedding[i] = numbers(static_cast<long>(i));
  return embedding;
}

double face_distance(const FaceEmbedding& a, const FaceEmbedding& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
  return std::sqrt(sum);
}

double face_identity(const FaceEmbedding& a, const FaceEmbedding& b) {
  return std::clamp(1 - face_distance(a, b) / kStrangerDistance, 0.0, 1.0);
}

}  // namespace vane
