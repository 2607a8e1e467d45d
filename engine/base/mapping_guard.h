// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happens when a file is cut short while it is mapped: the program goes on, and the result is
// refused.

#include <cstddef>
#include <span>
#include <string>

#include "engine/base/error.h"

namespace vane {

/// Watches one read-only mapping for as long as it lives.
///
/// Reading a page that no longer has a file behind it raises SIGBUS in whichever thread reads. The
/// handler, installed with the first mapping, puts zeros in the place of the missing pages, notes
/// that the file shrank and lets the thread go on; no stack is unwound from a signal, so that this
/// holds inside any library. Faults elsewhere go to whoever handled them before.
///
/// Whoever hands out a result calls `check_mappings()` before, since it may rest on those zeros:
/// the services and `atomic_write` do. At most 1024 mappings are watched at a time, further ones
/// are not.
class MappingGuard {
 public:
  /// `name` and `code` go into the error.
  MappingGuard(std::span<const std::byte> mapping, std::string name, ErrorCode code);
  ~MappingGuard();
  MappingGuard(const MappingGuard&) = delete;
  MappingGuard& operator=(const MappingGuard&) = delete;

 private:
  int slot_ = -1;
};

/// Throws an error of the mapping's code, "file shrank while being read", when that happened to a
/// mapping that is still there, or to one that went away since the last call.
void check_mappings();

}  // namespace vane
