// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/face_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "editing/faces/face_measure.h"
#include "engine/base/error.h"

namespace vane {
namespace {

constexpr double kTurnedDegrees = 30;

/// The way from the left eye to the right one, and from between them to the mouth.
struct Frame {
  CropPoint eyes, mouth;
  double distance = 0, height = 0;

  explicit Frame(const FaceLandmarks& face) {
    const auto left = face.mean_of(36, 6), right = face.mean_of(42, 6), lips = face.mean_of(48, 12);
    eyes = {double(right.x) - left.x, double(right.y) - left.y};
    mouth = {lips.x - (double(left.x) + right.x) / 2, lips.y - (double(left.y) + right.y) / 2};
    distance = std::hypot(eyes.x, eyes.y);
    height = std::hypot(mouth.x, mouth.y);
  }
  /// Seen from the front the mouth is one eye distance below the eyes; turning the head by 60
  /// degrees doubles that, nodding halves it.
  bool is_plausible() const {
    if (!(distance > 1e-3) || !(height > 0.5 * distance) || !(height < 2.2 * distance))
      return false;
    const double below = (eyes.x * mouth.y - eyes.y * mouth.x) / (distance * height);
    return below > 0.7;
  }
};

double yaw_degrees(const FaceLandmarks& face) {
  // Without pixels only the geometry is measured.
  return measure_face(Image(), face)[static_cast<size_t>(FaceMeasure::yaw)];
}

/// Why a face cannot be used; empty when it can.
std::string refusal_of(const FaceLandmarks& face, int number, const FaceChoice& choice) {
  const Frame frame(face);
  if (!frame.is_plausible()) {
    return fmt::format("face {} has eyes and mouth where no face seen from the front has them",
                       number);
  }
  if (frame.distance < choice.refused_below) {
    return fmt::format("face {} is too small: {:.0f} px between the eyes, {:.0f} are needed",
                       number, frame.distance, choice.refused_below);
  }
  return {};
}

void warn_about(const FaceLandmarks& face, int number, const FaceChoice& choice,
                std::vector<std::string>& warnings) {
  const double distance = Frame(face).distance, yaw = yaw_degrees(face);
  if (distance < choice.doubted_below) {
    warnings.push_back(fmt::format(
        "face {} is small: {:.0f} px between the eyes, {:.0f} or more give a sharp result", number,
        distance, choice.doubted_below));
  }
  if (std::abs(yaw) > kTurnedDegrees) {
    warnings.push_back(
        fmt::format("face {} is turned away by about {:.0f} degrees; encoders of aligned faces are "
                    "made for faces seen from the front",
                    number, std::abs(yaw)));
  }
}

}  // namespace

ChosenFaces choose_faces(std::span<const FaceLandmarks> found, const FaceChoice& choice) {
  const int count = static_cast<int>(found.size());
  if (count == 0) {
    throw Error(ErrorCode::input, "no face was found")
        .with_hint(
            "it has to be a photograph of a face seen from the front or half from the side, "
            "80 pixels wide or more");
  }
  if (!choice.all && choice.number > count) {
    throw Error(ErrorCode::input,
                fmt::format("there is no face {}: {} found", choice.number,
                            count == 1 ? std::string("one was") : fmt::format("{} were", count)));
  }
  ChosenFaces chosen;
  std::string refused;
  const int first = choice.all ? 1 : std::max(1, choice.number);
  const int last = choice.all ? count : first;
  for (int number = first; number <= last; ++number) {
    const FaceLandmarks& face = found[static_cast<size_t>(number - 1)];
    const std::string refusal = refusal_of(face, number, choice);
    if (!refusal.empty()) {
      if (refused.empty()) refused = refusal;
      chosen.warnings.push_back("left out: " + refusal);
      continue;
    }
    warn_about(face, number, choice, chosen.warnings);
    chosen.faces.push_back({number, face, FaceCrop::of(face)});
  }
  if (chosen.faces.empty()) {
    throw Error(ErrorCode::input, refused)
        .with_hint("take a photograph in which the face is larger and seen from the front");
  }
  if (!choice.all && choice.number == 0 && count > 1) {
    chosen.warnings.push_back(fmt::format("{} faces were found; this is the largest one", count));
  }
  return chosen;
}

bool looks_drawn(const Image& photo, const FaceCrop& crop) {
  int64_t equal = 0, seen = 0;
  const auto step = static_cast<size_t>(photo.channels);
  const size_t colours = photo.is_grey() ? 1 : 3;
  // The middle of the crop, about from brow to chin, at the photograph's own pixels.
  const double reach = 0.25 * crop.side();
  const auto bound = [](double v, int count) {
    return static_cast<int>(std::clamp(v, 0.0, double(count)));
  };
  const CropPoint middle = crop.middle();
  const int right = std::min(bound(middle.x + reach, photo.width), photo.width - 1);
  const int bottom = bound(middle.y + reach, photo.height);
  for (int y = bound(middle.y - reach, photo.height); y < bottom; ++y) {
    for (int x = bound(middle.x - reach, photo.width); x < right; ++x) {
      const size_t at = (size_t(y) * size_t(photo.width) + size_t(x)) * step;
      bool same = true;
      for (size_t c = at; c < at + colours; ++c) {
        same = same && (photo.depth == 16 ? photo.u16[c] == photo.u16[c + step]
                                          : photo.u8[c] == photo.u8[c + step]);
      }
      equal += same ? 1 : 0;
      ++seen;
    }
  }
  return seen > 0 && 2 * equal > seen;
}

}  // namespace vane
