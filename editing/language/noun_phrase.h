// SPDX-License-Identifier: Apache-2.0
#pragma once
// The thing that an English sentence is about: "somebody has left a red lamp lying around" -> "a
// red lamp". A chunker in the manner of Abney (1991): words that belong to the language rather than
// to the world (articles, prepositions, auxiliaries, pronouns, …) are a closed class, and what lies
// between them are phrases. It knows no sentences by heart. No torch.

#include <string>

namespace vane {

/// The noun phrase that is asked for or spoken of, as it is written in the text, with what belongs
/// to it ("a mug with white dots", "a person in blue clothes"). Words about the picture itself ("a
/// photo of", "in this scene"), verbs before it and places after it are left out. The text without
/// marks around it when no phrase is found; the text itself when nothing is left.
std::string asked_noun_phrase(const std::string& text);

}  // namespace vane
