// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a text says anything that a model could look for.

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"

namespace vane {

/// True when the text holds a letter, a digit or a pictograph: not only blanks and punctuation.
bool says_something(std::string_view text);
/// Throws Error{usage} "WHAT says nothing: …" for an empty text and one of punctuation only.
void check_phrase(std::string_view text, const std::string& what);
/// Throws Error{usage} when a text is longer than the limit text.prompt_bytes; an empty one may be.
/// Called for every text of a request before a model is loaded.
void check_phrase_bytes(std::string_view text, const std::string& what, const Limits& limits);
void check_phrase_bytes(const std::vector<std::string>& texts, const std::string& what,
                        const Limits& limits);

}  // namespace vane
