// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/mapped_pages.h"
#include "engine/clip/clip_layout.h"
#include "engine/clip/clip_load.h"
#include "engine/clip/clip_model.h"
#include "engine/clip/fast_vit_load.h"
#include "engine/clip/text_cache.h"
#include "engine/run/device.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

bool is_text_tensor(const std::string& name) {
  return !name.starts_with("visual.") && name != "logit_scale" && name != "logit_bias";
}

/// First of the usual names that exists in the folder.
fs::path first_existing(const fs::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::exists(folder / name)) return folder / name;
  }
  return {};
}

/// Weights of a folder without a well-known file name: its only weights file.
fs::path only_weights_file(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".safetensors" || extension == ".bin" || extension == ".pt" ||
        extension == ".pth") {
      found.push_back(entry.path());
    }
  }
  return found.size() == 1 ? found.front() : fs::path();
}

Activation activation_of(const std::string& option, const std::string& layout) {
  if (option == "quick_gelu") return Activation::quick_gelu;
  if (option == "gelu") return Activation::gelu;
  if (option != "auto") {
    throw Error(ErrorCode::usage, "the activation must be auto, quick_gelu or gelu, not " + option);
  }
  const bool quick = layout == "openai" || layout == "hugging_face" || layout == "long_clip";
  return quick ? Activation::quick_gelu : Activation::gelu;
}

/// Leaves out the tensors of a tower that is not asked for.
void keep_towers(TensorTable& table, ClipConfig& config, const ClipLoadOptions& options) {
  config.has_vision = config.has_vision && options.image_tower;
  config.has_text = config.has_text && options.text_tower;
  std::erase_if(table.tensors, [&](const TensorRecord& record) {
    const bool unused = is_text_tensor(record.name)
                            ? !config.has_text
                            : record.name.starts_with("visual.") && !config.has_vision;
    // The content hash has just read them.
    if (unused) release_mapped_pages(record.bytes);
    return unused;
  });
  table.reindex();
}

/// A configuration says nothing about which towers the file really holds.
void match_towers(const TensorTable& table, ClipConfig& config) {
  const auto any = [&](auto&& test) {
    return std::any_of(table.tensors.begin(), table.tensors.end(),
                       [&](const TensorRecord& record) { return test(record.name); });
  };
  config.has_vision = any([](const std::string& name) { return name.starts_with("visual."); });
  config.has_text = any(is_text_tensor);
}

/// The architecture from shapes; faults spell names as the file does.
ClipConfig inferred_config(const ClipTensors& tensors, Activation activation) {
  try {
    ClipConfig config = infer_clip_config(tensors.table, activation);
    if (tensors.layout == "mobileclip") as_mobile_clip(config);  // also its text tower alone
    return config;
  } catch (const Error& error) {
    throw Error(error.code(), error.message())
        .in_file(error.file())
        .at_key(name_in_layout(error.key(), tensors.layout))
        .with_hint(error.hint());
  }
}

}  // namespace

ClipFiles find_clip_files(const fs::path& given) {
  ClipFiles files;
  fs::path path = given;
  std::error_code fault;  // of a path that cannot be followed: opening it says so
  // A bare name that is no file here stands for a bundled model.
  if (!given.has_parent_path() && !fs::exists(given, fault)) {
    const fs::path bundled = assets_folder() / "models" / given;
    if (fs::is_directory(bundled, fault)) path = bundled;
  }
  if (fs::status(path, fault).type() == fs::file_type::not_found) {
    throw Error(ErrorCode::input, "there is no such CLIP model")
        .in_file(path)
        .with_hint("give a folder or a checkpoint file, or clip-mini for the bundled model");
  }
  fs::path folder = path;
  if (!fs::is_directory(path, fault)) {
    folder = path.parent_path();
    files.weights = path;
  } else {
    files.weights = first_existing(
        path, {"open_clip_model.safetensors", "open_clip_pytorch_model.bin", "model.safetensors",
               "model.safetensors.index.json", "pytorch_model.bin"});
    if (files.weights.empty()) files.weights = only_weights_file(path);
    if (files.weights.empty()) {
      throw Error(ErrorCode::input, "the folder holds no CLIP weights")
          .in_file(path)
          .with_hint(
              "expected model.safetensors, open_clip_model.safetensors or pytorch_model.bin");
    }
  }
  files.name =
      path.filename().empty() ? path.parent_path().filename().string() : path.filename().string();
  if (fs::exists(folder / "open_clip_config.json")) {
    files.open_clip_config = folder / "open_clip_config.json";
  }
  if (fs::exists(folder / "config.json")) files.hugging_face_config = folder / "config.json";
  return files;
}

ClipSource read_clip_source(const fs::path& path, const ClipLoadOptions& options) {
  ClipSource source;
  source.files = find_clip_files(path);
  source.tensors = to_open_clip_names(open_weights(source.files.weights, options.limits));
  const ClipFiles& files = source.files;
  const TensorTable& table = source.tensors.table;
  const std::string& layout = source.tensors.layout;
  ClipConfig& config = source.config;
  if (layout == "siglip") {
    if (files.hugging_face_config.empty()) {
      throw Error(ErrorCode::checkpoint, "a SigLIP cannot be built without its config.json")
          .in_file(files.weights)
          .with_hint("put the config.json of the model beside its weights");
    }
    config = read_siglip_config(files.hugging_face_config, options.limits);
    match_towers(table, config);
  } else if (layout == "hugging_face" && !files.hugging_face_config.empty()) {
    config = read_hugging_face_config(files.hugging_face_config, options.limits);
    match_towers(table, config);
  } else if (layout != "hugging_face" && !files.open_clip_config.empty()) {
    config = read_open_clip_config(files.open_clip_config, options.limits);
    match_towers(table, config);
    config.logit_bias = table.contains("logit_bias");
    if (config.has_vision && config.vision.kind == VisionConfig::Kind::fast_vit) {
      infer_fast_vit(table, config.vision);
    }
  } else {
    config = inferred_config(source.tensors, activation_of(options.activation, layout));
    if (layout == "hugging_face") {
      config.preprocess.crop = ClipPreprocess::CropRounding::hugging_face;
    }
  }
  if (options.activation != "auto") {
    config.vision.activation = config.text.activation = activation_of(options.activation, layout);
  }
  return source;
}

ClipModel load_clip_model(const fs::path& path, const ClipLoadOptions& options) {
  ClipSource source = read_clip_source(path, options);
  ClipTensors& tensors = source.tensors;
  ClipConfig& config = source.config;
  const std::string& layout = tensors.layout;
  const std::string hash = tensors.table.content_hash();
  keep_towers(tensors.table, config, options);
  if (!config.has_vision && !config.has_text) {
    throw Error(ErrorCode::checkpoint, "none of the wanted towers is in the file")
        .in_file(source.files.weights);
  }
  ClipModel model = ClipModel::from_table(tensors.table, config, layout);
  model.facts.name = source.files.name;
  model.facts.hash = hash;
  model.prepare_evaluation();
  if (layout == "hugging_face") {
    model.facts.tokenizer.cleaning = TextCleaning::hugging_face;
    model.facts.tokenizer.pad_id = Tokenizer::kEnd;
  }
  if (layout == "siglip" && config.has_text) {
    const fs::path folder = source.files.hugging_face_config.parent_path();
    model.facts.unigram = read_unigram_tokenizer(folder, options.limits);
    model.facts.tokenizer.cleaning = TextCleaning::siglip;
    model.facts.tokenizer.pad_id = model.facts.unigram->end_id();
    if (model.facts.unigram->vocabulary() > config.text.vocab_size) {
      throw Error(ErrorCode::checkpoint,
                  "the tokenizer has " + std::to_string(model.facts.unigram->vocabulary()) +
                      " pieces, the text tower knows " + std::to_string(config.text.vocab_size))
          .in_file(folder)
          .with_hint("use the tokenizer that belongs to this model");
    }
  }
  return model;
}

std::unique_ptr<ClipEncoder> load_clip(const fs::path& path, const ClipLoadOptions& options) {
  auto model = std::make_unique<ClipModel>(load_clip_model(path, options));
  if (compute_device() != "cpu") model->move_to(compute_device());
  if (options.text_cache && model->text) {
    const std::string variant = std::string(activation_name(model->config.text.activation)) + "/" +
                                std::to_string(int(model->facts.tokenizer.cleaning)) + "/" +
                                std::to_string(model->facts.context_length) +
                                (model->facts.unigram ? "/" + model->facts.unigram->hash() : "");
    model->remember_texts(std::make_shared<TextCache>(
        TextCache::file_for(model->facts.hash, variant), size_t(model->facts.embed_dim)));
  }
  return model;
}

}  // namespace vane
