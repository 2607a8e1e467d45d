// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a scene is asked for, and what each question competes with.

#include <string>
#include <vector>

#include "engine/clip/clip_encoder.h"
#include "guidance/vocabulary.h"

namespace vane {

/// LERF's and LangSplat's canonical phrases: what is nothing in particular.
const std::vector<std::string>& canonical_phrases();

/// Whether a word of a vocabulary names something that lies somewhere: not a look, not a trait.
bool names_a_thing(const VocabularyWord& word);

struct Question {
  std::string text;  // as asked, or what stands for a picture or a direction
  Tensor feature;    // [D] unit
  /// [D] unit; what it competes with instead of phrases (pictures and directions lie elsewhere than
  /// texts do); undefined: phrases.
  Tensor rival;
};

/// Questions in words: of each text the thing that it asks for (noun_phrase.h), its feature the
/// mean over the frames of captions.
std::vector<Question> text_questions(const ClipEncoder& clip,
                                     const std::vector<std::string>& texts);

/// Questions and their rivals as rows of one matrix.
struct QuestionSet {
  std::vector<std::string> texts;
  int dim = 0;
  /// [questions + rivals, dim] unit rows, the questions first.
  std::vector<float> rows;
  std::vector<std::string> rival_texts;  // of the rows after the questions
  /// For each question the rows that it must beat.
  std::vector<std::vector<int>> rivals;

  int questions() const { return static_cast<int>(texts.size()); }
};

/// Every question in words competes with the canonical phrases, with `negatives`, and with those
/// words of `vocabulary` (may be empty) that mean something else: neither share a word with the
/// question nor lie nearer to it than `alike` (cosine of texts). With a vocabulary, a question that
/// names a colour competes with the same thing in other colours, too.
QuestionSet make_questions(const ClipEncoder& clip, const std::vector<Question>& questions,
                           const std::vector<std::string>& negatives, const Vocabulary& vocabulary,
                           double alike);

/// min over the rivals of exp(t f.q) / (exp(t f.q) + exp(t f.r)) (LERF, Kerr et al. 2023, equation
/// 4), with `cosines` of all rows and temperature t: in (0,1), 1/2 where the strongest rival is as
/// near.
float relevancy(const QuestionSet& set, int question, const float* cosines, double temperature);

}  // namespace vane
