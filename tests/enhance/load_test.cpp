// SPDX-License-Identifier: Apache-2.0
// Oracles: a checkpoint in the published layout and its maps, recorded from PyTorch's own modules
// in float64 (tests/oracles/record_enhance.py); the rules of the sheet for loaders, section 1.
#include <gtest/gtest.h>

#include <fstream>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "tests/enhance/named_network.h"
#include "tests/support/gzip.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

class EnhanceLoader : public ::testing::Test {
 protected:
  EnhanceLoader() {
    folder_ = fs::path(::testing::TempDir()) /
              ("enhance_" + std::to_string(::getpid()) +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  ~EnhanceLoader() override { fs::remove_all(folder_); }

  static std::map<std::string, Tensor> tensors(const std::string& prefix = "") {
    std::map<std::string, Tensor> all;
    EnhancementNetwork network = named_network();
    visit_parameters(network, [&](const std::string& name, Tensor& tensor,
                                  const std::vector<int64_t>&) { all[prefix + name] = tensor; });
    return all;
  }

  fs::path saved(const std::map<std::string, Tensor>& all) const {
    const fs::path path = folder_ / "weights.safetensors";
    save_tensors(path, all);
    return path;
  }

  /// The one line that refuses a file of these tensors.
  std::string refusal(const std::map<std::string, Tensor>& all) const {
    return refusal(saved(all));
  }
  static std::string refusal(const fs::path& path) {
    try {
      load_enhancement_network(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
      EXPECT_EQ(error.file(), path.string());
      const std::string line = error.what();
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
      return line;
    }
    ADD_FAILURE() << "accepted";
    return {};
  }

  fs::path folder_;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(EnhanceLoader, AgreesWithPyTorchOnAPublishedLayout) {
  const at::NoGradGuard no_grad;
  const fs::path fixtures = fs::path(VANE_TEST_DATA) / "enhance/fixtures";
  const fs::path path = folder_ / "network.pth";
  std::ofstream(path, std::ios::binary) << read_gzip(fixtures / "published_layout.pth.gz");
  const EnhancementNetwork network = load_enhancement_network(path);
  const TensorTable maps = open_weights(fixtures / "published_layout_maps.safetensors");
  double worst = 0;
  for (const auto& [width, height] : {std::pair{7, 5}, std::pair{37, 23}, std::pair{64, 48}}) {
    const std::string size = std::to_string(width) + "x" + std::to_string(height);
    const Tensor image =
        named_values("enhance picture " + size, {1, 3, height, width}, 0.25, 0.5).clamp(0, 1);
    for (const bool reflect : {true, false}) {
      const TensorRecord* record = maps.find(size + (reflect ? ".reflect" : ".zeros"));
      ASSERT_NE(record, nullptr);
      const Tensor map = illumination_map(
          network, image, reflect ? EnhancePadding::reflect : EnhancePadding::zeros);
      const double off = (map - tensor_from_record(maps, *record)).abs().max().item<double>();
      EXPECT_LT(off, 1e-5) << size << " reflect " << reflect;
      worst = std::max(worst, off);
    }
  }
  RecordProperty("worst", std::to_string(worst * 1e6));
}

TEST_F(EnhanceLoader, ReadsNamesWithAndWithoutModule) {
  const at::NoGradGuard no_grad;
  const Tensor image = test_picture(9, 8);
  const Tensor expected = illumination_map(named_network(), image);
  for (const char* prefix : {"", "module."}) {
    const EnhancementNetwork network = load_enhancement_network(saved(tensors(prefix)));
    EXPECT_TRUE(at::equal(illumination_map(network, image), expected)) << prefix;
    EXPECT_FALSE(network.content_hash.empty());
  }
}

TEST_F(EnhanceLoader, WidensHalfPrecision) {
  auto all = tensors();
  for (auto& [name, tensor] : all) tensor = tensor.to(at::kHalf);
  const EnhancementNetwork network = load_enhancement_network(saved(all));
  EXPECT_EQ(network.cond1.weight.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(network.cond1.weight, all["cond1.weight"].to(at::kFloat)));
}

TEST_F(EnhanceLoader, OutlivesItsFile) {
  const fs::path path = saved(tensors());
  const EnhancementNetwork network = load_enhancement_network(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "gone";
  EXPECT_TRUE(at::equal(network.fuse_weight, named_network().fuse_weight));
}

TEST_F(EnhanceLoader, NamesMissingTensors) {
  auto all = tensors();
  all.erase("PPM1.features.2.1.weight");
  all.erase("cond_add1.bias");
  const std::string line = refusal(all);
  EXPECT_TRUE(contains(line, "2 missing: ")) << line;
  EXPECT_TRUE(contains(line, "PPM1.features.2.1.weight")) << line;
  EXPECT_TRUE(contains(line, "cond_add1.bias")) << line;
}

TEST_F(EnhanceLoader, NamesTensorsLeftOver) {
  auto all = tensors();
  all["ResidualBlock7.conv1.weight"] = at::zeros({32, 32, 3, 3});
  const std::string line = refusal(all);
  EXPECT_TRUE(contains(line, "1 without use: ResidualBlock7.conv1.weight")) << line;
}

TEST_F(EnhanceLoader, NamesTensorsOfAnotherShape) {
  auto all = tensors();
  all["cond_add1.weight"] = at::zeros({3, 32, 3, 3});
  all["cond_add1.bias"] = at::zeros({3});
  const std::string line = refusal(all);
  EXPECT_TRUE(contains(line, "cond_add1.weight is [3,32,3,3], expected [1,32,3,3]")) << line;
  EXPECT_TRUE(contains(line, "cond_add1.bias is [3], expected [1]")) << line;
}

TEST_F(EnhanceLoader, NamesATensorThatIsNotFinite) {
  auto all = tensors();
  all["condx.weight"] = at::full({64, 32, 3, 3}, std::nan(""));
  EXPECT_TRUE(contains(refusal(all), "condx.weight"));
}

TEST_F(EnhanceLoader, RefusesAPrefixOnSomeNamesOnly) {
  auto all = tensors();
  auto node = all.extract("condy.bias");
  node.key() = "module.condy.bias";
  all.insert(std::move(node));
  const std::string line = refusal(all);
  EXPECT_TRUE(contains(line, "1 missing: condy.bias")) << line;
  EXPECT_TRUE(contains(line, "1 without use: module.condy.bias")) << line;
}

TEST_F(EnhanceLoader, RefusesFilesThatHoldNoWeights) {
  const fs::path path = folder_ / "picture.pth";
  std::ofstream(path, std::ios::binary) << "\x89PNG\r\n\x1a\n and nothing more";
  refusal(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc);
  refusal(path);
  try {
    load_enhancement_network(folder_ / "absent.pth");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
    EXPECT_EQ(error.file(), (folder_ / "absent.pth").string());
  }
}

}  // namespace
}  // namespace vane::testing
