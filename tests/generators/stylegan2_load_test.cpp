// SPDX-License-Identifier: Apache-2.0
// Oracle: what a file must and must not hold (StyleGAN sheet, section 2); files that PyTorch itself
// wrote (tests/oracles/record_stylegan2.py).
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/stylegan2.h"
#include "tests/support/gzip.h"
#include "tests/support/named_stylegan2.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

const NamedStyleGan2 kTiny{"tiny", {6, 5, 2}, 8, 7, 2};

class StyleGan2File : public ::testing::Test {
 protected:
  StyleGan2File() {
    folder_ = fs::path(::testing::TempDir()) /
              ("stylegan2_" + std::to_string(::getpid()) +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  ~StyleGan2File() override { fs::remove_all(folder_); }

  fs::path saved(const TensorMap& tensors) const {
    const fs::path path = folder_ / "weights.safetensors";
    save_tensors(path, tensors);
    return path;
  }
  StyleGan2 loaded(const TensorMap& tensors) const { return StyleGan2::load(saved(tensors)); }
  /// The one line that refuses a file of these tensors.
  std::string refusal(const TensorMap& tensors) const {
    const fs::path path = saved(tensors);
    try {
      StyleGan2::load(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
      EXPECT_EQ(error.file(), path.string());
      return error.what();
    }
    ADD_FAILURE() << "accepted";
    return {};
  }

  fs::path folder_;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TensorMap both(bool nvlabs) { return nvlabs ? nvlabs_tensors(kTiny) : rosinality_tensors(kTiny); }

TEST_F(StyleGan2File, SizesComeFromTheTensors) {
  for (const bool nvlabs : {false, true}) {
    const StyleGan2 model = loaded(both(nvlabs));
    EXPECT_EQ(model.size(), 16);
    EXPECT_EQ(model.rows(), 6);
    EXPECT_EQ(model.z_dim(), 8);
    EXPECT_EQ(model.w_dim(), 7);
    EXPECT_EQ(model.convolutions().size(), 5u);
    EXPECT_EQ(model.style_table()[5].channels, 5);
    EXPECT_EQ(model.style_table()[6].channels, 2);
    EXPECT_FALSE(model.content_hash().empty());
  }
}

TEST_F(StyleGan2File, TakesTheMeanOfTheFileOrSamplesIt) {
  const TensorMap tensors = rosinality_tensors(kTiny);
  EXPECT_TRUE(at::equal(loaded(tensors).average_w(), tensors.at("latent_avg")));
  EXPECT_TRUE(at::equal(loaded(nvlabs_tensors(kTiny)).average_w(),
                        nvlabs_tensors(kTiny).at("mapping.w_avg")));
  TensorMap without = tensors;
  without.erase("latent_avg");
  const StyleGan2 model = loaded(without);
  std::vector<Tensor> z;
  for (int64_t i = 0; i < 4096; ++i) z.push_back(model.sample_z(0, i));
  EXPECT_TRUE(at::allclose(model.average_w(), model.map(at::cat(z)).mean(0), 1e-5, 1e-5));
}

TEST_F(StyleGan2File, FindsTheAveragedGeneratorOfATraining) {
  const at::NoGradGuard no_grad;
  TensorMap nested;
  for (const auto& [key, tensor] : rosinality_tensors(kTiny)) {
    nested[key == "latent_avg" ? key : "g_ema." + key] = tensor;
    nested["g." + key] = tensor + 1;
  }
  nested["d.final_linear.1.bias"] = at::zeros({1});
  const Tensor w = named_values("w", {1, 7});
  const StyleGan2 model = loaded(nested), plain = loaded(rosinality_tensors(kTiny));
  EXPECT_TRUE(at::equal(model.synthesise(w), plain.synthesise(w)));
  EXPECT_TRUE(at::equal(model.average_w(), plain.average_w()));
}

TEST_F(StyleGan2File, ReadsWhatPyTorchSaved) {
  const at::NoGradGuard no_grad;
  const fs::path path = folder_ / "converted.pt";
  std::ofstream(path, std::ios::binary)
      << read_gzip(fs::path(VANE_TEST_DATA) / "generators/data/stylegan2_rosinality.pt.gz");
  const StyleGan2 model = StyleGan2::load(path), expected = loaded(rosinality_tensors(kTiny));
  // It lies beside the state dict.
  EXPECT_TRUE(at::equal(model.average_w(), expected.average_w()));
  const Tensor w = named_values("w", {1, 7});
  EXPECT_TRUE(at::equal(model.synthesise(w), expected.synthesise(w)));
}

TEST_F(StyleGan2File, OutlivesItsFile) {
  const at::NoGradGuard no_grad;
  const Tensor w = named_values("w", {1, 7});
  const StyleGan2 model = loaded(rosinality_tensors(kTiny));
  const Tensor before = model.synthesise(w);
  std::ofstream(folder_ / "weights.safetensors", std::ios::binary | std::ios::trunc) << "gone";
  EXPECT_TRUE(at::equal(model.synthesise(w), before));
}

TEST_F(StyleGan2File, NamesWhatIsMissing) {
  for (const bool nvlabs : {false, true}) {
    for (const auto& [key, tensor] : both(nvlabs)) {
      if (key.ends_with("kernel") || key.ends_with("resample_filter") || key == "latent_avg" ||
          key == "mapping.w_avg") {
        continue;
      }
      TensorMap tensors = both(nvlabs);
      tensors.erase(key);
      const std::string line = refusal(tensors);
      EXPECT_TRUE(contains(line, "1 missing: " + key)) << line;
      EXPECT_FALSE(contains(line, "another shape")) << line;
    }
  }
}

TEST_F(StyleGan2File, NamesWhatHasAnotherShape) {
  TensorMap tensors = rosinality_tensors(kTiny);
  tensors["noises.noise_3"] = at::zeros({1, 1, 8, 8});
  tensors["convs.1.conv.modulation.bias"] = at::zeros({9});
  tensors["to_rgbs.0.conv.weight"] = at::zeros({1, 4, 5, 1, 1});
  const std::string line = refusal(tensors);
  EXPECT_TRUE(contains(line, "noises.noise_3 is [1,1,8,8], expected [1,1,16,16]")) << line;
  EXPECT_TRUE(contains(line, "convs.1.conv.modulation.bias is [9], expected [5]")) << line;
  EXPECT_TRUE(contains(line, "to_rgbs.0.conv.weight is [1,4,5,1,1], expected [1,3,5,1,1]")) << line;
}

TEST_F(StyleGan2File, ScalarsAndEmptyTensorsAreNoSizes) {
  for (const bool nvlabs : {false, true}) {
    for (const auto& [key, tensor] : both(nvlabs)) {
      if (key.ends_with("kernel") || key.ends_with("resample_filter")) continue;
      for (const Tensor& wrong : {at::zeros({0}), at::zeros({1, 0, 0, 0, 0}), at::zeros({2, 2})}) {
        TensorMap tensors = both(nvlabs);
        tensors[key] = wrong;
        const std::string line = refusal(tensors);
        EXPECT_TRUE(contains(line, key)) << key << ": " << line;
      }
    }
  }
}

TEST_F(StyleGan2File, NamesWhatIsLeftOver) {
  TensorMap tensors = nvlabs_tensors(kTiny);
  tensors["synthesis.b8.skip.weight"] = at::zeros({5, 6, 1, 1});
  EXPECT_TRUE(contains(refusal(tensors), "1 without use: synthesis.b8.skip.weight"));
  tensors = rosinality_tensors(kTiny);
  tensors["convs.9.conv.weight"] = at::zeros({1, 2, 2, 3, 3});
  EXPECT_TRUE(contains(refusal(tensors), "1 without use: convs.9.conv.weight"));
}

TEST_F(StyleGan2File, NamesWhatIsNotFinite) {
  TensorMap tensors = rosinality_tensors(kTiny);
  tensors["to_rgb1.bias"] = at::full({1, 3, 1, 1}, std::nan(""));
  const std::string line = refusal(tensors);
  EXPECT_TRUE(contains(line, "to_rgb1.bias")) << line;
  EXPECT_TRUE(contains(line, "NaN")) << line;
}

TEST_F(StyleGan2File, ForgedWidthsCostNoMemory) {
  for (const int64_t width : {4096, 4097, 3000000}) {
    TensorMap tensors = rosinality_tensors(kTiny);
    for (const char* layer : {"conv1", "convs.0", "convs.1", "convs.2", "convs.3"}) {
      tensors[std::string(layer) + ".activate.bias"] = at::zeros({width});
    }
    const std::string line = refusal(tensors);
    EXPECT_TRUE(contains(line, width > 4096 ? "conv1.activate.bias is wider" : "of another shape"))
        << line;
  }
}

TEST_F(StyleGan2File, TheMappingKnowsItsLearningRate) {
  TensorMap tensors = rosinality_tensors(kTiny);
  const Tensor z = named_values("z", {2, 8});
  const Tensor expected = loaded(tensors).map(z);
  for (auto& [key, tensor] : tensors) {
    if (key.starts_with("style.")) tensor = tensor / 50;
  }
  const StyleGan2 model = StyleGan2::load(saved(tensors), {.mapping_lr_mul = 0.5});
  EXPECT_TRUE(at::allclose(model.map(z), expected, 1e-5, 1e-5));
}

TEST_F(StyleGan2File, RelativesAreNamed) {
  TensorMap tensors = nvlabs_tensors(kTiny);
  tensors["mapping.embed.weight"] = at::zeros({7, 10});
  EXPECT_TRUE(contains(refusal(tensors), "class labels"));
  EXPECT_TRUE(contains(refusal({{"synthesis.input.freqs", at::zeros({4, 2})}}), "StyleGAN3"));
  EXPECT_TRUE(
      contains(refusal({{"visual.conv1.weight", at::zeros({4, 2})}}), "not those of a StyleGAN2"));
}

}  // namespace
}  // namespace vane::testing
