// SPDX-License-Identifier: Apache-2.0
#include "engine/text/tokenizer.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <unordered_map>

#include "engine/base/assets.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/text/byte_pair.h"
#include "engine/text/html_entities.h"
#include "engine/text/split.h"
#include "engine/text/text_cleaning.h"
#include "engine/text/unicode.h"

namespace vane {
namespace {

// The published file and its content (clip sheet, section 3.1).
constexpr std::string_view kCompressedSha256 =
    "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a";
constexpr std::string_view kInflatedSha256 =
    "67603cfda2e032ad77b5f8808af37789d590db664b26df8705d2bf8b3c553fc8";
/// Bytes of the content up to the last merge that the vocabulary uses; the rest is never inflated.
constexpr size_t kUsedBytes = 524'645;
constexpr uint64_t kLargestFile = 16ull << 20;

std::string inflated(std::span<const std::byte> gzip) {
  std::string out(kUsedBytes, '\0');
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) {
    throw Error(ErrorCode::resource, "no memory to inflate the vocabulary");
  }
  // zlib reads through a pointer to non-const and does not write to it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_SYNC_FLUSH);
  const bool full = stream.avail_out == 0;
  inflateEnd(&stream);
  if ((status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) || !full) {
    throw Error(ErrorCode::internal, "the vocabulary does not inflate although its hash is right");
  }
  return out;
}

std::string merge_list(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path, kLargestFile, static_cast<int>(ErrorCode::input));
  const std::span<const std::byte> bytes = file->view();
  const std::string hash = sha256_hex(bytes);
  if (hash == kCompressedSha256) return inflated(bytes);
  if (hash == kInflatedSha256) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), kUsedBytes);
  }
  throw Error(ErrorCode::input, "this is not the merge list of CLIP: expected SHA-256 " +
                                    std::string(kCompressedSha256) + ", found " + hash)
      .in_file(path)
      .with_hint("use the published bpe_simple_vocab_16e6.txt.gz, 1,356,917 bytes");
}

/// Ids of pieces seen before. Sharded, so that threads that encode rarely wait for each other.
class PieceCache {
 public:
  /// Appends the ids of `piece`, computing them with `encode` the first time.
  template <class Encode>
  void append(std::string_view piece, std::vector<int64_t>& ids, const Encode& encode) {
    if (piece.size() > kLongestPiece) {
      encode(piece, ids);
      return;
    }
    Shard& shard = shards_[std::hash<std::string_view>{}(piece) % shards_.size()];
    {
      const std::shared_lock lock(shard.mutex);
      const auto found = shard.ids.find(piece);
      if (found != shard.ids.end()) {
        ids.insert(ids.end(), found->second.begin(), found->second.end());
        return;
      }
    }
    std::vector<int64_t> fresh;
    encode(piece, fresh);
    ids.insert(ids.end(), fresh.begin(), fresh.end());
    const std::unique_lock lock(shard.mutex);
    if (shard.ids.size() < kLargestShard) shard.ids.emplace(piece, std::move(fresh));
  }

 private:
  // About 16 MiB at most, whatever is encoded.
  static constexpr size_t kLongestPiece = 64, kLargestShard = 4096;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Shard {
    std::shared_mutex mutex;
    std::unordered_map<std::string, std::vector<int64_t>, Hash, std::equal_to<>> ids;
  };
  std::array<Shard, 16> shards_;
};

/// Python's string.punctuation: all printable ASCII that is neither letter, digit nor space.
std::u32string without_punctuation(std::u32string text) {
  std::erase_if(text, [](char32_t c) {
    return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') ||
           (c > 'z' && c < 0x7F);
  });
  return text;
}

std::u32string cleaned(std::u32string_view text, TextCleaning cleaning) {
  switch (cleaning) {
    case TextCleaning::openai:
      return lower_case(collapse_spaces(html_unescape(html_unescape(fix_text(text)))));
    case TextCleaning::hugging_face: {
      std::u32string out;
      bool in_space = false;
      for (char32_t c : nfc(text, UnicodeRules::tokenizers)) {
        const bool space = character_class(c) == CharacterClass::space;
        if (!space || !in_space) out.push_back(space ? U' ' : c);
        in_space = space;
      }
      return lower_case(out, UnicodeRules::tokenizers);
    }
    case TextCleaning::siglip:
      return collapse_spaces(without_punctuation(lower_case(text)));
    case TextCleaning::none:
      break;
  }
  return std::u32string(text);
}

/// Id of a special literal in its exact spelling, or 0.
int64_t special_id(std::u32string_view piece) {
  if (piece == kStartText) return Tokenizer::kStart;
  return piece == kEndText ? Tokenizer::kEnd : 0;
}

void check_id(int64_t id) {
  if (id < 0 || id >= Tokenizer::kVocabulary) {
    throw Error(ErrorCode::usage, "token id " + std::to_string(id) + " is outside 0.." +
                                      std::to_string(Tokenizer::kVocabulary - 1));
  }
}

}  // namespace

struct Tokenizer::State {
  explicit State(const std::filesystem::path& merges) : table(merge_list(merges)) {}

  void append_piece(std::u32string_view piece, std::vector<int64_t>& ids) {
    cache.append(encode_utf8(piece), ids, [&](std::string_view bytes, std::vector<int64_t>& out) {
      table.encode(bytes, out);
    });
  }
  void encode_python(std::u32string_view text, const TokenizerOptions& options,
                     std::vector<int64_t>& ids);
  void encode_hugging_face(std::u32string_view text, std::vector<int64_t>& ids);

  BytePairTable table;
  PieceCache cache;
};

void Tokenizer::State::encode_python(std::u32string_view text, const TokenizerOptions& options,
                                     std::vector<int64_t>& ids) {
  split_pieces(text, {UnicodeRules::python, options.parse_special}, [&](std::u32string_view piece) {
    const int64_t special = options.parse_special ? special_id(piece) : 0;
    if (special != 0) {
      ids.push_back(special);
    } else {
      append_piece(piece, ids);
    }
  });
}

/// One stretch between special tokens. A special literal that appears only by lower-casing is kept
/// together by the first pre-tokenizer and taken apart by the second.
void Tokenizer::State::encode_hugging_face(std::u32string_view text, std::vector<int64_t>& ids) {
  split_pieces(cleaned(text, TextCleaning::hugging_face), {UnicodeRules::tokenizers, true},
               [&](std::u32string_view piece) {
                 if (special_id(piece) == 0) {
                   append_piece(piece, ids);
                   return;
                 }
                 append_piece(piece.substr(0, 2), ids);
                 append_piece(piece.substr(2, piece.size() - 4), ids);
                 append_piece(piece.substr(piece.size() - 2), ids);
               });
}

Tokenizer::Tokenizer(const std::filesystem::path& merges)
    : state_(std::make_unique<State>(merges)) {}

Tokenizer::~Tokenizer() = default;

const Tokenizer& Tokenizer::builtin() {
  static const Tokenizer tokenizer(assets_folder() / "bpe_simple_vocab_16e6.txt.gz");
  return tokenizer;
}

std::vector<int64_t> Tokenizer::encode(std::string_view text,
                                       const TokenizerOptions& options) const {
  std::vector<int64_t> ids;
  const std::u32string raw = decode_utf8(text);
  if (options.cleaning != TextCleaning::hugging_face) {
    state_->encode_python(cleaned(raw, options.cleaning), options, ids);
    return ids;
  }
  // The fast tokenizer takes special tokens out of the raw text before it cleans the rest.
  std::u32string_view rest = raw;
  while (options.parse_special) {
    const size_t start = rest.find(kStartText), end = rest.find(kEndText);
    if (start == end) break;  // both absent
    const size_t at = std::min(start, end);
    state_->encode_hugging_face(rest.substr(0, at), ids);
    ids.push_back(at == start ? kStart : kEnd);
    rest.remove_prefix(at + (at == start ? kStartText.size() : kEndText.size()));
  }
  state_->encode_hugging_face(rest, ids);
  return ids;
}

TokenBatch Tokenizer::encode_batch(const std::vector<std::string>& texts,
                                   const TokenizerOptions& options) const {
  if (options.context_length < 2) {
    throw Error(ErrorCode::usage, "context length " + std::to_string(options.context_length) +
                                      " has no room for the start and end tokens");
  }
  TokenBatch batch;
  batch.count = static_cast<int64_t>(texts.size());
  batch.context_length = options.context_length;
  const auto length = static_cast<size_t>(options.context_length);
  batch.ids.reserve(texts.size() * length);
  for (const std::string& text : texts) {
    std::vector<int64_t> ids = encode(text, options);
    const size_t kept = std::min(ids.size(), length - 2);
    batch.truncated.push_back(kept < ids.size());
    const auto last = ids.begin() + static_cast<std::ptrdiff_t>(kept);
    // The model reads its output at the first end token, which a text may hold itself.
    batch.end.push_back(std::find(ids.begin(), last, kEnd) - ids.begin() + 1);
    batch.ids.push_back(kStart);
    batch.ids.insert(batch.ids.end(), ids.begin(), last);
    batch.ids.push_back(kEnd);
    batch.ids.insert(batch.ids.end(), length - 2 - kept, options.pad_id);
  }
  return batch;
}

std::string Tokenizer::decode(const std::vector<int64_t>& ids) const {
  std::string bytes;
  for (int64_t id : ids) {
    check_id(id);
    if (id < kStart) bytes += state_->table.bytes(id);
  }
  std::string_view rest = bytes;
  std::string text;
  constexpr std::string_view kWordEnd = "</w>";
  for (size_t at = rest.find(kWordEnd); at != rest.npos; at = rest.find(kWordEnd)) {
    text += encode_utf8(decode_utf8(rest.substr(0, at))) + ' ';
    rest.remove_prefix(at + kWordEnd.size());
  }
  return text + encode_utf8(decode_utf8(rest));
}

std::string Tokenizer::token_text(int64_t id) const {
  std::string text = decode({id});
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string Tokenizer::clean(std::string_view text, TextCleaning cleaning) {
  return encode_utf8(cleaned(decode_utf8(text), cleaning));
}

}  // namespace vane
