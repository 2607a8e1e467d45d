// SPDX-License-Identifier: Apache-2.0
#pragma once
// Photographic looks: how a picture is made to show one, and which ones a picture shows.

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/rng.h"
#include "engine/data/raster.h"

namespace vane {

/// `stained` and `false_colour` are what an edit must not do: colour in patches, and hues that no
/// light makes. They are taught so that the others are not mistaken for them. `clear` to `well_lit`
/// say that a fault is absent; `plain` that nothing was done.
enum class Look : uint8_t {
  bright,
  dark,
  warm,
  cool,
  vivid,
  muted,
  monochrome,
  sepia,
  hazy,
  blurry,
  noisy,
  high_contrast,
  low_contrast,
  backlit,
  golden_hour,
  night,
  vintage,
  dreamy,
  vignette,
  overexposed,
  moody,
  cinematic,
  red_tint,
  green_tint,
  blue_tint,
  purple_tint,
  pink_tint,
  stained,
  false_colour,
  clear,
  sharp,
  clean,
  well_lit,
  plain,
};
inline constexpr int kLookCount = static_cast<int>(Look::plain) + 1;
/// Looks below this index can be applied; the others are only stated.
inline constexpr int kAppliedLookCount = static_cast<int>(Look::clear);

/// What people ask for most; evaluations guess among these eight.
inline constexpr std::array kMainLooks = {Look::bright, Look::dark,       Look::warm, Look::cool,
                                          Look::vivid,  Look::monochrome, Look::hazy, Look::blurry};

/// "golden_hour" and so on.
std::string_view look_name(Look look);
/// Throws Error{config} with the nearest name.
Look look_from_name(std::string_view name);

/// Whether a picture that does not count as showing `look`, one of kMainLooks, is so near to the
/// thresholds of shown_looks that people might call it so.
bool is_unclear(Look look, const std::set<Look>& shown, const ColourStatistics& measured);

/// Makes `picture` show `look`. `strength` in (0,1]: 0.3 is visible, 1 is extreme. `subject` is a
/// mask in [0,1] of the same size for `backlit` (empty: a soft blob is drawn). Works in linear
/// light except where a film or display curve is the point.
void apply_look(Raster& picture, Look look, float strength, Rng& rng,
                std::span<const float> subject = {});

/// A choice of 0 to 3 looks that go together, in the order in which a camera and a print would add
/// them.
std::vector<Look> random_looks(Rng& rng);

/// What a picture shows after `applied`: the applied looks and what they imply, less those that the
/// measured colours contradict, and with those that the colours show anyway.
std::set<Look> shown_looks(const std::set<Look>& applied, const ColourStatistics& measured);

/// The look that undoes or contradicts this one, for two-way tests: bright-dark, blurry-sharp;
/// plain for those without one.
Look opposite_look(Look look);

}  // namespace vane
