// SPDX-License-Identifier: Apache-2.0
#pragma once
// Measures a portrait: geometry from its landmarks, colours from where hair, skin and background
// are in a portrait.

#include "editing/faces/face_landmarks.h"
#include "engine/data/face_attributes.h"

namespace vane {

/// `portrait`: 8-bit RGB, aligned as FFHQ (eyes at about 0.48 of the height). Definitions, with D
/// the distance of the eye centres and positions relative to the line through the eyes:
///
/// - mouth_curve, mouth_width, mouth_gap, eye_opening: distances between landmarks over D;
/// - yaw: mean of atan(s / 0.6), s the sideways offset of the nose tip over D, and of the position
///   of the nose tip between the sides of the jaw;
/// - hair: median over a patch that begins 1.1 D above the eye line; NaN when it looks like the
///   skin (bald, or a hand) or like the background, when its colour grows on no head, or when it is
///   pale and a visible temple disagrees (a hat);
/// - skin: median over both cheeks, the brighter one counts; light_side: left less right;
/// - background: median over the strips at the left and right edge down to 0.4 of the height.
FaceMeasures measure_face(const Image& portrait, const FaceLandmarks& landmarks);

}  // namespace vane
