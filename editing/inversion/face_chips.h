// SPDX-License-Identifier: Apache-2.0
#pragma once
// Faces cut out upright for dlib's face recognition network, differentiably. The twin of
// face_chip in editing/faces/face_identity.h, which rounds to whole landmarks and whole samples.

#include "engine/tensor/fwd.h"

namespace vane {

/// pictures [N,3,H,W], landmarks [N,68,2] (x, y) in [0,1] of the picture, in the order of the iBUG
/// 300-W scheme -> [N,3,150,150] as dlib's get_face_chip_details(landmarks, 150, 0.25) and
/// extract_image_chip: the similarity that brings the landmarks of nose, eyes and upper lip nearest
/// to those of a mean face; zero beyond the picture; bilinear, of a picture that was halved while
/// the face is larger than twice the chip. Differentiable in the pictures, not in the landmarks.
/// Throws Error{usage} on other shapes and on landmarks that lie all in one point or are not
/// finite.
Tensor face_chips(const Tensor& pictures, const Tensor& landmarks);

}  // namespace vane
