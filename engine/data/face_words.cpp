// SPDX-License-Identifier: Apache-2.0
#include "engine/data/face_words.h"

#include <map>

namespace vane {
namespace {

using A = FaceAttribute;

// Data, not logic: as long as there are attributes.
const std::map<std::pair<A, bool>, FaceWords>& table() {
  static const std::map<std::pair<A, bool>, FaceWords> words = {
      {{A::smile, true},
       {{"smiling", "happy", "cheerful", "friendly"},
        {"with a smile", "with a big smile", "who smiles", "with a happy expression", "smiling",
         "with a smiling face"}}},
      {{A::smile, false},
       {{"serious", "unsmiling", "stern"},
        {"with a neutral face", "with a serious face", "with a neutral expression",
         "without a smile", "not smiling", "with a serious expression"}}},
      {{A::open_mouth, true},
       {{"open mouthed"},
        {"with an open mouth", "with the mouth open", "with open lips", "with parted lips"}}},
      {{A::open_mouth, false},
       {{},
        {"with a closed mouth", "with the mouth closed", "with closed lips",
         "with the lips together"}}},
      {{A::head_turned, true},
       {{},
        {"looking to the side", "seen from the side", "with a turned head",
         "with the head turned away", "not looking at the camera"}}},
      {{A::head_turned, false},
       {{},
        {"facing the camera", "looking straight ahead", "seen from the front",
         "looking into the camera", "in front view"}}},
      {{A::turned_left, true},
       {{},
        {"looking to the left", "facing left", "turned to the left",
         "with the head turned to the left"}}},
      {{A::turned_left, false},
       {{},
        {"looking to the right", "facing right", "turned to the right",
         "with the head turned to the right"}}},
      {{A::closed_eyes, true},
       {{}, {"with closed eyes", "with the eyes closed", "with the eyes shut"}}},
      {{A::closed_eyes, false},
       {{}, {"with open eyes", "with the eyes open", "with wide open eyes"}}},
      {{A::dark_hair, true},
       {{"dark haired", "black haired"},
        {"with dark hair", "with black hair", "with very dark hair", "who has dark hair"}}},
      {{A::dark_hair, false},
       {{"light haired", "fair haired"},
        {"with light hair", "with fair hair", "with light coloured hair", "who has light hair"}}},
      {{A::dark_skin, true},
       {{"dark skinned", "brown skinned"},
        {"with dark skin", "with brown skin", "who has dark skin"}}},
      {{A::dark_skin, false},
       {{"light skinned", "pale skinned", "fair skinned"},
        {"with light skin", "with pale skin", "with fair skin", "who has light skin"}}},
      {{A::bright_background, true},
       {{},
        {"in front of a bright background", "on a bright background", "with a bright background",
         "against a light background", "in front of a white wall"}}},
      {{A::bright_background, false},
       {{},
        {"in front of a dark background", "on a dark background", "with a dark background",
         "against a black background", "in front of a dark wall"}}},
      {{A::blue_background, true},
       {{},
        {"in front of a blue background", "on a blue background", "with a blue background",
         "against a blue wall"}}},
      {{A::blue_background, false}, {}},
      {{A::green_background, true},
       {{},
        {"in front of a green background", "on a green background", "with a green background",
         "in front of green leaves"}}},
      {{A::green_background, false}, {}},
      {{A::warm_background, true},
       {{},
        {"in front of a red or brown background", "on a warm coloured background",
         "with an orange or brown background", "against a warm coloured wall"}}},
      {{A::warm_background, false}, {}},
      {{A::lit_from_left, true},
       {{}, {"lit from the left", "with light from the left", "with the light on the left side"}}},
      {{A::lit_from_left, false},
       {{},
        {"lit from the right", "with light from the right", "with the light on the right side"}}},
      {{A::blond_hair, true},
       {{"blond", "blonde", "blond haired"},
        {"with blond hair", "with blonde hair", "with golden hair", "who has blond hair"}}},
      {{A::blond_hair, false}, {}},
      {{A::grey_hair, true},
       {{"grey haired", "gray haired", "white haired"},
        {"with grey hair", "with gray hair", "with white hair", "who has grey hair"}}},
      {{A::grey_hair, false}, {}},
  };
  return words;
}

}  // namespace

const FaceWords& words_of(FaceAttribute attribute, bool value) {
  return table().at({attribute, value});
}

}  // namespace vane
