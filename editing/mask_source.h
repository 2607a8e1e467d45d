// SPDX-License-Identifier: Apache-2.0
#pragma once
// A mask by file or by phrase.

#include <string>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/image/image.h"

namespace vane {

/// The mask that `--mask VALUE` stands for: the picture file of that name, or, when there is none,
/// where in `picture` the phrase VALUE is (guidance/segmentation.h, soft, with edges of the
/// picture). A value that looks like a file name (a picture's extension, or a slash) is never taken
/// for a phrase.
///
/// Throws Error{input} for a missing or unreadable file and when the phrase is found nowhere,
/// Error{usage} for a phrase of punctuation only. `clip` is loaded for a phrase only.
Image read_mask(const std::string& value, const Image& picture, const std::string& clip,
                const Limits& limits, Job& job);

/// Whether `value` stands for a phrase rather than a file.
bool is_mask_phrase(const std::string& value);

}  // namespace vane
