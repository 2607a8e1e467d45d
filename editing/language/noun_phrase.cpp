// SPDX-License-Identifier: Apache-2.0
#include "editing/language/noun_phrase.h"

#include <array>
#include <cctype>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace vane {
namespace {

using Words = std::unordered_set<std::string_view>;

// What begins a noun phrase.
const Words kDeterminers = {"a",     "an",    "the",   "some", "any",     "this",  "that",
                            "my",    "our",   "your",  "his",  "her",     "their", "its",
                            "these", "those", "every", "each", "another", "both"};
// What may stand inside of one between its nouns.
const Words kLinks = {"of", "with", "in", "and", "without", "wearing"};
// Closed classes: pronouns, prepositions, conjunctions, auxiliaries, adverbs of place and time,
// words of politeness.
const Words kFunctionWords = {
    "i",          "i'm",       "i've",    "i'd",      "me",        "we",        "us",
    "you",        "he",        "him",     "she",      "it",        "it's",      "they",
    "them",       "which",     "what",    "whatever", "whichever", "whose",     "somebody",
    "someone",    "something", "anybody", "anyone",   "anything",  "everybody", "everyone",
    "everything", "nobody",    "nothing", "there",    "there's",   "here",      "here's",
    "where",      "where's",   "when",    "who",      "who's",     "why",       "how",
    "what's",     "that's",    "let's",   "let",      "about",     "above",     "across",
    "after",      "against",   "along",   "among",    "around",    "at",        "before",
    "behind",     "below",     "beneath", "beside",   "besides",   "between",   "by",
    "down",       "during",    "for",     "from",     "inside",    "into",      "like",
    "near",       "next",      "off",     "on",       "onto",      "out",       "outside",
    "over",       "past",      "through", "to",       "toward",    "towards",   "under",
    "underneath", "until",     "up",      "upon",     "within",    "away",      "back",
    "or",         "but",       "if",      "because",  "while",     "than",      "then",
    "so",         "as",        "whether", "though",   "am",        "is",        "are",
    "was",        "were",      "be",      "been",     "being",     "has",       "have",
    "had",        "having",    "do",      "does",     "did",       "can",       "could",
    "will",       "would",     "shall",   "should",   "may",       "might",     "must",
    "isn't",      "aren't",    "can't",   "don't",    "doesn't",   "didn't",    "won't",
    "wouldn't",   "couldn't",  "not",     "no",       "ought",     "somewhere", "anywhere",
    "everywhere", "nowhere",   "now",     "just",     "only",      "also",      "too",
    "even",       "still",     "already", "again",    "ever",      "never",     "maybe",
    "perhaps",    "please",    "thanks",  "thank",    "hey",       "hi",        "hello",
    "ok",         "okay",      "yes",     "well",     "exactly"};
// What asks, where a text begins with it.
const Words kRequests = {"find",   "show",     "locate", "select",  "highlight", "segment",
                         "mark",   "search",   "look",   "point",   "give",      "pick",
                         "detect", "identify", "see",    "spot",    "get",       "bring",
                         "want",   "need",     "seek",   "looking", "searching"};
// What follows the subject of a sentence.
const Words kAuxiliaries = {"is",    "are",  "was",    "were", "has",   "have",
                            "had",   "will", "would",  "can",  "could", "must",
                            "might", "may",  "should", "does", "did"};
// Places are where a thing is, not what is asked for.
const Words kPlaces = {"on",      "onto",   "under",  "underneath", "beneath", "below",  "above",
                       "behind",  "beside", "near",   "between",    "over",    "inside", "outside",
                       "against", "along",  "around", "by",         "next",    "off"};
// Stands for a noun that was said before.
const Words kStandIns = {"one", "ones"};
// Nouns for the picture itself, which nobody looks for in it.
const Words kPictureNouns = {
    "picture",      "pictures", "photo", "photos", "photograph",  "image",    "images",   "scene",
    "scenes",       "view",     "views", "render", "rendering",   "shot",     "snapshot", "drawing",
    "illustration", "world",    "place", "room",   "whereabouts", "location", "position"};
// Nouns that look like participles.
const Words kNotParticiples = {
    "building", "painting", "ceiling",   "clothing", "earring", "railing", "ring",
    "string",   "king",     "wing",      "thing",    "swing",   "spring",  "icing",
    "pudding",  "crossing", "lightning", "bed",      "shed",    "sled",    "weed",
    "seed",     "reed",     "red",       "wedding",  "being",   "morning", "evening",
    "duckling", "dumpling", "sibling",   "awning",   "stocking"};

struct Word {
  std::string text;  // in small letters
  size_t begin = 0, end = 0;
  bool ends_clause = false;  // a mark follows
};

/// Words from `first` to `last` of the sentence.
struct Phrase {
  size_t first = 0, last = 0;
  bool has_determiner = false;
};

bool is_word_character(unsigned char c) {
  return std::isalnum(c) || c == '\'' || c == '-' || c > 127;
}

std::vector<Word> words_of(const std::string& text) {
  std::vector<Word> words;
  for (size_t i = 0; i < text.size();) {
    if (!is_word_character(static_cast<unsigned char>(text[i]))) {
      const bool is_mark = std::string_view(",;:.!?()").find(text[i]) != std::string_view::npos;
      if (is_mark && !words.empty()) words.back().ends_clause = true;
      ++i;
      continue;
    }
    Word word;
    word.begin = i;
    while (i < text.size() && is_word_character(static_cast<unsigned char>(text[i]))) {
      word.text += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i++])));
    }
    word.end = i;
    words.push_back(std::move(word));
  }
  return words;
}

bool is_in(const Words& words, const Word& word) { return words.count(word.text) > 0; }

bool is_content(const Word& word) {
  return !is_in(kDeterminers, word) && !is_in(kLinks, word) && !is_in(kFunctionWords, word);
}

/// "lying", "placed", "lately": said of a thing after its noun.
bool is_afterthought(const Word& word) {
  if (is_in(kNotParticiples, word)) return false;
  const std::string_view text = word.text;
  return text.size() > 4 && (text.ends_with("ing") || text.ends_with("ed") || text.ends_with("ly"));
}

class Chunker {
 public:
  explicit Chunker(const std::vector<Word>& words) : words_(words) {}

  /// All phrases in order, each without what belongs to it.
  std::vector<Phrase> phrases() const {
    std::vector<Phrase> found;
    for (size_t i = 0; i < words_.size();) {
      const Phrase phrase = phrase_at(i);
      if (phrase.last < phrase.first || phrase.first == words_.size()) {
        ++i;
        continue;
      }
      found.push_back(phrase);
      i = run_end(phrase.first + phrase.has_determiner);
    }
    return found;
  }

  const Word& head(const Phrase& phrase) const { return words_[phrase.last]; }

  /// "put the …": a phrase without an article before an article ends in a verb.
  bool is_verb(const Phrase& phrase) const {
    const size_t next = run_end(phrase.first + phrase.has_determiner);
    return next < words_.size() && !words_[next - 1].ends_clause &&
           is_in(kDeterminers, words_[next]);
  }

  /// "my daughter would …".
  bool is_subject(const Phrase& phrase) const {
    const size_t next = run_end(phrase.first + phrase.has_determiner);
    return next < words_.size() && !words_[next - 1].ends_clause &&
           is_in(kAuxiliaries, words_[next]);
  }

  /// "on the table", "next to the chair".
  bool is_place(const Phrase& phrase) const {
    if (phrase.first == 0) return false;
    const Word& before = words_[phrase.first - 1];
    if (before.text == "to" && phrase.first > 1) return is_in(kPlaces, words_[phrase.first - 2]);
    return is_in(kPlaces, before);
  }

  /// What belongs to it: "with white dots", "in blue clothes".
  Phrase extended(Phrase phrase) const {
    while (phrase.last + 2 < words_.size() && !words_[phrase.last].ends_clause &&
           is_in(kLinks, words_[phrase.last + 1])) {
      const Phrase next = phrase_at(phrase.last + 2);
      const bool follows = next.first == phrase.last + 2 && next.last >= next.first;
      const bool is_listed = words_[phrase.last + 1].text == "and" && !next.has_determiner;
      if (!follows || is_listed || is_in(kPictureNouns, head(next))) break;
      phrase.last = next.last;
    }
    return phrase;
  }

  /// The phrase after "of" or "with" behind this one; an empty one when there is none.
  Phrase behind_link(const Phrase& phrase) const {
    if (phrase.last + 2 >= words_.size() || !is_in(kLinks, words_[phrase.last + 1])) {
      return {1, 0, false};
    }
    return phrase_at(phrase.last + 2);
  }

 private:
  size_t run_end(size_t i) const {
    while (i < words_.size() && is_content(words_[i])) {
      if (words_[i++].ends_clause) break;
    }
    return i;
  }

  /// The phrase that begins at word i; last < first when none does.
  Phrase phrase_at(size_t i) const {
    Phrase phrase{i, 0, i < words_.size() && is_in(kDeterminers, words_[i])};
    size_t begin = i;
    while (begin < words_.size() && is_in(kDeterminers, words_[begin])) ++begin;
    phrase.first = begin > i ? begin - 1 : i;
    size_t end = run_end(begin);
    while (end > begin + 1 && is_afterthought(words_[end - 1])) --end;
    if (end == begin) return {1, 0, false};
    phrase.last = end - 1;
    return phrase;
  }

  const std::vector<Word>& words_;
};

}  // namespace

std::string asked_noun_phrase(const std::string& text) {
  const std::vector<Word> words = words_of(text);
  if (words.empty()) return text;
  const Chunker chunker(words);
  // From what is most likely meant to what is least.
  std::array<std::vector<Phrase>, 5> found;
  for (Phrase phrase : chunker.phrases()) {
    if (is_in(kPictureNouns, chunker.head(phrase))) {
      phrase = chunker.behind_link(phrase);
      if (phrase.last < phrase.first) continue;
    }
    const bool stands_in =
        phrase.first + phrase.has_determiner == phrase.last && is_in(kStandIns, words[phrase.last]);
    if (stands_in) continue;
    if (!phrase.has_determiner) {
      if (chunker.is_verb(phrase)) continue;
      if (phrase.first == 0 && phrase.last > 0 && is_in(kRequests, words[0])) ++phrase.first;
      found[3].push_back(phrase);
    } else if (chunker.is_verb(phrase)) {
      // "my friend put the lamp there": who did it is not what was asked for.
      found[4].push_back(phrase);
    } else {
      found[chunker.is_place(phrase) ? 2 : chunker.is_subject(phrase) ? 1 : 0].push_back(phrase);
    }
  }
  Phrase chosen{0, words.size() - 1, false};
  for (const std::vector<Phrase>& phrases : found) {
    if (phrases.empty()) continue;
    chosen = chunker.extended(phrases.front());
    break;
  }
  return text.substr(words[chosen.first].begin, words[chosen.last].end - words[chosen.first].begin);
}

}  // namespace vane
