#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the numbers of tests/guidance/rank_test_test.cpp from scipy.stats (1.17)."""
from scipy import stats

PAIRS = {
    "apart": ([0.11, 0.42, 0.23, 0.35, 0.19, 0.28], [0.51, 0.31, 0.62, 0.44, 0.57]),
    "tied": ([1, 2, 2, 3, 3, 3, 4, 5], [2, 3, 4, 4, 5, 5, 6]),
    "many": ([((i * 37) % 101) / 101 for i in range(40)],
             [((i * 53) % 103) / 103 + 0.15 for i in range(30)]),
}
for name, (low, high) in PAIRS.items():
    auto = "exact" if name == "apart" else "asymptotic"
    rank = stats.mannwhitneyu(high, low, alternative="two-sided", method=auto)
    welch = stats.ttest_ind(high, low, equal_var=False)
    print(name, f"auroc {rank.statistic / len(low) / len(high):.17g}",
          f"p {rank.pvalue:.17g} welch {welch.pvalue:.17g}")
for t, degrees in ((0.5, 1.0), (2.0, 3.7), (12.0, 25.0), (40.0, 60.0), (0.0, 5.0), (1e-3, 800.0)):
    print("student", t, degrees, f"{2 * stats.t.sf(t, degrees):.17g}")
P = [0.01, 0.04, 0.03, 0.005, 0.8, 0.03]
print("benjamini_hochberg", ", ".join(f"{x:.17g}" for x in stats.false_discovery_control(P)))
