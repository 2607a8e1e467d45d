// SPDX-License-Identifier: Apache-2.0
#include "guidance/set_difference.h"

#include <algorithm>
#include <set>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "guidance/rank_test.h"

namespace vane {
namespace {

constexpr int64_t kPicturesAtLeast = 4;

struct Halves {
  Tensor proposing, testing;
};

Halves halves(const Tensor& features, uint64_t seed) {
  const int64_t count = features.size(0);
  if (count < kPicturesAtLeast) {
    throw Error(ErrorCode::usage,
                "a set of " + std::to_string(count) +
                    " pictures is too small: half of it proposes words, the other tests them")
        .with_hint("give at least " + std::to_string(kPicturesAtLeast) +
                   " pictures a set; ten or more can be significant");
  }
  std::vector<int64_t> order(static_cast<size_t>(count));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  // The draw depends on the size only.
  Rng rng = Rng(seed).fork("set difference split");
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[rng.below(static_cast<uint32_t>(i))]);
  }
  const Tensor ids = at::tensor(order, at::TensorOptions().dtype(at::kLong));
  const int64_t half = count / 2;
  return {features.index_select(0, ids.slice(0, 0, half)),
          features.index_select(0, ids.slice(0, half))};
}

std::vector<double> scores_of(const Tensor& features, const Tensor& phrase) {
  const Tensor scores = at::mv(features, phrase.to(at::kDouble)).contiguous();
  const double* data = scores.const_data_ptr<double>();
  return {data, data + scores.numel()};
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Rows of the vocabulary with the largest differences of mean scores, on both sides; a word that
/// does not differ is nobody's.
std::set<int64_t> proposals(const Halves& first, const Halves& second, const Tensor& words,
                            int64_t count) {
  const Tensor shift = second.proposing.mean(0) - first.proposing.mean(0);
  const auto [sorted, order] = at::mv(words.to(at::kDouble), shift).sort(true, 0, true);
  std::set<int64_t> rows;
  const int64_t size = order.numel();
  for (int64_t i = 0; i < std::min(count, size); ++i) {
    if (sorted[i].item<double>() > 0) rows.insert(order[i].item<int64_t>());
    const int64_t last = size - 1 - i;
    if (sorted[last].item<double>() < 0) rows.insert(order[last].item<int64_t>());
  }
  return rows;
}

PhraseDifference tested(const std::string& phrase, const Tensor& feature, const Halves& first,
                        const Halves& second) {
  const std::vector<double> low = scores_of(first.testing, feature);
  const std::vector<double> high = scores_of(second.testing, feature);
  const RankTest test = mann_whitney(low, high);
  PhraseDifference result;
  result.phrase = phrase;
  result.auroc = test.auroc;
  result.p = test.p;
  result.welch_p = welch_p(low, high);
  result.difference = mean_of(high) - mean_of(low);
  return result;
}

/// p of complete separation, times the number of tests.
double reachable(int64_t n, int64_t m, size_t tests) {
  std::vector<double> low, high;
  for (int64_t i = 0; i < n; ++i) low.push_back(static_cast<double>(i));
  for (int64_t i = 0; i < m; ++i) high.push_back(static_cast<double>(n + i));
  return std::min(1.0, mann_whitney(low, high).p * static_cast<double>(tests));
}

}  // namespace

int64_t SetDifference::significant() const {
  int64_t count = 0;
  for (const auto* side : {&first, &second}) {
    for (const PhraseDifference& phrase : *side) count += phrase.significant;
  }
  return count;
}

SetDifference set_difference(const Tensor& first, const Tensor& second,
                             const Vocabulary& vocabulary,
                             const std::vector<std::string>& phrase_names, const Tensor& phrases,
                             const SetDifferenceConfig& config) {
  const at::NoGradGuard no_grad;
  const Halves a = halves(first.to(at::kDouble), config.seed);
  const Halves b = halves(second.to(at::kDouble), config.seed);
  std::vector<PhraseDifference> all;
  const std::set<std::string> given(phrase_names.begin(), phrase_names.end());
  for (const int64_t row : proposals(a, b, vocabulary.features, config.count)) {
    const std::string& word = vocabulary.words[static_cast<size_t>(row)].word;
    if (given.count(word) > 0) continue;
    all.push_back(tested(word, vocabulary.features[row], a, b));
    all.back().row = row;
  }
  for (size_t i = 0; i < phrase_names.size(); ++i) {
    all.push_back(tested(phrase_names[i], phrases[static_cast<int64_t>(i)], a, b));
    all.back().row = static_cast<int64_t>(i);
    all.back().given = true;
  }

  std::vector<double> p;
  for (const PhraseDifference& phrase : all) p.push_back(phrase.p);
  const std::vector<double> adjusted = holm(p);
  SetDifference result;
  for (size_t i = 0; i < all.size(); ++i) {
    all[i].adjusted_p = adjusted[i];
    all[i].significant = adjusted[i] < config.level;
    (all[i].auroc < 0.5 ? result.first : result.second).push_back(all[i]);
  }
  for (auto* side : {&result.first, &result.second}) {
    std::stable_sort(side->begin(), side->end(), [](const auto& x, const auto& y) {
      const double here = std::abs(x.auroc - 0.5), there = std::abs(y.auroc - 0.5);
      return here != there ? here > there : std::abs(x.difference) > std::abs(y.difference);
    });
  }
  result.proposing_first = a.proposing.size(0);
  result.proposing_second = b.proposing.size(0);
  result.testing_first = a.testing.size(0);
  result.testing_second = b.testing.size(0);
  result.reachable_p = reachable(result.testing_first, result.testing_second, all.size());
  return result;
}

Direction difference_direction(const SetDifference& difference, const Vocabulary& vocabulary,
                               const Tensor& phrases, const std::string& model_hash) {
  const at::NoGradGuard no_grad;
  const Tensor words = vocabulary.features.to(at::kDouble);
  const Tensor centre = words.mean(0);
  Tensor sum = at::zeros_like(centre);
  Direction direction;
  for (const auto* side : {&difference.first, &difference.second}) {
    std::string& names = direction.origin[side == &difference.first ? "from" : "to"];
    for (const PhraseDifference& phrase : *side) {
      if (!phrase.significant) continue;
      const Tensor feature = phrase.given ? phrases[phrase.row].to(at::kDouble) : words[phrase.row];
      sum = sum + (feature - centre) * (2 * phrase.auroc - 1);
      names += (names.empty() ? "" : ", ") + phrase.phrase;
    }
  }
  const double length = sum.norm().item<double>();
  if (difference.significant() == 0 || !(length > 1e-9)) {
    throw Error(ErrorCode::usage,
                "the two sets differ in no phrase significantly, so there is no direction")
        .with_hint("give more pictures, or phrases of your own; leave out -o to see the table");
  }
  direction.vector = (sum / length).to(at::kFloat);
  direction.magnitude = static_cast<float>(length);
  direction.kind = "difference";
  direction.model_hash = model_hash;
  return direction;
}

}  // namespace vane
