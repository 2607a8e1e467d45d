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
    sentence.before.emplace_back(pick(words.adjectives, rng));
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
  sentence.before.emplace_back(pick(blend.adjectives, rng));
  for (const Look look : blend.looks) sentence.asserts.push_back(look_fact(look));
  return true;
}

std::string spoken(const Sentence& s, Rng& rng) {
  if (s.before.empty() && s.after.empty() && !s.of.empty() && rng.chance(0.35f)) return s.of;
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

}  // namespace

Fact look_fact(Look look) { return fnv1a("look:" + std::string(look_name(look))); }
Fact subject_fact(std::string_view noun_phrase) { return fnv1a("of:" + std::string(noun_phrase)); }
Fact caption_fact(std::string_view caption) { return fnv1a("caption:" + std::string(caption)); }

bool holds(const std::vector<Fact>& asserts, const std::vector<Fact>& facts) {
  return std::includes(facts.begin(), facts.end(), asserts.begin(), asserts.end());
}

std::vector<Fact> facts_of(const CaptionMaterial& material) {
  std::vector<Fact> facts;
  for (const Look look : material.looks) facts.push_back(look_fact(look));
  for (const std::string& subject : material.subjects) facts.push_back(subject_fact(subject));
  for (const std::string& object : material.objects) facts.push_back(subject_fact(object));
  sort_unique(facts);
  return facts;
}

Caption random_caption(const CaptionMaterial& material, const std::set<Look>& applied, Rng& rng) {
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
  const float subject_share = has_object ? 0.9f : sentence.asserts.empty() ? 0.5f : 0.2f;
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
