// SPDX-License-Identifier: Apache-2.0
#pragma once
// The 8-bit bicubic resize of Pillow, byte for byte: what CLIP was trained and evaluated with.

#include "engine/image/image.h"

namespace vane {

enum class ResizeFilter { bicubic, bilinear };

/// Pillow's separable antialiased resample on 8-bit samples: 22-bit fixed-point weights, rounding
/// to 8 bits between the passes, a pass skipped when that size is unchanged (clip sheet 4.1). The
/// horizontal pass comes first, except, as in Pillow 13, when the height loses more than twice as
/// many rows as the width loses columns. Alpha is resized like the other channels (no
/// premultiplication).
/// Throws Error{usage} for a 16-bit image or an empty target.
Image resize_u8(const Image& image, int width, int height,
                ResizeFilter filter = ResizeFilter::bicubic);

/// Rectangle of an image; throws Error{usage} when it does not lie inside.
Image crop(const Image& image, int left, int top, int width, int height);

/// 8-bit RGB: grey is replicated, alpha is dropped, 16 bit is scaled by /257 with rounding.
Image to_rgb8(const Image& image);
/// The same without a copy when the picture is 8-bit RGB already.
Image to_rgb8(Image&& image);

/// Fast box-filtered reduction (any depth) to at most `long_side` pixels, for previews and sheets.
Image thumbnail(const Image& image, int long_side);

}  // namespace vane
