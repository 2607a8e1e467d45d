// SPDX-License-Identifier: Apache-2.0
#pragma once
// The door between the front (no torch) and libvane_engine.so (everything that computes).

#include <cstddef>

#include "engine/base/job.h"

namespace vane {

/// `request` and `result` point at the structs of editing/services/NAME.h. Throws Error and
/// Cancelled only; what LibTorch and the allocator throw has become an Error.
using ServiceFunction = void (*)(const void* request, Job& job, void* result);

}  // namespace vane

extern "C" {
/// The service of that name, or null when there is none or when the sizes of its structs differ
/// (a front and a library of different builds).
vane::ServiceFunction vane_service(const char* name, std::size_t request_bytes,
                                   std::size_t result_bytes);
}
