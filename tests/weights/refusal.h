// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asserting that a reader refuses.

#include <gtest/gtest.h>

#include <string>

#include "engine/base/error.h"

namespace vane {

/// The text of the Error that `call` throws. Fails the test when it throws none, one of another
/// class than checkpoint, or one that points beyond the `size` bytes of the input.
template <class Call>
std::string refusal(uint64_t size, Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
    EXPECT_LE(error.byte().value_or(0), size) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace vane
