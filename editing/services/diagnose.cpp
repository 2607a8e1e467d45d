// SPDX-License-Identifier: Apache-2.0
#include "editing/services/diagnose.h"

#include <algorithm>
#include <cmath>

#include "editing/clip_inputs.h"
#include "engine/text/phrase.h"
#include "guidance/word_attribution.h"

namespace vane {
namespace {

constexpr double kClipScoreWeight = 2.5;  // Hessel et al. 2021

}  // namespace

DiagnoseResult diagnose(const DiagnoseRequest& request, Job& job) {
  check_phrase_bytes(request.text, "--text", request.limits);
  check_phrase_bytes(request.prefix, "--prefix", request.limits);
  check_phrase(request.text, "--text");
  ClipLoadOptions options;
  options.limits = request.limits;
  const std::unique_ptr<ClipEncoder> clip = load_clip(request.clip, options);
  const Tensor image = embed_image_files(*clip, {request.image}, {}, request.limits, job);
  WordAttributionConfig config;
  config.prefix = request.prefix;
  config.layers = request.layers;
  config.threshold = request.threshold;
  const WordAttribution found = attribute_words(*clip, image, request.text, config);
  DiagnoseResult result;
  result.file = request.image.string();
  result.text = request.text;
  result.clip = clip->info().name;
  result.similarity = found.similarity;
  result.clipscore = kClipScoreWeight * std::max(found.similarity, 0.0);
  result.truncated = found.truncated;
  double lowest = std::numeric_limits<double>::infinity();
  for (const WordScore& word : found.words) {
    result.words.push_back({word.word, word.score, word.misaligned, false});
    if (word.misaligned) result.penalty += word.score;
    if (word.score < lowest) lowest = word.score;
  }
  for (DiagnosedWord& word : result.words) word.lowest = word.score == lowest;
  if (found.truncated) job.warn("the caption is longer than the model reads; its end has no score");
  return result;
}

}  // namespace vane
