// SPDX-License-Identifier: Apache-2.0
#pragma once
// Encoders, adapters and mappers whose weights follow from their names, twins of those in
// tests/oracles/record_inversion.py; and files of them.

#include <filesystem>
#include <map>
#include <string>

#include "engine/tensor/weights.h"
#include "generators/inversion/face_recogniser.h"
#include "generators/inversion/inversion_encoder.h"
#include "generators/mappers/clip_inverter.h"
#include "generators/mappers/delta_mapper.h"
#include "generators/mappers/latent_mapper.h"
#include "tests/support/named_values.h"

namespace vane::testing {

inline Tensor inversion_value(const std::string& prefix, const std::string& name,
                              const std::vector<int64_t>& shape) {
  const std::string full = prefix + name;
  if (name.ends_with("running_var")) return named_values(full, shape, 0.2, 1.0);
  if (name.ends_with("running_mean")) return named_values(full, shape, 0.2);
  if (shape.empty()) return named_values(full, shape, 0.1, 0.3);
  if (shape.size() == 1) {
    return named_values(full, shape, 0.1, name.ends_with("weight") ? 0.7 : 0.0);
  }
  double fan_in = 1;
  for (size_t i = 1; i < shape.size(); ++i) fan_in *= static_cast<double>(shape[i]);
  if (name.starts_with("styles.")) {
    return named_values(full, shape, shape.size() == 2 ? 1.0 : 1.4 / std::sqrt(fan_in));
  }
  return named_values(full, shape, 1 / std::sqrt(fan_in));
}

/// Dense layers of mappers are stored 100 times as large as they act.
inline Tensor named_mapper_value(const std::string& prefix, const std::string& name,
                                 const std::vector<int64_t>& shape) {
  return named_values(prefix + name, shape, shape.size() == 2 ? 100.0 : 10.0);
}

template <class Network, class Value>
Network filled(Network network, const std::string& prefix, Value value) {
  visit_parameters(network,
                   [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                     tensor = value(prefix, name, shape);
                   });
  return network;
}

template <class Network>
Network filled(Network network, const std::string& prefix) {
  return filled(std::move(network), prefix, inversion_value);
}

/// The tensors of a network under `prefix` and their own names.
template <class Network>
std::map<std::string, Tensor> tensors_of(Network network, const std::string& prefix) {
  std::map<std::string, Tensor> all;
  visit_parameters(network, [&](const std::string& name, Tensor& tensor,
                                const std::vector<int64_t>&) { all[prefix + name] = tensor; });
  return all;
}

template <class Network>
Network in_double(Network network) {
  visit_parameters(network, [](const std::string&, Tensor& tensor, const std::vector<int64_t>&) {
    tensor = tensor.to(at::kDouble);
  });
  return network;
}

/// Small enough for tests of laws and files: S = 32, groups with and without a shortcut weight.
constexpr IrSeWidths kTinyWidths{16, 32, 16, 32};

inline InversionEncoder tiny_encoder(EncoderKind kind = EncoderKind::e4e, int64_t rows = 8) {
  InversionEncoder encoder = filled(make_inversion_encoder(kind, rows, kTinyWidths), "encoder.");
  encoder.latent_avg = named_values("encoder.latent_avg", {rows, kTinyWidths[3]}, 0.3);
  return encoder;
}

inline Tensor inversion_picture(const std::string& name, const std::vector<int64_t>& shape) {
  return named_values(name, shape, 0.5).clamp(-1, 1);
}

/// As the oracle: a sixteenth of the channels, an eighth of the rows and columns.
inline Tensor thinned(const Tensor& features) {
  return features.slice(1, 15, std::nullopt, 16)
      .slice(2, 7, std::nullopt, 8)
      .slice(3, 7, std::nullopt, 8);
}

inline Weights recorded(const std::string& name) {
  return Weights(open_weights(std::filesystem::path(VANE_TEST_DATA) / "inversion/fixtures" /
                              (name + ".safetensors")));
}

inline double difference(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace vane::testing
