// SPDX-License-Identifier: Apache-2.0
#pragma once
// Code points, normalisation, case and character classes as the reference tokenizers see them.

#include <cstdint>
#include <string>
#include <string_view>

namespace vane {

constexpr char32_t kReplacementCharacter = 0xFFFD;

/// Whose tables to follow; they differ in characters that recent Unicode versions added.
enum class UnicodeRules {
  python,      // Python 3.11 lower-casing with final sigma; classes of the module `regex`
  tokenizers,  // Rust tokenizers: lower-casing of single characters; Oniguruma classes; old marks
};

/// Classes of the split pattern. `skipped` matches no alternative of it and only separates.
enum class CharacterClass : uint8_t { space, letter, number, other, skipped };

/// Code points of UTF-8; every maximal ill-formed part becomes one U+FFFD (Unicode 3.9, table 3-8),
/// surrogates and overlong forms included, as Python's errors="replace" does.
std::u32string decode_utf8(std::string_view bytes);
void append_utf8(std::string& out, char32_t code_point);
std::string encode_utf8(std::u32string_view text);

/// Normalisation form C (Unicode Standard Annex 15).
std::u32string nfc(std::u32string_view text, UnicodeRules rules = UnicodeRules::python);

/// Full lower-casing: U+0130 becomes "i" and U+0307; with Python's rules a capital sigma at the end
/// of a word becomes U+03C2.
std::u32string lower_case(std::u32string_view text, UnicodeRules rules = UnicodeRules::python);

CharacterClass character_class(char32_t code_point, UnicodeRules rules = UnicodeRules::python);
/// What `str.split` and `str.strip` of Python treat as white space.
bool is_python_space(char32_t code_point);
/// What `\d` matches in Python.
bool is_decimal_digit(char32_t code_point);

}  // namespace vane
