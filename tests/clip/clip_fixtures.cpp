// SPDX-License-Identifier: Apache-2.0
#include "tests/clip/clip_fixtures.h"

#include <unistd.h>

#include <atomic>
#include <fstream>

namespace vane {

TensorTable table_of(std::map<std::string, Tensor> tensors) {
  auto kept = std::make_shared<std::map<std::string, Tensor>>();
  for (auto& [name, tensor] : tensors) (*kept)[name] = tensor.contiguous();
  TensorTable table;
  table.tensors = records_of(*kept);
  table.format = "safetensors";
  table.path = "memory";
  table.owners.push_back(std::move(kept));
  table.reindex();
  return table;
}

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> count{0};
  path_ = std::filesystem::temp_directory_path() /
          ("vane-clip-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

ClipConfig recorded_config(const std::string& name) {
  const Recorded recorded(name + ".safetensors");
  const TemporaryFolder folder;
  write_text(folder.path() / "open_clip_config.json", recorded.table.metadata.at("model_cfg"));
  return read_open_clip_config(folder.path() / "open_clip_config.json");
}

std::map<std::string, Tensor> named_tensors(const std::string& name) {
  ClipModel model = ClipModel::random(recorded_config(name), Rng(1));
  std::map<std::string, Tensor> tensors;
  model.visit([&](const std::string& key, Tensor&, const std::vector<int64_t>& shape) {
    tensors[key] = named_weight(key, shape);
  });
  if (model.config.text.projection_bias) {
    // open_clip keeps this one as a linear layer [E,D].
    const std::vector<int64_t> shape{model.config.embed_dim, model.config.text.width};
    tensors["text_projection"] = named_weight("text_projection.weight", shape).t().contiguous();
  }
  return tensors;
}

ClipModel named_model(const std::string& name) {
  return ClipModel::from_table(table_of(named_tensors(name)), recorded_config(name));
}

std::map<std::string, Tensor> in_hugging_face_names(const std::map<std::string, Tensor>& tensors) {
  std::map<std::string, Tensor> result;
  for (const auto& [name, tensor] : tensors) {
    const std::string key = name_in_layout(name, "hugging_face");
    const size_t joined = key.find("{q,k,v}");
    if (joined != std::string::npos) {
      const std::vector<Tensor> parts = tensor.chunk(3);
      for (size_t i = 0; i < 3; ++i) {
        std::string part = key;
        result[part.replace(joined, 7, std::string(1, "qkv"[i]))] = parts[i].clone();
      }
    } else if (name == "visual.proj" || name == "text_projection") {
      result[key] = tensor.t().contiguous();
    } else {
      result[key] = tensor;
    }
  }
  result["text_model.embeddings.position_ids"] = at::arange(16).view({1, 16});
  return result;
}

std::unique_ptr<ClipEncoder> named_hugging_face_model() {
  const TemporaryFolder folder;
  std::filesystem::copy_file(fixture("hugging_face_config.json"), folder.path() / "config.json");
  // Shapes come from the open_clip twin of that model, values from the Hugging Face names.
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, tensor] : in_hugging_face_names(named_tensors("tiny_vit"))) {
    if (!name.ends_with("position_ids")) {
      tensors[name] = named_weight(name, tensor.sizes().vec());
    }
  }
  save_tensors(folder.path() / "model.safetensors", tensors);
  return load_clip(folder.path(), {.text_cache = false});
}

}  // namespace vane
