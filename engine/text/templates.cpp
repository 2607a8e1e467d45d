// SPDX-License-Identifier: Apache-2.0
#include "engine/text/templates.h"

#include <array>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr std::array<std::string_view, 2> kArticles{"a", "the"};

// Before the article: "graffiti of" + " the {}.".
constexpr std::array<std::string_view, 23> kDepictions{"a bad photo of",
                                                       "a low resolution photo of",
                                                       "a cropped photo of",
                                                       "a bright photo of",
                                                       "a dark photo of",
                                                       "a blurry photo of",
                                                       "a pixelated photo of",
                                                       "a close-up photo of",
                                                       "a black and white photo of",
                                                       "a jpeg corrupted photo of",
                                                       "a good photo of",
                                                       "a photo of",
                                                       "a sculpture of",
                                                       "a rendering of",
                                                       "a rendition of",
                                                       "a painting of",
                                                       "a drawing of",
                                                       "a sketch of",
                                                       "a doodle of",
                                                       "a tattoo of",
                                                       "graffiti of",
                                                       "itap of",
                                                       "art of"};

constexpr std::array<std::string_view, 8> kQualities{"hard to see", "clean", "dirty", "cool",
                                                     "large",       "nice",  "weird", "small"};

// The published list keeps "a embroidered" and "a origami".
constexpr std::array<std::string_view, 6> kMaterials{"embroidered", "plastic", "origami",
                                                     "toy",         "cartoon", "plushie"};

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

std::vector<std::string> nada79() {
  std::vector<std::string> all;
  for (const std::string_view article : kArticles) {
    for (const std::string_view depiction : kDepictions) {
      all.push_back(joined({depiction, " ", article, " {}."}));
    }
    for (const std::string_view quality : kQualities) {
      all.push_back(joined({"a photo of ", article, " ", quality, " {}."}));
    }
    for (const std::string_view material : kMaterials) {
      all.push_back(joined({article, " ", material, " {}."}));
    }
    all.push_back(joined({article, " {} in a video game."}));
  }
  all.emplace_back("a photo of my {}.");
  all.emplace_back("itap of my {}.");
  all.emplace_back("a photo of one {}.");
  return all;
}

}  // namespace

const std::vector<std::string>& template_set_names() {
  static const std::vector<std::string> names{"none", "subset7", "nada79", "imagenet80"};
  return names;
}

std::vector<std::string> prompt_templates(std::string_view set) {
  if (set == "none") return {"{}"};
  if (set == "nada79") return nada79();
  if (set == "imagenet80") {
    std::vector<std::string> all = nada79();
    all.emplace_back("a photo of many {}.");
    return all;
  }
  if (set == "subset7") {
    return {"itap of a {}.",           "a bad photo of the {}.",
            "a origami {}.",           "a photo of the large {}.",
            "a {} in a video game.",   "art of the {}.",
            "a photo of the small {}."};
  }
  const auto near = nearest_name(set, template_set_names());
  throw Error(ErrorCode::usage, "unknown template set '" + printable(set) + "'")
      .with_hint((near ? "did you mean '" + *near + "'? " : std::string()) +
                 "known: " + join(template_set_names(), ", "));
}

std::string fill_template(std::string_view text_template, std::string_view phrase) {
  std::string text;
  for (size_t i = 0; i < text_template.size();) {
    if (text_template.substr(i, 2) == "{}") {
      text += phrase;
      i += 2;
    } else {
      text += text_template[i++];
    }
  }
  return text;
}

std::vector<std::string> templated(std::string_view set, std::string_view phrase) {
  std::vector<std::string> texts;
  for (const std::string& text_template : prompt_templates(set)) {
    texts.push_back(fill_template(text_template, phrase));
  }
  return texts;
}

}  // namespace vane
