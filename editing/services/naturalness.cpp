// SPDX-License-Identifier: Apache-2.0
#include "editing/services/naturalness.h"

#include "editing/photo_batch.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/naturalness.h"

namespace vane {
namespace {

/// Fewer photographs do not say what photographs are like (sheet enhance.md, section 7).
constexpr int64_t kLeastPhotographs = 40;

std::vector<PhotoTask> photographs(const NaturalnessFitRequest& request) {
  // Outputs would lie beside the photographs, where no two are alike; none is written.
  const PhotoSelection selection{
      .inputs = request.inputs, .output = {}, .recursive = request.recursive, .suffix = "_unused"};
  return photo_batch(selection).tasks;
}

}  // namespace

NaturalnessFitResult naturalness_fit(const NaturalnessFitRequest& request, Job& job) {
  check_writable(request.output);
  const std::vector<PhotoTask> tasks = photographs(request);
  DecodeOptions decode;
  decode.limits = request.limits;
  NaturalnessFitResult result;
  std::vector<Tensor> features;
  std::vector<std::string> names;
  for (size_t i = 0; i < tasks.size(); ++i) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(tasks.size()), "measuring");
    const std::filesystem::path& photograph = tasks[i].input;
    try {
      const Tensor blocks =
          naturalness_features(image_to_tensor(read_image(photograph, decode)), kPristineSharpness);
      if (blocks.size(0) == 0) {
        throw Error(ErrorCode::usage, "has no sharp block of 96 x 96 px").in_file(photograph);
      }
      features.push_back(blocks);
      names.push_back(photograph.filename().string());
    } catch (const Error& error) {
      result.skipped.emplace_back(error.what());
      job.warn(std::string("skipped: ") + error.what());
    }
  }
  if (static_cast<int64_t>(features.size()) < kLeastPhotographs) {
    throw Error(ErrorCode::usage,
                std::to_string(features.size()) + " photographs are too few to say what is natural")
        .with_hint("at least " + std::to_string(kLeastPhotographs) + " sharp ones");
  }
  NaturalnessModel model = fit_naturalness(features);
  model.origin = join(names, ", ");
  save_naturalness(request.output, model);
  result.output = request.output.string();
  result.pictures = model.pictures;
  result.blocks = model.blocks;
  return result;
}

}  // namespace vane
