// SPDX-License-Identifier: Apache-2.0
#pragma once
// State dicts of StyleGAN2 in both published conventions whose values follow from their names, the
// twin of tests/oracles/record_stylegan2.py.

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/named_values.h"

namespace vane {

/// What a checkpoint of one network looks like from outside.
struct NamedStyleGan2 {
  std::string name;
  std::vector<int64_t> channels;  // at 4, 8, 16, …
  int64_t z = 0, w = 0, layers = 0;

  int64_t blocks() const { return static_cast<int64_t>(channels.size()); }
  int64_t size() const { return int64_t{2} << blocks(); }
  int64_t rows() const { return 2 * blocks(); }
};

using TensorMap = std::map<std::string, Tensor>;

inline Tensor named_stylegan2_tensor(const std::string& network, const std::string& key,
                                     const std::vector<int64_t>& shape) {
  const std::string name = network + " " + key;
  const auto holds = [&key](std::string_view part) { return key.find(part) != std::string::npos; };
  if (key.starts_with("style.") || key.starts_with("mapping.fc")) {
    return named_values(name, shape, key.ends_with("weight") ? 100 : 20);
  }
  if (key.ends_with("modulation.bias") || key.ends_with("affine.bias")) {
    return named_values(name, shape, 0.3, 1);
  }
  if (key.ends_with("noise.weight") || key.ends_with("noise_strength")) {
    return named_values(name, shape, 0.2, 0.4);
  }
  if (key.ends_with(".bias") || key.ends_with("w_avg") || key == "latent_avg") {
    return named_values(name, shape, 0.2);
  }
  const bool to_colours = holds("rgb") && !holds("modulation") && !holds("affine");
  return named_values(name, shape, to_colours ? 0.3 : 1);
}

/// As rosinality/stylegan2-pytorch saves it under `g_ema`, `latent_avg` beside it.
inline TensorMap rosinality_tensors(const NamedStyleGan2& network) {
  TensorMap all;
  const auto add = [&](const std::string& key, const std::vector<int64_t>& shape) {
    all[key] = named_stylegan2_tensor(network.name, key, shape);
  };
  const auto add_modulated = [&](const std::string& layer, int64_t out, int64_t in, int64_t taps) {
    add(layer + ".conv.weight", {1, out, in, taps, taps});
    add(layer + ".conv.modulation.weight", {in, network.w});
    add(layer + ".conv.modulation.bias", {in});
  };
  const auto add_convolution = [&](const std::string& layer, int64_t out, int64_t in) {
    add_modulated(layer, out, in, 3);
    add(layer + ".noise.weight", {1});
    add(layer + ".activate.bias", {out});
  };
  const auto add_to_rgb = [&](const std::string& layer, int64_t in) {
    add_modulated(layer, 3, in, 1);
    add(layer + ".bias", {1, 3, 1, 1});
  };
  for (int64_t j = 1; j <= network.layers; ++j) {
    add(fmt::format("style.{}.weight", j), {network.w, j == 1 ? network.z : network.w});
    add(fmt::format("style.{}.bias", j), {network.w});
  }
  int64_t in = network.channels[0];
  add("input.input", {1, in, 4, 4});
  add_convolution("conv1", in, in);
  add_to_rgb("to_rgb1", in);
  add("noises.noise_0", {1, 1, 4, 4});
  for (int64_t k = 1; k < network.blocks(); ++k) {
    const int64_t out = network.channels[static_cast<size_t>(k)], side = int64_t{4} << k;
    add_convolution(fmt::format("convs.{}", 2 * k - 2), out, in);
    add_convolution(fmt::format("convs.{}", 2 * k - 1), out, out);
    add_to_rgb(fmt::format("to_rgbs.{}", k - 1), out);
    all[fmt::format("convs.{}.conv.blur.kernel", 2 * k - 2)] = at::full({4, 4}, 7.0);
    all[fmt::format("to_rgbs.{}.upsample.kernel", k - 1)] = at::full({4, 4}, 7.0);
    add(fmt::format("noises.noise_{}", 2 * k - 1), {1, 1, side, side});
    add(fmt::format("noises.noise_{}", 2 * k), {1, 1, side, side});
    in = out;
  }
  add("latent_avg", {network.w});
  return all;
}

/// As the state dict of NVlabs/stylegan2-ada-pytorch's `G_ema`.
inline TensorMap nvlabs_tensors(const NamedStyleGan2& network) {
  TensorMap all;
  const auto add = [&](const std::string& key, const std::vector<int64_t>& shape) {
    all[key] = named_stylegan2_tensor(network.name, key, shape);
  };
  const auto add_modulated = [&](const std::string& layer, int64_t out, int64_t in, int64_t taps) {
    add(layer + ".weight", {out, in, taps, taps});
    add(layer + ".affine.weight", {in, network.w});
    add(layer + ".affine.bias", {in});
    add(layer + ".bias", {out});
  };
  const auto add_convolution = [&](const std::string& layer, int64_t out, int64_t in, int64_t r) {
    add_modulated(layer, out, in, 3);
    add(layer + ".noise_strength", {});
    add(layer + ".noise_const", {r, r});
    all[layer + ".resample_filter"] = at::full({4, 4}, 7.0);
  };
  for (int64_t j = 0; j < network.layers; ++j) {
    add(fmt::format("mapping.fc{}.weight", j), {network.w, j == 0 ? network.z : network.w});
    add(fmt::format("mapping.fc{}.bias", j), {network.w});
  }
  add("mapping.w_avg", {network.w});
  for (int64_t k = 0; k < network.blocks(); ++k) {
    const int64_t side = int64_t{4} << k, out = network.channels[static_cast<size_t>(k)];
    const std::string block = fmt::format("synthesis.b{}", side);
    if (k == 0) {
      add(block + ".const", {out, 4, 4});
    } else {
      add_convolution(block + ".conv0", out, network.channels[static_cast<size_t>(k - 1)], side);
    }
    add_convolution(block + ".conv1", out, out, side);
    add_modulated(block + ".torgb", 3, out, 1);
    all[block + ".resample_filter"] = at::full({4, 4}, 7.0);
  }
  return all;
}

/// The sheet's table 2.3, spelled out the other way round: only names and axes of size 1 change.
inline TensorMap as_nvlabs(const TensorMap& rosinality, const NamedStyleGan2& network) {
  TensorMap all;
  const auto move = [&](const std::string& from, const std::string& to,
                        std::vector<int64_t> shape) {
    all[to] = rosinality.at(from).reshape(shape);
  };
  const auto move_modulated = [&](const std::string& from, const std::string& to) {
    const Tensor& weight = rosinality.at(from + ".conv.weight");
    move(from + ".conv.weight", to + ".weight", weight.sizes().slice(1).vec());
    all[to + ".affine.weight"] = rosinality.at(from + ".conv.modulation.weight");
    all[to + ".affine.bias"] = rosinality.at(from + ".conv.modulation.bias");
  };
  const auto move_convolution = [&](const std::string& from, const std::string& to, int64_t noise,
                                    int64_t side) {
    move_modulated(from, to);
    move(from + ".noise.weight", to + ".noise_strength", {});
    all[to + ".bias"] = rosinality.at(from + ".activate.bias");
    move(fmt::format("noises.noise_{}", noise), to + ".noise_const", {side, side});
  };
  for (int64_t j = 0; j < network.layers; ++j) {
    for (const char* part : {"weight", "bias"}) {
      all[fmt::format("mapping.fc{}.{}", j, part)] =
          rosinality.at(fmt::format("style.{}.{}", j + 1, part));
    }
  }
  all["mapping.w_avg"] = rosinality.at("latent_avg");
  move("input.input", "synthesis.b4.const", {network.channels[0], 4, 4});
  move_convolution("conv1", "synthesis.b4.conv1", 0, 4);
  move_modulated("to_rgb1", "synthesis.b4.torgb");
  move("to_rgb1.bias", "synthesis.b4.torgb.bias", {3});
  for (int64_t log = 3; log < network.blocks() + 2; ++log) {
    const int64_t side = int64_t{1} << log;
    const std::string block = fmt::format("synthesis.b{}.", side);
    move_convolution(fmt::format("convs.{}", 2 * log - 6), block + "conv0", 2 * log - 5, side);
    move_convolution(fmt::format("convs.{}", 2 * log - 5), block + "conv1", 2 * log - 4, side);
    const std::string colours = fmt::format("to_rgbs.{}", log - 3);
    move_modulated(colours, block + "torgb");
    move(colours + ".bias", block + "torgb.bias", {3});
  }
  return all;
}

}  // namespace vane
