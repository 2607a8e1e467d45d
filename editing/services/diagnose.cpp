// SPDX-License-Identifier: Apache-2.0
#include "editing/services/diagnose.h"

#include <algorithm>
#include <cmath>

#include "editing/clip_inputs.h"
#include "editing/vocabulary_source.h"
#include "engine/text/phrase.h"
#include "guidance/word_attribution.h"
#include "guidance/word_contrast.h"

namespace vane {
namespace {

constexpr double kClipScoreWeight = 2.5;  // Hessel et al. 2021

WordAttribution by_attention(const DiagnoseRequest& request, const ClipEncoder& clip,
                             const Tensor& image) {
  WordAttributionConfig config;
  config.prefix = request.prefix;
  config.layers = request.layers;
  config.threshold = request.threshold;
  return attribute_words(clip, image, request.text, config);
}

WordAttribution diagnosed(const DiagnoseRequest& request, const ClipEncoder& clip,
                          const Tensor& image, std::string& method, Job& job) {
  method = request.method;
  if (method == "attention") return by_attention(request, clip, image);
  // Every token of CLIP against every other would take minutes, so only a list of words is used.
  const bool listed = !request.vocabulary.empty() || has_vocabulary(request.clip);
  if (method == "auto" && !listed) method = "attention";
  if (method == "attention") return by_attention(request, clip, image);
  if (!listed) {
    throw Error(ErrorCode::usage, "this model has no vocabulary.txt to compare words with")
        .with_hint("give --vocabulary FILE, or --method attention");
  }
  const NamedVocabulary vocabulary =
      wanted_vocabulary(request.vocabulary, request.clip, request.limits);
  if (method == "auto" && word_spans(words_of_text(request.text), vocabulary.words).empty()) {
    method = "attention";
    return by_attention(request, clip, image);
  }
  method = "contrast";
  WordContrastConfig config;
  config.threshold = request.deviations;
  return contrast_words(clip, image, request.text, vocabulary.words, config, job);
}

}  // namespace

DiagnoseResult diagnose(const DiagnoseRequest& request, Job& job) {
  check_phrase_bytes(request.text, "--text", request.limits);
  check_phrase_bytes(request.prefix, "--prefix", request.limits);
  check_phrase(request.text, "--text");
  ClipLoadOptions options;
  options.limits = request.limits;
  const std::unique_ptr<ClipEncoder> clip = load_clip(request.clip, options);
  const Tensor image = embed_image_files(*clip, {request.image}, {}, request.limits, job);
  DiagnoseResult result;
  const WordAttribution found = diagnosed(request, *clip, image, result.method, job);
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
