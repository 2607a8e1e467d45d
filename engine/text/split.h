// SPDX-License-Identifier: Apache-2.0
#pragma once
// The split pattern of CLIP: contractions, letter runs, single numbers, runs of anything else.

#include <cstdint>
#include <functional>
#include <string_view>

#include "engine/text/unicode.h"

namespace vane {

struct SplitOptions {
  UnicodeRules rules = UnicodeRules::python;
  /// "<|startoftext|>" and "<|endoftext|>" are pieces of their own, whatever their case.
  bool special_pieces = true;
};

/// Calls `accept` with every piece of `text` in order. With Python's rules upper and lower case
/// match alike, the long s included; with those of tokenizers only lower case does.
void split_pieces(std::u32string_view text, const SplitOptions& options,
                  const std::function<void(std::u32string_view)>& accept);

constexpr std::u32string_view kStartText = U"<|startoftext|>", kEndText = U"<|endoftext|>";

}  // namespace vane
