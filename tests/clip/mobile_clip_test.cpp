// SPDX-License-Identifier: Apache-2.0
// Oracle: open_clip 3.3 with timm 1.0.31 (CustomTextCLIP over FastVit) with weights made from the
// tensor names, recorded by tests/oracles/record_mobile_clip.py; the names of Apple's files were
// checked there against open_clip's conversion. Tolerance: 1e-4 of the output's scale.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/clip/fast_vit_load.h"
#include "tests/clip/clip_fixtures.h"

namespace vane {
namespace {

constexpr double kTolerance = 1e-4;
using Tensors = std::map<std::string, Tensor>;

const Recorded& recorded() {
  static const Recorded file("mobile_clip.safetensors");
  return file;
}

nlohmann::json metadata(const std::string& key) {
  return nlohmann::json::parse(recorded().table.metadata.at(key));
}

/// The twin of mobile_weight in record_mobile_clip.py.
Tensor mobile_weight(const std::string& name, const std::vector<int64_t>& shape) {
  if (!name.starts_with("visual.")) return named_weight(name, shape);
  if (name.ends_with("running_var")) return named_values(name, shape, 0.2, 1.0);
  if (name.ends_with("gamma")) return named_values(name, shape, 0.1, 0.5);
  if (name.ends_with("weight") && shape.size() == 1) return named_values(name, shape, 0.1, 1.0);
  if (!name.ends_with("weight")) return named_values(name, shape, 0.08);
  double fan_in = 1;
  for (size_t i = 1; i < shape.size(); ++i) fan_in *= double(shape[i]);
  return named_values(name, shape, 1 / std::sqrt(fan_in));
}

/// As open_clip saves a model in training.
Tensors training_tensors() {
  Tensors tensors;
  const nlohmann::json shapes = metadata("shapes");
  for (const auto& [name, shape] : shapes.items()) {
    tensors[name] = mobile_weight(name, shape.get<std::vector<int64_t>>());
  }
  return tensors;
}

/// The image tower as timm's reparameterize_model leaves it.
Tensors reparameterised_tensors() {
  Tensors tensors = training_tensors();
  std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with("visual."); });
  for (const TensorRecord& record : recorded().table.tensors) {
    if (!record.name.starts_with("reparam.")) continue;
    tensors[record.name.substr(8)] = recorded()[record.name];
  }
  return tensors;
}

/// Apple's file of the same model: its head is [F,E] without a bias, its positions [1,1,T,D].
Tensors apple_tensors(const Tensors& source) {
  Tensors tensors;
  const nlohmann::json names = metadata("apple");
  for (const auto& [ours, apple] : names.items()) {
    Tensor tensor = source.at(ours);
    if (ours.ends_with("head.fc.weight")) tensor = tensor.t().contiguous();
    if (ours == "text.positional_embedding") tensor = tensor.view({1, 1, 16, 128});
    tensors[apple.get<std::string>()] = tensor;
  }
  return tensors;
}

ClipModel load(const Tensors& tensors, bool config = true) {
  const TemporaryFolder folder;
  save_tensors(folder.path() / "open_clip_model.safetensors", tensors);
  if (config) {
    write_text(folder.path() / "open_clip_config.json", recorded().table.metadata.at("model_cfg"));
  }
  return load_clip_model(folder.path(), {.text_cache = false});
}

/// What loading says, without the detour over a file.
std::string fault_of(const Tensors& tensors) {
  try {
    const ClipTensors read = to_open_clip_names(table_of(tensors));
    static const ClipConfig stored = recorded_config("mobile_clip");
    ClipConfig config = stored;
    infer_fast_vit(read.table, config.vision);
    ClipModel::from_table(read.table, config, read.layout);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
    return error.what();
  }
  return "no error";
}

Tensor recorded_image() { return named_values("mobile_clip.image", {2, 3, 64, 64}, 0.25, 0.5); }

Tensor text_of(const ClipModel& model) {
  const Tensor ids = recorded()["ids"];
  return model.text_embedding_of_tokens(ids, ends_of(ids));
}

TEST(MobileClip, EmbeddingsEqualOpenClip) {
  const ClipModel model = load(training_tensors());
  EXPECT_EQ(model.facts.vision_kind, "fast_vit");
  EXPECT_EQ(model.facts.embed_dim, 24);
  EXPECT_LT(relative_error(model.encode_image(recorded_image()), recorded()["image_embedding"]),
            kTolerance);
  EXPECT_LT(relative_error(text_of(model), recorded()["text_embedding"]), kTolerance);
}

/// The image tower alone of mobile_clip_sizes.safetensors.
Tensors tower_of_size(const std::string& name) {
  const nlohmann::json shapes =
      nlohmann::json::parse(Recorded("mobile_clip_sizes.safetensors").table.metadata.at(name));
  Tensors tensors;
  for (const auto& [key, shape] : shapes.items()) {
    tensors[key] = mobile_weight(key, shape.get<std::vector<int64_t>>());
  }
  return tensors;
}

std::string config_naming(const std::string& trunk) {
  std::string config = recorded().table.metadata.at("model_cfg");
  return config.replace(config.find("fastvit_mci1"), 12, trunk);
}

ClipModel load_named(const Tensors& tensors, const std::string& trunk) {
  const TemporaryFolder folder;
  save_tensors(folder.path() / "open_clip_model.safetensors", tensors);
  write_text(folder.path() / "open_clip_config.json", config_naming(trunk));
  return load_clip_model(folder.path(), {.text_cache = false});
}

TEST(MobileClip, FiveStagesWithLayerNormalisationEqualTimm) {
  const Tensors tensors = tower_of_size("five_stages");
  const Tensor expected = Recorded("mobile_clip_sizes.safetensors")["five_stages"];
  for (const ClipModel& model : {load(tensors, false), load_named(tensors, "fastvit_mci3")}) {
    EXPECT_LT(relative_error(model.encode_image(recorded_image()), expected), kTolerance);
    EXPECT_EQ(model.facts.preprocess.mean, ClipPreprocess().mean);
    EXPECT_EQ(model.facts.preprocess.std, ClipPreprocess().std);
    EXPECT_FALSE(model.facts.preprocess.bicubic);
  }
  EXPECT_THROW(load_named(tensors, "fastvit_mci2"), Error);
  EXPECT_THROW(load_named(training_tensors(), "fastvit_mci4"), Error);
}

TEST(MobileClip, AMissingTensorOfFiveStagesIsNamed) {
  const Tensors whole = tower_of_size("five_stages");
  for (const auto& [name, tensor] : whole) {
    // Here normalisation comes without statistics, and the stem without a branch of one pixel.
    if (!name.starts_with("visual.trunk.stages.4.")) continue;
    Tensors tensors = whole;
    tensors.erase(name);
    try {
      const ClipTensors read = to_open_clip_names(table_of(tensors));
      ClipModel::from_table(read.table, infer_clip_config(read.table, Activation::gelu));
      ADD_FAILURE() << name << " is not missed";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos)
          << name << ": " << error.what();
    }
  }
}

TEST(MobileClip, AWholeMci0EqualsTimm) {
  const ClipModel model = load(tower_of_size("mci0"), false);
  EXPECT_EQ(model.facts.embed_dim, 512);
  EXPECT_FALSE(model.text.has_value());
  const at::NoGradGuard no_grad;
  const Tensor image = named_values("mobile_clip.photo", {1, 3, 256, 256}, 0.25, 0.5);
  EXPECT_LT(relative_error(model.image_embedding_of_input(image),
                           Recorded("mobile_clip_sizes.safetensors")["mci0"]),
            kTolerance);
}

TEST(MobileClip, ApplesTextTowerAloneReadsWithoutAMask) {
  Tensors tensors = apple_tensors(training_tensors());
  std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with("image_"); });
  const ClipModel model = load(tensors, false);
  EXPECT_FALSE(model.fast_vit.has_value());
  EXPECT_LT(relative_error(text_of(model), recorded()["text_embedding"]), kTolerance);
}

TEST(MobileClip, AMissingTensorOfABareFileIsNamedAsTheFileSpellsIt) {
  for (const char* name :
       {"text_encoder.embedding_layer.weight", "text_encoder.transformer.1.pre_norm_ffn.1.weight",
        "text_encoder.positional_embedding.pos_embed.pos_embed"}) {
    Tensors tensors = apple_tensors(training_tensors());
    tensors.erase(name);
    try {
      load(tensors, false);
      ADD_FAILURE() << name << " is not missed";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }
}

TEST(MobileClip, TheReparameterisedFormAgreesWithTheFormOfTraining) {
  const ClipModel model = load(reparameterised_tensors());
  EXPECT_LT(relative_error(model.encode_image(recorded_image()), recorded()["image_embedding"]),
            kTolerance);
  EXPECT_LT(relative_error(model.encode_image(recorded_image()),
                           load(training_tensors()).encode_image(recorded_image())),
            kTolerance);
}

TEST(MobileClip, GradientToPixelsEqualsOpenClip) {
  const ClipModel model = load(training_tensors());
  const Tensor image = recorded_image().requires_grad_(true);
  const Tensor embedding = model.encode_image(image);
  const Tensor probe = named_values("mobile_clip.probe", embedding.sizes().vec());
  const Tensor gradient = torch::autograd::grad({(embedding * probe).sum()}, {image})[0];
  EXPECT_LT(relative_error(gradient.slice(0, 0, 1), recorded()["pixel_gradient"]), kTolerance);
}

TEST(MobileClip, PixelGradientAgreesWithFiniteDifferencesInDouble) {
  const std::unique_ptr<ClipEncoder> model = load(training_tensors()).to_double();
  const Tensor image = recorded_image().slice(0, 0, 1).to(at::kDouble);
  const Tensor probe = named_values("probe", {1, 24}).to(at::kDouble);
  const auto value = [&](const Tensor& x) {
    return (unit(model->image_embedding_of_input(x)) * probe).sum();
  };
  const Tensor leaf = image.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({value(leaf)}, {leaf})[0];
  const at::NoGradGuard no_grad;
  const Tensor direction = named_values("direction", image.sizes().vec()).to(at::kDouble);
  const double step = 1e-6;
  const double numeric =
      ((value(image + step * direction) - value(image - step * direction)) / (2 * step))
          .item<double>();
  const double analytic = (gradient * direction).sum().item<double>();
  EXPECT_NEAR(analytic, numeric, 1e-6 * std::abs(numeric) + 1e-8);
}

TEST(MobileClip, ApplesFileGivesTheSame) {
  Tensors ours = training_tensors();
  ours["visual.trunk.head.fc.bias"].zero_();  // Apple's head has none
  const ClipModel open_clip = load(ours), apple = load(apple_tensors(ours));
  EXPECT_EQ(apple.facts.layout, "mobileclip");
  // The last bits depend on where a tensor lies in its file.
  EXPECT_LT(relative_error(apple.encode_image(recorded_image()),
                           open_clip.encode_image(recorded_image())),
            1e-6);
  EXPECT_LT(relative_error(text_of(apple), text_of(open_clip)), 1e-6);
}

TEST(MobileClip, ApplesFileIsUnderstoodFromItsShapes) {
  const Tensors tensors = apple_tensors(training_tensors());
  const ClipModel bare = load(tensors, false), configured = load(tensors);
  EXPECT_FALSE(bare.config.text.causal);
  EXPECT_EQ(bare.facts.preprocess.image_size, 256);
  EXPECT_LT(relative_error(bare.encode_image(recorded_image()),
                           configured.encode_image(recorded_image())),
            1e-6);
  EXPECT_LT(relative_error(text_of(bare), text_of(configured)), 1e-6);
}

TEST(MobileClip, PicturesAreNeitherNormalisedNorResizedBicubically) {
  for (const bool config : {false, true}) {
    const ClipPreprocess preprocess = load(training_tensors(), config).facts.preprocess;
    EXPECT_EQ(preprocess.image_size, config ? 64 : 256);
    EXPECT_EQ(preprocess.mean, (std::array<float, 3>{0, 0, 0}));
    EXPECT_EQ(preprocess.std, (std::array<float, 3>{1, 1, 1}));
    EXPECT_FALSE(preprocess.bicubic);
    EXPECT_EQ(preprocess.resize, ClipPreprocess::Resize::shortest);
  }
}

/// Every `step`-th tensor of `whole` left out must be named.
void expect_missing_named(const Tensors& whole, size_t step) {
  size_t i = 0;
  for (const auto& [name, tensor] : whole) {
    if (i++ % step != 0 || name == "logit_scale") continue;  // towers exported alone have none
    Tensors tensors = whole;
    tensors.erase(name);
    const std::string fault = fault_of(tensors);
    const bool prefixed = name.starts_with("text.");
    EXPECT_NE(fault.find(prefixed ? name.substr(5) : name), std::string::npos)
        << name << ": " << fault;
  }
}

TEST(MobileClip, AMissingTensorIsNamedAsTheFileSpellsIt) {
  expect_missing_named(training_tensors(), 1);
  expect_missing_named(reparameterised_tensors(), 3);
  expect_missing_named(apple_tensors(training_tensors()), 3);
}

TEST(MobileClip, ApplesTextTowerAlwaysHasItsProjection) {
  Tensors tensors = apple_tensors(training_tensors());
  tensors.erase("text_encoder.projection_layer");
  EXPECT_THROW(load(tensors, false), Error);
}

TEST(MobileClip, EveryWrongShapeIsRefused) {
  const Tensors whole = training_tensors();
  for (const auto& [name, tensor] : whole) {
    if (name == "logit_scale" || name == "text.positional_embedding") continue;  // stretched
    Tensors tensors = whole;
    tensors[name] = at::cat({tensor, tensor.slice(0, 0, 1)});
    const std::string fault = fault_of(tensors);
    // Widths are read from these; the message names what no longer fits them.
    bool defines = name == "visual.trunk.head.fc.weight";
    for (const char* part : {"blocks.0.mlp.fc", ".se.fc1.", "final_conv.se.fc2."}) {
      defines = defines || name.find(part) != std::string::npos;
    }
    const bool prefixed = name.starts_with("text.");
    EXPECT_NE(fault.find(defines    ? "visual.trunk."
                         : prefixed ? name.substr(5)
                                    : name),
              std::string::npos)
        << name << ": " << fault;
  }
}

TEST(MobileClip, OtherTowersOfTheFamilyAreRefusedByName) {
  Tensors small = apple_tensors(training_tensors());
  small["text_encoder.transformer.0.token_mixer.layer_scale"] = at::ones({4});
  EXPECT_NE(fault_of(small).find("MobileCLIP-S0"), std::string::npos) << fault_of(small);
  const Tensors base{{"image_encoder.model.patch_emb.0.block.conv.weight", at::ones({4, 3, 4, 4})}};
  EXPECT_NE(fault_of(base).find("MobileCLIP-B"), std::string::npos) << fault_of(base);
  Tensors large = training_tensors();
  large["visual.trunk.stages.4.blocks.0.norm.weight"] = at::ones({4});
  EXPECT_NE(fault_of(large).find("visual.trunk.stages.4"), std::string::npos) << fault_of(large);
  const Tensors timm{{"visual.trunk.patch_embed.backbone.stem.0.conv.weight", at::ones({4})},
                     {"text.token_embedding.weight", at::ones({4, 4})}};
  EXPECT_NE(fault_of(timm).find("MobileCLIP-B"), std::string::npos) << fault_of(timm);
  const TemporaryFolder folder;
  write_text(folder.path() / "open_clip_config.json", config_naming("vit_base_mci_224"));
  try {
    read_open_clip_config(folder.path() / "open_clip_config.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("vit_base_mci_224"), std::string::npos);
  }
}

TEST(MobileClip, ItIsNotWritten) {
  const TemporaryFolder folder;
  EXPECT_THROW(load(training_tensors()).save_folder(folder.path()), Error);
}

}  // namespace
}  // namespace vane
