// SPDX-License-Identifier: Apache-2.0
#pragma once
// The byte-pair tokenizer of CLIP, id for id (clip sheet, section 3).

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

/// How raw text is cleaned before splitting.
enum class TextCleaning {
  openai,  // ftfy.fix_text, HTML unescape twice, whitespace, lower case; also open_clip's "lower"
  hugging_face,  // fast tokenizer: NFC, whitespace collapse, lower case
  siglip,        // transformers' SiglipTokenizer: lower case, ASCII punctuation out, whitespace
  none,
};

struct TokenizerOptions {
  TextCleaning cleaning = TextCleaning::openai;
  int context_length = 77;
  /// Id that fills the row after the end token: 0 (OpenAI, open_clip) or 49407 (Hugging Face).
  int64_t pad_id = 0;
  /// "<|startoftext|>" and "<|endoftext|>" inside the text become ids 49406 and 49407.
  bool parse_special = true;
};

/// Token ids of a batch, row-major [count, context_length].
struct TokenBatch {
  std::vector<int64_t> ids;
  int64_t count = 0, context_length = 0;
  /// Position of the first end token of each row, where the model reads its output.
  std::vector<int64_t> end;
  /// Rows that were cut to fit; the last position then holds the end token.
  std::vector<bool> truncated;
};

class Tokenizer {
 public:
  static constexpr int64_t kStart = 49406, kEnd = 49407, kVocabulary = 49408;

  /// Reads the published merge list (`bpe_simple_vocab_16e6.txt.gz`, or the same inflated).
  /// Throws Error{input} when it is missing or is not that file.
  explicit Tokenizer(const std::filesystem::path& merges);
  ~Tokenizer();

  /// The tokenizer of `assets/bpe_simple_vocab_16e6.txt.gz`, loaded once.
  static const Tokenizer& builtin();

  /// Ids without start and end tokens. Any byte string is accepted; invalid UTF-8 becomes U+FFFD.
  std::vector<int64_t> encode(std::string_view text, const TokenizerOptions& options = {}) const;
  TokenBatch encode_batch(const std::vector<std::string>& texts,
                          const TokenizerOptions& options = {}) const;
  /// Text of ids: "</w>" becomes a space, start and end tokens are left out.
  std::string decode(const std::vector<int64_t>& ids) const;
  /// Text of a single id without the trailing space; empty for start and end tokens.
  std::string token_text(int64_t id) const;

  /// The cleaning step alone.
  static std::string clean(std::string_view text, TextCleaning cleaning);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vane
