// SPDX-License-Identifier: Apache-2.0
#pragma once
// The person in a portrait as something that an optimiser of latents can keep.

#include <functional>
#include <optional>

#include "editing/faces/face_landmarks.h"
#include "editing/inversion/picture_term.h"
#include "engine/image/image.h"

namespace vane {

/// Squared distance of dlib's embeddings of the face at the
/// landmarks of `portrait` (8-bit RGB, square). Nothing where the published networks are not
/// installed, the portrait is smaller than 128 px or the detector does not see exactly one face in
/// it. `finder` is asked for only where they are.
std::optional<PictureTerm> identity_term(const Image& portrait,
                                         const std::function<FaceLandmarkFinder&()>& finder);

}  // namespace vane
