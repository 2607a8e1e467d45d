// SPDX-License-Identifier: Apache-2.0
#include "editing/services/clip_doctor.h"

#include <algorithm>

#include "editing/clip_variation.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/image/codec.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

// End to end from a file, two right programs agree to this (clip sheet 7).
constexpr double kAgreement = 0.9999;
// Below this nothing but rounding is left to explain.
constexpr double kRounding = 1e-6;
// A cause must take away this share of the difference; noise of a JPEG decoder never does.
constexpr double kExplained = 0.9;

Tensor expected_embedding(const ClipDoctorRequest& request, int64_t dim) {
  const TensorTable table = open_weights(request.expect, request.limits);
  const TensorRecord* record = table.find("image_embeddings");
  if (!record && table.tensors.size() == 1) record = &table.tensors.front();
  if (!record) {
    throw Error(ErrorCode::checkpoint, "the expected embedding has no key image_embeddings")
        .in_file(request.expect);
  }
  const Tensor embedding = tensor_from_record(table, *record).to(at::kFloat).reshape({-1});
  if (embedding.numel() != dim) {
    throw Error(ErrorCode::checkpoint, "the expected embedding has " +
                                           std::to_string(embedding.numel()) +
                                           " numbers, this model gives " + std::to_string(dim))
        .in_file(request.expect)
        .with_hint("it comes from another model, or was taken before the projection");
  }
  return embedding;
}

struct Trial {
  ClipDoctorTrial shown;
  std::string advice;
};

class Examination {
 public:
  // In float64: two spellings of one activation differ by less than float32 tells of a cosine.
  Examination(const ClipModel& model, const Image& stored, const Tensor& expected)
      : model_(model), stored_(stored), expected_(unit(expected.view({1, -1}).to(at::kDouble))) {}

  Trial tried(const std::vector<const ClipVariation*>& variations) const {
    ClipPath path = configured_path(model_);
    std::string name, advice;
    for (const ClipVariation* variation : variations) {
      variation->apply(path);
      name += (name.empty() ? "" : " and ") + variation->name;
      advice += (advice.empty() ? "" : "; ") + variation->advice;
    }
    const Tensor ours = unit(embed_along(model_, stored_, path).to(at::kDouble));
    return {{variations.empty() ? "as configured" : name, (ours * expected_).sum().item<double>()},
            advice};
  }

 private:
  const ClipModel& model_;
  const Image& stored_;
  Tensor expected_;
};

void take_best(const std::vector<Trial>& trials, ClipDoctorResult& result) {
  const auto best = std::max_element(
      trials.begin(), trials.end(),
      [](const auto& a, const auto& b) { return a.shown.cosine < b.shown.cosine; });
  if (best->shown.cosine < kAgreement ||
      1 - best->shown.cosine > (1 - kExplained) * (1 - result.cosine)) {
    return;
  }
  result.cause = best->shown.name;
  result.advice = best->advice;
}

}  // namespace

ClipDoctorResult clip_doctor(const ClipDoctorRequest& request, Job& job) {
  const at::NoGradGuard no_grad;
  ClipLoadOptions load;
  load.limits = request.limits;
  load.text_tower = false;
  const ClipModel model = load_clip_model(request.clip, load);
  const Tensor expected = expected_embedding(request, model.config.embed_dim);
  DecodeOptions decode;
  decode.limits = request.limits;
  decode.apply_orientation = false;
  const Image stored = read_image(request.image, decode);
  const Examination examination(model, stored, expected);

  ClipDoctorResult result;
  std::vector<Trial> trials{examination.tried({})};
  result.cosine = trials.front().shown.cosine;
  const Tensor ours = embed_along(model, stored, configured_path(model));
  result.length_ratio = (expected.norm() / ours.norm()).item<double>();
  if (1 - result.cosine > kRounding) {
    const std::vector<ClipVariation> variations = clip_variations(model, stored);
    const auto count = int64_t(variations.size());
    for (int64_t i = 0; i < count; ++i) {
      job.check_cancelled();
      job.progress(i, count, "trying one cause");
      trials.push_back(examination.tried({&variations[size_t(i)]}));
    }
    take_best(trials, result);
    const bool two = result.cosine < kAgreement;
    for (int64_t i = 0; two && i < count && result.cause.empty(); ++i) {
      job.progress(i, count, "trying two causes");
      for (int64_t k = i + 1; k < count; ++k) {
        job.check_cancelled();
        const ClipVariation &a = variations[size_t(i)], &b = variations[size_t(k)];
        if (a.axis != b.axis) trials.push_back(examination.tried({&a, &b}));
      }
      take_best(trials, result);
    }
  }
  result.agrees = result.cosine >= kAgreement && result.cause.empty();
  std::sort(trials.begin(), trials.end(),
            [](const Trial& a, const Trial& b) { return a.shown.cosine > b.shown.cosine; });
  for (const Trial& trial : trials) result.trials.push_back(trial.shown);
  if (result.agrees) {
    result.advice = "nothing to do";
  } else if (result.cause.empty()) {
    result.advice =
        "no known cause explains the difference; check that both programs use the same weights";
  }
  return result;
}

}  // namespace vane
