// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether two samples of numbers differ, and how sure that is.

#include <vector>

namespace vane {

struct RankTest {
  /// Probability that a number of `high` exceeds one of `low`, ties counted half: 0.5 says nothing.
  double auroc = 0.5;
  /// Two-sided probability of a difference in ranks as large as this by chance.
  double p = 1;
  /// Whether p comes from counting all orders rather than from the normal approximation.
  bool exact = false;
};

/// Mann-Whitney U test (Mann & Whitney 1947), AUROC = U / (n m). Exact when no two numbers are
/// equal and n m <= 400; otherwise normal, with the variance corrected for ties and U for
/// continuity. Throws Error{usage} for an empty sample.
RankTest mann_whitney(const std::vector<double>& low, const std::vector<double>& high);

/// Two-sided p value of Welch's t test (Welch 1947); 1 for equal constant samples, 0 for different
/// ones. Throws Error{usage} for a sample of fewer than two.
double welch_p(const std::vector<double>& low, const std::vector<double>& high);

/// Probability beyond |t| on both sides of Student's distribution, degrees > 0.
double student_two_sided(double t, double degrees);

/// p values adjusted for how many were looked at, in their order, each at most 1. Holm 1979 bounds
/// the chance of any false finding; Benjamini & Hochberg 1995 the share of false ones among those
/// found.
std::vector<double> holm(const std::vector<double>& p);
std::vector<double> benjamini_hochberg(const std::vector<double>& p);

}  // namespace vane
