// SPDX-License-Identifier: Apache-2.0
#pragma once
// What somebody typed as a part of a file's name.

#include <string>
#include <string_view>

namespace vane {

/// "The mug!" -> "The-mug": at most 40 letters, digits and hyphens, which a file system and a shell
/// take without quotes; empty when there is none.
std::string file_words(std::string_view text);

}  // namespace vane
