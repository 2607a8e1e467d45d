// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small text facts used by messages and parsers; independent of the locale.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

/// `text` with control bytes and invalid UTF-8 written as \xNN and everything beyond `max_bytes`
/// replaced by "…": safe to print to a terminal.
std::string printable(std::string_view text, size_t max_bytes = 200);

/// True when `text` is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

/// Optimal string alignment distance (insert, delete, substitute, transpose neighbours).
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word` when it is within distance 2 (and closer than its own length).
std::optional<std::string> nearest_name(std::string_view word, std::span<const std::string> names);

/// Parses the whole of `text` as a finite number; never looks at the locale.
std::optional<double> parse_number(std::string_view text);
std::optional<long long> parse_integer(std::string_view text);
/// Shortest text that reads back as the same value ("0.1", not "0.10000000000000001").
std::string number_text(double value);

/// "512", "1.5GiB", "300k": bytes with an optional binary (KiB, MiB, GiB) or decimal (k, M, G)
/// suffix.
std::optional<unsigned long long> parse_byte_size(std::string_view text);
/// "1.4 GiB" for a person.
std::string byte_size_text(unsigned long long bytes);
/// "3 min 20 s" for a person.
std::string duration_text(double seconds);

std::string join(std::span<const std::string> parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);
std::string trimmed(std::string_view text);

}  // namespace vane
