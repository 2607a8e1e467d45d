// SPDX-License-Identifier: Apache-2.0
#pragma once
// Prompt templates: sentences around a phrase, whose embeddings are averaged (clip sheet 4.7).

#include <string>
#include <string_view>
#include <vector>

namespace vane {

/// The sets by name: "none" (the phrase alone), "subset7" (CLIP's published short list),
/// "nada79" (StyleGAN-NADA and CLIPstyler), "imagenet80" (CLIP's zero-shot list; nada79 plus
/// "a photo of many {}.").
const std::vector<std::string>& template_set_names();

/// Templates of a set; each holds "{}" once.
/// Throws Error{usage} for an unknown name, with the nearest known one.
std::vector<std::string> prompt_templates(std::string_view set);

/// Every "{}" of `text_template` replaced by `phrase`.
std::string fill_template(std::string_view text_template, std::string_view phrase);

/// The phrase in every template of the set.
std::vector<std::string> templated(std::string_view set, std::string_view phrase);

}  // namespace vane
