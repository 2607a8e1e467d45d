// SPDX-License-Identifier: Apache-2.0
#pragma once
// The optics, light and film behind the looks; each changes a picture in place. `strength` is in
// (0,1]. Kept apart from looks.h because only apply_look calls them.

#include <array>
#include <span>

#include "engine/base/rng.h"
#include "engine/data/raster.h"

namespace vane {

/// More exposure with a soft shoulder, or a lifted gamma.
void brighten(Raster& picture, float strength, Rng& rng);
/// Less exposure, or a lowered gamma.
void darken(Raster& picture, float strength, Rng& rng);
/// Exposure with hard clipping.
void overexpose(Raster& picture, float strength);
/// Subject down, background up with veiling glare. `subject` as in apply_look.
void backlight(Raster& picture, float strength, Rng& rng, std::span<const float> subject);
/// Channel gains of a colour-temperature shift at constant luminance; positive is warmer.
void shift_temperature(Raster& picture, float amount, Rng& rng);
/// Towards `colour` times the luminance.
void tint(Raster& picture, std::array<float, 3> colour, float strength);
/// Chroma times `factor` around encoded luma.
void saturate(Raster& picture, float factor);
void to_monochrome(Raster& picture, Rng& rng);
void to_sepia(Raster& picture, float strength, Rng& rng);
/// Koschmieder's law: transmission falls towards the horizon, airlight is added; the air is lighter
/// than the mean of the scene, so that haze never darkens it.
void add_haze(Raster& picture, float strength, Rng& rng);
/// Gaussian defocus or straight motion blur, relative to the picture's size.
void defocus(Raster& picture, float strength, Rng& rng);
/// Sensor noise or film grain, in the encoded domain.
void add_noise(Raster& picture, float strength, Rng& rng);
/// S-curve around the encoded middle.
void steepen(Raster& picture, float slope);
/// Encoded range reduced to `range` around a random grey.
void flatten(Raster& picture, float range, Rng& rng);
/// The same around a dark grey: flat, and no haze.
void flatten_darkly(Raster& picture, Rng& rng);
/// A random tone curve of six segments, often not monotone: what an edit that goes astray may do.
void bend_tones(Raster& picture, Rng& rng);
void golden_light(Raster& picture, float strength, Rng& rng);
void night_light(Raster& picture, float strength, Rng& rng);
void age_print(Raster& picture, float strength, Rng& rng);
void bloom(Raster& picture, float strength);
void shade_corners(Raster& picture, float strength);
void brood(Raster& picture, float strength, Rng& rng);
/// Soft patches of colour, some of them only in the lights or in the shadows.
void stain(Raster& picture, float strength, Rng& rng);
/// Hues rotated, or a curve of its own for each channel.
void falsify_colours(Raster& picture, float strength, Rng& rng);
void grade_teal_orange(Raster& picture, float strength);
/// Another exposure, contrast and saturation, as cameras and developers differ.
void develop_at_random(Raster& picture, Rng& rng);

}  // namespace vane
