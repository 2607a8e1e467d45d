// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a front without torch calls the services: by name, whatever library they are in.

#include <cstddef>
#include <string>

#include "editing/services/service_table.h"

namespace vane {

class ServiceDoor {
 public:
  virtual ~ServiceDoor() = default;

  /// Any thread. Throws Error{input} when the library is not there, Error{internal} when it is of
  /// another build.
  virtual ServiceFunction find(const std::string& name, std::size_t request_bytes,
                               std::size_t result_bytes, Job& job) = 0;

  /// Throws what the service throws.
  template <class Result, class Request>
  Result call(const std::string& name, const Request& request, Job& job) {
    Result result{};
    find(name, sizeof(Request), sizeof(Result), job)(&request, job, &result);
    return result;
  }
};

}  // namespace vane
