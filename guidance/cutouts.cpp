// SPDX-License-Identifier: Apache-2.0
#include "guidance/cutouts.h"

#include "engine/base/error.h"

namespace vane {
namespace {

// Luma of ITU-R BT.709, for desaturation.
constexpr std::array<double, 3> kLuma{0.2126, 0.7152, 0.0722};

Tensor resized(const Tensor& crop, int64_t input_size) {
  if (crop.size(2) == input_size && crop.size(3) == input_size) return crop;
  if (crop.size(2) > input_size) return at::adaptive_avg_pool2d(crop, {input_size, input_size});
  return at::upsample_bilinear2d(crop, {input_size, input_size}, /*align_corners=*/false);
}

Tensor noise_like(const Tensor& view, float deviation, Rng rng) {
  Tensor noise = at::empty({1, view.size(1), view.size(2), view.size(3)}, at::kFloat);
  float* out = noise.data_ptr<float>();
  for (int64_t i = 0; i < noise.numel(); ++i) out[i] = deviation * rng.normal();
  return noise.to(view.options());
}

Tensor augmented(const Tensor& crop, const CropWindow& cutout, const Rng& rng) {
  Tensor view = cutout.flip ? crop.flip({3}) : crop;
  if (cutout.saturation != 1.f) {
    const Tensor weights = at::tensor(at::ArrayRef<double>(kLuma.data(), kLuma.size()))
                               .to(view.options())
                               .view({1, 3, 1, 1});
    const Tensor luma = (view * weights).sum(1, true);
    view = luma + (view - luma) * cutout.saturation;
  }
  if (cutout.brightness != 1.f) view = view * cutout.brightness;
  if (cutout.noise > 0.f) {
    view = view + noise_like(view, cutout.noise, rng.fork("noise", cutout.stream));
  }
  return view;
}

}  // namespace

std::vector<CropWindow> random_cutouts(int64_t height, int64_t width, int64_t input_size,
                                       const CutoutConfig& config, const Rng& rng) {
  const int64_t largest = std::min(height, width);
  const int64_t asked =
      config.smallest > 0.f
          ? std::max<int64_t>(1, std::llround(static_cast<double>(config.smallest) *
                                              static_cast<double>(largest)))
          : input_size;
  const int64_t smallest = std::min(largest, asked);
  std::vector<CropWindow> cutouts;
  for (int64_t k = 0; k < config.count; ++k) {
    Rng draw = rng.fork("cutout", static_cast<uint64_t>(k));
    CropWindow cutout;
    const double u =
        std::pow(static_cast<double>(draw.uniform()), static_cast<double>(config.power));
    cutout.side = static_cast<int64_t>(u * static_cast<double>(largest - smallest)) + smallest;
    cutout.top = draw.below(static_cast<uint32_t>(height - cutout.side + 1));
    cutout.left = draw.below(static_cast<uint32_t>(width - cutout.side + 1));
    cutout.flip = draw.chance(config.flip);
    cutout.noise = config.noise * draw.uniform();
    if (config.jitter > 0.f) {
      cutout.brightness = draw.uniform(1 - config.jitter, 1 + config.jitter);
      cutout.saturation = draw.uniform(1 - config.jitter, 1 + config.jitter);
    }
    cutout.stream = static_cast<uint64_t>(k);
    cutouts.push_back(cutout);
  }
  return cutouts;
}

Tensor cut(const Tensor& image, const std::vector<CropWindow>& cutouts, int64_t input_size,
           const Rng& rng) {
  std::vector<Tensor> views;
  views.reserve(cutouts.size());
  for (const CropWindow& cutout : cutouts) {
    if (cutout.side < 1 || cutout.top < 0 || cutout.left < 0 ||
        cutout.top + cutout.side > image.size(2) || cutout.left + cutout.side > image.size(3)) {
      throw Error(ErrorCode::usage, "a crop does not lie inside the picture of " +
                                        std::to_string(image.size(3)) + " x " +
                                        std::to_string(image.size(2)) + " pixels");
    }
    const Tensor crop =
        image.narrow(2, cutout.top, cutout.side).narrow(3, cutout.left, cutout.side);
    views.push_back(augmented(resized(crop, input_size), cutout, rng));
  }
  return at::stack(views);
}

Tensor view_embeddings(const ClipEncoder& clip, const Tensor& image, const CutoutConfig& config,
                       const Rng& rng) {
  if (!config.whole && config.count < 1) {
    throw Error(ErrorCode::usage,
                "no view is left to look at: cutouts.count is 0 and "
                "cutouts.whole is off");
  }
  const ClipPreprocess& preprocess = clip.info().preprocess;
  const int64_t size = preprocess.image_size;
  std::vector<Tensor> inputs;
  if (config.whole) inputs.push_back(preprocess_differentiable(image, preprocess));
  if (config.count > 0) {
    const auto cutouts = random_cutouts(image.size(2), image.size(3), size, config, rng);
    const Tensor views = cut(image, cutouts, size, rng).flatten(0, 1);
    inputs.push_back(preprocess_differentiable(views, preprocess));
  }
  const Tensor raw = clip.image_embedding_of_input(at::cat(inputs));
  return raw.view({-1, image.size(0), raw.size(1)});
}

}  // namespace vane
