// SPDX-License-Identifier: Apache-2.0
#pragma once
// Character references of HTML 5 and the two ways the reference tokenizers decode them.

#include <span>
#include <string>
#include <string_view>

#include "engine/text/unicode_tables.h"

namespace vane {

/// Decodes every reference as a browser does (Python's `html.unescape`): names with or without
/// semicolon where the standard allows it, longest name first, decimal and hexadecimal numbers with
/// the standard's replacements. One pass; the result is not scanned again.
std::u32string html_unescape(std::u32string_view text);

/// Decodes only unambiguous references, as ftfy does: names that end in a semicolon, upper-case
/// spellings of lower-case names, and numbers that end in a semicolon.
std::u32string html_unescape_strict(std::u32string_view text);

namespace text_tables {

struct HtmlEntity {
  const char* name;   // without '&' and ';'
  const char* value;  // UTF-8
  bool legacy;        // also valid without semicolon
};

struct ReplacedReference {
  char32_t number, value;
};

/// Sorted by name as bytes.
extern const std::span<const HtmlEntity> kHtmlEntities, kUpperCaseEntities;
/// Numbers that decode to nothing.
extern const std::span<const CodePointRange> kInvalidReferences;
/// Numbers that decode to something else (Windows-1252).
extern const std::span<const ReplacedReference> kReplacedReferences;

}  // namespace text_tables
}  // namespace vane
