// SPDX-License-Identifier: Apache-2.0
// Apart from the landmarks, because dlib's networks take long to compile.
#include "editing/faces/face_identity.h"

#include <dlib/dnn.h>
#include <dlib/image_transforms/interpolation.h>

#include <algorithm>
#include <cmath>
#include <istream>

#include "editing/faces/dlib_file.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

// The network that the published file holds: a ResNet of 29 layers, with affine layers where its
// training had batch normalisation.
template <int filters, template <typename> class Norm, int stride, class Sub>
using Block = Norm<dlib::con<filters, 3, 3, 1, 1,
                             dlib::relu<Norm<dlib::con<filters, 3, 3, stride, stride, Sub>>>>>;
template <int filters, class Sub>
using Same = dlib::relu<dlib::add_prev1<Block<filters, dlib::affine, 1, dlib::tag1<Sub>>>>;
template <int filters, class Sub>
using Halved = dlib::relu<dlib::add_prev2<dlib::avg_pool<
    2, 2, 2, 2, dlib::skip1<dlib::tag2<Block<filters, dlib::affine, 2, dlib::tag1<Sub>>>>>>>;
template <class Sub>
using Level4 = Same<32, Same<32, Same<32, Sub>>>;
template <class Sub>
using Level3 = Same<64, Same<64, Same<64, Halved<64, Sub>>>>;
template <class Sub>
using Level2 = Same<128, Same<128, Halved<128, Sub>>>;
template <class Sub>
using Level1 = Same<256, Same<256, Halved<256, Sub>>>;
using Network = dlib::loss_metric<dlib::fc_no_bias<
    128, dlib::avg_pool_everything<Halved<
             256, Level1<Level2<Level3<Level4<dlib::max_pool<
                      3, 3, 2, 2,
                      dlib::relu<dlib::affine<
                          dlib::con<32, 7, 7, 2, 2, dlib::input_rgb_image_sized<150>>>>>>>>>>>>>;

constexpr const char* kPublished =
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30";
constexpr unsigned long kChip = 150;

}  // namespace

struct FaceRecogniser::State {
  Network network;
};

std::filesystem::path recognition_file() {
  return models_folder() / "faces" / "dlib_face_recognition_resnet_model_v1.dat";
}

FaceRecogniser::FaceRecogniser(const std::filesystem::path& network) {
  const auto file = open_dlib_file(network, kPublished, "the weights that compare faces");
  state_ = std::make_unique<State>();
  ViewBuffer buffer(file->view());
  std::istream stream(&buffer);
  dlib::deserialize(state_->network, stream);
}

FaceRecogniser::~FaceRecogniser() = default;

FaceEmbedding FaceRecogniser::embed(const Image& photo, const FaceLandmarks& landmarks) {
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
  dlib::matrix<dlib::rgb_pixel> picture(height, width);
  const uint8_t* sample = part.u8.data();
  for (auto& pixel : picture) {
    pixel = dlib::rgb_pixel(sample[0], sample[1], sample[2]);
    sample += 3;
  }
  std::vector<dlib::point> points;
  for (const auto& p : landmarks.points) {
    points.emplace_back(std::lround(p.x - static_cast<float>(left)),
                        std::lround(p.y - static_cast<float>(top)));
  }
  const dlib::full_object_detection shape(dlib::rectangle(0, 0, width - 1, height - 1), points);
  dlib::matrix<dlib::rgb_pixel> chip;
  dlib::extract_image_chip(picture, dlib::get_face_chip_details(shape, kChip, 0.25), chip);
  const dlib::matrix<float, 0, 1> numbers = state_->network(chip);
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
