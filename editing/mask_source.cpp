// SPDX-License-Identifier: Apache-2.0
#include "editing/mask_source.h"

#include <algorithm>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/clip/clip_encoder.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "engine/text/phrase.h"
#include "guidance/segmentation.h"

namespace vane {
namespace {

// Longer side of the copy that is segmented; masks have no finer detail than that.
constexpr int kLookSide = 1024;
// A mask that covers less is a stray pixel, not a find.
constexpr double kSmallestShare = 0.002;

// A .bmp cannot be read, but whoever gives one means a file.
bool names_a_file(const std::string& value) {
  return value.find('/') != std::string::npos || is_picture_name(value) || value.ends_with(".bmp");
}

}  // namespace

bool is_mask_phrase(const std::string& value) {
  std::error_code ignored;
  return !names_a_file(value) && !std::filesystem::exists(value, ignored);
}

Image read_mask(const std::string& value, const Image& picture, const std::string& clip,
                const Limits& limits, Job& job) {
  if (!is_mask_phrase(value)) {
    DecodeOptions options;
    options.limits = limits;
    return read_image(value, options);
  }
  check_phrase(value, "the mask phrase");
  ClipLoadOptions options;
  options.limits = limits;
  const std::unique_ptr<ClipEncoder> encoder = load_clip(clip, options);
  const Tensor seen = image_to_tensor(
      thumbnail(picture, std::min(kLookSide, std::max(picture.width, picture.height))));
  const TextMask mask = segment_image(*encoder, seen, {value}, {}, {}, job).masks.front();
  const double share = mask.hard.mean().item<double>();
  if (share < kSmallestShare) {
    throw Error(ErrorCode::input,
                "nothing in the picture looks like \"" + printable(value, 80) + "\" to this CLIP")
        .with_hint(
            "name it in other words, or give a mask picture; `vane segment` shows what is "
            "found");
  }
  return tensor_to_image(mask.soft.unsqueeze(0).unsqueeze(0));
}

}  // namespace vane
