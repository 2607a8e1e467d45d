// SPDX-License-Identifier: Apache-2.0
// Oracle: the meaning of --threads: the number that was asked for, or all that the process may use.
#include "engine/run/threads.h"

#include <gtest/gtest.h>

namespace vane {
namespace {

TEST(Threads, LoopsOfOurOwnUseAsManyAsWereAskedFor) {
  EXPECT_EQ(set_compute_threads(3), 3);
  EXPECT_EQ(loop_threads(), 3);
  set_compute_threads(1);
  EXPECT_EQ(loop_threads(), 1);
  set_compute_threads(0);
  EXPECT_EQ(loop_threads(), logical_core_count());
}

}  // namespace
}  // namespace vane
