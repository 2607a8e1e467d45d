// SPDX-License-Identifier: Apache-2.0
#include "guidance/direction_explain.h"

#include <chrono>
#include <cmath>

#include "editing/services/direction.h"
#include "editing/vocabulary_source.h"
#include "engine/base/atomic_file.h"
#include "engine/base/text.h"
#include "engine/text/phrase.h"

namespace vane {
namespace {

constexpr size_t kPhrasesAtMost = 4096;

ExplainedWord explained(const WordPull& pull) {
  return {pull.word, pull.pull, pull.deviations, pull.rank};
}

std::vector<ExplainedWord> explained(const std::vector<WordPull>& pulls) {
  std::vector<ExplainedWord> words;
  for (const WordPull& pull : pulls) words.push_back(explained(pull));
  return words;
}

std::vector<ExplainedKind> explained(const std::vector<KindPulls>& pulls) {
  std::vector<ExplainedKind> kinds;
  for (const KindPulls& kind : pulls) {
    kinds.push_back({kind.kind, explained(kind.toward), explained(kind.away)});
  }
  return kinds;
}

void check(const DirectionExplainRequest& request) {
  const bool removes = !request.remove.empty() || request.remove_strongest > 0;
  if (!request.remove.empty() && request.remove_strongest > 0) {
    throw Error(ErrorCode::usage, "--remove and --remove-strongest exclude each other");
  }
  if (removes != !request.output.empty()) {
    throw Error(ErrorCode::usage, removes ? "a direction without some words has to go to a file"
                                          : "only a direction without some words is written")
        .with_hint(removes ? "add -o D2.safetensors" : "add --remove WORD, or leave out -o");
  }
  if (removes && request.output.extension() != ".safetensors") {
    throw Error(ErrorCode::usage, "a direction is written as .safetensors").in_file(request.output);
  }
  if (removes) check_writable(request.output);
  if (request.texts.size() + request.remove.size() > kPhrasesAtMost) {
    throw Error(ErrorCode::usage,
                "at most " + std::to_string(kPhrasesAtMost) + " phrases can be ranked at once")
        .with_hint("put them into a file for --vocabulary");
  }
  check_phrase_bytes(request.texts, "--text", request.limits);
  check_phrase_bytes(request.remove, "--remove", request.limits);
  for (const std::string& text : request.texts) check_phrase(text, "--text");
  for (const std::string& word : request.remove) check_phrase(word, "--remove");
}

}  // namespace

DirectionExplainResult direction_explain(const DirectionExplainRequest& request, Job& job) {
  check(request);
  ClipLoadOptions options;
  options.limits = request.limits;
  options.image_tower = false;
  NamedVocabulary wanted = wanted_vocabulary(request.vocabulary, request.clip, request.limits);
  const auto clip = load_clip(request.clip, options);
  const Direction direction = load_direction(request.direction, clip.get());
  const Vocabulary vocabulary = embed_vocabulary(*clip, std::move(wanted.words), job);

  DirectionExplainResult result;
  result.direction = request.direction.string();
  result.kind = direction.kind;
  result.clip = clip->info().name;
  result.vocabulary = wanted.name;
  result.words = static_cast<int64_t>(vocabulary.words.size());
  result.tau = static_cast<double>(direction.tau);
  for (const auto& [key, value] : direction.origin) result.origin.push_back(key + ": " + value);

  const Tensor phrases = phrase_features(*clip, request.texts, vocabulary);
  const auto start = std::chrono::steady_clock::now();
  const DirectionExplanation before =
      explain_direction(direction, vocabulary, request.count, request.texts, phrases);
  result.milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  result.toward = explained(before.toward);
  result.away = explained(before.away);
  result.phrases = explained(before.phrases);
  result.kinds = explained(before.kinds);
  if (request.output.empty()) return result;

  Direction rest;
  result.removed = request.remove;
  if (request.remove.empty()) {
    rest = without_strongest(direction, vocabulary, request.remove_strongest, &result.removed);
  } else {
    // As pulls are measured: without the part that all texts share, which would hide the word.
    const Tensor words = phrase_features(*clip, request.remove, vocabulary);
    rest = without_words(direction, words - vocabulary.features.mean(0), request.remove);
  }
  // The removed words, then the phrases that were asked for, on both sides.
  std::vector<std::string> watched = result.removed;
  watched.insert(watched.end(), request.texts.begin(), request.texts.end());
  const Tensor features = phrase_features(*clip, watched, vocabulary);
  const DirectionExplanation earlier =
      explain_direction(direction, vocabulary, request.count, watched, features);
  const DirectionExplanation after =
      explain_direction(rest, vocabulary, request.count, watched, features);
  for (size_t i = 0; i < watched.size(); ++i) {
    result.changed.push_back({explained(earlier.phrases[i]), explained(after.phrases[i])});
  }
  result.toward_after = explained(after.toward);
  result.away_after = explained(after.away);
  result.kinds_after = explained(after.kinds);
  const Tensor p = direction.vector.to(at::kDouble), q = rest.vector.to(at::kDouble);
  result.angle =
      2 * std::atan2((p - q).norm().item<double>(), (p + q).norm().item<double>()) * 180 / M_PI;
  result.tau_after = static_cast<double>(rest.tau);
  save_direction(request.output, rest);
  result.output = request.output.string();
  return result;
}

}  // namespace vane
