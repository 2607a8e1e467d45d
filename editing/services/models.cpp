// SPDX-License-Identifier: Apache-2.0
#include "editing/services/models.h"

#include <algorithm>
#include <set>

#include "editing/services/scene_models.h"
#include "engine/base/assets.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

uint64_t folder_bytes(const fs::path& folder) {
  uint64_t total = 0;
  std::error_code fault;
  for (auto it = fs::recursive_directory_iterator(folder, fault);
       !fault && it != fs::recursive_directory_iterator(); it.increment(fault)) {
    if (it->is_regular_file(fault) && !fault) total += it->file_size(fault);
  }
  return total;
}

std::string kind_of_folder(const fs::path& folder) {
  if (folder.filename() == "faces") return "generator";
  const bool clip =
      fs::exists(folder / "open_clip_config.json") || fs::exists(folder / "config.json");
  return clip ? "clip" : "model";
}

void add_folder(const fs::path& parent, std::vector<ModelEntry>& models) {
  std::error_code fault;
  for (auto it = fs::directory_iterator(parent, fault); !fault && it != fs::directory_iterator();
       it.increment(fault)) {
    if (!it->is_directory(fault)) continue;
    models.push_back({it->path().filename().string(), kind_of_folder(it->path()),
                      it->path().string(), true, folder_bytes(it->path())});
  }
}

/// Sign of one kind of file: a key, or the start of one, that no other kind has.
struct KeySign {
  const char *key, *kind, *loads_as;
};

constexpr KeySign kKeySigns[] = {
    {"direction", "direction", "--direction"},
    {"image_embeddings", "embeddings", "clip doctor --expect"},
    {"text_embeddings", "embeddings", ""},
    {"w_plus", "latent", "--latent"},
    {"lin0.model.1.weight", "lpips", ""},
    {"PPM1.fuse.0.weight", "enhancement", "enhance --model"},
    {"module.PPM1.fuse.0.weight", "enhancement", "enhance --model"},
    {"model.diffusion_model.", "stable_diffusion", ""},
    {"down_blocks.0.", "diffusion_unet", ""},
    {"synthesis.b4.", "stylegan2", "generate --generator"},
    {"convs.0.conv.modulation.weight", "stylegan2", "generate --generator"},
    {"g_ema.convs.0.conv.modulation.weight", "stylegan2", "generate --generator"},
};

void recognise(const TensorTable& table, ModelsInspectResult& result) {
  for (const KeySign& sign : kKeySigns) {
    const bool start = std::string_view(sign.key).ends_with('.');
    const bool found =
        start ? std::any_of(table.tensors.begin(), table.tensors.end(),
                            [&](const TensorRecord& t) { return t.name.starts_with(sign.key); })
              : table.contains(sign.key);
    if (!found) continue;
    result.kind = sign.kind;
    result.loads_as = sign.loads_as;
    return;
  }
  result.kind = "unknown";
}

std::string tower_text(const std::vector<BlockShape>& blocks, int64_t width) {
  return std::to_string(blocks.size()) + " layers of " + std::to_string(width);
}

std::string architecture_of(const ClipConfig& config) {
  std::string text;
  if (config.has_vision) {
    const VisionConfig& vision = config.vision;
    if (vision.kind == VisionConfig::Kind::vit) {
      text = "ViT, " + tower_text(vision.blocks, vision.width) + ", patch " +
             std::to_string(vision.patch_size);
    } else if (vision.kind == VisionConfig::Kind::fast_vit) {
      text = "FastViT";
      for (size_t i = 0; i < vision.fast_vit.stages.size(); ++i) {
        text += (i == 0 ? " " : "-") + std::to_string(vision.fast_vit.stages[i].depth);
      }
      text += ", width " + std::to_string(vision.width);
    } else {
      text = "ModifiedResNet";
      for (size_t i = 0; i < 4; ++i) {
        text += (i == 0 ? " " : "-") + std::to_string(vision.depths[i]);
      }
      text += ", width " + std::to_string(vision.width);
    }
    text += ", " + std::to_string(vision.image_size) + " px; ";
  }
  if (config.has_text) {
    text += "text " + tower_text(config.text.blocks, config.text.width) + ", " +
            std::to_string(config.text.context_length) + " tokens; ";
  }
  return text + "embedding " + std::to_string(config.embed_dim) + ", " +
         std::string(activation_name(config.has_vision ? config.vision.activation
                                                       : config.text.activation));
}

/// The weights file that a path stands for.
fs::path weights_of(const fs::path& path) {
  std::error_code fault;  // of a path that cannot be followed: opening it says so
  const bool name = path == "clip-mini" && !fs::exists(path, fault);
  return name || fs::is_directory(path, fault) ? find_clip_files(path).weights : path;
}

}  // namespace

ModelsListResult models_list(const ModelsListRequest& request, Job&) {
  ModelsListResult result;
  add_folder(assets_folder() / "models", result.models);
  add_folder(models_folder(), result.models);
  const std::vector<ModelEntry> known{
      {"clip-mini", "clip", (assets_folder() / "models" / "clip-mini").string(), false, 0},
      {"faces", "generator", (models_folder() / "faces").string(), false, 0}};
  for (const ModelEntry& entry : known) {
    const bool there = std::any_of(result.models.begin(), result.models.end(),
                                   [&](const ModelEntry& m) { return m.name == entry.name; });
    if (!there && request.missing) result.models.push_back(entry);
  }
  std::sort(result.models.begin(), result.models.end(),
            [](const ModelEntry& a, const ModelEntry& b) { return a.name < b.name; });
  return result;
}

ModelsInspectResult models_inspect(const ModelsInspectRequest& request, Job& job) {
  ModelsInspectResult result;
  job.progress(0, 0, "reading");
  if (inspect_scene(request, result)) return result;
  const fs::path file = weights_of(request.path);
  const TensorTable table = open_weights(file, request.limits);
  result.file = file.string();
  result.format = table.format;
  result.hash = table.content_hash();
  for (const TensorRecord& record : table.tensors) {
    result.tensors.push_back({record.name, std::string(dtype_name(record.dtype)), record.shape});
    result.parameters += uint64_t(record.numel());
    result.bytes += uint64_t(record.numel()) * dtype_bytes(record.dtype);
  }
  result.layout = clip_layout_of(table);
  if (result.layout.empty()) {
    recognise(table, result);
    return result;
  }
  result.kind = "clip";
  try {
    ClipLoadOptions options;
    options.limits = request.limits;
    const ClipSource source = read_clip_source(request.path, options);
    result.architecture = architecture_of(source.config);
    ClipModel::from_table(source.tensors.table, source.config, source.tensors.layout);
    result.loads_as = "--clip";
  } catch (const Error& error) {
    result.fault = error.what();
  }
  return result;
}

ModelsConvertResult models_convert(const ModelsConvertRequest& request, Job& job) {
  ModelsConvertResult result;
  result.output = request.output.string();
  job.progress(0, 0, "converting");
  if (convert_scene(request, result)) return result;
  if (request.output.extension() != ".safetensors") {
    ClipLoadOptions options;
    options.limits = request.limits;
    const ClipModel model = load_clip_model(request.input, options);
    model.save_folder(request.output, request.half, {{"converted_from", model.facts.name}});
    result.layout = "open_clip";
    result.tensors = int64_t(model.state_dict().size());
    result.bytes = fs::file_size(request.output / "open_clip_model.safetensors");
    return result;
  }
  check_writable(request.output);
  const TensorTable table = open_weights(weights_of(request.input), request.limits);
  std::map<std::string, Tensor> tensors;
  for (const TensorRecord& record : table.tensors) {
    const Tensor tensor = tensor_from_record(table, record);
    const bool round = request.half && tensor.scalar_type() == at::kFloat;
    tensors[record.name] = round ? tensor.to(at::kHalf) : tensor;
  }
  save_tensors(request.output, tensors, table.metadata);
  result.layout = clip_layout_of(table);
  result.tensors = int64_t(tensors.size());
  result.bytes = fs::file_size(request.output);
  return result;
}

}  // namespace vane
