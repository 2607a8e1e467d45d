// SPDX-License-Identifier: Apache-2.0
#include "generators/language/language_field.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int32_t kMostObjects = 32767;
constexpr float kShareSteps = 255;
// Above it (64 MB of numbers) products of objects are computed when they are needed.
constexpr int32_t kLargestGram = 4096;
constexpr float kVanishing = 1e-12f;

/// In sixteen sums, so that it is done in vectors: objects are compared by millions.
float dot(const float* a, const float* b, int dim) {
  constexpr int kLanes = 16;
  std::array<float, kLanes> sums{};
  int k = 0;
  for (; k + kLanes <= dim; k += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      sums[static_cast<size_t>(lane)] += a[k + lane] * b[k + lane];
    }
  }
  float sum = 0;
  for (; k < dim; ++k) sum += a[k] * b[k];
  for (const float part : sums) sum += part;
  return sum;
}

void make_unit(float* row, int dim) {
  const float length = std::sqrt(dot(row, row, dim));
  if (length > kVanishing) {
    for (int k = 0; k < dim; ++k) row[k] /= length;
  }
}

// Adds to the entry of an object, or makes one.
void add(std::vector<SplatWeight>& objects, int32_t object, float weight) {
  for (SplatWeight& entry : objects) {
    if (entry.gaussian != object) continue;
    entry.weight += weight;
    return;
  }
  objects.push_back({object, weight});
}

}  // namespace

LanguageLevel make_level(const std::string& name, const LabelTable& table, const MaskGroups& groups,
                         const std::vector<float>& features, int dim) {
  if (groups.objects > kMostObjects) {
    throw Error(ErrorCode::input, "the views show " + std::to_string(groups.objects) +
                                      " objects at level " + name + ", at most 32767 fit")
        .with_hint("use fewer views, or larger masks");
  }
  LanguageLevel level;
  level.name = name;
  const size_t count = table.rows.size(), objects = static_cast<size_t>(groups.objects);
  const auto width = static_cast<size_t>(dim);
  level.object.assign(count * kFieldSlots, kNoObject);
  level.share.assign(count * kFieldSlots, 0);
  level.weight.assign(count, 0.f);
  level.features.assign(objects * width, 0.f);
  level.mass.assign(objects, 0.f);
  level.views.assign(objects, 0);
  std::vector<double> mask_mass(table.view_of.size());
  std::vector<SplatWeight> row;
  for (size_t i = 0; i < count; ++i) {
    row.clear();
    if (is_mostly_outside(table, i)) continue;
    for (const SplatWeight& entry : table.rows[i]) {
      mask_mass[static_cast<size_t>(entry.gaussian)] += static_cast<double>(entry.weight);
      add(row, groups.object_of[static_cast<size_t>(entry.gaussian)], entry.weight);
      level.weight[i] += entry.weight;
    }
    std::sort(row.begin(), row.end(), [](const SplatWeight& a, const SplatWeight& b) {
      return a.weight != b.weight ? a.weight > b.weight : a.gaussian < b.gaussian;
    });
    for (size_t k = 0; k < std::min<size_t>(row.size(), kFieldSlots); ++k) {
      const auto share =
          static_cast<uint8_t>(std::lround(kShareSteps * row[k].weight / level.weight[i]));
      if (share == 0) break;
      level.object[i * kFieldSlots + k] = static_cast<int16_t>(row[k].gaussian);
      level.share[i * kFieldSlots + k] = share;
    }
  }
  std::vector<std::vector<int32_t>> seen(objects);
  for (size_t m = 0; m < mask_mass.size(); ++m) {
    const auto object = static_cast<size_t>(groups.object_of[m]);
    level.mass[object] += static_cast<float>(mask_mass[m]);
    auto& views = seen[object];
    if (mask_mass[m] > 0 &&
        std::find(views.begin(), views.end(), table.view_of[m]) == views.end()) {
      views.push_back(table.view_of[m]);
      ++level.views[object];
    }
    for (size_t k = 0; k < width; ++k) {
      level.features[object * width + k] +=
          static_cast<float>(mask_mass[m]) * features[m * width + k];
    }
  }
  for (size_t object = 0; object < objects; ++object) {
    make_unit(level.features.data() + object * width, dim);
  }
  return level;
}

FieldQueries::FieldQueries(const LanguageLevel& level, int dim, const std::vector<float>& queries)
    : level_(level), dim_(dim), count_(static_cast<int>(queries.size()) / dim) {
  const int32_t objects = level.objects();
  dots_.reserve(static_cast<size_t>(objects) * static_cast<size_t>(count_));
  const auto feature = [&](int32_t m) {
    return level.features.data() + static_cast<ptrdiff_t>(m) * dim;
  };
  for (int32_t m = 0; m < objects; ++m) {
    for (int q = 0; q < count_; ++q) {
      dots_.push_back(dot(feature(m), queries.data() + static_cast<ptrdiff_t>(q) * dim, dim));
    }
  }
  if (objects > kLargestGram) return;
  gram_.reserve(static_cast<size_t>(objects) * static_cast<size_t>(objects));
  for (int32_t a = 0; a < objects; ++a) {
    for (int32_t b = 0; b < objects; ++b) {
      gram_.push_back(b < a ? gram(b, a) : dot(feature(a), feature(b), dim));
    }
  }
}

float FieldQueries::gram(int32_t a, int32_t b) const {
  const size_t at =
      static_cast<size_t>(a) * static_cast<size_t>(level_.objects()) + static_cast<size_t>(b);
  if (at < gram_.size()) return gram_[at];
  const float* features = level_.features.data();
  return dot(features + static_cast<ptrdiff_t>(a) * dim_,
             features + static_cast<ptrdiff_t>(b) * dim_, dim_);
}

bool FieldQueries::cosines(const std::vector<SplatWeight>& objects, float* cosines) const {
  std::fill_n(cosines, count_, 0.f);
  float square = 0;
  for (size_t i = 0; i < objects.size(); ++i) {
    const SplatWeight& a = objects[i];
    const float* dots = dots_.data() + static_cast<ptrdiff_t>(a.gaussian) * count_;
    for (int q = 0; q < count_; ++q) cosines[q] += a.weight * dots[q];
    square += a.weight * a.weight * gram(a.gaussian, a.gaussian);
    for (size_t k = 0; k < i; ++k) {
      square += 2 * a.weight * objects[k].weight * gram(a.gaussian, objects[k].gaussian);
    }
  }
  const float length = std::sqrt(std::max(square, 0.f));
  if (!(length > kVanishing)) {
    std::fill_n(cosines, count_, 0.f);
    return false;
  }
  for (int q = 0; q < count_; ++q) cosines[q] = std::clamp(cosines[q] / length, -1.f, 1.f);
  return true;
}

std::vector<float> FieldQueries::of_gaussians() const {
  const auto count = static_cast<int64_t>(level_.weight.size());
  std::vector<float> result(static_cast<size_t>(count) * static_cast<size_t>(count_));
  std::vector<SplatWeight> objects;
  for (int64_t i = 0; i < count; ++i) {
    objects_of(level_, i, objects);
    cosines(objects, result.data() + i * count_);
  }
  return result;
}

void objects_of(const LanguageLevel& level, int64_t gaussian, std::vector<SplatWeight>& objects) {
  objects.clear();
  for (size_t k = 0; k < kFieldSlots; ++k) {
    const size_t at = static_cast<size_t>(gaussian) * kFieldSlots + k;
    if (level.object[at] < 0) break;
    objects.push_back({level.object[at], static_cast<float>(level.share[at]) / kShareSteps});
  }
}

FieldPicture draw_field(const SplatRaster& raster, int width, int height,
                        const LanguageLevel& level, const FieldQueries& queries) {
  FieldPicture picture{width, height, queries.count(), {}, {}};
  const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
  picture.cosine.assign(pixels * static_cast<size_t>(queries.count()), 0.f);
  picture.weight.assign(pixels, 0.f);
  raster.visit_weights([&](int, int64_t pixel, const SplatWeight* weights, int count) {
    thread_local std::vector<SplatWeight> mixture, objects;
    mixture.clear();
    float sum = 0;
    for (int i = 0; i < count; ++i) {
      objects_of(level, weights[i].gaussian, objects);
      if (objects.empty()) continue;
      sum += weights[i].weight;
      for (const SplatWeight& entry : objects) {
        add(mixture, entry.gaussian, weights[i].weight * entry.weight);
      }
    }
    picture.weight[static_cast<size_t>(pixel)] = sum;
    queries.cosines(mixture, picture.cosine.data() + pixel * queries.count());
  });
  return picture;
}

}  // namespace vane
