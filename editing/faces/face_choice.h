// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which faces of a photograph are meant, and which of them are no good to edit.

#include <span>
#include <string>
#include <vector>

#include "editing/faces/face_crop.h"
#include "editing/faces/face_landmarks.h"

namespace vane {

struct FaceChoice {
  /// 1 is the largest face, 2 the next one; 0: the largest, with a word when there are more.
  int number = 0;
  /// Every face, whatever `number` says.
  bool all = false;
  /// Distance of the eye centres in pixels. In an aligned crop it is a quarter of the side, 64 px
  /// of the 256 px that encoders take. Below 40 the crop is enlarged by more than 1.6 for them (6.4
  /// for a generator of 1024 px), and what comes back is drawn rather than seen: a warning. Below
  /// 16 the whole crop has less than 64 px, landmarks are wrong by a pixel of those, and the person
  /// cannot be told any more: refused.
  double doubted_below = 40, refused_below = 16;
};

struct ChosenFace {
  /// From 1, the largest.
  int number = 1;
  FaceLandmarks landmarks;
  FaceCrop crop;
};

struct ChosenFaces {
  std::vector<ChosenFace> faces;
  /// Sentences for a person, without a full stop.
  std::vector<std::string> warnings;
};

/// `found`: what FaceLandmarkFinder::find_all returned. A face that is turned away by more than
/// about 30 degrees gets a warning; landmarks that no face seen from the front or half from the
/// side can have (mouth not below the eyes, eyes much nearer to each other than to the mouth) are
/// refused. Throws Error{input} when none is found, when there is no face of that number, and when
/// the one that is meant, or with `all` every one, is refused.
ChosenFaces choose_faces(std::span<const FaceLandmarks> found, const FaceChoice& choice);

/// True when most pixels of the face equal their right neighbour: it is drawn in even areas, which
/// sensors do not see. `photo` as stored, 8 or 16 bit.
bool looks_drawn(const Image& photo, const FaceCrop& crop);

}  // namespace vane
