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
/// - hair: median over the darker of two patches beside the temples, 0.5 D above the eye line; NaN
///   unless the crown (0.95 to 1.45 D above it) agrees and neither looks like skin, background, a
///   hat or dyed hair;
/// - skin: median over both cheeks, the brighter one counts; light_side: left less right;
/// - background: median over the strips at the left and right edge down to 0.4 of the height.
FaceMeasures measure_face(const Image& portrait, const FaceLandmarks& landmarks);

}  // namespace vane
