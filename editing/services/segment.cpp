// SPDX-License-Identifier: Apache-2.0
#include "editing/services/segment.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/file_words.h"
#include "engine/clip/clip_encoder.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "engine/text/phrase.h"
#include "guidance/segmentation.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// "01-the-sky"
std::string file_stem(size_t number, const std::string& text) {
  const std::string words = file_words(text);
  return fmt::format("{:02}{}{}", number, words.empty() ? "" : "-", words);
}

Image grey(const Tensor& map) { return tensor_to_image(map.unsqueeze(0).unsqueeze(0)); }

SegmentationConfig config_of(const SegmentRequest& request) {
  SegmentationConfig config;
  config.variant = request.variant;
  config.short_side = request.short_side;
  config.window = request.window;
  config.stride = request.stride;
  config.logit_scale = request.logit_scale;
  config.threshold = request.threshold;
  config.templates = request.templates;
  config.refine = request.refine;
  return config;
}

void create_folder(const fs::path& folder) {
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault || !fs::is_directory(folder)) {
    throw Error(ErrorCode::resource,
                "cannot create the folder: " + (fault ? fault.message() : "a file is in the way"))
        .in_file(folder);
  }
}

SegmentText written(const TextMask& mask, size_t number, const fs::path& folder) {
  SegmentText entry;
  entry.text = mask.text;
  const std::string stem = file_stem(number, mask.text);
  const fs::path hard = folder / (stem + ".png"), soft = folder / (stem + "-soft.png");
  write_image(hard, grey(mask.hard));
  write_image(soft, grey(mask.soft));
  entry.mask = hard.string();
  entry.soft = soft.string();
  entry.share = mask.hard.mean().item<double>();
  const double inside = (mask.hard * mask.soft).mean().item<double>();
  entry.confidence = entry.share > 0 ? inside / entry.share : 0;
  entry.relevancy = mask.relevancy;
  entry.x = mask.x;
  entry.y = mask.y;
  return entry;
}

}  // namespace

SegmentResult segment(const SegmentRequest& request, Job& job) {
  const at::NoGradGuard no_grad;
  check_phrase_bytes(request.texts, "--text", request.limits);
  check_phrase_bytes(request.negatives, "--negative", request.limits);
  for (const std::string& text : request.texts) check_phrase(text, "--text");
  for (const std::string& text : request.negatives) check_phrase(text, "--negative");
  DecodeOptions decode;
  decode.limits = request.limits;
  const Image image = read_image(request.image, decode);
  ClipLoadOptions options;
  options.limits = request.limits;
  const std::unique_ptr<ClipEncoder> clip = load_clip(request.clip, options);
  const Segmentation found = segment_image(*clip, image_to_tensor(image), request.texts,
                                           request.negatives, config_of(request), job);
  create_folder(request.output);
  SegmentResult result;
  result.file = request.image.string();
  result.clip = clip->info().name;
  result.variant = found.used.variant;
  result.width = image.width;
  result.height = image.height;
  result.short_side = found.used.short_side;
  result.window = found.used.window;
  result.stride = found.used.stride;
  result.background = found.background;
  for (size_t i = 0; i < found.masks.size(); ++i) {
    job.check_cancelled();
    result.texts.push_back(written(found.masks[i], i + 1, request.output));
  }
  return result;
}

}  // namespace vane
