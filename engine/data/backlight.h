// SPDX-License-Identifier: Apache-2.0
#pragma once
// Photographs made backlit in linear light, with what they were before: pairs for training and
// measuring enhancement.

#include <optional>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/data/raster.h"

namespace vane {

/// What the light does. Exposure values are stops: -2 leaves a quarter of the light.
struct Backlight {
  double subject_ev = -2.5, background_ev = 0.35;
  /// Veiling glare, as a share of the mean luminance of the background.
  double glare = 0.01;
  /// Variance of the noise per unit of light, and its standard deviation in the dark.
  double shot_noise = 0, read_noise = 0;
};

/// A random one: subject -U(1.5,4), background U(0,.7), glare .02 U(0,1), shot and read noise
/// U(0,4e-3).
Backlight random_backlight(Rng& rng);

/// What measurements use: "bl-easy" (-1.5 stops), "bl-mid" (-2.5), "bl-hard" (-3.5 with noise),
/// "bl-scene" (-2.5, meant for darker_side()), and "ok" (nothing happens). Throws Error{usage} for
/// another name.
Backlight backlight_preset(const std::string& name);

/// A subject in [0,1] [height*width] for a picture that has none marked: one to three
/// superellipses or polygons that cover 15 to 55 % of the frame, refined so that it follows edges.
std::vector<float> random_subject(const Raster& picture, Rng& rng);

/// A subject in [0,1] [height*width] as scenes against the light have it: the darker side of the
/// picture, told apart at a random scale and following its edges; 15 to 75 % of the frame.
std::vector<float> darker_side(const Raster& picture, Rng& rng);

/// A subject in [0,1] [height*width]: what lies beyond a wavy line across the frame, most often the
/// ground below it; 25 to 65 % of the way, over a soft or a hard border that mostly follows edges.
std::vector<float> shaded_side(const Raster& picture, Rng& rng);

/// Guided filter (He et al. 2010) of `plane` with the encoded luma of `picture`: window radius in
/// pixels, `epsilon` of the squared luma.
std::vector<float> follow_edges(const std::vector<float>& plane, const Raster& picture, int radius,
                                float epsilon);

/// L' = L 2^E + glare mean(L of the background), E = subject_ev on the subject and background_ev
/// off it; noise N(0, shot L' + read²); clipped to [0,1]. `subject` [height*width].
Raster under_backlight(const Raster& picture, const std::vector<float>& subject,
                       const Backlight& light, Rng& rng);

/// Whether a pair is fit to learn from: the subject's median luma (encoded) is at most .35 and at
/// most a fifth of the pixels clip.
bool is_backlit(const Raster& backlit, const std::vector<float>& subject);

}  // namespace vane
