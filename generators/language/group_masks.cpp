// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>

#include "generators/language/label_table.h"

namespace vane {
namespace {

// A view sees a Gaussian when it gives it this part of the weight of the view that sees it best.
constexpr float kLeastSight = 0.02f;
// Smaller shares of a Gaussian say nothing about a mask.
constexpr float kLeastShare = 0.05f;
// Two masks can be compared when this part of each is seen by the other's view.
constexpr float kLeastCommon = 0.6f;
// Pairs below it are not worth remembering: a mean above the threshold does not need them.
constexpr float kLeastOverlap = 0.02f;

struct Member {
  int32_t gaussian;
  float share;
};

struct Pair {
  float overlap;
  int32_t a, b;
};

// The table as shares of what each view sees of a Gaussian.
class Shares {
 public:
  explicit Shares(const LabelTable& table)
      : view_of_(table.view_of), masks_(table.view_of.size()), rows_(table.rows.size()) {
    for (const int32_t view : view_of_) views_ = std::max(views_, view + 1);
    area_.assign(masks_ * static_cast<size_t>(views_), 0.f);
    members_.resize(masks_);
    total_.resize(table.rows.size());
    std::vector<float> seen(static_cast<size_t>(views_));
    for (size_t i = 0; i < table.rows.size(); ++i) {
      if (!is_mostly_outside(table, i)) add_gaussian(i, table.rows[i], seen);
    }
  }

  // Sum of shares of mask `m` over the Gaussians that `view` sees.
  float area(int32_t m, int32_t view) const {
    return area_[static_cast<size_t>(m) * static_cast<size_t>(views_) + static_cast<size_t>(view)];
  }
  float area(int32_t m) const { return area(m, view_of(m)); }
  int32_t view_of(int32_t m) const { return view_of_[static_cast<size_t>(m)]; }
  bool comparable(int32_t a, int32_t b) const {
    return view_of(a) != view_of(b) && area(a, view_of(b)) >= kLeastCommon * area(a) &&
           area(b, view_of(a)) >= kLeastCommon * area(b);
  }

  std::vector<Pair> pairs() const {
    std::vector<Pair> result;
    std::vector<float> common(masks_, 0.f);
    std::vector<int32_t> touched;
    for (size_t m = 0; m < masks_; ++m) {
      const auto a = static_cast<int32_t>(m);
      for (const Member& member : members_[m]) {
        const auto i = static_cast<size_t>(member.gaussian);
        for (const SplatWeight& other : rows_[i]) {
          if (other.gaussian <= a) continue;
          float& sum = common[static_cast<size_t>(other.gaussian)];
          if (sum == 0) touched.push_back(other.gaussian);
          sum += total_[i] * std::min(member.share, other.weight);
        }
      }
      for (const int32_t b : touched) {
        const float both = std::exchange(common[static_cast<size_t>(b)], 0.f);
        if (!comparable(a, b)) continue;
        const float either = area(a, view_of(b)) + area(b, view_of(a)) - both;
        if (both > kLeastOverlap * either) result.push_back({both / either, a, b});
      }
      touched.clear();
    }
    std::sort(result.begin(), result.end(), [](const Pair& x, const Pair& y) {
      return x.overlap != y.overlap ? x.overlap > y.overlap
                                    : std::pair(x.a, x.b) < std::pair(y.a, y.b);
    });
    return result;
  }

 private:
  void add_gaussian(size_t i, const std::vector<SplatWeight>& row, std::vector<float>& seen) {
    float best = 0;
    for (const SplatWeight& entry : row) {
      float& sum = seen[static_cast<size_t>(view_of(entry.gaussian))];
      sum += entry.weight;
      best = std::max(best, sum);
      total_[i] += entry.weight;
    }
    std::vector<int32_t> views;
    for (const SplatWeight& entry : row) {
      const int32_t view = view_of(entry.gaussian);
      const float sight = seen[static_cast<size_t>(view)];
      if (!(sight > kLeastSight * best)) continue;
      if (std::find(views.begin(), views.end(), view) == views.end()) views.push_back(view);
      const float share = entry.weight / sight;
      if (share < kLeastShare) continue;
      rows_[i].push_back({entry.gaussian, share});
      members_[static_cast<size_t>(entry.gaussian)].push_back({static_cast<int32_t>(i), share});
    }
    for (const SplatWeight& entry : rows_[i]) {
      for (const int32_t view : views) {
        area_[static_cast<size_t>(entry.gaussian) * static_cast<size_t>(views_) +
              static_cast<size_t>(view)] += total_[i] * entry.weight;
      }
    }
    for (const SplatWeight& entry : row) seen[static_cast<size_t>(view_of(entry.gaussian))] = 0;
  }

  const std::vector<int32_t>& view_of_;
  size_t masks_;
  int32_t views_ = 0;
  std::vector<std::vector<SplatWeight>> rows_;  // (mask, share)
  std::vector<std::vector<Member>> members_;
  std::vector<float> total_, area_;
};

class Groups {
 public:
  explicit Groups(const Shares& shares, const std::vector<Pair>& pairs, int32_t masks)
      : shares_(shares), parent_(static_cast<size_t>(masks)), links_(static_cast<size_t>(masks)) {
    for (int32_t m = 0; m < masks; ++m) {
      parent_[static_cast<size_t>(m)] = m;
      members_.push_back({m});
    }
    for (const Pair& pair : pairs) {
      links_[static_cast<size_t>(pair.a)][pair.b] += pair.overlap;
      links_[static_cast<size_t>(pair.b)][pair.a] += pair.overlap;
    }
  }

  int32_t root(int32_t m) {
    while (parent_[static_cast<size_t>(m)] != m) {
      int32_t& up = parent_[static_cast<size_t>(m)];
      up = parent_[static_cast<size_t>(up)];
      m = up;
    }
    return m;
  }

  double mean_overlap(int32_t a, int32_t b) const {
    const auto& links = links_[static_cast<size_t>(a)];
    const auto found = links.find(b);
    if (found == links.end()) return 0;
    int64_t count = 0;
    for (const int32_t x : members_[static_cast<size_t>(a)]) {
      for (const int32_t y : members_[static_cast<size_t>(b)]) count += shares_.comparable(x, y);
    }
    return count > 0 ? found->second / static_cast<double>(count) : 0;
  }

  void join(int32_t a, int32_t b) {
    if (links_[static_cast<size_t>(a)].size() < links_[static_cast<size_t>(b)].size()) {
      std::swap(a, b);
    }
    auto &into = members_[static_cast<size_t>(a)], &from = members_[static_cast<size_t>(b)];
    into.insert(into.end(), from.begin(), from.end());
    from.clear();
    parent_[static_cast<size_t>(b)] = a;
    for (const auto& [other, overlap] : links_[static_cast<size_t>(b)]) {
      auto& back = links_[static_cast<size_t>(other)];
      back.erase(b);
      if (other == a) continue;
      links_[static_cast<size_t>(a)][other] += overlap;
      back[a] += overlap;
    }
    links_[static_cast<size_t>(b)].clear();
  }

 private:
  const Shares& shares_;
  std::vector<int32_t> parent_;
  std::vector<std::vector<int32_t>> members_;
  std::vector<std::unordered_map<int32_t, double>> links_;
};

}  // namespace

MaskGroups group_masks(const LabelTable& table, double least_overlap) {
  MaskGroups result;
  const Shares shares(table);
  const std::vector<Pair> pairs = shares.pairs();
  Groups groups(shares, pairs, table.masks());
  bool joined = true;
  while (joined) {
    joined = false;
    for (const Pair& pair : pairs) {
      if (!(pair.overlap > least_overlap)) break;
      const int32_t a = groups.root(pair.a), b = groups.root(pair.b);
      if (a == b || !(groups.mean_overlap(a, b) > least_overlap)) continue;
      groups.join(a, b);
      joined = true;
    }
  }
  std::vector<int32_t> number(static_cast<size_t>(table.masks()), -1);
  for (int32_t m = 0; m < table.masks(); ++m) {
    int32_t& object = number[static_cast<size_t>(groups.root(m))];
    if (object < 0) object = result.objects++;
    result.object_of.push_back(object);
  }
  return result;
}

}  // namespace vane
