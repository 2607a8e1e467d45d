// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane direction …`: phrases, pictures or folders of pictures become a direction file. No torch
// here.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct DirectionTextRequest {
  std::string from, to;
  std::string templates = "none";
  std::string averaging = "normalise_first";
  std::string clip = "clip-mini";
  std::filesystem::path output;
  Limits limits;  // filled from the global --limit

  template <class V>
  static void fields(V& v) {
    using C = DirectionTextRequest;
    v.field("from", &C::from, "what a picture is now",
            {.required = true, .positional = true, .placeholder = "FROM"});
    v.field("to", &C::to, "what it should become",
            {.required = true, .positional = true, .placeholder = "TO"});
    v.field("templates", &C::templates, "sentences around the phrases, averaged",
            {.choices = {"none", "subset7", "nada79", "imagenet80"}});
    v.field("averaging", &C::averaging,
            "order of averaging templates: as StyleGAN-NADA or as CLIPstyler does",
            {.choices = {"normalise_first", "average_first"}});
    v.field("clip", &C::clip, "CLIP that it belongs to: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field("output", &C::output, "direction file",
            {.required = true, .short_flag = "o", .placeholder = "D.safetensors"});
  }
};

struct DirectionImageRequest {
  std::filesystem::path from, to;
  std::string clip = "clip-mini";
  std::filesystem::path output;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = DirectionImageRequest;
    v.field("from", &C::from, "picture to start from",
            {.required = true, .positional = true, .placeholder = "FROM"});
    v.field("to", &C::to, "picture to move towards",
            {.required = true, .positional = true, .placeholder = "TO"});
    v.field("clip", &C::clip, "CLIP that it belongs to: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field("output", &C::output, "direction file",
            {.required = true, .short_flag = "o", .placeholder = "D.safetensors"});
  }
};

struct DirectionResidualRequest {
  std::filesystem::path from, to;
  bool whiten = false;
  std::string clip = "clip-mini";
  std::filesystem::path output;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = DirectionResidualRequest;
    v.field("from", &C::from, "folder of pictures to move away from",
            {.required = true, .positional = true, .placeholder = "FROM_DIR"});
    v.field("to", &C::to, "folder of pictures to move towards",
            {.required = true, .positional = true, .placeholder = "TO_DIR"});
    v.field("whiten", &C::whiten, "divide by how much the pictures of each folder vary");
    v.field("clip", &C::clip, "CLIP that it belongs to: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field("output", &C::output, "direction file",
            {.required = true, .short_flag = "o", .placeholder = "D.safetensors"});
  }
};

struct DirectionMixRequest {
  std::filesystem::path a, b;
  float at = 0.5f;
  std::string clip;
  std::filesystem::path output;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = DirectionMixRequest;
    v.field("a", &C::a, "direction at 0",
            {.required = true, .positional = true, .placeholder = "A"});
    v.field("b", &C::b, "direction at 1",
            {.required = true, .positional = true, .placeholder = "B"});
    v.field("at", &C::at, "position on the great circle between them", {.min = 0, .max = 1});
    v.field("clip", &C::clip, "check that both belong to this CLIP", {.placeholder = "MODEL"});
    v.field("output", &C::output, "direction file",
            {.required = true, .short_flag = "o", .placeholder = "D.safetensors"});
  }
};

/// Settings of the learning itself: guidance/prompt_learning.h.
struct DirectionPromptsRequest {
  std::filesystem::path from, to;
  std::vector<std::filesystem::path> enhanced;
  std::string form = "full";
  int64_t tokens = 16;
  std::string from_word = "bad", to_word = "good";
  int64_t iterations = 1000, batch = 16;
  float learning_rate = 0.f;
  uint64_t seed = 0;
  std::string clip = "clip-mini";
  std::filesystem::path output;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = DirectionPromptsRequest;
    v.field("from", &C::from, "folder of pictures to move away from",
            {.required = true, .positional = true, .placeholder = "FROM_DIR"});
    v.field("to", &C::to, "folder of pictures to move towards",
            {.required = true, .positional = true, .placeholder = "TO_DIR"});
    v.field("enhanced", &C::enhanced,
            "folders of results of an enhancer, older first: refine by rank",
            {.placeholder = "DIR"});
    v.field("form", &C::form, "what is learned: whole prompts, their context, or embeddings",
            {.choices = {"full", "context", "latent"}});
    v.field("tokens", &C::tokens, "learned tokens of a prompt", {.min = 1, .max = 64});
    v.field("from-word", &C::from_word, "form context: words behind it for the first prompt",
            {.placeholder = "TEXT"});
    v.field("to-word", &C::to_word, "form context: words for the second", {.placeholder = "TEXT"});
    v.field("iterations", &C::iterations, "steps of the optimiser", {.min = 1, .max = 1e6});
    v.field("batch", &C::batch, "pictures of each step", {.min = 2, .max = 4096});
    v.field("learning-rate", &C::learning_rate, "step size; 0: from the size of what is learned",
            {.min = 0, .max = 1});
    v.field("clip", &C::clip, "CLIP that it belongs to: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field("output", &C::output, "direction file, with the learned prompts in it",
            {.required = true, .short_flag = "o", .placeholder = "D.safetensors"});
  }
};

/// A picture put into words (guidance/textual_inversion.h), or texts put into pictures
/// (guidance/visual_inversion.h).
struct DirectionInvertRequest {
  std::filesystem::path image;
  std::string text, from = "a photo";
  int64_t tokens = 1, iterations = 0;
  float learning_rate = 0.02f;
  uint64_t seed = 0;
  std::string clip = "clip-mini";
  std::filesystem::path output;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = DirectionInvertRequest;
    v.field("image", &C::image, "picture to put into a word",
            {.positional = true, .placeholder = "IMAGE"});
    v.field("text", &C::text, "instead: phrase to put into a picture (vision transformers only)",
            {.placeholder = "PHRASE"});
    v.field("from", &C::from, "with --text: what a picture is now", {.placeholder = "PHRASE"});
    v.field("tokens", &C::tokens, "pseudo tokens that stand for the picture",
            {.min = 1, .max = 64});
    v.field("iterations", &C::iterations,
            "steps of the optimiser; 0: 150 for a picture, 1000 for a phrase",
            {.min = 0, .max = 1e6});
    v.field("learning-rate", &C::learning_rate, "step size", {.min = 1e-6, .max = 1});
    v.field("clip", &C::clip, "CLIP that it belongs to: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field("output", &C::output, "direction file, with the pseudo tokens or patches in it",
            {.required = true, .short_flag = "o", .placeholder = "D.safetensors"});
  }
};

struct DirectionExplainRequest {
  std::filesystem::path direction;
  std::string vocabulary;
  std::vector<std::string> texts, remove;
  int64_t remove_strongest = 0, count = 12;
  std::string clip = "clip-mini";
  std::filesystem::path output;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = DirectionExplainRequest;
    v.field("direction", &C::direction, "direction file to explain",
            {.required = true, .positional = true, .placeholder = "D.safetensors"});
    v.field("vocabulary", &C::vocabulary,
            "file with a word a line, or \"tokens\" for every token of CLIP; left out: the "
            "vocabulary.txt of the model, else its tokens",
            {.placeholder = "FILE"});
    v.field("text", &C::texts, "phrases to rank among the words", {.placeholder = "TEXT"});
    v.field("count", &C::count, "words to show on each side",
            {.min = 1, .max = 1000, .short_flag = "n"});
    v.field("remove", &C::remove, "words whose meaning is taken out of the direction",
            {.placeholder = "WORD"});
    v.field("remove-strongest", &C::remove_strongest,
            "take out what the N strongest words of each side say (RAVE)", {.min = 0, .max = 1000});
    v.field("clip", &C::clip, "CLIP that it belongs to: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field("output", &C::output, "file for the direction without the removed words",
            {.short_flag = "o", .placeholder = "D2.safetensors"});
  }
};

struct ExplainedWord {
  std::string word;
  /// Cosine with the direction less the mean of the vocabulary, and that in standard deviations.
  double pull = 0, deviations = 0;
  /// Among the words of the vocabulary; 1 is pulled to most.
  int64_t rank = 0;
};

/// The strongest words of one kind ("look", "place", "thing"), judged within it.
struct ExplainedKind {
  std::string kind;
  std::vector<ExplainedWord> toward, away;
};

/// A phrase or removed word before and after the removal.
struct ChangedWord {
  ExplainedWord before, after;
};

struct DirectionExplainResult {
  std::string direction, kind, clip, vocabulary;
  std::vector<std::string> origin;  // "from: backlit"
  int64_t words = 0;
  std::vector<ExplainedWord> toward, away, phrases;
  std::vector<ExplainedKind> kinds;
  /// Only after a removal.
  std::vector<std::string> removed;
  std::vector<ChangedWord> changed;
  std::vector<ExplainedWord> toward_after, away_after;
  std::vector<ExplainedKind> kinds_after;
  double angle = std::numeric_limits<double>::quiet_NaN();
  double tau = std::numeric_limits<double>::quiet_NaN(), tau_after = tau;
  std::string output;
  /// Ranking alone, without loading; milliseconds.
  double milliseconds = 0;
};

struct DirectionResult {
  std::string output, kind;
  /// Name of the CLIP; empty for a mix that was made without one.
  std::string clip;
  std::string model_hash;
  int64_t embed_dim = 0;
  /// Length of the difference before normalisation.
  double magnitude = 0;
  /// Threshold of a residual direction; NaN for the others.
  double tau = std::numeric_limits<double>::quiet_NaN();
  /// Pictures used on each side; 0 for other kinds.
  int64_t count_from = 0, count_to = 0;
  /// Files of the folders that could not be read as pictures.
  std::vector<std::string> skipped;
  /// "from", "to" or "from, to" when a phrase was longer than the model reads.
  std::string truncated;
  /// Degrees between the two directions of a mix; NaN for the others.
  double angle = std::numeric_limits<double>::quiet_NaN();
  /// Of learned prompts: last loss, share of pictures on the right side; NaN for the other kinds.
  double loss = std::numeric_limits<double>::quiet_NaN();
  double accuracy = loss, held_out_accuracy = loss;
  /// Of an inversion: cosine of what was found with what was inverted; NaN for the other kinds.
  double similarity = loss;
};

/// Throws Error{usage} when both sides give the same embedding or the output is no .safetensors,
/// Error{input} for an unreadable picture or a folder without one (single unreadable files of a
/// folder are skipped with a warning), Error{checkpoint} for a CLIP or direction that does not fit.
DirectionResult direction_text(const DirectionTextRequest& request, Job& job);
DirectionResult direction_image(const DirectionImageRequest& request, Job& job);
DirectionResult direction_residual(const DirectionResidualRequest& request, Job& job);
DirectionResult direction_mix(const DirectionMixRequest& request, Job& job);
DirectionResult direction_prompts(const DirectionPromptsRequest& request, Job& job);
DirectionResult direction_invert(const DirectionInvertRequest& request, Job& job);
/// What the direction means in words, and the direction without some of them. Throws Error{usage}
/// for --remove without an output (and the other way round), or when nothing is left.
DirectionExplainResult direction_explain(const DirectionExplainRequest& request, Job& job);

}  // namespace vane
