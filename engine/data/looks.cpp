// SPDX-License-Identifier: Apache-2.0
#include "engine/data/looks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/data/tone.h"

namespace vane {
namespace {

constexpr std::array<std::string_view, kLookCount> kNames = {
    "bright",       "dark",        "warm",        "cool",      "vivid",        "muted",
    "monochrome",   "sepia",       "hazy",        "blurry",    "noisy",        "high_contrast",
    "low_contrast", "backlit",     "golden_hour", "night",     "vintage",      "dreamy",
    "vignette",     "overexposed", "moody",       "cinematic", "red_tint",     "green_tint",
    "blue_tint",    "purple_tint", "pink_tint",   "stained",   "false_colour", "clear",
    "sharp",        "clean",       "well_lit",    "plain"};

/// Looks that cannot be seen together; the first axis that two looks share decides.
enum class Axis { light, temperature, colour, air, focus, grain, curve, frame, style };

Axis axis_of(Look look) {
  switch (look) {
    case Look::bright:
    case Look::dark:
    case Look::overexposed:
    case Look::backlit:
      return Axis::light;
    case Look::warm:
    case Look::cool:
    case Look::red_tint:
    case Look::green_tint:
    case Look::blue_tint:
    case Look::purple_tint:
    case Look::pink_tint:
      return Axis::temperature;
    case Look::vivid:
    case Look::muted:
    case Look::monochrome:
    case Look::sepia:
      return Axis::colour;
    case Look::hazy:
      return Axis::air;
    case Look::blurry:
      return Axis::focus;
    case Look::noisy:
      return Axis::grain;
    case Look::high_contrast:
    case Look::low_contrast:
      return Axis::curve;
    case Look::vignette:
      return Axis::frame;
    default:
      return Axis::style;
  }
}

bool go_together(Look a, Look b) {
  const Axis x = axis_of(a), y = axis_of(b);
  if (x == y) return false;
  const auto either = [&](Axis one, Axis other) {
    return (x == one && y == other) || (x == other && y == one);
  };
  const auto is = [&](Look look) { return a == look || b == look; };
  // A style sets light, temperature, colour and curve itself.
  if (either(Axis::style, Axis::light) || either(Axis::style, Axis::temperature) ||
      either(Axis::style, Axis::colour) || either(Axis::style, Axis::curve)) {
    return false;
  }
  if (either(Axis::air, Axis::curve)) return false;
  // Toning hides a colour cast.
  return !((is(Look::monochrome) || is(Look::sepia)) && either(Axis::colour, Axis::temperature));
}

}  // namespace

std::string_view look_name(Look look) { return kNames[static_cast<size_t>(look)]; }

Look look_from_name(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Look>(i);
  }
  const std::vector<std::string> names(kNames.begin(), kNames.end());
  const auto near = nearest_name(name, names);
  throw Error(ErrorCode::config, "unknown look '" + printable(name) + "'")
      .with_hint(near ? "did you mean '" + *near + "'?" : "looks: " + join(names, ", "));
}

// A table from look to tone function; longer than other functions only because it lists all looks.
void apply_look(Raster& p, Look look, float s, Rng& rng, std::span<const float> subject) {
  switch (look) {
    case Look::bright:
      return brighten(p, s, rng);
    case Look::dark:
      return darken(p, s, rng);
    case Look::overexposed:
      return overexpose(p, s);
    case Look::backlit:
      return backlight(p, s, rng, subject);
    case Look::warm:
      return shift_temperature(p, 0.12f + 0.50f * s, rng);
    case Look::cool:
      return shift_temperature(p, -(0.12f + 0.50f * s), rng);
    case Look::red_tint:
      return tint(p, {1.f, 0.18f, 0.15f}, s);
    case Look::green_tint:
      return tint(p, {0.25f, 1.f, 0.3f}, s);
    case Look::blue_tint:
      return tint(p, {0.15f, 0.35f, 1.f}, s);
    case Look::purple_tint:
      return tint(p, {0.55f, 0.2f, 1.f}, s);
    case Look::pink_tint:
      return tint(p, {1.f, 0.4f, 0.62f}, s);
    case Look::stained:
      return stain(p, s, rng);
    case Look::false_colour:
      return falsify_colours(p, s, rng);
    case Look::vivid:
      return saturate(p, 1.25f + 0.95f * s);
    case Look::muted:
      return saturate(p, 0.62f - 0.45f * s);
    case Look::monochrome:
      return to_monochrome(p, rng);
    case Look::sepia:
      return to_sepia(p, s, rng);
    case Look::hazy:
      return add_haze(p, s, rng);
    case Look::blurry:
      return defocus(p, s, rng);
    case Look::noisy:
      return add_noise(p, s, rng);
    case Look::high_contrast:
      return steepen(p, 1.3f + 1.2f * s);
    case Look::low_contrast:
      return flatten(p, 0.75f - 0.4f * s, rng);
    case Look::golden_hour:
      return golden_light(p, s, rng);
    case Look::night:
      return night_light(p, s, rng);
    case Look::vintage:
      return age_print(p, s, rng);
    case Look::dreamy:
      return bloom(p, s);
    case Look::vignette:
      return shade_corners(p, 0.6f + 0.4f * s);
    case Look::moody:
      return brood(p, s, rng);
    case Look::cinematic:
      return grade_teal_orange(p, s);
    default:
      return;
  }
}

std::vector<Look> random_looks(Rng& rng) {
  const float u = rng.uniform();
  const size_t wanted = u < 0.18f ? 0 : u < 0.62f ? 1 : u < 0.90f ? 2 : 3;
  // What people ask for most comes up more often, and vividness, which lies nearest to others.
  static constexpr std::array kFrequent = {Look::bright, Look::dark,  Look::warm, Look::cool,
                                           Look::vivid,  Look::vivid, Look::hazy, Look::stained};
  std::vector<Look> looks;
  for (int attempt = 0; looks.size() < wanted && attempt < 20; ++attempt) {
    const Look candidate = rng.chance(0.3f)
                               ? kFrequent[rng.below(static_cast<uint32_t>(kFrequent.size()))]
                               : static_cast<Look>(rng.below(kAppliedLookCount));
    const bool fits = std::all_of(looks.begin(), looks.end(),
                                  [&](Look other) { return go_together(candidate, other); });
    if (fits) looks.push_back(candidate);
  }
  // Air and light lie before the lens, the frame and the grain behind it.
  const auto order = [](Look look) {
    switch (axis_of(look)) {
      case Axis::air:
        return 0;
      case Axis::light:
        return 1;
      case Axis::style:
        return 2;
      case Axis::focus:
        return 3;
      case Axis::temperature:
        return 4;
      case Axis::colour:
        return 5;
      case Axis::curve:
        return 6;
      case Axis::frame:
        return 7;
      default:
        return 8;
    }
  };
  std::stable_sort(looks.begin(), looks.end(), [&](Look a, Look b) { return order(a) < order(b); });
  return looks;
}

std::set<Look> shown_looks(const std::set<Look>& applied, const ColourStatistics& m) {
  std::set<Look> shown = applied;
  const auto implies = [&](Look look, std::initializer_list<Look> others) {
    if (applied.count(look)) shown.insert(others);
  };
  implies(Look::golden_hour, {Look::warm});
  implies(Look::night, {Look::dark, Look::cool});
  implies(Look::moody, {Look::dark, Look::muted});
  implies(Look::overexposed, {Look::bright});
  implies(Look::sepia, {Look::vintage, Look::warm});
  implies(Look::hazy, {Look::low_contrast});

  // Thresholds in CIELAB units, set by looking at sheets of measured pictures.
  const float warmth = 0.7f * (m.a + m.b);
  const auto settle = [&](Look look, bool contradicted, bool evident) {
    if (contradicted) shown.erase(look);
    if (evident) shown.insert(look);
  };
  settle(Look::bright, m.lightness<52, m.lightness> 74);
  settle(Look::dark, m.lightness > 42, m.lightness < 22);
  // A cast that was given counts against the scene it was given to: on one that is orange all over,
  // the colder of two renderings is the cool one although its mean is still warm.
  settle(Look::warm, warmth < -10 || m.chroma<4, warmth> 24 && !applied.count(Look::cool));
  settle(Look::cool, warmth > 14 || m.chroma < 4, warmth < -17 && !applied.count(Look::warm));
  settle(Look::vivid, m.chroma<17, m.chroma> 45);
  settle(Look::muted, m.chroma > 22, m.chroma < 7);
  settle(Look::monochrome, m.chroma > 3, m.chroma < 1.5f);
  settle(Look::high_contrast, m.contrast<18, m.contrast> 33);
  settle(Look::low_contrast, m.contrast > 18, m.contrast < 6);
  settle(Look::false_colour, m.chroma < 8, false);
  settle(Look::blue_tint, m.b > -8, false);

  // Patches and impossible hues are not a light, whatever the mean colour says.
  if (applied.count(Look::stained) || applied.count(Look::false_colour)) {
    for (const Look look : {Look::warm, Look::cool, Look::vivid, Look::muted}) shown.erase(look);
  }

  // A pale, flat picture may as well be of a foggy day.
  const bool veiled = m.contrast < 12 && m.lightness > 50;
  if (!applied.count(Look::hazy) && !veiled) shown.insert(Look::clear);
  if (!applied.count(Look::blurry) && !applied.count(Look::dreamy)) shown.insert(Look::sharp);
  if (!applied.count(Look::noisy)) shown.insert(Look::clean);
  if (!applied.count(Look::backlit) && m.lightness > 35 && m.lightness < 75) {
    shown.insert(Look::well_lit);
  }
  if (applied.empty()) shown.insert(Look::plain);
  return shown;
}

bool is_unclear(Look look, const std::set<Look>& shown, const ColourStatistics& m) {
  if (shown.count(look)) return false;
  const float warmth = 0.7f * (m.a + m.b);
  switch (look) {
    case Look::bright:
      return m.lightness >= 62;
    case Look::dark:
      return m.lightness <= 32;
    case Look::warm:
      return warmth >= 8 && m.chroma >= 4;
    case Look::cool:
      return warmth <= -6 && m.chroma >= 4;
    case Look::vivid:
      return m.chroma >= 30;
    default:
      return false;
  }
}

Look opposite_look(Look look) {
  switch (look) {
    case Look::bright:
      return Look::dark;
    case Look::dark:
      return Look::bright;
    case Look::warm:
      return Look::cool;
    case Look::cool:
      return Look::warm;
    case Look::vivid:
      return Look::muted;
    case Look::muted:
      return Look::vivid;
    case Look::hazy:
      return Look::clear;
    case Look::blurry:
      return Look::sharp;
    case Look::noisy:
      return Look::clean;
    case Look::backlit:
      return Look::well_lit;
    case Look::high_contrast:
      return Look::low_contrast;
    case Look::low_contrast:
      return Look::high_contrast;
    default:
      return Look::plain;
  }
}

}  // namespace vane
