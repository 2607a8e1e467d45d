// SPDX-License-Identifier: Apache-2.0
#pragma once
// Services without torch that do simple arithmetic on pictures, so that a test can tell what was
// asked of them.

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "editing/services/service_door.h"

namespace vane::testing {

/// `edit` and `enhance` brighten by 16 times the strength, `segment` finds the left half; the
/// previews do the same in memory. `query` finds what lies left of x = 0 for "left", right of it
/// for "right", nothing for "nothing"; `lift` says that everything is one object. Directions
/// are texts that say how they were made. Phrases: "fail"
/// throws Error{numeric}, "slow" works in steps until it is stopped, and the preview of
/// "laborious" takes 30 ms in ten steps.
class FakeServices final : public ServiceDoor {
 public:
  ServiceFunction find(const std::string& name, std::size_t request_bytes, std::size_t result_bytes,
                       Job& job) override;

  /// Calls by name.
  static std::map<std::string, int> calls();
  static void forget_calls();
};

}  // namespace vane::testing
