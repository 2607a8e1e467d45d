// SPDX-License-Identifier: Apache-2.0
#include "generators/language/found_splats.h"

#include <algorithm>
#include <cstddef>

#include "generators/language/splat_selection.h"

namespace vane {
namespace {

// What is nearly as relevant as the best belongs to it: of the range of a map,
// clip(2 x - 1, 0, 1) > 0.4 (LangSplat's rule for masks).
constexpr float kGrow = 0.7f;

template <class T>
std::vector<T> rows_of(const std::vector<T>& values, size_t width,
                       const std::vector<int64_t>& rows) {
  std::vector<T> out;
  out.reserve(rows.size() * width);
  for (const int64_t row : rows) {
    const auto from = values.begin() + row * static_cast<ptrdiff_t>(width);
    out.insert(out.end(), from, from + static_cast<ptrdiff_t>(width));
  }
  return out;
}

}  // namespace

std::vector<int64_t> found_splats(const SplatCloud& cloud, const std::vector<float>& weight,
                                  const std::vector<float>& relevancy, double score,
                                  double threshold) {
  if (score < threshold) return {};
  SelectionOptions selection;
  // A score just above the threshold is a seed.
  selection.grow = static_cast<float>(static_cast<double>(kGrow) * score);
  selection.seed = std::max(static_cast<float>(threshold), selection.grow);
  return select_splats(cloud, weight, relevancy, selection);
}

LanguageField field_of_rows(const LanguageField& field, const std::vector<int64_t>& rows) {
  LanguageField part = field;
  part.gaussians = static_cast<int64_t>(rows.size());
  for (LanguageLevel& level : part.levels) {
    level.object = rows_of(level.object, kFieldSlots, rows);
    level.share = rows_of(level.share, kFieldSlots, rows);
    level.weight = rows_of(level.weight, 1, rows);
    std::fill(level.mass.begin(), level.mass.end(), 0.f);
    for (size_t i = 0; i < rows.size(); ++i) {
      for (size_t k = i * kFieldSlots; k < (i + 1) * kFieldSlots; ++k) {
        if (level.object[k] == kNoObject) continue;
        level.mass[static_cast<size_t>(level.object[k])] +=
            level.weight[i] * static_cast<float>(level.share[k]) / 255;
      }
    }
  }
  return part;
}

}  // namespace vane
