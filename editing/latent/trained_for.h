// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files of what was trained to edit: where they are, and what they fit.

#include <filesystem>
#include <map>
#include <string>

namespace vane {

/// `asked`, or COMPONENT.safetensors in it where it is a folder. Throws Error{usage} when it is
/// empty: such a file does not come with the program.
std::filesystem::path trained_file(const std::filesystem::path& asked,
                                   const std::string& component);

/// Throws Error{checkpoint} when the file's facts name another content hash of the thing
/// ("generator", "clip", …); a published file, which says nothing, passes.
void check_trained_for(const std::map<std::string, std::string>& facts, const std::string& thing,
                       const std::string& own_hash, const std::filesystem::path& file,
                       const std::string& component);

}  // namespace vane
