// SPDX-License-Identifier: Apache-2.0
// Any bytes tokenize without a fault, under every policy, into ids that decode.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  vane::TokenizerOptions options;
  options.cleaning = static_cast<vane::TextCleaning>(data[0] % 3);
  options.parse_special = (data[0] & 4) != 0;
  options.context_length = 2 + data[0] / 8;
  const vane::Tokenizer& tokenizer = vane::Tokenizer::builtin();
  const vane::TokenBatch batch = tokenizer.encode_batch({text}, options);
  if (batch.ids.size() != static_cast<size_t>(options.context_length)) std::abort();
  for (int64_t id : batch.ids) {
    if (id < 0 || id >= vane::Tokenizer::kVocabulary) std::abort();
  }
  if (batch.ids[static_cast<size_t>(batch.end[0])] != vane::Tokenizer::kEnd) std::abort();
  tokenizer.decode(tokenizer.encode(text, options));
  return 0;
}
