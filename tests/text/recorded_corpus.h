// SPDX-License-Identifier: Apache-2.0
#pragma once
// The recorded answers of the published tokenizers (tests/oracles/record_tokenizer.py).

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/text.h"
#include "tests/support/gzip.h"

namespace vane::testing {

struct RecordedText {
  std::string kind, text;
  std::vector<int64_t> openai, hugging_face;
};

inline std::vector<int64_t> parse_ids(const std::string& text) {
  std::vector<int64_t> ids;
  for (const std::string& part : split(text, ' ')) {
    if (!part.empty()) ids.push_back(*parse_integer(part));
  }
  return ids;
}

inline std::string from_hex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

/// Every recorded text; the first call reads the file.
inline const std::vector<RecordedText>& recorded_corpus() {
  static const std::vector<RecordedText> corpus = [] {
    std::vector<RecordedText> out;
    const std::string content =
        read_gzip(std::string(VANE_TEST_DATA) + "/text/data/tokenizer.tsv.gz");
    for (const std::string& line : split(content, '\n')) {
      if (line.empty() || line[0] == '#') continue;
      const std::vector<std::string> columns = split(line, '\t');
      RecordedText record{columns.at(0), from_hex(columns.at(1)), parse_ids(columns.at(2)), {}};
      record.hugging_face = columns.at(3) == "=" ? record.openai : parse_ids(columns.at(3));
      out.push_back(std::move(record));
    }
    return out;
  }();
  return corpus;
}

}  // namespace vane::testing
