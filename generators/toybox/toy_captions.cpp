// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_captions.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "generators/toybox/toy_objects.h"

namespace vane {
namespace {

// Wordings of one value; `{}` is the value itself.
struct Wording {
  std::string_view key, value, phrases;  // phrases separated by |
};
constexpr Wording kNouns[] = {
    {"", "character", "toy person|toy figure|figurine|toy character|doll"},
    {"", "apple", "apple|toy apple"},
    {"", "ball", "ball|sphere"},
    {"", "book", "book|closed book"},
    {"", "cactus", "cactus pot|potted cactus"},
    {"", "car", "car|toy car"},
    {"", "chair", "chair|toy chair"},
    {"", "cone", "cone"},
    {"", "cube", "cube|block"},
    {"", "cylinder", "cylinder"},
    {"", "duck", "duck|toy duck|rubber duck"},
    {"", "lamp", "lamp|table lamp"},
    {"", "mug", "mug|cup|coffee cup"},
    {"", "mushroom", "mushroom|toadstool"},
    {"", "pear", "pear"},
    {"", "ring", "ring|torus|toy ring"},
    {"", "teapot", "teapot|tea pot"},
    {"", "vase", "vase"},
};
// Said before the noun.
constexpr Wording kBefore[] = {
    {"size", "small", "small|little|tiny"},
    {"size", "big", "big|large"},
    {"pattern", "striped", "striped|stripy"},
    {"pattern", "dotted", "dotted|spotted|polka-dot"},
    {"pattern", "checked", "checked|checkered|chequered"},
    {"mouth", "smile", "smiling|happy|cheerful"},
    {"mouth", "frown", "frowning|sad|unhappy"},
    {"hair", "bald", "bald|hairless"},
};
// Said after the noun, as a list.
constexpr Wording kAfter[] = {
    {"skin", "pale", "with pale skin|with a pale face"},
    {"skin", "light", "with light skin|with a light complexion"},
    {"skin", "tan", "with tanned skin|with a tan"},
    {"skin", "brown", "with brown skin"},
    {"skin", "dark", "with dark skin|with a dark complexion"},
    {"mouth", "open", "with an open mouth|with the mouth open"},
    {"mouth", "neutral", "with a neutral face|with a calm expression"},
    {"mouth", "smile", "with a smile|with a smiling face"},
    {"glasses", "glasses", "with glasses|wearing glasses|in spectacles|wearing round glasses"},
    {"glasses", "sunglasses", "with sunglasses|wearing dark glasses|in sunglasses"},
    {"glasses", "none", "without glasses"},
    {"beard", "beard", "with a beard|with a full beard"},
    {"beard", "moustache", "with a moustache|with a mustache"},
    {"hat", "none", "without a hat|bareheaded"},
    {"pose", "waving", "waving|waving a hand|saying hello"},
    {"pose", "standing", "standing"},
    {"facing", "left", "looking to the left|turned to the left"},
    {"facing", "right", "looking to the right|turned to the right"},
    {"facing", "forward", "looking at the camera|facing forward"},
};
constexpr Wording kWhole[] = {
    {"light", "front", "in bright light|lit from the front"},
    {"light", "left", "lit from the left|with light from the left"},
    {"light", "right", "lit from the right|with light from the right"},
    {"light", "top", "lit from above|under a light from above"},
    {"light", "back", "backlit|against the light|lit from behind"},
    {"light", "sunset", "at sunset|in warm evening light|in golden light"},
    {"light", "night", "at night|in the dark|by moonlight"},
    {"light", "soft", "in soft light|in diffuse light|on an overcast day"},
};

std::string choose(std::string_view phrases, Rng& rng) {
  const auto count = static_cast<uint32_t>(std::count(phrases.begin(), phrases.end(), '|') + 1);
  for (uint32_t skip = rng.below(count); skip > 0; --skip) {
    phrases.remove_prefix(phrases.find('|') + 1);
  }
  return std::string(phrases.substr(0, phrases.find('|')));
}

const Wording* find(std::span<const Wording> table, std::string_view key, std::string_view value) {
  for (const Wording& wording : table) {
    if (wording.key == key && wording.value == value) return &wording;
  }
  return nullptr;
}

std::string with_article(const std::string& noun_phrase) {
  return (std::string_view("aeiou").find(noun_phrase.front()) == std::string_view::npos ? "a "
                                                                                        : "an ") +
         noun_phrase;
}

/// By night and at sunset the backdrop no longer has the colour of its name.
bool background_is_coloured(const ToyScene& scene) {
  return scene.light.name != "night" && scene.light.name != "sunset";
}

/// What of a character cannot be told by this light.
bool hidden_by_light(const ToyScene& scene, std::string_view key) {
  const std::string_view light = scene.light.name;
  const bool colour = key.ends_with("colour") || key == "skin";
  const bool of_face = key == "mouth" || key == "glasses" || key == "beard";
  return light == "night"    ? colour || of_face
         : light == "sunset" ? colour
                             : light == "back" && of_face;
}

/// "a smiling doll", "a doll with red hair": the noun with one attribute, in the first wording or,
/// with `rng`, in any. Empty when nothing is said about this value.
std::string with_one_attribute(const std::string& noun, std::string_view key,
                               const std::string& value, Rng* rng) {
  const auto any = [&](std::string_view phrases) {
    return rng ? choose(phrases, *rng) : std::string(phrases.substr(0, phrases.find('|')));
  };
  const Wording* front = find(kBefore, key, value);
  const Wording* back = find(kAfter, key, value);
  if (front && (!back || !rng || rng->chance(0.6f))) {
    return with_article(any(front->phrases) + " " + noun);
  }
  if (back) return with_article(noun) + " " + any(back->phrases);
  if (key == "colour") return with_article(value + " " + noun);
  if (key == "hair" || key == "hair_colour") return with_article(noun) + " with " + value + " hair";
  const std::string wear = " " + any("wearing |in |with ");
  if (key == "hat") return with_article(noun) + wear + with_article(value);
  const std::string dressed = " " + any("in |dressed in |wearing ");
  if (key == "hat_colour") return with_article(noun) + wear + with_article(value + " hat");
  if (key == "clothes_colour" || (key == "clothes_pattern" && value != "plain")) {
    return with_article(noun) + dressed + with_article(value + any(" shirt| top| sweater"));
  }
  return {};
}

/// What the question's value is called, in the first wording or, with `rng`, in any.
std::string phrase_about(const ToyQuestion& question, const std::string& noun,
                         const std::string& value, Rng* rng) {
  const auto any = [&](std::string_view phrases) {
    return rng ? choose(phrases, *rng) : std::string(phrases.substr(0, phrases.find('|')));
  };
  if (const Wording* whole = find(kWhole, question.key, value)) {
    return "a toy scene " + any(whole->phrases);
  }
  if (question.key == "background") return "a toy scene on " + with_article(value) + " background";
  if (question.key == "kind") return with_article(any(find(kNouns, "", value)->phrases));
  return with_one_attribute(noun, question.key, value, rng);
}

class Speaker {
 public:
  Speaker(const ToyScene& scene, Rng& rng) : scene_(scene), rng_(rng) {}

  ToyCaption say_briefly() {
    constexpr std::string_view kFrames =
        "|a picture of |a photo of |a render of |an image of |a toy scene with |here is ";
    const float u = rng_.uniform();
    const auto light = scene_.attribute("light"), background = scene_.attribute("background");
    if (u < 0.18f) {
      caption_.text = choose("a toy scene |toys |a picture |a render |a photo ", rng_) +
                      choose(find(kWhole, "light", light)->phrases, rng_);
      claim(-1, "light", light);
    } else if (u < 0.26f && background_is_coloured(scene_)) {
      caption_.text = choose("toys |a toy scene |a photo |a picture ", rng_) +
                      choose("on |before |against |with ", rng_) +
                      with_article(std::string(background)) + " background";
      claim(-1, "background", background);
    } else {
      const auto index = rng_.below(static_cast<uint32_t>(scene_.things.size()));
      const ToyThing& thing = scene_.things[index];
      caption_.text = choose(kFrames, rng_);
      std::string phrase;
      if (rng_.chance(0.85f)) {
        const auto& [key, value] =
            thing.attributes[rng_.below(static_cast<uint32_t>(thing.attributes.size()))];
        phrase = with_one_attribute(choose(find(kNouns, "", thing.kind)->phrases, rng_), key, value,
                                    &rng_);
        const bool hidden =
            (key == "size" && scene_.things.size() == 1) || !is_in_frame(scene_, key);
        if (hidden) phrase.clear();
        if (!phrase.empty()) claim(static_cast<int>(index), key, value);
      }
      if (phrase.empty()) {
        phrase = with_article(choose(find(kNouns, "", thing.kind)->phrases, rng_));
      }
      caption_.text += phrase;
      caption_.things = {static_cast<int>(index)};
    }
    return caption_;
  }

  ToyCaption say() {
    constexpr std::string_view kFrames =
        "|a picture of |a photo of |a render of |an image of |a toy scene with |here is ";
    std::string text = choose(kFrames, rng_);
    for (size_t i = 0; i < scene_.things.size(); ++i) {
      caption_.things.push_back(static_cast<int>(i));
      if (i > 0) text += i + 1 == scene_.things.size() ? " and " : ", ";
      text += thing(static_cast<int>(i));
    }
    if (rng_.chance(0.5f)) {
      const auto light = scene_.attribute("light");
      text += ", " + choose(find(kWhole, "light", light)->phrases, rng_);
      claim(-1, "light", light);
    }
    if (background_is_coloured(scene_) && rng_.chance(0.3f)) {
      const std::string colour(scene_.attribute("background"));
      text += ", " + choose("on |before |against ", rng_) + with_article(colour) + " background";
      claim(-1, "background", colour);
    }
    caption_.text = text;
    return caption_;
  }

 private:
  void claim(int thing, std::string_view key, std::string_view value) {
    caption_.claims.push_back({thing, {std::string(key), std::string(value)}});
  }

  std::string thing(int index) {
    const ToyThing& thing = scene_.things[static_cast<size_t>(index)];
    const bool person = thing.kind == "character";
    std::string before, after;
    for (const ToyAttribute& attribute : thing.attributes) {
      const auto& [key, value] = attribute;
      const bool rare =
          value == "none" || value == "neutral" || value == "standing" || value == "forward";
      const bool told = rng_.chance(key == "colour" ? 0.85f : rare ? 0.08f : 0.4f);
      if (!told || value == "plain" || !is_in_frame(scene_, key)) continue;
      const Wording* front = find(kBefore, key, value);
      const Wording* back = find(kAfter, key, value);
      if (front && (!back || rng_.chance(0.6f))) {
        before += choose(front->phrases, rng_) + " ";
        claim(index, key, value);
      } else if (back) {
        append(after, choose(back->phrases, rng_));
        claim(index, key, value);
      } else if (key == "colour") {
        before += value + " ";
        claim(index, key, value);
      }
    }
    if (person) after_person(index, thing, after);
    const std::string noun = choose(find(kNouns, "", thing.kind)->phrases, rng_);
    return with_article(before + noun) + (after.empty() ? "" : " " + after);
  }

  static void append(std::string& list, const std::string& phrase) {
    list += (list.empty() ? "" : ", ") + phrase;
  }

  // Phrases that join several attributes.
  void after_person(int index, const ToyThing& thing, std::string& after) {
    const std::string hair(thing.attribute("hair")), hue(thing.attribute("hair_colour"));
    if (hair != "bald" && rng_.chance(0.6f)) {
      const bool both = rng_.chance(0.6f);
      append(after, "with " + (both ? hair + " " : std::string()) + hue + " hair");
      claim(index, "hair_colour", hue);
      if (both) claim(index, "hair", hair);
    }
    const std::string hat(thing.attribute("hat"));
    if (hat != "none" && rng_.chance(0.7f)) {
      const bool coloured = rng_.chance(0.7f);
      const std::string colour(thing.attribute("hat_colour"));
      append(after, choose("wearing |in |with ", rng_) +
                        with_article((coloured ? colour + " " : std::string()) + hat));
      claim(index, "hat", hat);
      if (coloured) claim(index, "hat_colour", colour);
    }
    if (is_in_frame(scene_, "clothes_colour") && rng_.chance(0.5f)) {
      const std::string colour(thing.attribute("clothes_colour"));
      const std::string pattern(thing.attribute("clothes_pattern"));
      const bool both = pattern != "plain" && rng_.chance(0.7f);
      append(after, choose("in |dressed in |wearing ", rng_) +
                        with_article(both ? pattern + " " + colour : colour) +
                        choose(" shirt| top| sweater", rng_));
      claim(index, "clothes_colour", colour);
      if (both) claim(index, "clothes_pattern", pattern);
    }
  }

  const ToyScene& scene_;
  Rng& rng_;
  ToyCaption caption_;
};

}  // namespace

ToyCaption toy_caption(const ToyScene& scene, Rng& rng) { return Speaker(scene, rng).say(); }

ToyCaption toy_short_caption(const ToyScene& scene, Rng& rng) {
  return Speaker(scene, rng).say_briefly();
}

const std::vector<ToyQuestion>& toy_questions() {
  static const std::vector<ToyQuestion> questions = [] {
    std::vector<std::string> kinds, colours;
    for (const std::string_view name : toy_object_names()) kinds.emplace_back(name);
    for (const std::string_view name : toy_object_colours()) colours.emplace_back(name);
    return std::vector<ToyQuestion>{
        {"character", "skin", {"pale", "tan", "dark"}, "portrait"},
        {"character", "hair", {"short", "long", "curly", "bald"}, "portrait"},
        {"character",
         "hair_colour",
         {"black", "brown", "blond", "ginger", "grey", "white", "pink", "blue"},
         "portrait"},
        {"character", "mouth", {"smile", "frown", "open"}, "close-up"},
        {"character", "glasses", {"none", "glasses", "sunglasses"}, "close-up"},
        {"character", "beard", {"beard", "moustache"}, "close-up"},
        {"character",
         "hat",
         {"none", "cap", "top hat", "beanie", "party hat", "sun hat"},
         "portrait"},
        {"character",
         "hat_colour",
         {"red", "blue", "green", "yellow", "purple", "black"},
         "portrait"},
        {"character",
         "clothes_colour",
         {"red", "orange", "yellow", "green", "blue", "teal", "purple", "pink", "white"},
         "character"},
        {"character", "clothes_pattern", {"striped", "dotted"}, "character"},
        {"character", "pose", {"standing", "waving"}, "character"},
        {"character", "facing", {"forward", "left", "right"}, "portrait"},
        {"object", "kind", kinds, "still-life"},
        {"object", "colour", colours, "still-life"},
        {"object", "pattern", {"striped", "dotted", "checked"}, "still-life"},
        {"scene",
         "light",
         {"front", "left", "right", "top", "back", "sunset", "night", "soft"},
         "any"},
        {"scene",
         "background",
         {"pink", "blue", "green", "yellow", "purple", "white", "grey", "orange"},
         "any"},
    };
  }();
  return questions;
}

bool is_in_frame(const ToyScene& scene, std::string_view key) {
  const bool of_body = key.starts_with("clothes") || key == "pose";
  return scene.framing == "whole" || !(key == "pose" || (of_body && scene.framing == "close-up"));
}

std::string toy_noun(std::string_view kind) {
  const std::string_view words = find(kNouns, "", kind)->phrases;
  return std::string(words.substr(0, words.find('|')));
}

std::vector<std::string> toy_texts(const ToyQuestion& question, const std::string& noun,
                                   bool unseen) {
  std::vector<std::string> texts;
  for (const std::string& value : question.values) {
    texts.push_back((unseen ? "this image shows " : "a picture of ") +
                    phrase_about(question, noun, value, nullptr));
  }
  return texts;
}

Choice toy_choice(const ToyScene& scene, const ToyQuestion& question, Rng& rng) {
  const std::string value = toy_answer(scene, question);
  if (value.empty()) return {};
  std::string other = value;
  while (other == value) {
    other = question.values[rng.below(static_cast<uint32_t>(question.values.size()))];
  }
  const std::string frame = choose("|a picture of |a photo of |a render of |an image of ", rng);
  const std::string noun = choose(find(kNouns, "", scene.things.front().kind)->phrases, rng);
  Rng again = rng;
  return {frame + phrase_about(question, noun, value, &rng),
          frame + phrase_about(question, noun, other, &again)};
}

std::vector<std::pair<std::string, std::string>> toy_vocabulary() {
  std::vector<std::pair<std::string, std::string>> words;
  for (const ToyQuestion& question : toy_questions()) {
    const bool person = question.of == "character";
    // Light and colours of toys would crowd out the words for those of photographs.
    if (!person && question.key != "kind") continue;
    const std::vector<std::string> texts =
        toy_texts(question, person ? "toy person" : "toy", false);
    for (const std::string& text : texts) {
      // "a picture of a smiling toy person": what follows the article.
      const size_t article = std::string_view("a picture of ").size();
      words.emplace_back(text.substr(text.find(' ', article) + 1), text);
    }
  }
  return words;
}

std::string toy_answer(const ToyScene& scene, const ToyQuestion& question) {
  std::string value;
  if (question.of == "scene") {
    if (question.key == "background" && !background_is_coloured(scene)) return {};
    value = scene.attribute(question.key);
  } else {
    const ToyThing& thing = scene.things.front();
    const bool person = thing.kind == "character";
    if (scene.things.size() != 1 || person != (question.of == "character")) return {};
    value = question.key == "kind" ? thing.kind : std::string(thing.attribute(question.key));
    if (person && (!is_in_frame(scene, question.key) || hidden_by_light(scene, question.key))) {
      return {};
    }
    const bool hatted = thing.attribute("hat") != "none";
    if (question.key.starts_with("hair") && hatted && question.key != "hair_colour") return {};
    if (question.key == "mouth" && thing.attribute("beard") == "beard") return {};
  }
  const bool known =
      std::find(question.values.begin(), question.values.end(), value) != question.values.end();
  return known ? value : std::string();
}

nlohmann::ordered_json toy_attributes_json(const ToyScene& scene) {
  nlohmann::ordered_json json{{"kind", scene.kind}, {"seed", scene.seed}};
  for (const ToyAttribute& attribute : scene.attributes) json[attribute.key] = attribute.value;
  json["things"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < scene.things.size(); ++i) {
    nlohmann::ordered_json thing{{"id", i + 1}, {"kind", scene.things[i].kind}};
    for (const ToyAttribute& attribute : scene.things[i].attributes) {
      thing[attribute.key] = attribute.value;
    }
    json["things"].push_back(thing);
  }
  return json;
}

}  // namespace vane
