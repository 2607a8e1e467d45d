// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sentences about looks and subjects, and what each sentence asserts about a picture.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "engine/data/looks.h"

namespace vane {

/// A statement about a picture as a number: fnv1a of "look:warm", "of:the sea", "caption:…".
using Fact = uint64_t;
Fact look_fact(Look look);
Fact subject_fact(std::string_view noun_phrase);
Fact caption_fact(std::string_view caption);

/// `asserts` is sorted. A caption is true of every picture whose facts include all it asserts, so
/// such pairs are never negatives of each other; a plain "a photo" asserts nothing.
struct Caption {
  std::string text;
  std::vector<Fact> asserts;
};

/// True when sorted `facts` include all of sorted `asserts`.
bool holds(const std::vector<Fact>& asserts, const std::vector<Fact>& facts);

/// "first to the left of second" (`kind` "left of") or "first above second" ("above"); noun
/// phrases.
struct Relation {
  std::string kind, first, second;
};
Fact relation_fact(const Relation& relation);

/// What can be said about one picture.
struct CaptionMaterial {
  std::set<Look> looks;
  /// Noun phrases with article: "a frog", "the sea". Each is a fact of the picture.
  std::vector<std::string> subjects;
  /// The thing the picture is about, when there is one, in several wordings of one fact each.
  std::vector<std::string> objects;
  /// How the first things of `objects` stand to each other; `kind` empty: nothing is said.
  Relation relation;
  /// How many of the first of `objects` there are; 0: nothing is said.
  int count = 0;
};

/// "a frog" -> "frogs", "a piece of cake" -> "pieces of cake"; empty when the phrase has no
/// indefinite article, so that no plural is known.
std::string plural_of(std::string_view noun_phrase);
Fact count_fact(int count, std::string_view noun_phrase);

/// All facts of the material, sorted.
std::vector<Fact> facts_of(const CaptionMaterial& material);

/// A random true caption: no, one or two looks (applied ones preferred to absent faults), with or
/// without a subject, in one of many wordings.
Caption random_caption(const CaptionMaterial& material, const std::set<Look>& applied, Rng& rng);

/// "a warm photo": the plain wording of a look, for tests.
std::string look_phrase(Look look);
/// Plain wordings of the look with all its adjectives: "a warm photo", "a warm image", "a warmly
/// lit photo", …
std::vector<std::string> look_phrases(Look look);
/// Wordings of the look that training never uses; built from words that it does use.
std::vector<std::string> unseen_look_phrases(Look look);

}  // namespace vane
