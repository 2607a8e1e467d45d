// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sheets for people who want to see what enhancement did (sheet enhance.md, 8.4).

#include <string>
#include <vector>

#include "engine/image/image.h"

namespace vane {

/// Longest side of enhance_preview(), and of what it shows of one picture.
inline constexpr int kPreviewSide = 1600;
inline constexpr int kPreviewPanelSide = 1536;

/// Stops by which linear luminance (Rec. 709 weights, sRGB curve undone) grew, for every pixel of
/// two 8-bit RGB pictures of one size; black is taken for a thousandth of white.
std::vector<float> gain_in_stops(const Image& before, const Image& after);

/// before | map of gain_in_stops() in viridis with its scale | after, labelled. Takes
/// srgb_thumbnail()s of one size; its longer side is kPreviewSide.
Image enhance_preview(const Image& before, const Image& after);

struct ContactPair {
  std::string name;
  Image before, after;
};

/// Pairs in rows, each with its name above. Takes srgb_thumbnail()s.
Image contact_sheet(const std::vector<ContactPair>& pairs);
/// Longest side of what contact_sheet() shows of one picture.
inline constexpr int kContactSide = 300;

}  // namespace vane
