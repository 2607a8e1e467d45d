// SPDX-License-Identifier: Apache-2.0
#pragma once
// The photo pipeline as differentiable tensor operations, for views of a picture.

#include "generators/develop/develop_settings.h"
#include "generators/generator.h"

namespace vane {

/// Name of the latent space of develop settings.
inline constexpr const char* kDevelopSpace = "develop";

/// The picture under the settings of `latent`.
///
/// Shape:   image [1,3,H,W] in [0,1], sRGB-encoded, float32 or float64 -> the same shape in [0,1].
///          Parts are named as DevelopSettings::fields(), 1-D of the setting's length; "grid" is
///          [12,depth,height,width]. A missing part acts as 0; parts convert to the image's dtype.
/// Diff:    w.r.t. the parts. Values beyond a setting's range act as its end, with zero gradient.
/// Agrees:  with develop_apply() to 1e-5.
/// Throws:  Error{usage} on another space, an unknown part or a wrong shape.
Tensor develop_tensor(const Tensor& image, const Latent& latent);

/// Settings as a latent of float32 tensors and back (values kept within their ranges).
/// Throws Error{usage} as develop_tensor, and when a value is not finite.
Latent latent_of_settings(const DevelopSettings& settings);
DevelopSettings settings_of_latent(const Latent& latent);

/// How far from a natural setting, 0-dim: 0 at the identity, 0.005 for a clear but natural move of
/// one setting; local moves cost by their size and by their roughness.
Tensor develop_prior(const Latent& latent);

}  // namespace vane
