// SPDX-License-Identifier: Apache-2.0
#pragma once
// A face edit at another strength without its generator, for previews.

#include "engine/image/image.h"

namespace vane {

/// base + strength (after - before) of every sample, kept in range: what the edit changed, added to
/// whatever the picture is now. 8-bit RGB; the three have one size. Throws Error{internal}
/// otherwise.
Image face_blend(const Image& base, const Image& before, const Image& after, double strength);

}  // namespace vane
