// SPDX-License-Identifier: Apache-2.0
#include "editing/language/field_search.h"

#include <algorithm>
#include <numeric>

#include "generators/language/found_splats.h"

namespace vane {
namespace {

constexpr double kTopShare = 0.002;
// A share of a Gaussian that is more than half of it.
constexpr uint8_t kMajority = 128;
// LangSplat's rule for masks: of the range of a map, clip(2 x - 1, 0, 1) > 0.4.
constexpr float kMaskCut = 0.7f;
// Pixels where less than half of the light comes from Gaussians that carry features show nothing:
// the rest of it speaks for what has no mask.
constexpr float kLeastWeight = 0.5f;
// Pixels that stop less light show nothing at all.
constexpr float kLeastAlpha = 0.1f;
constexpr double kBoxShare = 30.0 / 986, kMajorityShare = 7.0 / 986;

// Differences of relevancy that mean nothing (mixtures at a rim reach them), and how much wider the
// box is that decides then.
constexpr float kSameHeight = 0.01f;
constexpr int kWiderBox = 4;

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

// Of one question for each Gaussian of the level: of its object where it has one, of its mixture
// otherwise; 0 where no mask saw it.
std::vector<float> gaussian_relevancies(const LanguageLevel& level, const FieldQueries& queries,
                                        const QuestionSet& set, int question, double temperature) {
  const std::vector<float> of_object =
      relevancies(set, question, queries.of_objects(), temperature);
  const auto rows = static_cast<size_t>(queries.count());
  std::vector<float> result(level.weight.size(), 0.f), cosines(rows);
  std::vector<SplatWeight> objects;
  for (size_t i = 0; i < result.size(); ++i) {
    const size_t slot = i * kFieldSlots;
    if (level.weight[i] <= 0 || level.object[slot] < 0) continue;
    if (level.share[slot] >= kMajority) {
      result[i] = of_object[static_cast<size_t>(level.object[slot])];
      continue;
    }
    objects_of(level, static_cast<int64_t>(i), objects);
    queries.cosines(objects, cosines.data());
    result[i] = relevancy(set, question, cosines.data(), temperature);
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

// The highest pixel of the smoothed map. What is evenly relevant has many: of those, the one that
// is deepest inside, by the mean over a larger box.
std::array<int, 2> highest(const std::vector<float>& smooth, const std::vector<float>& relevancy,
                           int width, int height) {
  const float least = *std::max_element(smooth.begin(), smooth.end()) - kSameHeight;
  const std::vector<float> wide =
      box_mean(relevancy, width, height, kWiderBox * scaled(kBoxShare, width));
  int best = -1;
  for (int i = 0; i < width * height; ++i) {
    const auto at = static_cast<size_t>(i);
    if (smooth[at] >= least && (best < 0 || wide[at] > wide[static_cast<size_t>(best)])) best = i;
  }
  return {best % width, best / width};
}

std::vector<uint8_t> range_mask(const std::vector<float>& smooth, int width, int height) {
  const auto [low, high] = std::minmax_element(smooth.begin(), smooth.end());
  const float cut = *low + kMaskCut * (*high - *low);
  std::vector<float> above(smooth.size());
  for (size_t i = 0; i < smooth.size(); ++i) above[i] = smooth[i] > cut ? 1.f : 0.f;
  const std::vector<float> share =
      box_mean(above, width, height, scaled(kMajorityShare, width) | 1);
  std::vector<uint8_t> mask;
  mask.reserve(share.size());
  for (const float x : share) mask.push_back(x > 0.5f);
  return mask;
}

std::array<int, 4> box_of(const std::vector<uint8_t>& mask, int width, int height) {
  std::array<int, 4> box = {width, height, 0, 0};
  for (size_t i = 0; i < mask.size(); ++i) {
    if (!mask[i]) continue;
    const int x = static_cast<int>(i) % width, y = static_cast<int>(i) / width;
    box = {std::min(box[0], x), std::min(box[1], y), std::max(box[2], x + 1),
           std::max(box[3], y + 1)};
  }
  return box[2] == 0 ? std::array<int, 4>{0, 0, 0, 0} : box;
}

// Draws what was selected for each question.
void draw_selections(const SplatRaster& raster, int64_t gaussians,
                     const std::vector<FoundInSpace>& found, std::vector<FoundInView>& views) {
  std::vector<size_t> drawn;
  for (size_t q = 0; q < found.size(); ++q) {
    if (!found[q].gaussians.empty()) drawn.push_back(q);
  }
  if (drawn.empty()) return;
  const size_t channels = drawn.size();
  std::vector<float> chosen(static_cast<size_t>(gaussians) * channels, 0.f);
  for (size_t c = 0; c < channels; ++c) {
    for (const int64_t i : found[drawn[c]].gaussians) {
      chosen[static_cast<size_t>(i) * channels + c] = 1;
    }
  }
  std::vector<float> alpha(views[drawn.front()].mask.size());
  const std::vector<float> weight =
      raster.draw_features(chosen.data(), static_cast<int>(channels), alpha.data());
  for (size_t c = 0; c < channels; ++c) {
    std::vector<uint8_t>& mask = views[drawn[c]].mask;
    for (size_t i = 0; i < mask.size(); ++i) {
      mask[i] = alpha[i] >= kLeastAlpha && weight[i * channels + c] > 0.5f * alpha[i];
    }
  }
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
    const FieldQueries queries(here, field.dim, questions.rows);
    const bool are_wholes = level + 1 == field.levels.size();
    for (int q = 0; q < questions.questions(); ++q) {
      std::vector<float> map =
          gaussian_relevancies(here, queries, questions, q, options.temperature);
      const double score = top_relevancy(here, map) - (are_wholes ? 0 : options.part_margin);
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
      view.peak = static_cast<double>(*std::max_element(smooth.begin(), smooth.end()));
      view.point = highest(smooth, view.relevancy, camera.width, camera.height);
      view.mask.assign(smooth.size(), 0);
      view.range_mask.assign(smooth.size(), 0);
      for (size_t i = 0; i < smooth.size(); ++i) {
        smooth[i] = 0.5f * (smooth[i] + view.relevancy[i]);
      }
      if (found[q].present) view.range_mask = range_mask(smooth, camera.width, camera.height);
    }
  }
  draw_selections(raster, field.gaussians, found, views);
  for (FoundInView& view : views) view.box = box_of(view.mask, camera.width, camera.height);
  return views;
}

}  // namespace vane
