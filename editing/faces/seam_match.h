// SPDX-License-Identifier: Apache-2.0
#pragma once
// Colours of a crop led to those of the photograph where the crop fades.

#include "editing/faces/rgb_field.h"

namespace vane {

/// Cells across in which colours are compared.
inline constexpr int kSeamCells = 64;

/// Adds to `crop` (square) a smooth correction c. In cells where `weights` are below 1, c is
/// `photo` less `crop`, both as means of cells; elsewhere it solves (laplace - 1 / 0.1^2) c = 0, in
/// units of the crop's side, so that it falls by e within a tenth of the side. `photo` and
/// `weights` have kSeamCells x kSeamCells pixels; weights three times alike.
void match_seam(RgbField& crop, const RgbField& photo, const RgbField& weights);

}  // namespace vane
