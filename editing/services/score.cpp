// SPDX-License-Identifier: Apache-2.0
#include "editing/services/score.h"

#include "editing/clip_inputs.h"
#include "engine/text/phrase.h"

namespace vane {
namespace {

// Hessel et al. 2021, CLIPScore: section 3 (w = 2.5) and the published prompt prefix.
constexpr double kClipScoreWeight = 2.5;
constexpr const char* kClipScorePrefix = "A photo depicts ";

}  // namespace

ScoreResult score(const ScoreRequest& request, Job& job) {
  const at::NoGradGuard no_grad;
  check_phrase_bytes(request.texts, "--text", request.limits);
  ClipLoadOptions options;
  options.limits = request.limits;
  const std::unique_ptr<ClipEncoder> clip = load_clip(request.clip, options);
  ScoreResult result;
  result.clip = clip->info().name;
  const Tensor texts = unit(embed_texts(*clip, request.texts, result.truncated, job));
  std::vector<std::string> captions;
  for (const std::string& text : request.texts) captions.push_back(kClipScorePrefix + text);
  std::vector<std::string> cut_captions;
  QuietJob quiet;  // a caption that is cut repeats the warning about its text
  const Tensor depicted = unit(embed_texts(*clip, captions, cut_captions, quiet));
  const Tensor images = unit(embed_image_files(
      *clip, request.images, {request.region, request.region_style}, request.limits, job));

  const Tensor cosine = at::matmul(images, texts.t()).to(at::kDouble);
  const Tensor scaled = cosine * double(clip->info().logit_scale);
  const std::optional<float> bias = clip->info().logit_bias;
  result.probability = bias ? "sigmoid" : "softmax";
  const Tensor probability = bias ? at::sigmoid(scaled + double(*bias)) : at::softmax(scaled, 1);
  const Tensor clipscore =
      kClipScoreWeight * at::matmul(images, depicted.t()).to(at::kDouble).clamp_min(0);
  for (size_t i = 0; i < request.images.size(); ++i) {
    ImageScores entry;
    entry.file = request.images[i].string();
    for (size_t k = 0; k < request.texts.size(); ++k) {
      const auto at_pair = [&](const Tensor& values) {
        return values[int64_t(i)][int64_t(k)].item<double>();
      };
      entry.scores.push_back(
          {request.texts[k], at_pair(cosine), at_pair(probability), at_pair(clipscore)});
    }
    result.images.push_back(std::move(entry));
  }
  return result;
}

}  // namespace vane
