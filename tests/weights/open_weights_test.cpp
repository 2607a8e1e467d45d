// SPDX-License-Identifier: Apache-2.0
// Real files. Oracle: PyTorch 2.14.1 and the safetensors package wrote them and recorded what they
// read back (tests/oracles/record_weights.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/tensor_table.h"
#include "tests/weights/element_values.h"

namespace vane {
namespace {

const std::filesystem::path kFixtures = std::filesystem::path(VANE_TEST_DATA) / "weights/fixtures";

Json read_expected(const std::string& name) {
  const auto source = MappedFile::open(kFixtures / (name + ".expected.json"), 1 << 20, 4);
  return parse_json(text_view(source->view()));
}

class RecordedFile : public testing::TestWithParam<const char*> {};

TEST_P(RecordedFile, ReadsAsItsWriterReadsIt) {
  const Json expected = read_expected(GetParam());
  const TensorTable table = open_weights(kFixtures / GetParam());
  EXPECT_EQ(table.format, expected.at("format").as_string());
  const Json::Array& tensors = expected.at("tensors").items();
  ASSERT_EQ(table.tensors.size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::string& name = tensors[i].at("name").as_string();
    SCOPED_TRACE(name);
    const TensorRecord* tensor = table.find(name);
    ASSERT_NE(tensor, nullptr);
    if (expected.find("unordered") == nullptr) {
      EXPECT_EQ(table.tensors[i].name, name);
    }
    EXPECT_EQ(dtype_name(tensor->dtype), tensors[i].at("dtype").as_string());
    std::vector<int64_t> shape;
    for (const Json& side : tensors[i].at("shape").items()) shape.push_back(side.as_integer());
    EXPECT_EQ(tensor->shape, shape);
    std::vector<double> values;
    for (const Json& value : tensors[i].at("values").items()) values.push_back(value.as_number());
    EXPECT_EQ(element_values(*tensor), values);
    if (!tensor->bytes.empty()) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->bytes.data()) % dtype_bytes(tensor->dtype), 0u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OpenWeights, RecordedFile,
                         testing::Values("mixed.pt", "mixed_p4.pt", "float8.pt", "single_tensor.pt",
                                         "lightning.ckpt", "lightning_p5.ckpt", "whole_module.pt",
                                         "generator_ema.pt", "params_ema.pt", "stylegan.pkl",
                                         "mixed_legacy.pth", "training_legacy.pth", "scripted.pt",
                                         "traced.pt", "array.npy", "mixed.safetensors",
                                         "sharded.safetensors.index.json"),
                         [](const auto& name) {
                           std::string text = name.param;
                           std::replace_if(
                               text.begin(), text.end(), [](char c) { return !std::isalnum(c); },
                               '_');
                           return text;
                         });

TEST(OpenWeights, SharedStorageIsSharedInTheTable) {
  const TensorTable table = open_weights(kFixtures / "mixed.pt");
  const TensorRecord *base = table.find("base"), *turned = table.find("transposed"),
                     *tail = table.find("tail");
  EXPECT_EQ(base->bytes.data(), turned->bytes.data());
  EXPECT_EQ(base->bytes.data() + 16, tail->bytes.data());
  EXPECT_TRUE(base->is_contiguous());
  EXPECT_FALSE(turned->is_contiguous());
}

TEST(OpenWeights, ContentHashIsTheSameInEveryContainer) {
  const std::string hash = open_weights(kFixtures / "mixed.pt").content_hash();
  EXPECT_EQ(hash.size(), 16u);
  for (const char* name : {"mixed_p4.pt", "mixed_legacy.pth", "mixed.safetensors"}) {
    EXPECT_EQ(open_weights(kFixtures / name).content_hash(), hash) << name;
  }
  EXPECT_NE(open_weights(kFixtures / "scripted.pt").content_hash(), hash);
}

TEST(OpenWeights, StateDictKeyChoosesWhatIsRead) {
  EXPECT_EQ(element_values(open_weights(kFixtures / "generator_ema.pt", {}, "g").tensors.at(0)),
            (std::vector<double>{0, 0.25}));
  const TensorTable average = open_weights(kFixtures / "generator_ema.pt", {}, "latent_avg");
  EXPECT_EQ(average.tensors.at(0).name, "latent_avg");
  const TensorTable inner = open_weights(kFixtures / "generator_ema.pt", {}, "g_ema.w");
  EXPECT_EQ(element_values(inner.tensors.at(0)), (std::vector<double>{1, 1.25}));
}

TEST(OpenWeights, WhatACheckpointSaysBesideItsWeightsIsKept) {
  const TensorTable generator = open_weights(kFixtures / "generator_ema.pt");
  ASSERT_EQ(generator.beside.size(), 1u);
  EXPECT_EQ(generator.beside[0].name, "latent_avg");
  EXPECT_EQ(element_values(generator.beside[0]), (std::vector<double>{0, 0.25, 0.5}));
  EXPECT_FALSE(generator.contains("latent_avg"));
  // An argparse.Namespace; what else the file holds says nothing about options.
  const std::map<std::string, std::string> options{{"args.folder", "x"}, {"args.seed", "7"}};
  EXPECT_EQ(open_weights(kFixtures / "lightning.ckpt").metadata, options);
  EXPECT_TRUE(open_weights(kFixtures / "mixed.pt").beside.empty());
}

void expect_refusal(const std::filesystem::path& path, const std::string& part,
                    std::string_view key = {}) {
  try {
    open_weights(path, {}, key);
    FAIL() << path << " was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(path.filename().string()), std::string::npos);
  }
}

TEST(OpenWeights, SeveralStateDictsNeedAChoice) {
  expect_refusal(kFixtures / "two_nets.pt", "several state dicts: coarse, fine");
  expect_refusal(kFixtures / "two_nets.pt", "--state-dict-key");
  EXPECT_EQ(open_weights(kFixtures / "two_nets.pt", {}, "fine").tensors.at(0).numel(), 3);
  expect_refusal(kFixtures / "two_nets.pt", "its keys are: coarse, fine, step", "network");
}

TEST(OpenWeights, TensorsOfOtherKindsAreRefusedByName) {
  expect_refusal(kFixtures / "unsupported_dtype.pt", "torch.uint16 is not supported");
  expect_refusal(kFixtures / "quantised.pt", "_rebuild_qtensor");
  expect_refusal(kFixtures / "sparse.pt", "_rebuild_sparse_tensor");
}

TEST(OpenWeights, MistakenFilesAreNamed) {
  const std::filesystem::path folder = testing::TempDir();
  const auto refused = [&](const std::string& name, const std::string& content,
                           const std::string& part) {
    atomic_write(folder / name, content);
    expect_refusal(folder / name, part);
    std::filesystem::remove(folder / name);
  };
  refused("a.safetensors", "", "is empty");
  refused("b.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS");
  refused("c.pt", "<!DOCTYPE html><html></html>", "web page");
  refused("d.bin", "GGUF\x03\0\0\0 something", "GGUF");
  refused("e.pkl", std::string("\x80\x04\x95\x01", 4), "ends too early");
  refused("f.pt", std::string(257, 'x') + "ustar and so on", "tar file");
  refused("g.pt", "nothing that anybody knows", "not a weights file");
  refused("h.safetensors", "nothing that anybody knows", "header length");
  expect_refusal(folder / "missing.pt", "no such file");
  expect_refusal(kFixtures, "is a folder");
}

}  // namespace
}  // namespace vane
