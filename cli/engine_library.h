// SPDX-License-Identifier: Apache-2.0
#pragma once
// Loads libvane_engine.so when a command computes, so that help and errors come at once.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/global_options.h"
#include "editing/services/service_table.h"

namespace vane {

/// Where a library of the program lies: beside it, or in ../lib; nothing when it is not there.
std::optional<std::filesystem::path> library_beside_program(const std::string& name);

/// Loads the library beside the program on first use and applies --threads and --device to it.
/// Throws Error{input} when it is missing or cannot be loaded, Error{internal} when it is of
/// another build, Error{usage} for a device that it does not have.
ServiceFunction engine_service(const std::string& name, std::size_t request_bytes,
                               std::size_t result_bytes, const GlobalOptions& options, Job& job);

template <class Request, class Result>
Result run_service(const std::string& name, const Request& request, const GlobalOptions& options,
                   Job& job) {
  Result result{};
  engine_service(name, sizeof(Request), sizeof(Result), options, job)(&request, job, &result);
  return result;
}

}  // namespace vane
