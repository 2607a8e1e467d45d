// SPDX-License-Identifier: Apache-2.0
#include "guidance/edit_metrics.h"

#include "engine/base/error.h"
#include "engine/tensor/srgb_tensor.h"
#include "guidance/cutouts.h"
#include "guidance/structural_similarity.h"

namespace vane {
namespace {

void check_pair(const Tensor& a, const Tensor& b, const char* what) {
  if (a.defined() && b.defined() && a.dim() == 4 && a.sizes() == b.sizes()) return;
  throw Error(ErrorCode::usage, std::string(what) + " compares two pictures of one size");
}

Tensor luma(const Tensor& image) {
  return (image.select(1, 0) * 0.2126 + image.select(1, 1) * 0.7152 + image.select(1, 2) * 0.0722)
      .unsqueeze(1);
}

// Sobel gradient magnitude [N,1,H-2,W-2] over its own 99th percentile, at most 1.
Tensor edges(const Tensor& image) {
  const Tensor y = luma(image.to(at::kDouble));
  const Tensor kernel =
      at::tensor({-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0}, y.options()).view({1, 1, 3, 3});
  const Tensor dx = at::conv2d(y, kernel), dy = at::conv2d(y, kernel.transpose(2, 3).contiguous());
  const Tensor magnitude = (dx.square() + dy.square()).sqrt();
  const int64_t rank = std::max<int64_t>(1, magnitude.numel() * 99 / 100);
  const Tensor peak = std::get<0>(magnitude.flatten().kthvalue(rank));
  // A flat picture has no edges to scale.
  return (magnitude / peak.clamp_min(1e-6)).clamp_max(1.0);
}

// Views [V,3,R,R] of one picture: crops of three sizes, drawn from a stream of their own.
std::vector<CropWindow> held_out_cutouts(const Tensor& image, const HeldOutConfig& config) {
  const int64_t height = image.size(2), width = image.size(3), side = std::min(height, width);
  Rng rng = Rng(config.seed).fork("held-out views");
  std::vector<CropWindow> cutouts;
  for (const int64_t quarters : {4, 3, 2}) {
    for (int64_t k = 0; k < config.crops_per_size; ++k) {
      CropWindow cutout;
      cutout.side = std::max<int64_t>(1, side * quarters / 4);
      cutout.top = rng.below(static_cast<uint32_t>(height - cutout.side + 1));
      cutout.left = rng.below(static_cast<uint32_t>(width - cutout.side + 1));
      cutouts.push_back(cutout);
    }
  }
  return cutouts;
}

Tensor held_out_features(const ClipEncoder& clip, const Tensor& image,
                         const std::vector<CropWindow>& cutouts) {
  const ClipPreprocess& preprocess = clip.info().preprocess;
  std::vector<Tensor> features{clip.image_features(image)};
  // One at a time: reports run beside the picture at full size, so memory matters more than speed.
  for (const CropWindow& cutout : cutouts) {
    const Tensor view = cut(image, {cutout}, preprocess.image_size, Rng(0))[0];
    features.push_back(clip.image_features(view));
  }
  return at::cat(features).to(at::kDouble);
}

}  // namespace

ClipGain clip_gain(const ClipEncoder& clip, const Direction& direction, const Tensor& source,
                   const Tensor& edited, const HeldOutConfig& config) {
  const at::NoGradGuard no_grad;
  check_pair(source, edited, "clip_gain");
  if (source.size(0) != 1)
    throw Error(ErrorCode::usage, "clip_gain compares one picture at a time");
  check_same_model(direction, clip);
  const auto cutouts = held_out_cutouts(source, config);
  const Tensor change =
      held_out_features(clip, edited, cutouts) - held_out_features(clip, source, cutouts);
  const Tensor along = at::mv(change, direction.vector.to(at::kDouble));
  const Tensor lengths = at::linalg_vector_norm(change, 2, {1});
  const auto views = static_cast<double>(along.numel());
  ClipGain gain;
  gain.gain = along.mean().item<double>();
  gain.alignment = (along / lengths.clamp_min(1e-9)).mean().item<double>();
  if (along.numel() > 1) gain.standard_error = along.std().item<double>() / std::sqrt(views);
  return gain;
}

double psnr(const Tensor& a, const Tensor& b) {
  check_pair(a, b, "psnr");
  const double error = (a.to(at::kDouble) - b.to(at::kDouble)).square().mean().item<double>();
  return error > 0 ? -10 * std::log10(error) : std::numeric_limits<double>::infinity();
}

double ssim(const Tensor& a, const Tensor& b) {
  const at::NoGradGuard no_grad;
  check_pair(a, b, "ssim");
  return ssim_maps(a.to(at::kDouble), b.to(at::kDouble)).similarity.mean().item<double>();
}

double edge_ssim(const Tensor& a, const Tensor& b) {
  const at::NoGradGuard no_grad;
  check_pair(a, b, "edge_ssim");
  if (a.size(1) != 3 || a.size(2) < 3 || a.size(3) < 3) {
    throw Error(ErrorCode::usage, "edge_ssim needs colour pictures of at least 3 x 3 pixels");
  }
  return ssim(edges(a), edges(b));
}

Tensor srgb_to_lab(const Tensor& image) {
  const Tensor encoded = image.to(at::kDouble);
  const Tensor linear = linear_from_srgb(encoded);
  const Tensor matrix = at::tensor({0.4124564, 0.3575761, 0.1804375, 0.2126729, 0.7151522,
                                    0.0721750, 0.0193339, 0.1191920, 0.9503041},
                                   linear.options())
                            .view({3, 3});
  // White is what the matrix makes of (1,1,1), so that grey has no chroma at all.
  const Tensor white = matrix.sum(1).view({1, 3, 1, 1});
  const Tensor xyz = at::einsum("ij,njhw->nihw", {matrix, linear}) / white;
  constexpr double delta = 6.0 / 29.0;
  const Tensor f = at::where(xyz > delta * delta * delta, xyz.clamp_min(1e-12).pow(1.0 / 3.0),
                             xyz / (3 * delta * delta) + 4.0 / 29.0);
  const Tensor fx = f.select(1, 0), fy = f.select(1, 1), fz = f.select(1, 2);
  return at::stack({116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)}, 1);
}

LabChange lab_change(const Tensor& source, const Tensor& edited) {
  const at::NoGradGuard no_grad;
  check_pair(source, edited, "lab_change");
  const Tensor before = srgb_to_lab(source), after = srgb_to_lab(edited);
  const Tensor change = after - before;
  const auto chroma = [](const Tensor& lab) {
    return (lab.select(1, 1).square() + lab.select(1, 2).square()).sqrt();
  };
  LabChange result;
  result.lightness = change.select(1, 0).mean().item<double>();
  result.a = change.select(1, 1).mean().item<double>();
  result.b = change.select(1, 2).mean().item<double>();
  result.chroma = (chroma(after) - chroma(before)).mean().item<double>();
  result.delta_e = change.square().sum(1).sqrt().mean().item<double>();
  return result;
}

}  // namespace vane
