// SPDX-License-Identifier: Apache-2.0
#include "generators/develop/develop_tensor.h"

#include <numbers>

#include "engine/base/error.h"
#include "engine/tensor/srgb_tensor.h"
#include "generators/develop/develop_constants.h"

namespace vane {
namespace {

using develop::kLuma;

// All pictures below are [3,P]: channels by pixels.

const DevelopField* find_field(const std::string& name) {
  for (const DevelopField& field : develop_fields()) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

void check_latent(const Latent& latent) {
  if (latent.space != kDevelopSpace) {
    throw Error(ErrorCode::usage, "latent is in space \"" + latent.space +
                                      "\", the develop generator needs \"develop\"");
  }
  const DevelopSettings defaults;
  for (const auto& [name, part] : latent.parts) {
    if (name == "grid") {
      if (part.dim() != 4 || part.size(0) != kAffineCoefficients || part.size(1) < 2 ||
          part.size(2) < 2 || part.size(3) < 2) {
        throw Error(ErrorCode::usage, "bilateral grid has another shape than [12,D,H,W]")
            .at_key(name);
      }
      continue;
    }
    const DevelopField* field = find_field(name);
    if (field == nullptr) {
      throw Error(ErrorCode::usage, "the develop generator has no such setting").at_key(name);
    }
    if (part.dim() != 1 || part.size(0) != field->size(defaults)) {
      throw Error(ErrorCode::usage,
                  "develop setting needs shape [" + std::to_string(field->size(defaults)) + "]")
          .at_key(name);
    }
  }
}

// The parts of a latent within their ranges, in the dtype of the picture.
class Parts {
 public:
  Parts(const Latent& latent, const at::TensorOptions& options)
      : latent_(latent), options_(options) {}

  Tensor operator()(const std::string& name) const {
    const DevelopField* field = find_field(name);
    const auto found = latent_.parts.find(name);
    if (found == latent_.parts.end()) {
      return at::zeros({field->size(DevelopSettings{})}, options_);
    }
    return at::clamp(found->second.to(options_), field->options.min, field->options.max);
  }
  Tensor grid() const {
    const auto found = latent_.parts.find("grid");
    if (found == latent_.parts.end()) return {};
    return at::clamp(found->second.to(options_), -kGridLimit, kGridLimit);
  }

 private:
  const Latent& latent_;
  at::TensorOptions options_;
};

template <size_t N>
Tensor column(const double (&values)[N], const at::TensorOptions& options) {
  return at::tensor(at::ArrayRef<double>(values, N), options.dtype(at::kDouble))
      .to(options)
      .reshape({static_cast<int64_t>(N), 1});
}

Tensor matrix(const develop::Matrix3& matrix, const at::TensorOptions& options) {
  return at::tensor(at::ArrayRef<double>(&matrix.m[0][0], 9), options.dtype(at::kDouble))
      .to(options)
      .reshape({3, 3});
}

// `peak` broadcasts against x; values of at most 1 leave x alone.
Tensor shoulder(const Tensor& x, const Tensor& peak, double knee) {
  const Tensor p = (at::clamp_min(peak, 1.0) - knee) / (1 - knee);
  const Tensor t = at::clamp_min(x - knee, 0.0) / (1 - knee);
  const Tensor bent = knee + (1 - knee) * t * (1 + t / (p * p)) / (1 + t);
  return at::where(at::logical_and(x > knee, peak > 1.0), bent, x);
}

Tensor toe(const Tensor& x, const Tensor& lowest, double knee) {
  const Tensor bent = 1 - shoulder(1 - x, 1 - lowest, knee);
  return at::where(at::logical_and(lowest < 0, x < 1 - knee), bent, x);
}

Tensor keep_hue(const Tensor& before, const Tensor& after) {
  const Tensor low = at::amin(before, 0, true), high = at::amax(before, 0, true);
  const Tensor y_low = at::amin(after, 0, true), y_high = at::amax(after, 0, true);
  const Tensor spread = high - low;
  const Tensor ratio = (y_high - y_low) / at::clamp_min(spread, 1e-4);
  return at::where(spread > 1e-4, y_low + ratio * (before - low), after);
}

Tensor light(const Parts& parts, const Tensor& linear, const Tensor& x, const Tensor& y,
             int64_t width, int64_t height) {
  const at::TensorOptions options = linear.options();
  const double w = static_cast<double>(width), h = static_cast<double>(height);
  const Tensor dx = 2 * x - 1, dy = 2 * y - 1;
  const Tensor radius = (dx * dx * (w * w) + dy * dy * (h * h)) / (w * w + h * h);
  const Tensor gain = at::exp2(parts("exposure") + parts("vignette") * radius * radius);
  Tensor balance = at::exp2(column(develop::kTemperatureGain, options) * parts("temperature") +
                            column(develop::kTintGain, options) * parts("tint"));
  balance = balance / (column(kLuma, options) * balance).sum();
  const Tensor veil = -at::expm1(-develop::kHazeStops * std::numbers::ln2 * parts("haze"));
  const Tensor seen = linear + veil * (develop::kAirlight - linear);
  const Tensor kept = toe(seen, veil * develop::kAirlight, develop::kToneKnee<double>);
  const Tensor channel = gain.unsqueeze(0) * balance;
  const Tensor brightest = 1 + veil * (develop::kAirlight - 1);
  const Tensor peak = (gain * balance.amax() * brightest).unsqueeze(0);
  return keep_hue(seen * channel,
                  at::clamp(shoulder(kept * channel, peak, develop::kLightKnee<double>), 0.0, 1.0));
}

// x, y, luma [P] in [0,1]; affine differences [12,P].
Tensor slice_grid(const Tensor& grid, const Tensor& x, const Tensor& y, const Tensor& luma) {
  const Tensor position = at::stack({x, y, luma}, 1).mul(2).sub(1).reshape({1, 1, 1, -1, 3});
  constexpr int64_t kBilinear = 0, kBorder = 1;
  const Tensor sliced = at::grid_sampler_3d(grid.unsqueeze(0), position, kBilinear, kBorder,
                                            /*align_corners=*/true);
  return sliced.reshape({kAffineCoefficients, -1});
}

Tensor apply_affine(const Tensor& difference, const Tensor& rgb) {
  const Tensor d = difference.reshape({3, 4, -1});
  const Tensor offset = d.select(1, 3);
  const Tensor y = rgb + (d.narrow(1, 0, 3) * rgb.unsqueeze(0)).sum(1) + offset;
  const Tensor white = (d.sum(1) + 1).amax(0, true), black = offset.amin(0, true);
  return at::clamp(
      toe(shoulder(y, white, develop::kToneKnee<double>), black, develop::kToneKnee<double>), 0.0,
      1.0);
}

Tensor tone_curve(const Tensor& log_slopes, const Tensor& t) {
  constexpr int64_t kSegments = kCurveSegments;
  Tensor slopes = at::exp2(log_slopes);
  slopes = slopes * (static_cast<double>(kSegments) / slopes.sum());
  const Tensor zero = at::zeros({1}, slopes.options());
  const Tensor knots = at::cat({zero, at::cumsum(slopes, 0) / kSegments});
  const Tensor before = slopes.narrow(0, 0, kSegments - 1);
  const Tensor after = slopes.narrow(0, 1, kSegments - 1);
  const Tensor tangents = at::cat({slopes.narrow(0, 0, 1), 2 * before * after / (before + after),
                                   slopes.narrow(0, kSegments - 1, 1)});
  const Tensor position = t * kSegments;
  const Tensor i = at::clamp(position.detach().to(at::kLong), 0, kSegments - 1);
  const Tensor flat = i.reshape({-1});
  const auto at_knot = [&](const Tensor& values, int64_t step) {
    return at::index_select(values, 0, flat + step).reshape(t.sizes());
  };
  const Tensor x = position - i;
  const Tensor m0 = at_knot(tangents, 0), m1 = at_knot(tangents, 1), s = at_knot(slopes, 0);
  const Tensor cubic = m0 + x * ((3 * s - 2 * m0 - m1) + x * (m0 + m1 - 2 * s));
  return at_knot(knots, 0) + x * cubic / kSegments;
}

Tensor tone(const Parts& parts, const Tensor& before) {
  const Tensor extra = at::exp2(parts("contrast")) - 1, u = 2 * before - 1;
  Tensor t =
      at::where(u < 0, before / (1 + extra * u.abs()), 1 - (1 - before) / (1 + extra * u.abs()));
  const Tensor lift = at::expm1(develop::kLiftLog * parts("shadows"));
  t = t + lift * t * (1 - t).pow(3);
  const Tensor drop = at::expm1(-develop::kLiftLog * parts("highlights"));
  t = t - drop * (1 - t) * t.pow(3);
  const Tensor lowest = develop::kBlackReach * parts("blacks");
  const Tensor highest = 1 + develop::kWhiteReach * parts("whites");
  t = lowest + (highest - lowest) * t;
  t = toe(shoulder(t, highest, develop::kToneKnee<double>), lowest, develop::kToneKnee<double>);
  t = at::clamp(tone_curve(parts("tone_curve"), at::clamp(t, 0.0, 1.0)), 0.0, 1.0);
  return keep_hue(before, t);
}

Tensor gamut_reach(const Tensor& grey, const Tensor& rgb) {
  const Tensor down = at::clamp_min(grey - at::amin(rgb, 0, true), 1e-12);
  const Tensor up = at::clamp_min(at::amax(rgb, 0, true) - grey, 1e-12);
  return at::minimum(grey / down, (1 - grey) / up);
}

// Pixels outside the gamut only: lab, rgb [3,Q].
Tensor reduced_chroma(const Tensor& lab, const Tensor& rgb) {
  const at::TensorOptions options = rgb.options();
  const Tensor root = lab.narrow(0, 0, 1) / develop::kCubeScale + develop::kCubeOffsetRoot;
  const Tensor grey = root.pow(3) - develop::kCubeOffset;
  const Tensor full =
      at::matmul(matrix(develop::root_from_lab(), options).narrow(1, 1, 2), lab.narrow(0, 1, 2)) /
      develop::kCubeScale;
  Tensor chroma = at::ones_like(grey), moved = rgb, reach = gamut_reach(grey, rgb);
  for (int step = 0; step < develop::kGamutSteps; ++step) {
    chroma = at::clamp_max(chroma * reach, 1.0);
    const Tensor d = full * chroma;
    const Tensor cone = d * (3 * root * root + d * (3 * root + d));
    moved = grey + at::matmul(matrix(develop::rgb_from_lms(), options), cone);
    reach = gamut_reach(grey, moved);
  }
  moved = at::clamp(grey + at::clamp_max(reach, 1.0) * (moved - grey), 0.0, 1.0);
  return at::where(grey <= 0, at::zeros_like(moved),
                   at::where(grey >= 1, at::ones_like(moved), moved));
}

Tensor into_gamut(const Tensor& lab, const Tensor& rgb) {
  const Tensor root = lab[0] / develop::kCubeScale + develop::kCubeOffsetRoot;
  const Tensor grey = root.detach().pow(3) - develop::kCubeOffset;
  const Tensor outside = at::logical_or(gamut_reach(grey.unsqueeze(0), rgb.detach()).squeeze(0) < 1,
                                        at::logical_or(grey <= 0, grey >= 1));
  const Tensor where = at::nonzero(outside).squeeze(1);
  const Tensor inside = at::clamp(rgb, 0.0, 1.0);  // rounding
  if (where.numel() == 0) return inside;
  const Tensor fixed =
      reduced_chroma(at::index_select(lab, 1, where), at::index_select(rgb, 1, where));
  return at::index_copy(inside, 1, where, fixed);
}

Tensor colour(const Parts& parts, const Tensor& rgb) {
  const at::TensorOptions options = rgb.options();
  const Tensor lms = at::matmul(matrix(develop::lms_from_rgb(), options), rgb);
  const Tensor cone = at::pow(lms + develop::kCubeOffset, 1.0 / 3);
  const Tensor root = (cone - develop::kCubeOffsetRoot) * develop::kCubeScale;
  const Tensor lab = at::matmul(matrix(develop::lab_from_root(), options), root);
  const Tensor a = lab[1], b = lab[2];
  const Tensor squared = a * a + b * b;
  const Tensor chroma = at::sqrt(squared + develop::kChromaFloor);

  const Tensor band =
      (at::arange(kHueBands, options) * develop::kBandDegrees + develop::kFirstBandDegrees) *
      develop::kRadiansPerDegree;
  const Tensor half =
      0.5 + 0.5 * (at::outer(at::cos(band), a / chroma) + at::outer(at::sin(band), b / chroma));
  const Tensor weights = at::pow(half, 7) / develop::kBandSum;
  const Tensor moves = at::matmul(
      at::stack({parts("hue_shift"), parts("hue_saturation"), parts("hue_luminance")}), weights);

  const double muted = develop::kMutedChroma * develop::kMutedChroma;
  const double grey = develop::kGreyChroma * develop::kGreyChroma;
  const Tensor gain =
      (1 + parts("saturation")) * (1 + parts("vibrance") / (1 + squared / muted)) * (1 + moves[1]);
  const Tensor lift =
      develop::kHueLift * moves[2] * (squared / (squared + grey)) * lab[0] * (1 - lab[0]);
  const Tensor l = lab[0] + lift;
  const Tensor angle = moves[0] * develop::kHueTurn;
  const Tensor cosine = at::cos(angle), sine = at::sin(angle);
  const Tensor turned_a = a * cosine - b * sine, turned_b = a * sine + b * cosine;
  const Tensor dark = develop::kTintWeight * l * (1 - l) * (1 - l);
  const Tensor bright = develop::kTintWeight * l * l * (1 - l);
  const Tensor shadow = parts("shadow_tint") * develop::kTintReach;
  const Tensor highlight = parts("highlight_tint") * develop::kTintReach;
  const Tensor change =
      at::stack({lift, turned_a * gain - a + dark * shadow[0] + bright * highlight[0],
                 turned_b * gain - b + dark * shadow[1] + bright * highlight[1]});
  const Tensor d =
      at::matmul(matrix(develop::root_from_lab(), options), change) / develop::kCubeScale;
  const Tensor step = d * (3 * cone * cone + d * (3 * cone + d));
  return into_gamut(lab + change, rgb + at::matmul(matrix(develop::rgb_from_lms(), options), step));
}

// What a local change costs. Brightening a region is natural; tinting it is not, and neither is
// anything that changes quickly across the picture, which would show as stains in a clear sky.
Tensor grid_prior(const Tensor& coefficients) {
  constexpr double kNatural = 0.1, kSize = 0.05, kRoughness = 10.0, kColour = 10.0;
  const Tensor grid = coefficients / kNatural;
  // [3 rows, 3 colours and an offset, depth, height, width]
  const Tensor affine = grid.unflatten(0, {3, 4});
  const Tensor gain = at::diagonal(affine.narrow(1, 0, 3), 0, 0, 1).mean(-1);
  const Tensor offset = affine.select(1, 3).mean(0);
  Tensor grey = at::diag_embed(gain.unsqueeze(-1).expand({-1, -1, -1, 3}));  // [d,h,w,3,3]
  grey = grey.permute({3, 4, 0, 1, 2});
  const Tensor colour_rows = affine.narrow(1, 0, 3) - grey;
  const Tensor colour_offset = affine.select(1, 3) - offset.unsqueeze(0);
  Tensor total = kSize * grid.square().mean() +
                 kColour * (colour_rows.square().mean() + colour_offset.square().mean());
  for (int64_t axis = 1; axis <= 3; ++axis) {
    total = total + kRoughness * at::diff(grid, 1, axis).square().mean();
  }
  return total;
}

}  // namespace

Tensor develop_tensor(const Tensor& image, const Latent& latent) {
  check_latent(latent);
  if (image.dim() != 4 || image.size(0) != 1 || image.size(1) != 3) {
    throw Error(ErrorCode::usage, "develop_tensor needs one picture [1,3,H,W]");
  }
  const int64_t height = image.size(2), width = image.size(3);
  const at::TensorOptions options = image.options();
  const Parts parts(latent, options);
  const Tensor encoded = image.reshape({3, height * width});
  const auto centres = [&](int64_t n) { return (at::arange(n, options) + 0.5) / n; };
  const Tensor x = centres(width).unsqueeze(0).expand({height, width}).reshape({-1});
  const Tensor y = centres(height).unsqueeze(1).expand({height, width}).reshape({-1});

  Tensor out = srgb_from_linear(light(parts, linear_from_srgb(encoded), x, y, width, height));
  if (const Tensor grid = parts.grid(); grid.defined()) {
    const Tensor luma = (column(kLuma, options) * encoded).sum(0);
    out = apply_affine(slice_grid(grid, x, y, luma), out);
  }
  out = tone(parts, out);
  out = srgb_from_linear(colour(parts, linear_from_srgb(out)));
  return out.reshape(image.sizes());
}

Latent latent_of_settings(const DevelopSettings& settings) {
  check_settings(settings);
  Latent latent{kDevelopSpace, {}};
  const DevelopSettings kept = scaled(settings, 1.f);
  for (const DevelopField& field : develop_fields()) {
    latent.parts[field.name] =
        at::tensor(at::ArrayRef<float>(field.data(kept), static_cast<size_t>(field.size(kept))));
  }
  const BilateralGrid& grid = kept.grid;
  if (!grid.empty()) {
    latent.parts["grid"] = at::tensor(grid.coefficients)
                               .reshape({kAffineCoefficients, grid.depth, grid.height, grid.width});
  }
  return latent;
}

DevelopSettings settings_of_latent(const Latent& latent) {
  check_latent(latent);
  DevelopSettings settings;
  const auto copy = [](const Tensor& part, float* to) {
    const Tensor values = part.detach().to(at::kCPU, at::kFloat).contiguous();
    std::copy_n(values.const_data_ptr<float>(), values.numel(), to);
  };
  for (const auto& [name, part] : latent.parts) {
    if (name == "grid") {
      settings.grid.depth = static_cast<int>(part.size(1));
      settings.grid.height = static_cast<int>(part.size(2));
      settings.grid.width = static_cast<int>(part.size(3));
      settings.grid.coefficients.resize(static_cast<size_t>(part.numel()));
      copy(part, settings.grid.coefficients.data());
    } else {
      copy(part, find_field(name)->data(settings));
    }
  }
  check_settings(settings);
  return scaled(settings, 1.f);
}

Tensor develop_prior(const Latent& latent) {
  check_latent(latent);
  // A directional CLIP loss falls by a few tenths in a strong edit; one natural move of a slider is
  // worth a hundredth of the scale, and a photographer reaches for single hues and tints last.
  constexpr double kPerMove = 0.02, kPerHue = 0.02;
  Tensor total = at::zeros({});
  for (const auto& [name, part] : latent.parts) {
    if (name == "grid") {
      total = total + grid_prior(part);
      continue;
    }
    // Quadratic for small moves, linear beyond: black and white needs all of one slider.
    const Tensor moves = ((part / find_field(name)->natural()).square() + 1).sqrt() - 1;
    // Hue bands and tints are charged each; a curve's segments together, as one move.
    const bool each = name.starts_with("hue_") || name.ends_with("_tint");
    total = total + (each ? kPerHue * moves.sum() : kPerMove * moves.mean());
  }
  return total;
}

}  // namespace vane
