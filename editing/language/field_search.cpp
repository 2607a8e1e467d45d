// SPDX-License-Identifier: Apache-2.0
#include "editing/language/field_search.h"

#include <algorithm>
#include <numeric>

#include "generators/language/found_splats.h"

namespace vane {
namespace {

constexpr double kTopShare = 0.002;
// LangSplat's rule for masks: of the range of a map, clip(2 x - 1, 0, 1) > 0.4.
constexpr float kMaskCut = 0.7f;
// Pixels with less weight of Gaussians that carry features show nothing.
constexpr float kLeastWeight = 0.1f;
constexpr double kBoxShare = 30.0 / 986, kMajorityShare = 7.0 / 986;

int scaled(double share, int width) {
  return std::max(1, static_cast<int>(std::lround(share * width)));
}

double top_relevancy(const LanguageLevel& level, const std::vector<float>& relevancy) {
  std::vector<size_t> order;
  double total = 0;
  for (size_t i = 0; i < relevancy.size(); ++i) {
    if (level.weight[i] <= 0) continue;
    order.push_back(i);
    total += static_cast<double>(level.weight[i]);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return relevancy[a] != relevancy[b] ? relevancy[a] > relevancy[b] : a < b;
  });
  double sum = 0;
  for (const size_t i : order) {
    sum += static_cast<double>(level.weight[i]);
    if (sum >= kTopShare * total) return static_cast<double>(relevancy[i]);
  }
  return 0;
}

// Of one question from the cosines [n,rows] of all.
std::vector<float> relevancies(const QuestionSet& set, int question,
                               const std::vector<float>& cosines, double temperature) {
  const size_t rows = set.rows.size() / static_cast<size_t>(set.dim);
  std::vector<float> result(cosines.size() / rows);
  for (size_t i = 0; i < result.size(); ++i) {
    result[i] = relevancy(set, question, cosines.data() + i * rows, temperature);
  }
  return result;
}

int mirrored(int i, int count) {
  if (count == 1) return 0;
  const int period = 2 * (count - 1);
  i = ((i % period) + period) % period;
  return i < count ? i : period - i;
}

// Mean over windows [i - size / 2, i - size / 2 + size) of a line.
void mean_line(const float* line, float* out, int count, int step, int size) {
  const auto at = [&](int i) {
    return static_cast<double>(line[static_cast<ptrdiff_t>(mirrored(i, count)) * step]);
  };
  double sum = 0;
  for (int k = 0; k < size; ++k) sum += at(k - size / 2);
  for (int i = 0; i < count; ++i) {
    out[static_cast<ptrdiff_t>(i) * step] = static_cast<float>(sum / size);
    sum += at(i + 1 - size / 2 + size - 1) - at(i - size / 2);
  }
}

void cut_mask(const std::vector<float>& smooth, int width, int height, FoundInView& view) {
  const auto [low, high] = std::minmax_element(smooth.begin(), smooth.end());
  const float cut = *low + kMaskCut * (*high - *low);
  std::vector<float> above(smooth.size());
  for (size_t i = 0; i < smooth.size(); ++i) above[i] = smooth[i] > cut ? 1.f : 0.f;
  const std::vector<float> share =
      box_mean(above, width, height, scaled(kMajorityShare, width) | 1);
  view.box = {width, height, 0, 0};
  for (size_t i = 0; i < share.size(); ++i) {
    view.mask[i] = share[i] > 0.5f;
    if (!view.mask[i]) continue;
    const int x = static_cast<int>(i) % width, y = static_cast<int>(i) / width;
    view.box = {std::min(view.box[0], x), std::min(view.box[1], y), std::max(view.box[2], x + 1),
                std::max(view.box[3], y + 1)};
  }
  if (view.box[2] == 0) view.box = {0, 0, 0, 0};
}

}  // namespace

std::vector<FoundInSpace> search_space(const SplatCloud& cloud, const LanguageField& field,
                                       const QuestionSet& questions, const SearchOptions& options,
                                       Job& job) {
  std::vector<FoundInSpace> found(static_cast<size_t>(questions.questions()));
  for (size_t level = 0; level < field.levels.size(); ++level) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(level), static_cast<int64_t>(field.levels.size()),
                 "searching");
    const LanguageLevel& here = field.levels[level];
    const std::vector<float> cosines = FieldQueries(here, field.dim, questions.rows).of_gaussians();
    for (int q = 0; q < questions.questions(); ++q) {
      std::vector<float> map = relevancies(questions, q, cosines, options.temperature);
      for (size_t i = 0; i < map.size(); ++i) {
        if (here.weight[i] <= 0) map[i] = 0;
      }
      const double score = top_relevancy(here, map);
      FoundInSpace& best = found[static_cast<size_t>(q)];
      if (level > 0 && score <= best.score) continue;
      best.level = static_cast<int>(level);
      best.score = score;
      best.relevancy = std::move(map);
    }
  }
  for (FoundInSpace& thing : found) {
    thing.present = thing.score >= options.threshold;
    thing.gaussians = found_splats(cloud, field.levels[static_cast<size_t>(thing.level)].weight,
                                   thing.relevancy, thing.score, options.threshold);
  }
  return found;
}

std::vector<float> box_mean(const std::vector<float>& map, int width, int height, int size) {
  std::vector<float> rows(map.size()), result(map.size());
  for (int y = 0; y < height; ++y) {
    const ptrdiff_t at = static_cast<ptrdiff_t>(y) * width;
    mean_line(map.data() + at, rows.data() + at, width, 1, size);
  }
  for (int x = 0; x < width; ++x) {
    mean_line(rows.data() + x, result.data() + x, height, width, size);
  }
  return result;
}

std::vector<FoundInView> search_view(const SplatRaster& raster, const Camera& camera,
                                     const LanguageField& field, const QuestionSet& questions,
                                     const std::vector<FoundInSpace>& found,
                                     const SearchOptions& options, Job& job) {
  std::vector<FoundInView> views(found.size());
  for (size_t level = 0; level < field.levels.size(); ++level) {
    job.check_cancelled();
    const auto is_here = [&](const FoundInSpace& thing) {
      return thing.level == static_cast<int>(level);
    };
    if (std::none_of(found.begin(), found.end(), is_here)) continue;
    const LanguageLevel& here = field.levels[level];
    const FieldPicture picture = draw_field(raster, camera.width, camera.height, here,
                                            FieldQueries(here, field.dim, questions.rows));
    for (size_t q = 0; q < found.size(); ++q) {
      if (!is_here(found[q])) continue;
      FoundInView& view = views[q];
      view.relevancy =
          relevancies(questions, static_cast<int>(q), picture.cosine, options.temperature);
      for (size_t i = 0; i < view.relevancy.size(); ++i) {
        if (picture.weight[i] < kLeastWeight) view.relevancy[i] = 0;
      }
      std::vector<float> smooth =
          box_mean(view.relevancy, camera.width, camera.height, scaled(kBoxShare, camera.width));
      const auto peak = std::max_element(smooth.begin(), smooth.end());
      const auto at = static_cast<int>(peak - smooth.begin());
      view.peak = static_cast<double>(*peak);
      view.point = {at % camera.width, at / camera.width};
      view.mask.assign(smooth.size(), 0);
      for (size_t i = 0; i < smooth.size(); ++i) {
        smooth[i] = 0.5f * (smooth[i] + view.relevancy[i]);
      }
      if (found[q].present) cut_mask(smooth, camera.width, camera.height, view);
    }
  }
  return views;
}

}  // namespace vane
