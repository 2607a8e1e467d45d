// SPDX-License-Identifier: Apache-2.0
#pragma once
// The small SigLIP of tests/oracles/record_siglip.py, whose weights follow from their names.

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "engine/tensor/weights.h"
#include "engine/weights/tensor_table.h"
#include "tests/support/named_values.h"

namespace vane::testing {

inline std::filesystem::path siglip_fixture(const std::string& name) {
  return std::filesystem::path(VANE_TEST_DATA) / "clip" / "fixtures" / name;
}

/// The tensors of the recorded model under the names of transformers.
inline std::map<std::string, Tensor> siglip_tensors() {
  const TensorTable table = open_weights(siglip_fixture("siglip.safetensors"));
  const auto shapes = nlohmann::json::parse(table.metadata.at("shapes"));
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, shape] : shapes.items()) {
    tensors[name] = named_weight(name, shape.get<std::vector<int64_t>>());
  }
  // transformers keeps both as one element, not as scalars.
  for (const char* name : {"logit_scale", "logit_bias"}) {
    tensors.at(name) = tensors.at(name).reshape({1});
  }
  return tensors;
}

inline std::string siglip_config() {
  std::ifstream file(siglip_fixture("siglip_config.json"));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The folder as transformers writes it; the tokenizer is the small one with byte pieces.
inline void write_siglip_folder(const std::filesystem::path& folder,
                                const std::map<std::string, Tensor>& tensors = siglip_tensors(),
                                const std::string& config = siglip_config()) {
  namespace fs = std::filesystem;
  fs::create_directories(folder);
  save_tensors(folder / "model.safetensors", tensors);
  std::ofstream(folder / "config.json", std::ios::binary) << config;
  fs::copy_file(fs::path(VANE_TEST_DATA) / "text" / "data" / "siglip_bytes.model",
                folder / "spiece.model", fs::copy_options::overwrite_existing);
}

}  // namespace vane::testing
