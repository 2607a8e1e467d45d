// SPDX-License-Identifier: Apache-2.0
// Properties: any bytes tokenize under every policy into a row of the asked length, whose ids are
// in the vocabulary and decode, and that ends where it says. The first byte chooses the options.
#include "engine/text/tokenizer.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  // Repeated escapes ("&amp;amp;...") cost quadratic time here as in the reference.
  constexpr size_t kLongest = 8192;
  if (size == 0 || size > kLongest) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  TokenizerOptions options;
  options.cleaning = static_cast<TextCleaning>(data[0] % 4);
  options.parse_special = (data[0] & 4) != 0;
  options.context_length = 2 + data[0] / 8;
  const Tokenizer& tokenizer = Tokenizer::builtin();
  const TokenBatch batch = tokenizer.encode_batch({text}, options);
  require(batch.ids.size() == static_cast<size_t>(options.context_length), "the row is full");
  require(batch.ids[static_cast<size_t>(batch.end[0])] == Tokenizer::kEnd, "the end token");
  const std::vector<int64_t> ids = tokenizer.encode(text, options);
  for (int64_t id : ids) require(id >= 0 && id < Tokenizer::kVocabulary, "the vocabulary");
  require(ids == tokenizer.encode(text, options), "the same ids each time");
  tokenizer.decode(ids);
  return 0;
}
