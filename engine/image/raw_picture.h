// SPDX-License-Identifier: Apache-2.0
#pragma once
// Raw files of cameras as pictures: told by their content, checked against the limits, developed
// by engine/raw, with the camera's own metadata.

#include "engine/image/header_guard.h"

namespace vane {

/// True for the raw files of cameras: TIFF structures that hold a mosaic of colour filters or say
/// that they are DNG, and the containers of Canon, Fujifilm, Olympus, Panasonic, Minolta and Sigma.
/// Whether LibRaw knows the camera shows when it is opened.
bool is_raw_file(Bytes file);

/// Size as developed: upright, 16 bits. Throws Error{input} for a file that is damaged or has too
/// few bytes for its pixels, and what check_image_limits() throws.
ImageHeader read_raw_header(Bytes file, const Limits& limits);

/// Develops: upright, sRGB, 16 bits, orientation 1. EXIF comes from the file where it is built like
/// TIFF (or carries a JPEG, as Fujifilm's), otherwise from what LibRaw found in it.
Image decode_raw(Bytes file, const DecodeOptions& options);

}  // namespace vane
