// SPDX-License-Identifier: Apache-2.0
#include "guidance/rank_test.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr size_t kExactPairs = 400;

struct Ranked {
  double u = 0;  // pairs in which `high` exceeds `low`, ties half
  double tie_term = 0;
  bool ties = false;
};

Ranked ranked(const std::vector<double>& low, const std::vector<double>& high) {
  std::vector<std::pair<double, bool>> all;
  for (const double x : low) all.emplace_back(x, false);
  for (const double x : high) all.emplace_back(x, true);
  std::sort(all.begin(), all.end());
  Ranked result;
  double rank_sum = 0;
  for (size_t i = 0; i < all.size();) {
    size_t end = i;
    while (end < all.size() && all[end].first == all[i].first) ++end;
    const auto count = static_cast<double>(end - i);
    const double rank = static_cast<double>(i + 1 + end) / 2;
    for (size_t k = i; k < end; ++k) rank_sum += all[k].second ? rank : 0;
    result.tie_term += count * count * count - count;
    result.ties = result.ties || end - i > 1;
    i = end;
  }
  const auto m = static_cast<double>(high.size());
  result.u = rank_sum - m * (m + 1) / 2;
  return result;
}

/// Share of all orders of n and m different numbers whose U is at least `u`. The number of orders
/// with U = k is the coefficient of q^k in the Gaussian binomial: prod (1 - q^(n+j)) / (1 - q^j).
double exact_tail(size_t n, size_t m, double u) {
  std::vector<double> count(n * m + 1, 0.0);
  count[0] = 1;
  for (size_t j = 1; j <= m; ++j) {
    for (size_t k = count.size(); k-- > n + j;) count[k] -= count[k - n - j];
    for (size_t k = j; k < count.size(); ++k) count[k] += count[k - j];
  }
  double total = 0, tail = 0;
  for (size_t k = 0; k < count.size(); ++k) {
    total += count[k];
    if (static_cast<double>(k) >= u) tail += count[k];
  }
  return tail / total;
}

/// Continued fraction of the regularised incomplete beta function (modified Lentz), which converges
/// fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  constexpr int kTermsAtMost = 10000;
  const auto bounded = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / bounded(1 - (a + b) * x / (a + 1)), value = d;
  for (int i = 1; i <= kTermsAtMost; ++i) {
    const double k = i;
    const double even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
    const double odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
    for (const double term : {even, odd}) {
      d = 1 / bounded(1 + term * d);
      c = bounded(1 + term / c);
      value *= c * d;
    }
    if (std::abs(c * d - 1) < std::numeric_limits<double>::epsilon()) break;
  }
  return value;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

struct Moments {
  double mean = 0, error_square = 0;  // variance of the mean
};

Moments moments(const std::vector<double>& x) {
  const auto n = static_cast<double>(x.size());
  Moments result;
  for (const double value : x) result.mean += value / n;
  double sum = 0;
  for (const double value : x) sum += (value - result.mean) * (value - result.mean);
  result.error_square = sum / (n - 1) / n;
  return result;
}

std::vector<size_t> ascending(const std::vector<double>& p) {
  std::vector<size_t> order(p.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  return order;
}

}  // namespace

RankTest mann_whitney(const std::vector<double>& low, const std::vector<double>& high) {
  if (low.empty() || high.empty()) {
    throw Error(ErrorCode::usage, "a rank test needs numbers on both sides");
  }
  const auto n = static_cast<double>(low.size()), m = static_cast<double>(high.size());
  const Ranked order = ranked(low, high);
  RankTest test;
  test.auroc = order.u / (n * m);
  const double extreme = std::max(order.u, n * m - order.u);
  if (!order.ties && low.size() * high.size() <= kExactPairs) {
    test.exact = true;
    test.p = std::min(1.0, 2 * exact_tail(low.size(), high.size(), extreme));
    return test;
  }
  const double all = n + m;
  const double variance = n * m / 12 * (all + 1 - order.tie_term / (all * (all - 1)));
  if (!(variance > 0)) return test;
  const double z = (extreme - n * m / 2 - 0.5) / std::sqrt(variance);
  test.p = std::min(1.0, std::erfc(z / std::sqrt(2.0)));
  return test;
}

double student_two_sided(double t, double degrees) {
  return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

double welch_p(const std::vector<double>& low, const std::vector<double>& high) {
  if (low.size() < 2 || high.size() < 2) {
    throw Error(ErrorCode::usage, "a t test needs at least two numbers on both sides");
  }
  const Moments a = moments(low), b = moments(high);
  const double square = a.error_square + b.error_square;
  if (!(square > 0)) return a.mean == b.mean ? 1 : 0;
  const double degrees = square * square /
                         (a.error_square * a.error_square / (static_cast<double>(low.size()) - 1) +
                          b.error_square * b.error_square / (static_cast<double>(high.size()) - 1));
  return student_two_sided((b.mean - a.mean) / std::sqrt(square), degrees);
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<double> adjusted(p.size());
  double highest = 0;
  const std::vector<size_t> order = ascending(p);
  for (size_t i = 0; i < order.size(); ++i) {
    highest = std::max(highest, p[order[i]] * static_cast<double>(p.size() - i));
    adjusted[order[i]] = std::min(1.0, highest);
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p) {
  std::vector<double> adjusted(p.size());
  double lowest = 1;
  const std::vector<size_t> order = ascending(p);
  for (size_t i = order.size(); i-- > 0;) {
    lowest =
        std::min(lowest, p[order[i]] * static_cast<double>(p.size()) / static_cast<double>(i + 1));
    adjusted[order[i]] = lowest;
  }
  return adjusted;
}

}  // namespace vane
