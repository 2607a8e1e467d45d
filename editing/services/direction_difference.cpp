// SPDX-License-Identifier: Apache-2.0
#include "editing/services/direction_difference.h"

#include "editing/picture_folder.h"
#include "editing/vocabulary_source.h"
#include "engine/base/atomic_file.h"
#include "engine/text/phrase.h"
#include "guidance/set_difference.h"

namespace vane {
namespace {

constexpr size_t kPhrasesAtMost = 4096;

struct GivenPhrases {
  std::vector<std::string> names, texts;
};

GivenPhrases read_phrases(const DirectionDifferenceRequest& request) {
  GivenPhrases phrases;
  if (request.phrases.empty()) return phrases;
  for (const VocabularyWord& word : read_vocabulary(request.phrases, request.limits)) {
    check_phrase(word.text, "a line of --phrases");
    phrases.names.push_back(word.word);
    phrases.texts.push_back(word.text);
  }
  if (phrases.names.size() > kPhrasesAtMost) {
    throw Error(ErrorCode::usage,
                "at most " + std::to_string(kPhrasesAtMost) + " phrases can be tested at once")
        .in_file(request.phrases)
        .with_hint("give them to --vocabulary, from which the most fitting are proposed");
  }
  return phrases;
}

std::vector<DifferingPhrase> plain(const std::vector<PhraseDifference>& phrases) {
  std::vector<DifferingPhrase> result;
  for (const PhraseDifference& each : phrases) {
    result.push_back({each.phrase, each.auroc, each.difference, each.p, each.adjusted_p,
                      each.welch_p, each.significant, each.given});
  }
  return result;
}

}  // namespace

DirectionDifferenceResult direction_difference(const DirectionDifferenceRequest& request,
                                               Job& job) {
  if (!request.output.empty()) {
    if (request.output.extension() != ".safetensors") {
      throw Error(ErrorCode::usage, "a direction is written as .safetensors")
          .in_file(request.output)
          .with_hint("end the name in .safetensors");
    }
    check_writable(request.output);
  }
  const GivenPhrases given = read_phrases(request);
  NamedVocabulary wanted = wanted_vocabulary(request.vocabulary, request.clip, request.limits);
  ClipLoadOptions options;
  options.limits = request.limits;
  const auto clip = load_clip(request.clip, options);
  DirectionDifferenceResult result;
  const Tensor from = folder_features(*clip, request.from, request.limits, result.skipped, job);
  const Tensor to = folder_features(*clip, request.to, request.limits, result.skipped, job);
  const Vocabulary vocabulary = embed_vocabulary(*clip, std::move(wanted.words), job);
  const Tensor phrases =
      given.texts.empty() ? Tensor() : clip->text_features(given.texts).to(at::kFloat);

  SetDifferenceConfig config;
  config.count = request.count;
  config.level = request.level;
  config.seed = request.seed;
  const SetDifference found = set_difference(from, to, vocabulary, given.names, phrases, config);
  result.from = folder_name(request.from);
  result.to = folder_name(request.to);
  result.clip = clip->info().name;
  result.vocabulary = wanted.name;
  result.words = static_cast<int64_t>(vocabulary.words.size());
  result.proposing_from = found.proposing_first;
  result.proposing_to = found.proposing_second;
  result.testing_from = found.testing_first;
  result.testing_to = found.testing_second;
  result.first = plain(found.first);
  result.second = plain(found.second);
  result.significant = found.significant();
  result.level = request.level;
  result.reachable_p = found.reachable_p;
  if (found.reachable_p >= request.level) {
    job.warn("so few pictures can make no phrase significant; give more, or a smaller --count");
  }
  if (request.output.empty()) return result;
  save_direction(request.output,
                 difference_direction(found, vocabulary, phrases, clip->info().hash));
  result.output = request.output.string();
  return result;
}

}  // namespace vane
