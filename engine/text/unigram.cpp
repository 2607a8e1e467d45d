// SPDX-License-Identifier: Apache-2.0
#include "engine/text/unigram.h"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/base/byte_source.h"
#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/text/unicode.h"

namespace vane {
namespace {

using Type = SentencePieceModel::Type;

constexpr std::string_view kEnd = "</s>", kUnknown = "<unk>", kUnderline = "\xE2\x96\x81";
/// What an unknown character costs beside the least likely piece (SentencePiece, kUnkPenalty).
constexpr float kUnknownPenalty = 10;
constexpr uint64_t kLargestModel = 256ull << 20;

bool is_cut_from_text(Type type) {
  return type == Type::normal || type == Type::user_defined || type == Type::unused;
}

std::vector<std::string_view> user_defined(const SentencePieceModel& model) {
  std::vector<std::string_view> words;
  for (const auto& piece : model.pieces) {
    if (piece.type == Type::user_defined) words.push_back(piece.text);
  }
  return words;
}

std::string_view algorithm_name(SentencePieceModel::Algorithm algorithm) {
  constexpr std::array<std::string_view, 5> kNames{"", "unigram", "byte-pair", "word", "character"};
  return kNames[static_cast<size_t>(algorithm)];
}

void strip_start(std::u32string_view& text) {
  while (!text.empty() && is_python_space(text.front())) text.remove_prefix(1);
}

void strip_end(std::u32string_view& text) {
  while (!text.empty() && is_python_space(text.back())) text.remove_suffix(1);
}

/// A stretch between special tokens, or one of them.
struct Span {
  std::u32string_view text;
  bool special;
};

/// Special tokens are taken out before cleaning and swallow the white space around them.
std::vector<Span> split_specials(std::u32string_view text) {
  std::vector<Span> spans;
  const std::u32string end = U"</s>", unknown = U"<unk>";
  bool behind_special = false;
  while (true) {
    const size_t at_end = text.find(end), at_unknown = text.find(unknown);
    const size_t at = std::min(at_end, at_unknown);
    std::u32string_view before = text.substr(0, at);
    if (behind_special) strip_start(before);
    if (at != std::u32string_view::npos) strip_end(before);
    if (!before.empty()) spans.push_back({before, false});
    if (at == std::u32string_view::npos) return spans;
    const size_t size = at == at_end ? end.size() : unknown.size();
    spans.push_back({text.substr(at, size), true});
    text.remove_prefix(at + size);
    behind_special = true;
  }
}

/// tokenizer_config.json may only repeat what SiglipTokenizer does by itself.
void check_tokenizer_config(const std::filesystem::path& file, const Limits& limits) {
  if (!std::filesystem::exists(file)) return;
  constexpr ErrorCode kCode = ErrorCode::checkpoint;
  const auto source = MappedFile::open(file, limits.json_bytes, static_cast<int>(kCode));
  try {
    const Json json = parse_json(text_view(source->view()), JsonRules::from(limits, kCode));
    const auto expect = [&json](const char* key, auto&& holds, const char* expected) {
      const Json* value = json.find(key);
      if (value == nullptr || value->is_null() || holds(*value)) return;
      throw Error(kCode, std::string("this setting is not supported, expected ") + expected)
          .at_key(key)
          .with_hint("only the tokenizer of SigLIP (SiglipTokenizer) is built in");
    };
    const auto content = [](const Json& value) {
      return value.is_object() ? value.at("content").as_string() : value.as_string();
    };
    expect(
        "tokenizer_class", [](const Json& v) { return v.as_string() == "SiglipTokenizer"; },
        "SiglipTokenizer");
    expect(
        "do_lower_case", [](const Json& v) { return v.as_bool(); }, "true");
    expect(
        "eos_token", [&](const Json& v) { return content(v) == kEnd; }, "</s>");
    expect(
        "pad_token", [&](const Json& v) { return content(v) == kEnd; }, "</s>");
    expect(
        "unk_token", [&](const Json& v) { return content(v) == kUnknown; }, "<unk>");
    for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
      expect(
          key,
          [](const Json& v) { return v.is_object() ? v.members().empty() : v.items().empty(); },
          "none");
    }
    expect(
        "added_tokens_decoder",
        [&](const Json& v) {
          return std::all_of(v.members().begin(), v.members().end(), [&](const Json::Member& m) {
            const std::string text = content(m.second);
            return text == kEnd || text == kUnknown;
          });
        },
        "</s> and <unk> alone");
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

}  // namespace

UnigramTokenizer::UnigramTokenizer(SentencePieceModel model, std::string hash)
    : model_(std::move(model)), hash_(std::move(hash)) {
  if (model_.algorithm != SentencePieceModel::Algorithm::unigram) {
    throw Error(ErrorCode::checkpoint, "this is a " +
                                           std::string(algorithm_name(model_.algorithm)) +
                                           " model; only unigram models are supported")
        .with_hint("SigLIP brings a unigram model; the byte-pair model of SigLIP 2 is not built");
  }
  characters_ = CharacterMap(std::move(model_.normaliser), user_defined(model_));
  std::vector<std::string_view> words;
  float smallest = std::numeric_limits<float>::max();
  largest_score_ = std::numeric_limits<float>::min();
  for (size_t i = 0; i < model_.pieces.size(); ++i) {
    const SentencePieceModel::Piece& piece = model_.pieces[i];
    const auto id = static_cast<int64_t>(i);
    if (is_cut_from_text(piece.type)) {
      words.push_back(piece.text);
      ordinary_.push_back(id);
      ids_.emplace(piece.text, id);
    } else {
      ids_[piece.text] = id;  // wins over a piece of the same spelling
    }
    if (piece.type == Type::unknown) unknown_id_ = id;
    if (piece.type != Type::normal) continue;
    smallest = std::min(smallest, piece.score);
    largest_score_ = std::max(largest_score_, piece.score);
  }
  index_ = PrefixIndex(words);
  unknown_score_ = smallest - kUnknownPenalty;
  const auto end = ids_.find(kEnd);
  if (end == ids_.end() || model_.pieces[static_cast<size_t>(unknown_id_)].text != kUnknown) {
    throw Error(ErrorCode::checkpoint, "the tokenizer has no pieces <unk> and </s>");
  }
  end_id_ = end->second;
  dropped_ = pieces(kUnknown).size();
}

/// Viterbi over byte positions. Sums are formed in double and kept in float, as SentencePiece does
/// (unigram_model.cc, EncodeOptimized), so that ties fall the same way.
std::vector<UnigramTokenizer::Cut> UnigramTokenizer::best_path(std::string_view text) const {
  struct Node {
    int64_t id = -1;
    float score = 0;
    size_t start = std::string_view::npos;
  };
  std::vector<Node> best(text.size() + 1);
  const auto offer = [&best](size_t end, double score, size_t start, int64_t id) {
    Node& node = best[end];
    if (node.start != std::string_view::npos && score <= double(node.score)) return;
    node = {id, static_cast<float>(score), start};
  };
  for (size_t start = 0; start < text.size();) {
    const float until_here = best[start].score;
    const size_t one = character_bytes(text.substr(start));
    bool has_one = false;
    index_.each_prefix(text.substr(start), [&](size_t number, size_t bytes) {
      const int64_t id = ordinary_[number];
      const SentencePieceModel::Piece& piece = model_.pieces[static_cast<size_t>(id)];
      if (piece.type == Type::unused) return;
      // A user-defined piece must win whatever the others score.
      const double score = piece.type == Type::user_defined
                               ? double(float(bytes) * largest_score_) - 0.1
                               : double(piece.score);
      offer(start + bytes, score + double(until_here), start, id);
      has_one = has_one || bytes == one;
    });
    if (!has_one) offer(start + one, double(unknown_score_ + until_here), start, unknown_id_);
    start += one;
  }
  std::vector<Cut> path;
  for (size_t end = text.size(); end > 0; end = best[end].start) {
    path.push_back({best[end].start, end, best[end].id});
  }
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<std::string> UnigramTokenizer::pieces(std::string_view text) const {
  const std::string normalised = characters_.normalise(text);
  std::vector<std::string> out;
  bool behind_unknown = false;
  for (const Cut& cut : best_path(normalised)) {
    const std::string part = normalised.substr(cut.begin, cut.end - cut.begin);
    const bool unknown = cut.id == unknown_id_;
    if (unknown && model_.byte_fallback) {
      for (const char c : part) out.push_back(byte_piece(static_cast<unsigned char>(c)));
    } else if (unknown && behind_unknown) {
      out.back() += part;  // a run of unknown characters is one piece
    } else {
      out.push_back(part);
    }
    behind_unknown = unknown;
  }
  return out;
}

int64_t UnigramTokenizer::id_of(std::string_view piece) const {
  const auto found = ids_.find(piece);
  return found == ids_.end() ? unknown_id_ : found->second;
}

void UnigramTokenizer::append_span(std::string_view text, TextCleaning cleaning,
                                   std::vector<std::string>& out) const {
  const std::string clean = Tokenizer::clean(text, cleaning);
  const std::vector<std::string> cut = pieces(std::string(kUnknown) + clean);
  const size_t first = cut.size() >= dropped_ ? dropped_ : 0;
  out.insert(out.end(), cut.begin() + static_cast<std::ptrdiff_t>(first), cut.end());
}

std::vector<int64_t> UnigramTokenizer::encode(std::string_view text, TextCleaning cleaning) const {
  std::u32string raw = decode_utf8(text);
  constexpr char32_t kUnderlineCharacter = 0x2581;
  std::replace(raw.begin(), raw.end(), kUnderlineCharacter, U' ');
  raw.insert(raw.begin(), kUnderlineCharacter);
  std::vector<std::string> tokens;
  for (const Span& span : split_specials(raw)) {
    if (span.special) {
      tokens.push_back(encode_utf8(span.text));
    } else {
      append_span(encode_utf8(span.text), cleaning, tokens);
    }
  }
  if (tokens.size() > 1 && tokens[0] == kUnderline &&
      (tokens[1] == kEnd || tokens[1] == kUnknown)) {
    tokens.erase(tokens.begin());
  }
  std::vector<int64_t> ids;
  for (const std::string& token : tokens) ids.push_back(id_of(token));
  return ids;
}

TokenBatch UnigramTokenizer::encode_batch(const std::vector<std::string>& texts,
                                          const TokenizerOptions& options) const {
  if (options.context_length < 2) {
    throw Error(ErrorCode::usage, "context length " + std::to_string(options.context_length) +
                                      " has no room for a text and the end token");
  }
  TokenBatch batch;
  batch.count = static_cast<int64_t>(texts.size());
  batch.context_length = options.context_length;
  const auto length = static_cast<size_t>(options.context_length);
  for (const std::string& text : texts) {
    std::vector<int64_t> ids = encode(text, options.cleaning);
    batch.truncated.push_back(ids.size() > length - 1);
    ids.resize(std::min(ids.size(), length - 1));
    if (ids.empty() || ids.back() != end_id_) ids.push_back(end_id_);
    batch.end.push_back(static_cast<int64_t>(ids.size()) - 1);
    ids.resize(length, options.pad_id);
    batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
  }
  return batch;
}

std::shared_ptr<const UnigramTokenizer> read_unigram_tokenizer(const std::filesystem::path& folder,
                                                               const Limits& limits) {
  constexpr ErrorCode kCode = ErrorCode::checkpoint;
  check_tokenizer_config(folder / "tokenizer_config.json", limits);
  const std::filesystem::path path = folder / "spiece.model";
  if (!std::filesystem::exists(path)) {
    const bool fast = std::filesystem::exists(folder / "tokenizer.json");
    throw Error(kCode, fast ? "the text tower needs spiece.model; tokenizer.json (as SigLIP 2 "
                              "brings) is not supported"
                            : "the text tower needs the tokenizer spiece.model")
        .in_file(folder)
        .with_hint("put the spiece.model of the model beside its weights");
  }
  const auto file = MappedFile::open(path, kLargestModel, static_cast<int>(kCode));
  try {
    return std::make_shared<UnigramTokenizer>(parse_sentencepiece_model(file->view()),
                                              hex64(xxh64(file->view())));
  } catch (Error& error) {
    error.set_file_if_empty(path);
    throw;
  }
}

}  // namespace vane
