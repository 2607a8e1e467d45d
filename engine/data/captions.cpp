// SPDX-License-Identifier: Apache-2.0
#include "engine/data/captions.h"

#include <algorithm>
#include <array>

#include "engine/base/hash.h"
#include "engine/data/look_words.h"

namespace vane {
namespace {

constexpr std::array<std::string_view, 10> kNouns = {"photo",   "photo",      "photo", "photograph",
                                                     "picture", "image",      "shot",  "snapshot",
                                                     "view",    "photography"};

template <class Container>
const auto& pick(const Container& from, Rng& rng) {
  return from[rng.below(static_cast<uint32_t>(from.size()))];
}

std::string article(std::string_view word) {
  const bool vowel = !word.empty() && std::string_view("aeiou").find(word[0]) != std::string::npos;
  return vowel ? "an" : "a";
}

void sort_unique(std::vector<Fact>& facts) {
  std::sort(facts.begin(), facts.end());
  facts.erase(std::unique(facts.begin(), facts.end()), facts.end());
}

/// Looks worth mentioning, in random order: applied and evident ones first, absent faults rarely.
std::vector<Look> mention_order(const CaptionMaterial& material, const std::set<Look>& applied,
                                Rng& rng) {
  std::vector<std::pair<float, Look>> scored;
  for (const Look look : material.looks) {
    const bool absence = static_cast<int>(look) >= kAppliedLookCount;
    const float base = applied.count(look) ? 0.f : absence ? 0.9f : 0.6f;
    scored.emplace_back(base + rng.uniform(), look);
  }
  std::sort(scored.begin(), scored.end());
  std::vector<Look> looks;
  for (const auto& [score, look] : scored) looks.push_back(look);
  return looks;
}

struct Sentence {
  std::vector<std::string> before;  // adjectives
  std::string after;                // phrase
  std::string of;                   // noun phrase
  std::vector<Fact> asserts;
};

void mention(Sentence& sentence, Look look, Rng& rng) {
  const LookWords& words = words_of(look);
  if (sentence.after.empty() && rng.chance(0.4f)) {
    sentence.after = pick(words.phrases, rng);
  } else {
    const bool compares = !words.comparatives.empty() && rng.chance(0.2f);
    sentence.before.emplace_back(pick(compares ? words.comparatives : words.adjectives, rng));
  }
  sentence.asserts.push_back(look_fact(look));
}

/// Uses a word for a pair of shown looks when one fits.
bool mention_blend(Sentence& sentence, const std::set<Look>& looks, Rng& rng) {
  std::vector<const BlendWords*> fitting;
  for (const BlendWords& blend : blends()) {
    const bool fits = std::all_of(blend.looks.begin(), blend.looks.end(),
                                  [&](Look look) { return looks.count(look) > 0; });
    if (fits) fitting.push_back(&blend);
  }
  if (fitting.empty()) return false;
  const BlendWords& blend = *pick(fitting, rng);
  if (!blend.light.empty() && sentence.after.empty() && rng.chance(0.4f)) {
    sentence.after = "in " + std::string(pick(blend.light, rng)) + " light";
  } else {
    sentence.before.emplace_back(pick(blend.adjectives, rng));
  }
  for (const Look look : blend.looks) sentence.asserts.push_back(look_fact(look));
  return true;
}

std::string spoken(const Sentence& s, Rng& rng) {
  if (s.before.empty() && s.after.empty() && !s.of.empty() && rng.chance(0.35f)) return s.of;
  const bool says_light = s.after.starts_with("in ") && s.after.ends_with(" light");
  if (s.before.empty() && s.of.empty() && says_light && rng.chance(0.35f)) return s.after.substr(3);
  std::string text;
  for (const std::string& adjective : s.before) text += (text.empty() ? "" : ", ") + adjective;
  const std::string_view noun = pick(kNouns, rng);
  if (noun == "photography") {
    // "warm photography of a frog", without an article.
    text += (text.empty() ? "" : " ") + std::string(noun);
  } else {
    text = article(text.empty() ? noun : std::string_view(text)) + " " +
           (text.empty() ? "" : text + " ") + std::string(noun);
  }
  const bool of_first = rng.chance(0.7f);
  const std::string of = s.of.empty() ? "" : " of " + s.of;
  const std::string after = s.after.empty() ? "" : " " + s.after;
  text += of_first ? of + after : after + of;
  if (rng.chance(0.12f)) text += ".";
  return text;
}

/// "three frogs" as it is, or "a photo of three frogs".
std::string perhaps_framed(const std::string& text, Rng& rng) {
  if (!rng.chance(0.6f)) return text;
  const std::string noun(pick(kNouns, rng));
  return (noun == "photography" ? noun : article(noun) + " " + noun) + " of " + text;
}

/// "a frog to the left of a car": asserts the relation; sometimes only that both are there.
Caption relation_caption(const Relation& relation, Rng& rng) {
  const auto& [kind, first, second] = relation;
  Caption caption;
  caption.asserts = {subject_fact(first), subject_fact(second)};
  if (rng.chance(0.25f)) {
    const bool swapped = rng.chance(0.5f);
    static constexpr std::array<std::string_view, 3> kJoins = {" and ", " next to ", " with "};
    caption.text =
        (swapped ? second : first) + std::string(pick(kJoins, rng)) + (swapped ? first : second);
  } else {
    caption.asserts.push_back(relation_fact(relation));
    const bool above = kind == "above";
    static constexpr std::array<std::string_view, 3> kLeft = {" to the left of ", " left of ",
                                                              " on the left of "};
    static constexpr std::array<std::string_view, 3> kRight = {" to the right of ", " right of ",
                                                               " on the right of "};
    static constexpr std::array<std::string_view, 2> kAbove = {" above ", " over "};
    static constexpr std::array<std::string_view, 2> kBelow = {" below ", " under "};
    caption.text =
        rng.chance(0.5f)
            ? first + std::string(above ? pick(kAbove, rng) : pick(kLeft, rng)) + second
            : second + std::string(above ? pick(kBelow, rng) : pick(kRight, rng)) + first;
  }
  caption.text = perhaps_framed(caption.text, rng);
  sort_unique(caption.asserts);
  return caption;
}

Caption count_caption(int count, const std::string& thing, const std::string& plural, Rng& rng) {
  static constexpr std::array<std::string_view, 5> kNumbers = {"", "one", "two", "three", "four"};
  static constexpr std::array<std::string_view, 5> kDigits = {"", "1", "2", "3", "4"};
  const auto n = static_cast<size_t>(count);
  std::string text(rng.chance(0.85f) ? kNumbers[n] : kDigits[n]);
  // "one frog" and not "one frogs"
  text += count == 1 ? thing.substr(thing.find(' ')) : " " + plural;
  text = perhaps_framed(text, rng);
  Caption caption{text, {subject_fact(thing), count_fact(count, thing)}};
  sort_unique(caption.asserts);
  return caption;
}

}  // namespace

Fact look_fact(Look look) { return fnv1a("look:" + std::string(look_name(look))); }
Fact subject_fact(std::string_view noun_phrase) { return fnv1a("of:" + std::string(noun_phrase)); }
Fact caption_fact(std::string_view caption) { return fnv1a("caption:" + std::string(caption)); }

bool holds(const std::vector<Fact>& asserts, const std::vector<Fact>& facts) {
  return std::includes(facts.begin(), facts.end(), asserts.begin(), asserts.end());
}

Fact relation_fact(const Relation& relation) {
  return fnv1a("relation:" + relation.first + "|" + relation.kind + "|" + relation.second);
}
Fact count_fact(int count, std::string_view noun_phrase) {
  return fnv1a("count:" + std::to_string(count) + ":" + std::string(noun_phrase));
}

std::string plural_of(std::string_view noun_phrase) {
  const size_t space = noun_phrase.find(' ');
  if (space == std::string_view::npos) return {};
  const std::string_view first = noun_phrase.substr(0, space);
  if (first != "a" && first != "an") return {};
  std::string head(noun_phrase.substr(space + 1)), tail;
  // The noun stands before what qualifies it.
  for (const std::string_view link : {" of ", " with ", " in ", " on ", " for ", " and "}) {
    const size_t at = head.find(link);
    if (at == std::string::npos) continue;
    tail = head.substr(at) + tail;
    head.resize(at);
  }
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kIrregular = {
      {{"mouse", "mice"},
       {"goose", "geese"},
       {"fish", "fish"},
       {"sheep", "sheep"},
       {"deer", "deer"},
       {"man", "men"},
       {"woman", "women"},
       {"leaf", "leaves"},
       {"knife", "knives"},
       {"wolf", "wolves"},
       {"calf", "calves"},
       {"loaf", "loaves"},
       {"potato", "potatoes"}}};
  const size_t word = head.rfind(' ') == std::string::npos ? 0 : head.rfind(' ') + 1;
  const std::string_view noun = std::string_view(head).substr(word);
  for (const auto& [one, many] : kIrregular) {
    if (noun == one) return head.substr(0, word) + std::string(many) + tail;
  }
  const auto ends = [&](std::string_view ending) { return noun.ends_with(ending); };
  const bool consonant_y =
      noun.size() > 1 && ends("y") &&
      std::string_view("aeiou").find(noun[noun.size() - 2]) == std::string::npos;
  if (consonant_y) return head.substr(0, head.size() - 1) + "ies" + tail;
  if (ends("s") || ends("x") || ends("ch") || ends("sh")) return head + "es" + tail;
  return head + "s" + tail;
}

std::vector<Fact> facts_of(const CaptionMaterial& material) {
  std::vector<Fact> facts;
  for (const Look look : material.looks) facts.push_back(look_fact(look));
  for (const std::string& subject : material.subjects) facts.push_back(subject_fact(subject));
  for (const std::string& object : material.objects) facts.push_back(subject_fact(object));
  if (!material.relation.kind.empty()) facts.push_back(relation_fact(material.relation));
  if (material.count > 0) facts.push_back(count_fact(material.count, material.objects.front()));
  sort_unique(facts);
  return facts;
}

Caption random_caption(const CaptionMaterial& material, const std::set<Look>& applied, Rng& rng) {
  if (!material.relation.kind.empty() && rng.chance(0.8f)) {
    return relation_caption(material.relation, rng);
  }
  if (material.count > 0 && rng.chance(0.8f)) {
    const std::string plural = plural_of(material.objects.front());
    if (!plural.empty()) {
      return count_caption(material.count, material.objects.front(), plural, rng);
    }
  }
  Sentence sentence;
  const std::vector<Look> looks = mention_order(material, applied, rng);
  const bool has_object = !material.objects.empty();

  const float u = rng.uniform();
  const size_t mentioned = u < 0.12f ? 0 : u < 0.66f ? 1 : 2;
  // A picture of a thing is described by the thing more often than by its look.
  const bool speak_of_look = !has_object || rng.chance(applied.empty() ? 0.15f : 0.55f);
  if (speak_of_look && mentioned > 0) {
    if (!(mentioned == 2 && rng.chance(0.4f) && mention_blend(sentence, material.looks, rng))) {
      for (size_t i = 0; i < std::min(mentioned, looks.size()); ++i) {
        mention(sentence, looks[i], rng);
      }
    }
  }
  const float subject_share = has_object ? 0.9f : sentence.asserts.empty() ? 0.65f : 0.3f;
  if (rng.chance(subject_share)) {
    const std::vector<std::string>& from = has_object && !rng.chance(0.08f) ? material.objects
                                           : material.subjects.empty()      ? material.objects
                                                                            : material.subjects;
    if (!from.empty()) {
      // The first wording is the most exact one.
      sentence.of = rng.chance(0.6f) ? from.front() : pick(from, rng);
      sentence.asserts.push_back(subject_fact(sentence.of));
    }
  }
  Caption caption;
  const bool one_look = sentence.asserts.size() == 1 && sentence.of.empty() && !looks.empty() &&
                        sentence.asserts[0] == look_fact(looks[0]);
  if (one_look && rng.chance(0.12f)) {
    caption.text = pick(words_of(looks[0]).alone, rng);
  } else {
    caption.text = spoken(sentence, rng);
  }
  caption.asserts = std::move(sentence.asserts);
  sort_unique(caption.asserts);
  return caption;
}

std::string look_phrase(Look look) {
  const std::string adjective(words_of(look).adjectives.front());
  return article(adjective) + " " + adjective + " photo";
}

std::vector<std::string> look_phrases(Look look) {
  std::vector<std::string> phrases;
  for (const std::string_view adjective : words_of(look).adjectives) {
    for (const char* noun : {" photo", " photograph", " picture", " image"}) {
      phrases.push_back(article(adjective) + " " + std::string(adjective) + noun);
    }
  }
  return phrases;
}

std::vector<std::string> unseen_look_phrases(Look look) {
  const LookWords& words = words_of(look);
  const std::string adjective(words.adjectives.front());
  std::vector<std::string> phrases = {"this photo looks " + adjective,
                                      "the image has a " + adjective + " look",
                                      "make it " + adjective};
  phrases.push_back("everything " + std::string(words.phrases.front()));
  return phrases;
}

}  // namespace vane
