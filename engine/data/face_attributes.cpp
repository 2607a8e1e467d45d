// SPDX-License-Identifier: Apache-2.0
#include "engine/data/face_attributes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/hash.h"
#include "engine/data/face_words.h"

namespace vane {
namespace {

using A = FaceAttribute;
using M = FaceMeasure;

constexpr std::array<std::string_view, kFaceAttributeCount> kAttributeNames = {
    "smile",           "open-mouth",    "head-turned",       "turned-left",     "closed-eyes",
    "dark-hair",       "dark-skin",     "bright-background", "blue-background", "green-background",
    "warm-background", "lit-from-left", "blond-hair",        "grey-hair"};
constexpr std::array<std::string_view, kFaceMeasureCount> kMeasureNames = {"detected",
                                                                           "mouth-curve",
                                                                           "mouth-width",
                                                                           "mouth-gap",
                                                                           "yaw",
                                                                           "roll",
                                                                           "eye-opening",
                                                                           "hair-lightness",
                                                                           "hair-chroma",
                                                                           "skin-lightness",
                                                                           "background-lightness",
                                                                           "background-a",
                                                                           "background-b",
                                                                           "background-evenness",
                                                                           "light-side"};

/// What a mirror turns into its opposite.
constexpr std::array kSided = {A::turned_left, A::lit_from_left};

/// What lies between clearly there and clearly absent.
enum class Between { is_unclear, leans };

/// -1 at `no`, 1 at `yes`, straight in between and beyond; either may be the larger one.
float degree(float value, float no, float yes) { return 2 * (value - no) / (yes - no) - 1; }

/// Between -1 and 1 unclear, or what is nearer. NaN is unclear.
Answer answer(float degree, Between between) {
  if (std::isnan(degree)) return Answer::unclear;
  if (between == Between::leans) return degree > 0 ? Answer::yes : Answer::no;
  return degree >= 1 ? Answer::yes : degree <= -1 ? Answer::no : Answer::unclear;
}

Answer answer_when(bool condition, Answer value) { return condition ? value : Answer::unclear; }

Answer opposite(Answer value) { return static_cast<Answer>(-static_cast<int>(value)); }

/// Hue of the background in degrees and how colourful it is.
void tell_background(const FaceMeasures& m, FaceTruth& truth) {
  const auto of = [&m](M measure) { return m[static_cast<size_t>(measure)]; };
  const auto set = [&truth](A attribute, Answer value) {
    truth[static_cast<size_t>(attribute)] = value;
  };
  const float a = of(M::background_a), b = of(M::background_b);
  const float chroma = std::hypot(a, b);
  float hue = std::atan2(b, a) * 57.29578f;
  if (hue < 0) hue += 360;
  const bool even = of(M::background_evenness) > 0.6f;
  const auto colour = [&](float from, float to, float clear) {
    const bool inside = hue > from && hue < to;
    if (inside && chroma > clear && even) return Answer::yes;
    return answer_when(chroma < 5 || hue < from - 40 || hue > to + 40, Answer::no);
  };
  set(A::blue_background, colour(225, 300, 10));
  set(A::green_background, colour(105, 165, 10));
  // Red to yellowish brown: around hue 0.
  const float around = hue > 180 ? hue - 360 : hue;
  const bool warm = around > -5 && around < 82;
  set(A::warm_background,
      warm && chroma > 14 && even
          ? Answer::yes
          : answer_when(chroma < 5 || around < -40 || around > 110, Answer::no));
}

void tell_hair(const FaceMeasures& m, FaceTruth& truth) {
  const float chroma = m[static_cast<size_t>(M::hair_chroma)];
  const auto set = [&truth](A attribute, Answer value) {
    truth[static_cast<size_t>(attribute)] = value;
  };
  const Answer dark = truth[static_cast<size_t>(A::dark_hair)];
  const bool light = dark == Answer::no;
  set(A::blond_hair,
      light && chroma > 18 ? Answer::yes : answer_when(dark == Answer::yes, Answer::no));
  set(A::grey_hair,
      light && chroma < 9 ? Answer::yes : answer_when(dark == Answer::yes, Answer::no));
}

std::string article(std::string_view word) {
  return std::string_view("aeiou").find(word.front()) != std::string_view::npos ? "an " : "a ";
}

template <class Container>
const auto& pick(const Container& from, Rng& rng) {
  return from[rng.below(static_cast<uint32_t>(from.size()))];
}

/// Attributes that are clear, have words, and may be spoken of; in random order.
std::vector<A> speakable(const FaceTruth& truth, std::span<const A> spoken_of, Rng& rng) {
  std::vector<A> found;
  for (const A attribute : spoken_of) {
    const Answer value = truth[static_cast<size_t>(attribute)];
    if (value != Answer::unclear && !words_of(attribute, value == Answer::yes).phrases.empty()) {
      found.push_back(attribute);
    }
  }
  for (size_t i = found.size(); i > 1; --i) {
    std::swap(found[i - 1], found[rng.below(static_cast<uint32_t>(i))]);
  }
  return found;
}

/// A text that says that the attribute is there and one, in the same wording, that denies it; empty
/// where there are no words for both.
Choice both_ways(A attribute, Rng& rng) {
  const FaceWords& yes = words_of(attribute, true);
  const FaceWords& no = words_of(attribute, false);
  if (yes.phrases.empty() || no.phrases.empty()) return {};
  const bool before = !yes.adjectives.empty() && !no.adjectives.empty() && rng.chance(0.5f);
  const auto told = [&](const FaceWords& words) {
    const std::string adjective = before ? std::string(pick(words.adjectives, rng)) : "";
    return "a photo of " + (before ? article(adjective) + adjective + " person"
                                   : "a person " + std::string(pick(words.phrases, rng)));
  };
  return {told(yes), told(no)};
}

/// Both speak of the same thing: "turned to the left and seen from the side".
bool overlap(A a, A b) {
  const auto group = [](A x) {
    if (x == A::head_turned || x == A::turned_left) return 1;
    if (x == A::dark_hair || x == A::blond_hair || x == A::grey_hair) return 2;
    if (x == A::smile || x == A::open_mouth) return 3;
    if (x >= A::bright_background && x <= A::warm_background) return 4;
    return 10 + static_cast<int>(x);
  };
  return group(a) == group(b);
}

FaceTruth told(const FaceMeasures& m, Between between) {
  FaceTruth truth{};
  if (!(m[static_cast<size_t>(M::detected)] > 0.5f)) return truth;
  const FaceDegrees degrees = face_degrees(m);
  for (size_t i = 0; i < truth.size(); ++i) truth[i] = answer(degrees[i], between);
  tell_hair(m, truth);
  tell_background(m, truth);
  return truth;
}

}  // namespace

std::string_view face_attribute_name(FaceAttribute attribute) {
  return kAttributeNames[static_cast<size_t>(attribute)];
}
std::string_view face_measure_name(FaceMeasure measure) {
  return kMeasureNames[static_cast<size_t>(measure)];
}

FaceDegrees face_degrees(const FaceMeasures& m) {
  constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
  FaceDegrees degrees;
  degrees.fill(kUnknown);
  const auto of = [&m](M measure) { return m[static_cast<size_t>(measure)]; };
  const auto set = [&degrees](A attribute, float value) {
    degrees[static_cast<size_t>(attribute)] = value;
  };
  if (!(of(M::detected) > 0.5f)) return degrees;
  const float turn = std::abs(of(M::yaw));
  // Landmarks of the far side are guesses beyond this.
  if (turn < 35) {
    const float smile =
        of(M::mouth_width) + of(M::mouth_curve) + 0.8f * std::min(of(M::mouth_gap), 0.2f);
    set(A::smile, degree(smile, 0.90f, 1.22f));
    set(A::open_mouth, degree(of(M::mouth_gap), 0.03f, 0.16f));
  }
  set(A::head_turned, degree(turn, 8, 20));
  set(A::turned_left, degree(of(M::yaw), -20, 20));
  if (turn < 25) set(A::closed_eyes, degree(of(M::eye_opening), 0.26f, 0.11f));
  set(A::dark_hair, degree(of(M::hair_lightness), 40, 16));
  set(A::dark_skin, degree(of(M::skin_lightness), 66, 34));
  if (turn < 20) set(A::lit_from_left, degree(of(M::light_side), -12, 12));
  if (of(M::background_evenness) > 0.7f) {
    set(A::bright_background, degree(of(M::background_lightness), 28, 75));
  }
  return degrees;
}

FaceTruth face_truth(const FaceMeasures& m) { return told(m, Between::is_unclear); }

FaceTruth face_leaning(const FaceMeasures& m) { return told(m, Between::leans); }

FaceTruth mirrored(const FaceTruth& truth) {
  FaceTruth out = truth;
  for (const A side : kSided) {
    Answer& value = out[static_cast<size_t>(side)];
    value = opposite(value);
  }
  return out;
}

FaceDegrees mirrored(const FaceDegrees& degrees) {
  FaceDegrees out = degrees;
  for (const A side : kSided) {
    out[static_cast<size_t>(side)] = -out[static_cast<size_t>(side)];
  }
  return out;
}

Fact face_fact(FaceAttribute attribute, bool value) {
  return fnv1a("face:" + std::string(value ? "" : "not ") +
               std::string(face_attribute_name(attribute)));
}

std::vector<Fact> face_facts(const FaceTruth& truth) {
  std::vector<Fact> facts = {subject_fact("a face"), subject_fact("a person"),
                             subject_fact("a portrait")};
  for (int i = 0; i < kFaceAttributeCount; ++i) {
    const Answer value = truth[static_cast<size_t>(i)];
    if (value != Answer::unclear)
      facts.push_back(face_fact(static_cast<A>(i), value == Answer::yes));
  }
  std::sort(facts.begin(), facts.end());
  return facts;
}

Caption random_face_phrase(const FaceTruth& truth, std::span<const FaceAttribute> spoken_of,
                           Rng& rng) {
  const std::vector<A> order = speakable(truth, spoken_of, rng);
  const float u = rng.uniform();
  const size_t wanted = u < 0.12f ? 0 : u < 0.62f ? 1 : 2;
  std::vector<A> chosen;
  for (const A attribute : order) {
    if (chosen.size() == wanted) break;
    if (chosen.empty() || !overlap(chosen.front(), attribute)) chosen.push_back(attribute);
  }
  static constexpr std::array<std::string_view, 5> kNouns = {"person", "person", "person", "face",
                                                             "human being"};
  const std::string_view noun = pick(kNouns, rng);
  std::string before, after;
  Caption caption;
  for (const A attribute : chosen) {
    const bool value = truth[static_cast<size_t>(attribute)] == Answer::yes;
    const FaceWords& words = words_of(attribute, value);
    if (before.empty() && !words.adjectives.empty() && rng.chance(0.5f)) {
      before = pick(words.adjectives, rng);
    } else {
      after += (after.empty() ? " " : " and ") + std::string(pick(words.phrases, rng));
    }
    caption.asserts.push_back(face_fact(attribute, value));
  }
  if (before.empty() && rng.chance(0.1f)) {
    caption.text = "someone" + after;
    caption.asserts.push_back(subject_fact("a person"));
  } else {
    const std::string thing = before.empty() ? std::string(noun) : before + " " + std::string(noun);
    caption.text = article(thing) + thing + after;
    caption.asserts.push_back(subject_fact(noun == "face" ? "a face" : "a person"));
  }
  if (rng.chance(0.15f)) {
    caption.text = "a portrait of " + caption.text;
    caption.asserts.push_back(subject_fact("a portrait"));
  }
  std::sort(caption.asserts.begin(), caption.asserts.end());
  return caption;
}

std::vector<Choice> face_choices(const FaceTruth& truth, std::span<const FaceAttribute> spoken_of,
                                 Rng& rng) {
  constexpr size_t kMost = 3;
  std::vector<Choice> choices;
  for (const A attribute : speakable(truth, spoken_of, rng)) {
    if (choices.size() == kMost) break;
    const Choice asked = both_ways(attribute, rng);
    if (asked.right.empty()) continue;
    const bool value = truth[static_cast<size_t>(attribute)] == Answer::yes;
    choices.push_back(value ? asked : Choice{asked.wrong, asked.right});
  }
  return choices;
}

std::vector<Grade> face_grades(const FaceDegrees& degrees, std::span<const FaceAttribute> spoken_of,
                               Rng& rng) {
  std::vector<Grade> grades;
  for (const A attribute : spoken_of) {
    const float degree = degrees[static_cast<size_t>(attribute)];
    if (std::isnan(degree)) continue;
    grades.push_back({std::string(face_attribute_name(attribute)), both_ways(attribute, rng),
                      std::clamp(degree, -2.f, 2.f)});
  }
  return grades;
}

FacePhrases face_phrases(FaceAttribute attribute) {
  const auto plain = [&](bool value) -> std::string {
    const FaceWords& words = words_of(attribute, value);
    if (words.phrases.empty()) return "";
    if (attribute == A::smile && value) return "a smiling person";
    return "a person " + std::string(words.phrases.front());
  };
  FacePhrases phrases{plain(true), plain(false), {}};
  const auto& yes = words_of(attribute, true).phrases;
  const auto& no = words_of(attribute, false).phrases;
  const auto unseen = [&](const std::string& opening, size_t which) {
    phrases.unseen.emplace_back(opening + std::string(yes[which % yes.size()]),
                                no.empty() ? "" : opening + std::string(no[which % no.size()]));
  };
  unseen("this photo shows the face of someone ", 0);
  unseen("the image is a portrait of a human face ", 1);
  unseen("make the person look like somebody ", 2);
  return phrases;
}

std::vector<std::pair<std::string, std::string>> face_vocabulary() {
  std::vector<std::pair<std::string, std::string>> words = {{"person", "a photo of a person"},
                                                            {"face", "a photo of a face"}};
  for (int i = 0; i < kFaceAttributeCount; ++i) {
    for (const bool value : {true, false}) {
      const FaceWords& of = words_of(static_cast<A>(i), value);
      for (const std::string_view adjective : of.adjectives) {
        words.emplace_back(adjective,
                           "a photo of " + article(adjective) + std::string(adjective) + " person");
      }
      for (const std::string_view phrase : of.phrases) {
        words.emplace_back(phrase, "a photo of a person " + std::string(phrase));
      }
    }
  }
  return words;
}

}  // namespace vane
