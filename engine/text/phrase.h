// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a text says anything that a model could look for.

#include <string>
#include <string_view>

namespace vane {

/// True when the text holds a letter, a digit or a pictograph: not only blanks and punctuation.
bool says_something(std::string_view text);
/// Throws Error{usage} "WHAT says nothing: …" for an empty text and one of punctuation only.
void check_phrase(std::string_view text, const std::string& what);

}  // namespace vane
