// SPDX-License-Identifier: Apache-2.0
#include "editing/clip_variation.h"

#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

/// Turns stored rows upright by the EXIF orientation, on [N,C,H,W].
Tensor turned(const Tensor& x, int orientation) {
  switch (orientation) {
    case 2:
      return x.flip(3);
    case 3:
      return x.flip({2, 3});
    case 4:
      return x.flip(2);
    case 5:
      return x.transpose(2, 3);
    case 6:
      return x.transpose(2, 3).flip(3);
    case 7:
      return x.transpose(2, 3).flip({2, 3});
    case 8:
      return x.transpose(2, 3).flip(2);
    default:
      return x;
  }
}

/// Samples in [0,1] after alpha and orientation.
Tensor prepared(const Image& stored, const ClipPath& path) {
  Tensor x = image_to_tensor(stored);
  if (stored.has_alpha() && path.alpha != ClipPath::Alpha::drop) {
    const Tensor alpha = alpha_to_tensor(stored);
    const double ground = path.alpha == ClipPath::Alpha::white ? 1.0 : 0.0;
    x = x * alpha + ground * (1 - alpha);
  }
  if (path.upright) x = turned(x, stored.metadata.orientation);
  return x.contiguous();
}

Tensor without_antialias(const Tensor& x, const ClipPreprocess& preprocess) {
  // The size logic of the configured path, with the plain kernels of torch's interpolate.
  const int64_t size = preprocess.image_size, height = x.size(2), width = x.size(3);
  int64_t out_height = size, out_width = size;
  if (preprocess.resize == ClipPreprocess::Resize::shortest) {
    if (height <= width) {
      out_width = size * width / height;
    } else {
      out_height = size * height / width;
    }
  }
  const Tensor resized = preprocess.bicubic
                             ? at::upsample_bicubic2d(x, {out_height, out_width}, false)
                             : at::upsample_bilinear2d(x, {out_height, out_width}, false);
  return preprocess_differentiable(resized, preprocess);
}

Tensor per_channel(const std::array<float, 3>& values) {
  return at::tensor(at::ArrayRef<float>(values.data(), 3), at::TensorOptions().dtype(at::kFloat))
      .view({1, 3, 1, 1});
}

Tensor network_input(const Image& stored, const ClipPath& path) {
  const Tensor x = prepared(stored, path);
  Tensor input;
  switch (path.resample) {
    case ClipPath::Resample::pillow:
      input = preprocess_exact(tensor_to_image(x), path.preprocess);
      break;
    case ClipPath::Resample::float_antialiased:
      input = preprocess_differentiable(x, path.preprocess);
      break;
    case ClipPath::Resample::float_plain:
      input = without_antialias(x, path.preprocess);
      break;
  }
  if (path.sample_scale == 1.f && !path.bgr) return input;
  // Both happen before the normalisation, which stays where it was.
  const Tensor mean = per_channel(path.preprocess.mean), std = per_channel(path.preprocess.std);
  Tensor plain = (input * std + mean) * path.sample_scale;
  if (path.bgr) plain = plain.flip(1);
  return (plain - mean) / std;
}

Tensor pooled_otherwise(const VisionTransformer& tower, const Tensor& input,
                        ClipPath::Pooling pooling) {
  VisionTaps taps;
  vision_transformer(tower, input, &taps);
  if (pooling == ClipPath::Pooling::average) {
    const int64_t first = tower.config.class_token ? 1 : 0;
    const Tensor mean = taps.tokens.slice(1, first).mean(1);
    return tower.proj.defined() ? at::matmul(mean, tower.proj) : mean;
  }
  return at::matmul(taps.stages.back().select(1, 0), tower.proj);
}

void add_geometry(const ClipModel& model, const Image& stored, std::vector<ClipVariation>& list) {
  using Rounding = ClipPreprocess::CropRounding;
  using Resize = ClipPreprocess::Resize;
  const ClipPreprocess& own = model.config.preprocess;
  const bool other = own.crop == Rounding::torchvision;
  list.push_back({other ? "crop origin rounded down (Hugging Face)"
                        : "crop origin rounded to even (torchvision)",
                  "crop", "use the same centre crop; the two differ by one pixel for odd margins",
                  [other](ClipPath& p) {
                    p.preprocess.crop = other ? Rounding::hugging_face : Rounding::torchvision;
                  }});
  list.push_back({own.bicubic ? "bilinear instead of bicubic" : "bicubic instead of bilinear",
                  "filter", "resize with the filter of the model's preprocessing configuration",
                  [](ClipPath& p) { p.preprocess.bicubic = !p.preprocess.bicubic; }});
  list.push_back({"resize without antialiasing", "resample",
                  "shrink with antialiasing (Pillow, or antialias=True in torch); plain OpenCV and "
                  "torch resizing skips pixels",
                  [](ClipPath& p) { p.resample = ClipPath::Resample::float_plain; }});
  list.push_back({"resize on floating-point tensors", "resample",
                  "resize the 8-bit picture with Pillow for exact agreement",
                  [](ClipPath& p) { p.resample = ClipPath::Resample::float_antialiased; }});
  const std::pair<Resize, const char*> modes[] = {
      {Resize::squash, "squashed to a square instead of cropped"},
      {Resize::shortest, "cropped to a square instead of squashed or padded"},
      {Resize::longest, "padded to a square instead of cropped"}};
  for (const auto& [mode, name] : modes) {
    if (mode == own.resize) continue;
    list.push_back({name, "shape", "make the picture square as the model's configuration says",
                    [m = mode](ClipPath& p) { p.preprocess.resize = m; }});
  }
  if (stored.metadata.orientation != 1) {
    list.push_back({"EXIF orientation not applied", "orientation",
                    "turn the picture upright before embedding it (ImageOps.exif_transpose)",
                    [](ClipPath& p) { p.upright = false; }});
  }
  if (stored.has_alpha()) {
    list.push_back({"transparent parts on white", "alpha", "drop the alpha channel instead",
                    [](ClipPath& p) { p.alpha = ClipPath::Alpha::white; }});
    list.push_back({"transparent parts on black", "alpha", "drop the alpha channel instead",
                    [](ClipPath& p) { p.alpha = ClipPath::Alpha::black; }});
  }
}

void add_colour(const ClipModel& model, std::vector<ClipVariation>& list) {
  using Triple = std::array<float, 3>;
  const auto normalise = [&](const char* name, Triple mean, Triple std, const char* advice) {
    const ClipPreprocess& own = model.config.preprocess;
    if (own.mean == mean && own.std == std) return;
    list.push_back({name, "normalisation", advice, [mean, std](ClipPath& p) {
                      p.preprocess.mean = mean;
                      p.preprocess.std = std;
                    }});
  };
  const char* advice = "subtract the mean and divide by the deviation of the model's configuration";
  normalise("no mean and standard deviation", {0, 0, 0}, {1, 1, 1}, advice);
  normalise("mean and standard deviation 0.5", {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}, advice);
  normalise("mean and standard deviation of ImageNet", {0.485f, 0.456f, 0.406f},
            {0.229f, 0.224f, 0.225f}, advice);
  const ClipPreprocess openai;
  normalise("mean and standard deviation of OpenAI", openai.mean, openai.std, advice);
  list.push_back({"channels in BGR order", "channels", "convert BGR to RGB; OpenCV reads BGR",
                  [](ClipPath& p) { p.bgr = true; }});
  list.push_back({"samples not divided by 255", "samples",
                  "divide 8-bit samples by 255 before the normalisation",
                  [](ClipPath& p) { p.sample_scale = 255.f; }});
}

void add_network(const ClipModel& model, std::vector<ClipVariation>& list) {
  if (!model.vit) return;
  const Activation own = model.config.vision.activation;
  for (const Activation other : {Activation::quick_gelu, Activation::gelu, Activation::gelu_tanh}) {
    if (other == own) continue;
    list.push_back(
        {std::string(activation_name(other)) + " instead of " + std::string(activation_name(own)),
         "activation",
         "one of the two programs uses the wrong activation; OpenAI's weights need "
         "quick_gelu, most open_clip weights gelu",
         [other](ClipPath& p) { p.activation = other; }});
  }
  if (model.config.vision.pool == VisionConfig::Pool::attention) {
    list.push_back({"average of the patches instead of the pooling head", "pooling",
                    "take the output of the head (pooler_output in transformers)",
                    [](ClipPath& p) { p.pooling = ClipPath::Pooling::average; }});
    return;
  }
  list.push_back({"average of the patches instead of the class token", "pooling",
                  "take the class token",
                  [](ClipPath& p) { p.pooling = ClipPath::Pooling::average; }});
  list.push_back({"no layer normalisation before the projection", "pooling",
                  "apply ln_post to the class token",
                  [](ClipPath& p) { p.pooling = ClipPath::Pooling::no_final_norm; }});
  if (model.vit->proj.size(0) == model.vit->proj.size(1)) {
    list.push_back({"projection transposed", "projection",
                    "OpenAI and open_clip store it as [width, dim], Hugging Face as [dim, width]",
                    [](ClipPath& p) { p.transposed_projection = true; }});
  }
}

}  // namespace

std::vector<ClipVariation> clip_variations(const ClipModel& model, const Image& stored) {
  std::vector<ClipVariation> list;
  add_network(model, list);
  add_colour(model, list);
  add_geometry(model, stored, list);
  return list;
}

ClipPath configured_path(const ClipModel& model) {
  ClipPath path;
  path.preprocess = model.config.preprocess;
  path.activation = model.config.vision.activation;
  return path;
}

Tensor embed_along(const ClipModel& model, const Image& stored, const ClipPath& path) {
  const at::NoGradGuard no_grad;
  const Tensor input = network_input(stored, path);
  if (!model.vit) return model.image_embedding_of_input(input);
  VisionTransformer tower = *model.vit;
  for (ResidualBlock& block : tower.blocks) block.activation = path.activation;
  tower.attn_pool.activation = path.activation;
  if (path.transposed_projection) tower.proj = tower.proj.t();
  if (path.pooling != ClipPath::Pooling::configured) {
    return pooled_otherwise(tower, input, path.pooling);
  }
  return vision_transformer(tower, input);
}

}  // namespace vane
