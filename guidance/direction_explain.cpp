// SPDX-License-Identifier: Apache-2.0
#include "guidance/direction_explain.h"

#include <algorithm>
#include <map>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr double kNothingLeft = 1e-6;
constexpr size_t kFewestOfKind = 12;  // to tell what is unusual among them
constexpr size_t kShownOfKind = 5;

std::vector<double> scores_of(const Tensor& features, const Direction& direction) {
  const Tensor scores =
      at::mv(features.to(at::kFloat), direction.vector.to(at::kFloat)).to(at::kDouble).contiguous();
  const double* data = scores.const_data_ptr<double>();
  return {data, data + scores.numel()};
}

/// `order`: indices of the words from the one pulled to most; `ranked` the same as pulls.
std::vector<KindPulls> pulls_by_kind(const Vocabulary& vocabulary, const std::vector<size_t>& order,
                                     const std::vector<WordPull>& ranked) {
  std::map<std::string, std::vector<WordPull>> members;
  for (size_t i = 0; i < order.size(); ++i) {
    const std::string& kind = vocabulary.words[order[i]].kind;
    if (!kind.empty()) members[kind].push_back(ranked[i]);
  }
  std::vector<KindPulls> kinds;
  for (auto& [kind, words] : members) {
    if (words.size() < kFewestOfKind) continue;
    const auto count = static_cast<double>(words.size());
    double mean = 0, variance = 0;
    for (const WordPull& word : words) mean += word.pull / count;
    for (const WordPull& word : words) variance += (word.pull - mean) * (word.pull - mean) / count;
    for (WordPull& word : words) {
      word.deviations = variance > 0 ? (word.pull - mean) / std::sqrt(variance) : 0;
    }
    KindPulls& pulls = kinds.emplace_back();
    pulls.kind = kind;
    pulls.toward.assign(words.begin(), words.begin() + kShownOfKind);
    pulls.away.assign(words.rbegin(), words.rbegin() + kShownOfKind);
  }
  return kinds;
}

/// r' = n(r - c <c, r>) of a unit vector c in float64.
Direction projected_off(const Direction& direction, const Tensor& component) {
  const Tensor r = direction.vector.to(at::kDouble);
  const Tensor rest = r - component * component.dot(r);
  const double length = rest.norm().item<double>();
  if (!(length > kNothingLeft)) {
    throw Error(ErrorCode::usage, "nothing of the direction is left without these words")
        .with_hint("remove fewer words");
  }
  Direction result = direction;
  result.vector = (rest / length).to(at::kFloat);
  result.magnitude = direction.magnitude * static_cast<float>(length);
  result.tau = direction.to_point.defined() ? direction.to_point.to(at::kDouble)
                                                  .dot(result.vector.to(at::kDouble))
                                                  .to(at::kFloat)
                                                  .item<float>()
                                            : std::numeric_limits<float>::quiet_NaN();
  return result;
}

void add_removed(Direction& direction, const std::vector<std::string>& names) {
  std::string& removed = direction.origin["removed"];
  for (const std::string& name : names) removed += (removed.empty() ? "" : ", ") + name;
}

}  // namespace

DirectionExplanation explain_direction(const Direction& direction, const Vocabulary& vocabulary,
                                       int64_t count, const std::vector<std::string>& phrase_names,
                                       const Tensor& phrases) {
  const at::NoGradGuard no_grad;
  const std::vector<double> scores = scores_of(vocabulary.features, direction);
  const auto size = static_cast<int64_t>(scores.size());
  DirectionExplanation explanation;
  for (const double score : scores) explanation.mean += score / static_cast<double>(size);
  for (const double score : scores) {
    const double off = score - explanation.mean;
    explanation.deviation += off * off / static_cast<double>(size);
  }
  explanation.deviation = std::sqrt(explanation.deviation);
  const auto pull_of = [&](const std::string& word, double score, int64_t rank) {
    const double pull = score - explanation.mean;
    return WordPull{word, pull, explanation.deviation > 0 ? pull / explanation.deviation : 0, rank};
  };

  std::vector<size_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Equal scores in the order of the list, so that the result does not depend on the sort.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  const auto word_at = [&](int64_t rank) {
    const size_t i = order[static_cast<size_t>(rank)];
    return pull_of(vocabulary.words[i].word, scores[i], rank + 1);
  };
  std::vector<WordPull> ranked;
  for (int64_t rank = 0; rank < size; ++rank) ranked.push_back(word_at(rank));
  for (int64_t rank = 0; rank < std::min(count, size); ++rank) {
    explanation.toward.push_back(ranked[static_cast<size_t>(rank)]);
    explanation.away.push_back(ranked[static_cast<size_t>(size - 1 - rank)]);
  }
  explanation.kinds = pulls_by_kind(vocabulary, order, ranked);
  if (phrases.defined()) {
    const std::vector<double> asked = scores_of(phrases, direction);
    for (size_t i = 0; i < asked.size(); ++i) {
      const auto better = std::count_if(scores.begin(), scores.end(),
                                        [&](double score) { return score > asked[i]; });
      explanation.phrases.push_back(pull_of(phrase_names[i], asked[i], better + 1));
    }
  }
  return explanation;
}

Direction without_words(const Direction& direction, const Tensor& words,
                        const std::vector<std::string>& names) {
  const at::NoGradGuard no_grad;
  const Tensor v = words.to(at::kDouble);
  const Tensor sum = at::mv(v.t(), at::mv(v, direction.vector.to(at::kDouble)));
  const double length = sum.norm().item<double>();
  if (!(length > kNothingLeft)) {
    throw Error(ErrorCode::usage, "the direction says nothing of: " + join(names, ", "));
  }
  Direction result = projected_off(direction, sum / length);
  add_removed(result, names);
  return result;
}

Direction without_strongest(const Direction& direction, const Vocabulary& vocabulary, int64_t count,
                            std::vector<std::string>* removed) {
  const at::NoGradGuard no_grad;
  const Tensor v = vocabulary.features.to(at::kDouble);
  const Tensor scores = at::mv(v, direction.vector.to(at::kDouble));
  const int64_t used = std::min<int64_t>(count, scores.numel());
  const Tensor order = at::argsort(scores, true, 0, true);
  std::vector<std::string> names;
  Tensor component = at::zeros_like(direction.vector, at::kDouble);
  for (const Tensor& ids :
       {order.narrow(0, 0, used), order.narrow(0, scores.numel() - used, used)}) {
    const Tensor weighted =
        (v.index_select(0, ids) * scores.index_select(0, ids).unsqueeze(1)).mean(0);
    component = component + unit(weighted);
    for (int64_t i = 0; i < used; ++i) {
      names.push_back(vocabulary.words[static_cast<size_t>(ids[i].item<int64_t>())].word);
    }
  }
  Direction result = projected_off(direction, unit(component));
  add_removed(result, names);
  if (removed) *removed = std::move(names);
  return result;
}

}  // namespace vane
