// SPDX-License-Identifier: Apache-2.0
// Only this file and face_identity.cpp see dlib: its headers take long to compile.
#include "editing/faces/face_landmarks.h"

#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_processing/shape_predictor.h>

#include <algorithm>
#include <cmath>
#include <istream>

#include "editing/faces/dlib_file.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/orientation.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

constexpr const char* kPublished =
    "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f";

/// Longer side of what the detector looks at first, and at most.
constexpr int kCoarse = 1280, kFine = 2560;
/// Where a face is found with this confidence, weaker findings are none: a sleeve got 0.12 beside a
/// face of 1.0 to 1.5. By itself a weak one counts, for a face in the shade of a cap has no more.
constexpr double kSure = 0.2;
/// Width of the detector's box where landmarks are placed.
constexpr double kPlaced = 320;

dlib::array2d<dlib::rgb_pixel> dlib_picture(const Image& picture) {
  dlib::array2d<dlib::rgb_pixel> result(picture.height, picture.width);
  const uint8_t* sample = picture.u8.data();
  for (auto& pixel : result) {
    pixel = dlib::rgb_pixel(sample[0], sample[1], sample[2]);
    sample += 3;
  }
  return result;
}

/// A finding, its edges in pixels of the photograph.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0, confidence = 0;
  double area() const { return std::max(0.0, right - left) * std::max(0.0, bottom - top); }
};

/// Shared part of the smaller box.
double overlap(const Box& a, const Box& b) {
  const Box both{std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right),
                 std::min(a.bottom, b.bottom)};
  return both.area() / std::max(1e-9, std::min(a.area(), b.area()));
}

Image with_long_side(const Image& photo, int long_side) {
  const int longest = std::max(photo.width, photo.height);
  if (long_side < longest) return thumbnail(photo, long_side);
  const double scale = double(long_side) / longest;
  return resize_u8(photo, std::max(1, static_cast<int>(std::lround(scale * photo.width))),
                   std::max(1, static_cast<int>(std::lround(scale * photo.height))),
                   ResizeFilter::bilinear);
}

/// The part around a box, so large that the box is kPlaced wide, and where it came from.
struct Part {
  Image picture;
  double left, top, scale_x, scale_y;  // photograph = left + scale * part, of edges
  Part(const Image& photo, const Box& box) {
    const double reach = 0.5 * (box.right - box.left);
    const auto bound = [](double v, int count) {
      return std::clamp(static_cast<int>(std::lround(v)), 0, count);
    };
    const int x0 = std::min(bound(box.left - reach, photo.width), photo.width - 1);
    const int y0 = std::min(bound(box.top - reach, photo.height), photo.height - 1);
    const int width = std::max(1, bound(box.right + reach, photo.width) - x0);
    const int height = std::max(1, bound(box.bottom + reach, photo.height) - y0);
    const double scale = kPlaced / std::max(1.0, box.right - box.left);
    const auto scaled = [scale](int v) {
      return std::max(1, static_cast<int>(std::lround(scale * v)));
    };
    picture = resize_u8(crop(photo, x0, y0, width, height), scaled(width), scaled(height));
    left = x0;
    top = y0;
    scale_x = double(width) / picture.width;
    scale_y = double(height) / picture.height;
  }
};

}  // namespace

struct FaceLandmarkFinder::State {
  dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
  dlib::shape_predictor predictor;

  void add_findings(const Image& photo, int long_side, std::vector<Box>& boxes) {
    const Image seen = with_long_side(photo, long_side);
    const double x = double(photo.width) / seen.width, y = double(photo.height) / seen.height;
    std::vector<dlib::rect_detection> found;
    detector(dlib_picture(seen), found);
    for (const dlib::rect_detection& finding : found) {
      const dlib::rectangle& r = finding.rect;
      const Box box{x * double(r.left()), y * double(r.top()), x * double(r.right() + 1),
                    y * double(r.bottom() + 1), finding.detection_confidence};
      const bool known = std::any_of(boxes.begin(), boxes.end(),
                                     [&](const Box& b) { return overlap(b, box) > 0.5; });
      if (!known) boxes.push_back(box);
    }
  }

  FaceLandmarks place(const Image& photo, const Box& box) {
    const Part part(photo, box);
    const auto seen = [](double v, double from, double scale) {
      return std::lround((v - from) / scale);
    };
    const dlib::rectangle face(
        seen(box.left, part.left, part.scale_x), seen(box.top, part.top, part.scale_y),
        seen(box.right, part.left, part.scale_x) - 1, seen(box.bottom, part.top, part.scale_y) - 1);
    const dlib::full_object_detection shape = predictor(dlib_picture(part.picture), face);
    FaceLandmarks landmarks;
    landmarks.detected = true;
    for (size_t i = 0; i < landmarks.points.size(); ++i) {
      const dlib::point& p = shape.part(i);
      landmarks.points[i] = {
          static_cast<float>(part.left + (double(p.x()) + 0.5) * part.scale_x - 0.5),
          static_cast<float>(part.top + (double(p.y()) + 0.5) * part.scale_y - 0.5)};
    }
    return landmarks;
  }

  struct Found {
    std::vector<FaceLandmarks> faces;
    /// Of the surest one.
    double confidence = -1;
  };

  Found find_upright(const Image& photo, bool small_too) {
    const int longest = std::max(photo.width, photo.height);
    std::vector<Box> boxes;
    add_findings(photo, std::min(longest, kCoarse), boxes);
    const int fine = std::min(kFine, 4 * longest);
    if (small_too || boxes.empty()) add_findings(photo, fine, boxes);
    std::stable_sort(boxes.begin(), boxes.end(),
                     [](const Box& a, const Box& b) { return a.area() > b.area(); });
    Found found;
    for (const Box& box : boxes) found.confidence = std::max(found.confidence, box.confidence);
    for (const Box& box : boxes) {
      if (found.confidence < kSure || box.confidence >= kSure) {
        found.faces.push_back(place(photo, box));
      }
    }
    return found;
  }
};

std::filesystem::path landmark_file() {
  return models_folder() / "faces" / "shape_predictor_68_face_landmarks.dat";
}

FaceLandmarkFinder::FaceLandmarkFinder(const std::filesystem::path& predictor) {
  const auto file = open_dlib_file(predictor, kPublished, "the landmarks of faces");
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
  const auto picture = dlib_picture(portrait);
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

std::vector<FaceLandmarks> FaceLandmarkFinder::find_all(const Image& photo, bool small_too) {
  if (photo.depth != 8 || photo.channels != 3) {
    throw Error(ErrorCode::internal, "faces are looked for in 8-bit RGB pictures only");
  }
  State::Found best = state_->find_upright(photo, small_too);
  // EXIF orientations 8, 6 and 3: turned to either side, and by 180 degrees.
  for (const int turn : {8, 6, 3}) {
    if (best.confidence >= kSure) break;
    State::Found turned = state_->find_upright(oriented(photo, turn), false);
    if (turned.confidence <= best.confidence) continue;
    for (FaceLandmarks& face : turned.faces) {
      for (FaceLandmarks::Point& p : face.points) {
        const auto right = static_cast<float>(photo.width - 1);
        const auto bottom = static_cast<float>(photo.height - 1);
        if (turn == 8) p = {right - p.y, p.x};
        if (turn == 6) p = {p.y, bottom - p.x};
        if (turn == 3) p = {right - p.x, bottom - p.y};
      }
    }
    best = std::move(turned);
  }
  return std::move(best.faces);
}

}  // namespace vane
