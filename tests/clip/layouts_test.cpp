// SPDX-License-Identifier: Apache-2.0
// Oracle: the same named weights in every layout and container must give the same embeddings; the
// .pt files were written by torch.save, the Hugging Face outputs by transformers.
#include <gtest/gtest.h>

#include <functional>

#include "engine/base/error.h"
#include "tests/clip/clip_fixtures.h"

namespace vane {
namespace {

// The model of training.pt and legacy.pth (CONTAINED in record_clip.py).
constexpr const char* kContained = R"({"model_cfg": {"embed_dim": 16,
  "vision_cfg": {"image_size": 16, "patch_size": 8, "width": 32, "head_width": 16, "layers": 1},
  "text_cfg": {"context_length": 16, "vocab_size": 120, "width": 32, "heads": 2, "layers": 1}}})";

constexpr const char* kContainedHuggingFace = R"({"model_type": "clip", "projection_dim": 16,
  "vision_config": {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 1,
    "num_attention_heads": 2, "image_size": 16, "patch_size": 8, "hidden_act": "gelu"},
  "text_config": {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 1,
    "num_attention_heads": 2, "max_position_embeddings": 16, "vocab_size": 120,
    "hidden_act": "gelu"}})";

using Tensors = std::map<std::string, Tensor>;

ClipConfig contained_config() {
  const TemporaryFolder folder;
  write_text(folder.path() / "open_clip_config.json", kContained);
  return read_open_clip_config(folder.path() / "open_clip_config.json");
}

Tensors contained_tensors() {
  ClipModel model = ClipModel::random(contained_config(), Rng(1));
  Tensors tensors;
  model.visit([&](const std::string& name, Tensor&, const std::vector<int64_t>& shape) {
    tensors[name] = named_weight(name, shape);
  });
  return tensors;
}

struct Embeddings {
  Tensor image, text;
};

Embeddings embeddings_of(const ClipEncoder& model) {
  Tensor ids = at::zeros({2, 16}, at::TensorOptions().dtype(at::kLong));
  ids[0].slice(0, 0, 4).copy_(at::tensor({118, 5, 9, 119}));
  ids[1].slice(0, 0, 7).copy_(at::tensor({118, 50, 9, 60, 61, 62, 119}));
  return {model.image_embedding_of_input(named_values("image", {2, 3, 16, 16})),
          model.text_embedding_of_tokens(ids, ends_of(ids))};
}

const Embeddings& expected() {
  static const Embeddings result =
      embeddings_of(ClipModel::from_table(table_of(contained_tensors()), contained_config()));
  return result;
}

void expect_same(const ClipEncoder& model, double tolerance = 1e-6) {
  const Embeddings actual = embeddings_of(model);
  EXPECT_LT(relative_error(actual.image, expected().image), tolerance);
  EXPECT_LT(relative_error(actual.text, expected().text), tolerance);
}

/// Loads tensors from a file in a folder with that configuration.
std::unique_ptr<ClipEncoder> load_from_folder(const Tensors& tensors, const std::string& file,
                                              const std::string& config_file,
                                              const std::string& config) {
  const TemporaryFolder folder;
  save_tensors(folder.path() / file, tensors);
  write_text(folder.path() / config_file, config);
  return load_clip(folder.path(), {.text_cache = false});
}

std::unique_ptr<ClipEncoder> load_open_clip(const Tensors& tensors) {
  return load_from_folder(tensors, "open_clip_model.safetensors", "open_clip_config.json",
                          kContained);
}

Tensors with_names(const Tensors& tensors, const std::function<std::string(std::string)>& rename) {
  Tensors result;
  for (const auto& [name, tensor] : tensors) result[rename(name)] = tensor;
  return result;
}

std::string fault_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
    return error.what();
  }
  return "no error";
}

TEST(ClipLayouts, OpenClipFolder) {
  const auto model = load_open_clip(contained_tensors());
  EXPECT_EQ(model->info().layout, "open_clip");
  EXPECT_FALSE(model->info().quick_gelu);
  EXPECT_EQ(model->info().preprocess.crop, ClipPreprocess::CropRounding::torchvision);
  expect_same(*model);
}

TEST(ClipLayouts, HuggingFaceFolder) {
  const auto model = load_from_folder(in_hugging_face_names(contained_tensors()),
                                      "model.safetensors", "config.json", kContainedHuggingFace);
  EXPECT_EQ(model->info().layout, "hugging_face");
  EXPECT_EQ(model->info().preprocess.crop, ClipPreprocess::CropRounding::hugging_face);
  EXPECT_EQ(model->info().tokenizer.pad_id, Tokenizer::kEnd);
  expect_same(*model);
}

TEST(ClipLayouts, TheHashDoesNotDependOnTheLayout) {
  const auto a = load_open_clip(contained_tensors());
  const auto b = load_from_folder(in_hugging_face_names(contained_tensors()), "model.safetensors",
                                  "config.json", kContainedHuggingFace);
  EXPECT_EQ(a->info().hash, b->info().hash);
  Tensors other = contained_tensors();
  other["logit_scale"] = at::full({}, 3.0);
  EXPECT_NE(a->info().hash, load_open_clip(other)->info().hash);
}

TEST(ClipLayouts, TransformersOutputsOfTheSameTensorsAreReproduced) {
  const Recorded recorded("hugging_face.safetensors");
  const auto model = named_hugging_face_model();
  const Tensor ids = recorded["ids"];
  EXPECT_LT(relative_error(
                model->image_embedding_of_input(named_values("tiny_vit.image", {2, 3, 32, 32})),
                recorded["image_embedding"]),
            1e-4);
  EXPECT_LT(relative_error(model->text_embedding_of_tokens(ids, ends_of(ids)),
                           recorded["text_embedding"]),
            1e-4);
}

TEST(ClipLayouts, CustomTextPrefixAndLinearProjection) {
  Tensors tensors = with_names(contained_tensors(), [](const std::string& name) {
    const bool text = !name.starts_with("visual.") && name != "logit_scale";
    return text ? "text." + name : name;
  });
  tensors["text.text_projection.weight"] =
      tensors.extract("text.text_projection").mapped().t().contiguous();
  expect_same(*load_open_clip(tensors));
}

TEST(ClipLayouts, TinyClipWrappersUnderModulePrefix) {
  const Tensors tensors = with_names(contained_tensors(), [](const std::string& name) {
    return "module." + name_in_layout(name, "tinyclip");
  });
  const auto model = load_open_clip(tensors);
  EXPECT_EQ(model->info().layout, "tinyclip");
  expect_same(*model);
}

/// Blocks that lost a head and half of their MLP, each another; in TinyCLIP's names.
void prune(Tensors& whole, Tensors& pruned, const std::string& base, int64_t heads,
           int64_t hidden) {
  const int64_t inner = 64 * heads, width = whole.at(base + "attn.out_proj.weight").size(0);
  const auto zero_behind = [&](const std::string& name, int64_t axis, int64_t kept) {
    Tensor& tensor = whole.at(base + name);
    tensor = tensor.clone();
    tensor.slice(axis, kept).zero_();
    pruned[base + name] = tensor.slice(axis, 0, kept).clone();
  };
  zero_behind("attn.out_proj.weight", 1, inner);
  zero_behind("mlp.c_proj.weight", 1, hidden);
  for (const char* name : {"attn.in_proj_weight", "attn.in_proj_bias"}) {
    std::vector<Tensor> parts;
    for (int64_t i = 0; i < 3; ++i) {
      parts.push_back(whole.at(base + name).slice(0, i * width, i * width + inner));
    }
    pruned[base + name] = at::cat(parts);
  }
  for (const char* name : {"mlp.c_fc.weight", "mlp.c_fc.bias"}) {
    pruned[base + name] = whole.at(base + name).slice(0, 0, hidden).clone();
  }
}

// Oracle: a block without a head is one whose output projection ignores that head.
TEST(ClipLayouts, TinyClipsPrunedBlocksAreUnderstoodFromTheirShapes) {
  ClipConfig config = contained_config();
  config.vision.width = config.text.width = 128;
  config.vision.head_width = 64;
  config.vision.blocks = config.text.blocks = ClipConfig::uniform_blocks(2, 128, 2);
  const ClipModel random = ClipModel::random(config, Rng(5));
  Tensors whole = random.state_dict(), pruned = whole;
  prune(whole, pruned, "visual.transformer.resblocks.0.", 1, 300);
  prune(whole, pruned, "visual.transformer.resblocks.1.", 2, 101);
  prune(whole, pruned, "transformer.resblocks.0.", 2, 512);
  prune(whole, pruned, "transformer.resblocks.1.", 1, 64);
  for (const std::string wrapper : {"", "module."}) {
    const TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "tiny.safetensors";
    save_tensors(file, with_names(pruned, [&](const std::string& name) {
                   return wrapper + name_in_layout(name, "tinyclip");
                 }));
    const ClipModel loaded = load_clip_model(file, {.text_cache = false});
    EXPECT_EQ(loaded.facts.layout, "tinyclip");
    EXPECT_EQ(loaded.config.vision.blocks[0].heads, 1);
    EXPECT_EQ(loaded.config.vision.blocks[1].hidden, 101);
    EXPECT_EQ(loaded.config.text.blocks[1].heads, 1);
    EXPECT_NEAR(loaded.logit_scale.item<float>(), random.logit_scale.item<float>(), 1e-6);
    const Embeddings expected_pair = embeddings_of(ClipModel::from_table(table_of(whole), config));
    const Embeddings actual = embeddings_of(loaded);
    EXPECT_LT(relative_error(actual.image, expected_pair.image), 1e-5);
    EXPECT_LT(relative_error(actual.text, expected_pair.text), 1e-5);
  }
}

TEST(ClipLayouts, OpenAiFactsThatAreNoParametersAreLeftOut) {
  Tensors tensors = contained_tensors();
  for (const char* name : {"input_resolution", "context_length", "vocab_size"}) {
    tensors[name] = at::full({}, 16, at::TensorOptions().dtype(at::kLong));
  }
  const auto model = load_open_clip(tensors);
  EXPECT_EQ(model->info().layout, "openai");
  expect_same(*model);
}

TEST(ClipLayouts, FilesOfTorchSaveNewAndOld) {
  for (const char* name : {"training.pt", "legacy.pth"}) {
    const TemporaryFolder folder;
    std::filesystem::copy_file(fixture(name), folder.path() / name);
    write_text(folder.path() / "open_clip_config.json", kContained);
    SCOPED_TRACE(name);
    expect_same(*load_clip(folder.path(), {.text_cache = false}));
    expect_same(*load_clip(folder.path() / name, {.text_cache = false}));
  }
}

TEST(ClipLayouts, HalfPrecisionCopiesStayClose) {
  const auto cosine = [](const Tensor& a, const Tensor& b) {
    return (unit(a) * unit(b)).sum(-1).min().item<double>();
  };
  for (const auto& [type, least] : {std::pair{at::kHalf, 0.9998}, {at::kBFloat16, 0.999}}) {
    Tensors tensors;
    for (const auto& [name, tensor] : contained_tensors()) tensors[name] = tensor.to(type);
    const Embeddings actual = embeddings_of(*load_open_clip(tensors));
    EXPECT_GT(cosine(actual.image, expected().image), least);
    EXPECT_GT(cosine(actual.text, expected().text), least);
    EXPECT_GT(relative_error(actual.image, expected().image), 1e-6) << "the copy was not rounded";
  }
}

TEST(ClipLayouts, BareFileIsUnderstoodFromItsShapes) {
  ClipConfig config = contained_config();
  config.vision.width = config.text.width = 128;  // heads can be told only at 64 a head
  config.vision.head_width = 64;
  config.vision.blocks = config.text.blocks = ClipConfig::uniform_blocks(2, 128, 2);
  ClipModel model = ClipModel::random(config, Rng(3));
  const TemporaryFolder folder;
  save_tensors(folder.path() / "bare.safetensors", model.state_dict());
  const ClipModel loaded = load_clip_model(folder.path() / "bare.safetensors");
  EXPECT_EQ(loaded.config.vision.blocks.size(), 2u);
  EXPECT_EQ(loaded.config.vision.blocks[0].heads, 2);
  EXPECT_EQ(loaded.config.vision.image_size, 16);
  EXPECT_EQ(loaded.config.text.context_length, 16);
  const Embeddings a = embeddings_of(model), b = embeddings_of(loaded);
  EXPECT_LT(relative_error(b.image, a.image), 1e-6);
  EXPECT_LT(relative_error(b.text, a.text), 1e-6);
  // The activation cannot be seen in the shapes.
  const ClipModel quick =
      load_clip_model(folder.path() / "bare.safetensors", {.activation = "quick_gelu"});
  EXPECT_GT(relative_error(embeddings_of(quick).image, a.image), 1e-3);
}

TEST(ClipLayouts, BareResNetIsUnderstoodFromItsShapes) {
  const TemporaryFolder folder;
  save_tensors(folder.path() / "rn.safetensors", named_tensors("resnet"));
  const ClipModel loaded = load_clip_model(folder.path() / "rn.safetensors", {.text_tower = false});
  EXPECT_EQ(loaded.facts.vision_kind, "modified_resnet");
  EXPECT_FALSE(loaded.text.has_value());
  const Recorded recorded("resnet.safetensors");
  EXPECT_LT(
      relative_error(loaded.image_embedding_of_input(named_values("resnet.image", {2, 3, 64, 64})),
                     recorded["image_embedding"]),
      1e-4);
}

TEST(ClipLayouts, LongClipTakesTheFirstTwentyRowsFromTheFirstTable) {
  Tensors tensors = contained_tensors();
  const Tensor first = named_values("first", {24, 32}, 0.1);
  const Tensor second = named_values("second", {24, 32}, 0.1);
  tensors["positional_embedding"] = first;
  tensors["positional_embedding_res"] = second;
  const ClipTensors read = to_open_clip_names(table_of(tensors));
  EXPECT_EQ(read.layout, "long_clip");
  EXPECT_FALSE(read.table.contains("positional_embedding_res"));
  const Tensor table = tensor_from_record(read.table, *read.table.find("positional_embedding"));
  EXPECT_TRUE(at::equal(table, at::cat({first.slice(0, 0, 20), second.slice(0, 20)})));
}

TEST(ClipLayouts, AMissingTensorIsNamedAsTheFileSpellsIt) {
  Tensors open_clip = contained_tensors();
  open_clip.erase("visual.transformer.resblocks.0.mlp.c_fc.weight");
  EXPECT_NE(fault_of([&] {
              load_open_clip(open_clip);
            }).find("1 missing: visual.transformer.resblocks.0.mlp.c_fc.weight"),
            std::string::npos);
  for (const char* key : {"text_model.encoder.layers.0.self_attn.k_proj.weight",
                          "vision_model.pre_layrnorm.weight", "visual_projection.weight"}) {
    Tensors hugging_face = in_hugging_face_names(contained_tensors());
    ASSERT_EQ(hugging_face.erase(key), 1u) << key;
    EXPECT_NE(fault_of([&] {
                load_from_folder(hugging_face, "model.safetensors", "config.json",
                                 kContainedHuggingFace);
              }).find(key),
              std::string::npos);
  }
}

TEST(ClipLayouts, EveryWrongShapeIsRefusedByName) {
  for (const auto& [name, tensor] : contained_tensors()) {
    if (tensor.dim() == 0 || name == "positional_embedding") continue;  // stretched, as open_clip
    Tensors tensors = contained_tensors();
    tensors[name] = at::cat({tensor, tensor.slice(0, 0, 1)});
    const std::string fault = fault_of([&] { load_open_clip(tensors); });
    EXPECT_NE(fault.find(name), std::string::npos) << fault;
  }
}

TEST(ClipLayouts, AnUnusedTensorAndNotANumberAreRefusedByName) {
  Tensors extra = contained_tensors();
  extra["visual.transformer.resblocks.1.ln_1.weight"] = at::ones({32});
  EXPECT_NE(fault_of([&] {
              load_open_clip(extra);
            }).find("1 without use: visual.transformer.resblocks.1.ln_1.weight"),
            std::string::npos);
  Tensors damaged = contained_tensors();
  damaged["ln_final.bias"] = at::full({32}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_NE(fault_of([&] { load_open_clip(damaged); }).find("ln_final.bias"), std::string::npos);
}

TEST(ClipLayouts, AnUnknownSettingIsRefusedByName) {
  const std::string json = kContained;
  const auto with = [&](const std::string& where, const std::string& added) {
    std::string edited = json;
    edited.insert(edited.find(where) + where.size(), added);
    return fault_of([&] {
      load_from_folder(contained_tensors(), "open_clip_model.safetensors", "open_clip_config.json",
                       edited);
    });
  };
  EXPECT_NE(with("\"vision_cfg\": {", "\"rope\": true, ").find("vision_cfg.rope"),
            std::string::npos);
  EXPECT_NE(with("\"vision_cfg\": {", "\"qk_norm\": true, ").find("vision_cfg.qk_norm"),
            std::string::npos);
  EXPECT_NE(with("\"text_cfg\": {", "\"embed_cls\": true, ").find("text_cfg.embed_cls"),
            std::string::npos);
  EXPECT_NE(with("\"model_cfg\": {", "\"multimodal_cfg\": {\"width\": 4}, ")
                .find("model_cfg.multimodal_cfg"),
            std::string::npos);
  EXPECT_EQ(with("\"vision_cfg\": {", "\"qk_norm\": false, \"patch_dropout\": 0.5, "), "no error");
}

TEST(ClipLayouts, ForeignTensorsAreNoClip) {
  const Tensors other{{"g_ema.style.1.weight", at::ones({4, 4})}};
  EXPECT_NE(fault_of([&] { to_open_clip_names(table_of(other)); }).find("not those of a CLIP"),
            std::string::npos);
}

TEST(ClipModel, ASavedFolderLoadsToTheSameModel) {
  for (const char* name : {"tiny_vit", "odd_vit", "average_vit", "resnet"}) {
    SCOPED_TRACE(name);
    const ClipModel model = named_model(name);
    const TemporaryFolder folder;
    model.save_folder(folder.path() / "saved", false, {{"card", "test"}});
    const ClipModel loaded = load_clip_model(folder.path() / "saved");
    const int64_t size = model.config.vision.image_size;
    const Tensor image = named_values("image", {1, 3, size, size});
    EXPECT_LT(relative_error(loaded.image_embedding_of_input(image),
                             model.image_embedding_of_input(image)),
              1e-5);
    const Tensor ids = Recorded(std::string(name) + ".safetensors")["ids"];
    EXPECT_TRUE(at::equal(loaded.text_embedding_of_tokens(ids, ends_of(ids)),
                          model.text_embedding_of_tokens(ids, ends_of(ids))));
  }
}

TEST(ClipModel, RandomTensorsFollowTheirSeedAndOpenClipsSpread) {
  ClipConfig config = recorded_config("tiny_vit");
  const ClipModel a = ClipModel::random(config, Rng(5)), b = ClipModel::random(config, Rng(5));
  const ClipModel c = ClipModel::random(config, Rng(6));
  const std::string name = "transformer.resblocks.1.attn.out_proj.weight";
  EXPECT_TRUE(at::equal(a.state_dict().at(name), b.state_dict().at(name)));
  EXPECT_FALSE(at::equal(a.state_dict().at(name), c.state_dict().at(name)));
  const auto deviation = [&](const std::string& key) {
    return a.state_dict().at(key).std().item<double>();
  };
  EXPECT_NEAR(deviation(name), std::pow(64.0, -0.5) * std::pow(4.0, -0.5), 0.003);
  EXPECT_NEAR(deviation("token_embedding.weight"), 0.02, 0.001);
  // Xavier: bound sqrt(6 / (192 + 64)), deviation bound / sqrt(3).
  EXPECT_NEAR(deviation("visual.transformer.resblocks.0.attn.in_proj_weight"),
              std::sqrt(6.0 / 256.0 / 3.0), 0.003);
  const ClipModel resnet = ClipModel::random(recorded_config("resnet"), Rng(5));
  EXPECT_EQ(resnet.state_dict().at("visual.layer1.0.bn3.weight").abs().max().item<double>(), 0.0);
  EXPECT_EQ(resnet.parameters().count("visual.bn1.running_mean"), 0u);
  EXPECT_EQ(resnet.state_dict().count("visual.bn1.running_mean"), 1u);
}

}  // namespace
}  // namespace vane
