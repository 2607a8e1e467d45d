// SPDX-License-Identifier: Apache-2.0
#include "editing/language/scene_autoencoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "engine/base/error.h"
#include "engine/clip/clip_encoder.h"
#include "engine/run/adam.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr std::array<int64_t, 5> kEncoder = {256, 128, 64, 32, kLatentWidth};
constexpr std::array<int64_t, 6> kDecoder = {16, 32, 64, 128, 256, 256};
constexpr double kCosineWeight = 0.001, kMomentum = 0.1, kEpsilon = 1e-5;
constexpr int kCandidates = 4;  // epochs at the end, of which the best is kept

SceneAutoencoder without_weights(int64_t dim) {
  SceneAutoencoder autoencoder;
  autoencoder.dim = dim;
  autoencoder.encoder.resize(kEncoder.size());
  autoencoder.norms.resize(kEncoder.size() - 1);
  autoencoder.decoder.resize(kDecoder.size() + 1);
  return autoencoder;
}

Tensor linear(const SceneAutoencoder::Linear& layer, const Tensor& x) {
  return at::addmm(layer.bias, x, layer.weight.t());
}

Tensor encoded_as(const SceneAutoencoder& autoencoder, const Tensor& features, bool training) {
  Tensor x = linear(autoencoder.encoder.front(), features);
  for (size_t i = 1; i < autoencoder.encoder.size(); ++i) {
    const SceneAutoencoder::Norm& norm = autoencoder.norms[i - 1];
    x = at::batch_norm(x, norm.weight, norm.bias, norm.running_mean, norm.running_var, training,
                       kMomentum, kEpsilon, false)
            .relu();
    x = linear(autoencoder.encoder[i], x);
  }
  return unit(x);
}

/// The criterion of the released code for its last epochs, which weighs both parts alike.
double error_of(const SceneAutoencoder& autoencoder, const Tensor& features) {
  const Tensor made = decoded(autoencoder, encoded(autoencoder, features));
  return ((made - features).square().mean() + 1 - (made * features).sum(1).mean()).item<double>();
}

SceneAutoencoder copied(SceneAutoencoder autoencoder) {
  visit_parameters(autoencoder, [](const std::string&, Tensor& tensor, const auto&) {
    tensor = tensor.detach().clone();
  });
  return autoencoder;
}

}  // namespace

void visit_parameters(SceneAutoencoder& autoencoder, const ParameterVisitor& visit) {
  const auto visit_linear = [&](SceneAutoencoder::Linear& layer, const std::string& name,
                                int64_t in, int64_t out) {
    visit(name + ".weight", layer.weight, {out, in});
    visit(name + ".bias", layer.bias, {out});
  };
  int64_t in = autoencoder.dim;
  for (size_t i = 0; i < kEncoder.size(); ++i) {
    visit_linear(autoencoder.encoder[i], "encoder." + std::to_string(3 * i), in, kEncoder[i]);
    in = kEncoder[i];
    if (i + 1 == kEncoder.size()) break;
    SceneAutoencoder::Norm& norm = autoencoder.norms[i];
    const std::string name = "encoder." + std::to_string(3 * i + 1);
    visit(name + ".weight", norm.weight, {in});
    visit(name + ".bias", norm.bias, {in});
    visit(name + ".running_mean", norm.running_mean, {in});
    visit(name + ".running_var", norm.running_var, {in});
  }
  for (size_t i = 0; i < autoencoder.decoder.size(); ++i) {
    const int64_t out = i < kDecoder.size() ? kDecoder[i] : autoencoder.dim;
    visit_linear(autoencoder.decoder[i], "decoder." + std::to_string(2 * i), in, out);
    in = out;
  }
}

SceneAutoencoder initial_scene_autoencoder(int64_t dim, const Rng& rng) {
  SceneAutoencoder autoencoder = without_weights(dim);
  float bound = 0;
  visit_parameters(autoencoder, [&](const std::string& name, Tensor& tensor, const auto& shape) {
    if (is_buffer(name)) {
      tensor = name.ends_with("var") ? at::ones(shape) : at::zeros(shape);
      return;
    }
    const bool is_matrix = shape.size() == 2;
    // The bias of a layer has the bound of its matrix, which comes before it.
    if (is_matrix) bound = 1 / std::sqrt(static_cast<float>(shape[1]));
    tensor = at::empty(shape);
    Rng draw = rng.fork(name);
    for (float& x : std::span(tensor.template mutable_data_ptr<float>(), size_t(tensor.numel()))) {
      x = draw.uniform(-bound, bound);
    }
  });
  for (SceneAutoencoder::Norm& norm : autoencoder.norms) {
    norm.weight.fill_(1);
    norm.bias.zero_();
  }
  return autoencoder;
}

SceneAutoencoder load_scene_autoencoder(const std::filesystem::path& file, const Limits& limits) {
  const Weights weights(open_weights(file, limits));
  const std::vector<int64_t> first = weights.shape("encoder.0.weight");
  if (first.size() != 2 || first[1] < 1) {
    throw Error(ErrorCode::checkpoint, "has another shape than [256,dim]")
        .in_file(file)
        .at_key("encoder.0.weight");
  }
  SceneAutoencoder autoencoder = without_weights(first[1]);
  visit_parameters(autoencoder, [&](const std::string& name, Tensor& tensor, const auto& shape) {
    tensor = weights.take(name, shape);
  });
  for (size_t i = 0; i < autoencoder.norms.size(); ++i) {
    weights.ignore("encoder." + std::to_string(3 * i + 1) + ".num_batches_tracked");
  }
  weights.finish();
  return autoencoder;
}

void save_scene_autoencoder(const std::filesystem::path& file,
                            const SceneAutoencoder& autoencoder) {
  SceneAutoencoder copy = autoencoder;
  std::map<std::string, Tensor> tensors;
  visit_parameters(copy, [&](const std::string& name, Tensor& tensor, const auto&) {
    tensors[name] = tensor.detach();
  });
  save_tensors(file, tensors);
}

Tensor encoded(const SceneAutoencoder& autoencoder, const Tensor& features) {
  return encoded_as(autoencoder, features, false);
}

Tensor autoencoder_loss(const Tensor& made, const Tensor& features, CosineAxis cosine) {
  const int64_t along = cosine == CosineAxis::feature ? 1 : 0;
  return (made - features).square().mean() +
         kCosineWeight * (1 - at::cosine_similarity(made, features, along).mean());
}

Tensor decoded(const SceneAutoencoder& autoencoder, const Tensor& latents) {
  Tensor x = linear(autoencoder.decoder.front(), latents);
  for (size_t i = 1; i < autoencoder.decoder.size(); ++i) {
    x = linear(autoencoder.decoder[i], x.relu());
  }
  return unit(x);
}

SceneAutoencoder train_scene_autoencoder(const Tensor& features, const AutoencoderTraining& options,
                                         Job& job) {
  const int64_t count = features.size(0);
  if (count < 2) {
    throw Error(ErrorCode::input, "an autoencoder cannot learn from fewer than two masks");
  }
  const Rng rng = Rng(options.seed).fork("autoencoder");
  SceneAutoencoder autoencoder = initial_scene_autoencoder(features.size(1), rng);
  AdamGroup group;
  group.options.learning_rate = options.learning_rate;
  visit_parameters(autoencoder, [&](const std::string& name, Tensor& tensor, const auto&) {
    if (is_buffer(name)) return;
    tensor.requires_grad_(true);
    group.parameters.emplace_back(name, tensor);
  });
  Adam optimiser({group});
  const int64_t batches = (count + options.batch - 1) / options.batch;
  const int64_t epochs =
      std::max<int64_t>(options.epochs, (options.least_steps + batches - 1) / batches);
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  SceneAutoencoder best;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    job.check_cancelled();
    job.progress(epoch, epochs, "training the autoencoder");
    Rng shuffle = rng.fork("order", static_cast<uint64_t>(epoch));
    for (size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[shuffle.below(static_cast<uint32_t>(i))]);
    }
    const Tensor places = at::tensor(order);
    for (int64_t first = 0; first < count; first += options.batch) {
      const int64_t rows = std::min<int64_t>(options.batch, count - first);
      if (rows < 2) break;  // one row has no variance
      const at::AutoGradMode with_gradients(true);
      const Tensor batch = features.index_select(0, places.narrow(0, first, rows));
      const Tensor made = decoded(autoencoder, encoded_as(autoencoder, batch, true));
      const Tensor loss = autoencoder_loss(made, batch, options.cosine);
      optimiser.step(torch::autograd::grad({loss}, optimiser.parameters()));
    }
    if (epoch + kCandidates < epochs) continue;
    const at::NoGradGuard no_grad;
    const double error = error_of(autoencoder, features);
    if (!(error < least)) continue;
    least = error;
    best = copied(autoencoder);
  }
  if (!std::isfinite(least)) {
    throw Error(ErrorCode::numeric, "the autoencoder's loss is not finite");
  }
  return best;
}

}  // namespace vane
