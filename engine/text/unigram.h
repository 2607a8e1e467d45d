// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tokenizer of SigLIP, id for id: a SentencePiece unigram model (Kudo 2018) behind the cleaning
// of transformers' SiglipTokenizer.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/limits.h"
#include "engine/text/character_map.h"
#include "engine/text/prefix_index.h"
#include "engine/text/sentencepiece_model.h"
#include "engine/text/tokenizer.h"

namespace vane {

class UnigramTokenizer {
 public:
  UnigramTokenizer(const UnigramTokenizer&) = delete;
  /// Throws Error{checkpoint} when the model is no unigram model, or lacks "<unk>" or "</s>".
  UnigramTokenizer(SentencePieceModel model, std::string hash);

  /// Ids without the end token that the model expects behind them. "</s>" and "<unk>" inside the
  /// text become their ids; everything else is cleaned as `cleaning` says. Any byte string is
  /// accepted; invalid UTF-8 becomes U+FFFD.
  std::vector<int64_t> encode(std::string_view text,
                              TextCleaning cleaning = TextCleaning::siglip) const;
  /// Rows of context_length ids: the text, one end token, padding. `end` is the position of that
  /// end token. Throws Error{usage} for a context shorter than 2.
  TokenBatch encode_batch(const std::vector<std::string>& texts,
                          const TokenizerOptions& options) const;

  /// Pieces as SentencePiece itself cuts `text` (SentencePieceProcessor::Encode), without cleaning.
  std::vector<std::string> pieces(std::string_view text) const;
  /// Id of a piece; that of "<unk>" for a string that is none.
  int64_t id_of(std::string_view piece) const;

  /// Id of "</s>", which also pads.
  int64_t end_id() const { return end_id_; }
  int64_t vocabulary() const { return static_cast<int64_t>(model_.pieces.size()); }
  /// Content hash of the model file.
  const std::string& hash() const { return hash_; }

 private:
  struct Cut {
    size_t begin, end;
    int64_t id;
  };
  std::vector<Cut> best_path(std::string_view normalised) const;
  void append_span(std::string_view text, TextCleaning cleaning,
                   std::vector<std::string>& out) const;

  SentencePieceModel model_;
  CharacterMap characters_;
  std::string hash_;
  /// Pieces that can be cut out of text, and their ids; then the ids of all pieces by spelling.
  PrefixIndex index_;
  std::vector<int64_t> ordinary_;
  std::unordered_map<std::string_view, int64_t> ids_;
  int64_t unknown_id_ = -1, end_id_ = -1;
  float unknown_score_ = 0, largest_score_ = 0;
  /// Pieces of the text "<unk>", which transformers puts in front of every text and drops again.
  size_t dropped_ = 0;
};

/// Reads spiece.model of a folder; tokenizer_config.json beside it may only say what is the default
/// of SiglipTokenizer. Throws Error{checkpoint} when the file is missing, damaged or of another
/// kind (byte-pair models, as SigLIP 2 has them, are refused by name).
std::shared_ptr<const UnigramTokenizer> read_unigram_tokenizer(const std::filesystem::path& folder,
                                                               const Limits& limits = {});

}  // namespace vane
