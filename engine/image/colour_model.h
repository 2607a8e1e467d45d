// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ink colours to sRGB.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vane {

/// CMYK samples (0 no ink, 255 full ink) to sRGB, 8 bits, `pixels` of each. `icc` is the embedded
/// profile: when it is a usable CMYK profile Little CMS converts (perceptual intent, black point
/// compensation), else each channel is (255 - ink)(255 - black) / 255.
std::vector<uint8_t> cmyk_to_rgb(std::span<const uint8_t> cmyk, size_t pixels,
                                 std::span<const uint8_t> icc);

}  // namespace vane
