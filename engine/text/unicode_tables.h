// SPDX-License-Identifier: Apache-2.0
#pragma once
// Generated character data (tests/oracles/make_text_tables.py). All tables are sorted by code
// point.
//
// Two references are followed. The OpenAI tokenizer splits with the Python module `regex`
// 2026.11.19 (Unicode 18) and lower-cases with Python 3.11 (Unicode 14); the fast tokenizer of
// Hugging Face has Unicode 16 classes and Unicode 17 case pairs. The differences are kept as
// tables.

#include <cstdint>
#include <span>

namespace vane::text_tables {

struct CodePointRange {
  char32_t first, last;
};

/// Code points first, first+step, ... last map to themselves plus delta.
struct LowerRun {
  char32_t first, last;
  int32_t step, delta;
};

struct CombiningRange {
  char32_t first, last;
  uint8_t combining_class;
};

/// One step of canonical decomposition; `second` is 0 for singletons.
struct Decomposition {
  char32_t code_point, first, second;
};

/// Primary composites; sorted by (first, second).
struct Composition {
  char32_t first, second, composite;
};

extern const std::span<const CodePointRange> kLetters, kNumbers, kSpaces, kDecimalDigits;
extern const std::span<const CodePointRange> kNotLetterInTokenizers, kNotNumberInTokenizers;
extern const std::span<const LowerRun> kLower, kLowerOnlyInTokenizers;
/// What the final-sigma rule looks at; a code point is in at most one of the two.
extern const std::span<const CodePointRange> kCased, kCaseIgnorable;
extern const std::span<const CombiningRange> kCombining;
extern const std::span<const CodePointRange> kNotMarkInTokenizers;
extern const std::span<const Decomposition> kDecompositions;
extern const std::span<const Composition> kCompositions;

}  // namespace vane::text_tables
