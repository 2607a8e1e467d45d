// SPDX-License-Identifier: Apache-2.0
#pragma once
// Libraries of the program that are loaded when they are needed.

#include <filesystem>

namespace vane {

/// Loads a library of the program, with only its own names visible, and finds `symbol` in it.
/// Throws Error{input} when it cannot be loaded, Error{resource} for want of memory,
/// Error{internal} when the symbol is not there.
void* library_symbol(const std::filesystem::path& path, const char* symbol);

}  // namespace vane
