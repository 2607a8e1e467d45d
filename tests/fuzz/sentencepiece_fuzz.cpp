// SPDX-License-Identifier: Apache-2.0
// Properties: a model is refused with a place within the file, or its tokenizer cuts every text
// into ids of its vocabulary, the same each time. The last bytes of the input are also a text.
#include "engine/text/sentencepiece_model.h"

#include "engine/text/unigram.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  std::unique_ptr<UnigramTokenizer> tokenizer;
  require_result_or_error(size, ErrorCode::checkpoint, [&] {
    tokenizer = std::make_unique<UnigramTokenizer>(parse_sentencepiece_model(bytes), "fuzz");
  });
  if (!tokenizer) return 0;
  constexpr size_t kTail = 64;
  const size_t tail = std::min(size, kTail);
  const std::string own(reinterpret_cast<const char*>(data) + size - tail, tail);
  for (const std::string& text :
       {std::string("a photo of Ad\xC3\xA9 </s> \xE6\xB0\xB4\xE5\xBD\xA9"), own}) {
    const std::vector<int64_t> ids = tokenizer->encode(text);
    for (int64_t id : ids) require(id >= 0 && id < tokenizer->vocabulary(), "the vocabulary");
    require(ids == tokenizer->encode(text), "the same ids each time");
    tokenizer->pieces(text);
    TokenizerOptions options;
    options.cleaning = TextCleaning::siglip;
    options.context_length = 16;
    options.pad_id = tokenizer->end_id();
    const TokenBatch batch = tokenizer->encode_batch({text}, options);
    require(batch.ids.size() == 16, "the row is full");
    require(batch.ids[15] == tokenizer->end_id(), "the row ends in the end token");
  }
  return 0;
}
