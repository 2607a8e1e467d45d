// SPDX-License-Identifier: Apache-2.0
// Oracle: the generator itself, asked directly; tiny ones of the published layouts, and the
// published one where it is installed.
#include "editing/services/generate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "editing/services/models.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "generators/stylegan/stylegan2.h"
#include "tests/support/named_stylegan2.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class Generate : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("generate_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  GenerateRequest request(const std::string& output, int64_t count = 1) const {
    GenerateRequest request;
    request.generator = (folder_ / "tiny").string();
    request.output = folder_ / output;
    request.count = count;
    request.seed = 5;
    return request;
  }
  Tensor raw(const GenerateRequest& request) {
    generate(request, job_);
    return Weights(open_weights(request.output)).take("images", {-1, 3, -1, -1});
  }
  ErrorCode code_of(const GenerateRequest& request) {
    try {
      generate(request, job_);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  }

  fs::path folder_;
  QuietJob job_;
};

TEST_F(Generate, RawPicturesAreWhatTheGeneratorMakesOfTheSeed) {
  const TinyNetwork network(folder_ / "tiny");
  const Tensor pictures = raw(request("p.safetensors", 3));
  const MobileStyleGan model = MobileStyleGan::load(folder_ / "tiny");
  for (int64_t i = 0; i < 3; ++i) {
    const Tensor w = model.truncate(model.map(model.sample_z(5, i)), 0.8);
    EXPECT_TRUE(at::equal(pictures[i], model.synthesise(w)[0])) << i;
  }
  EXPECT_FALSE(at::allclose(pictures[0], pictures[1], 1e-3, 1e-3));
}

TEST_F(Generate, APictureOfASeedIsTheSameForEveryCount) {
  const TinyNetwork network(folder_ / "tiny");
  const Tensor one = raw(request("one.safetensors", 1)), four = raw(request("f.safetensors", 4));
  EXPECT_TRUE(at::equal(one[0], four[0]));
  EXPECT_TRUE(at::equal(raw(request("two.safetensors", 2))[1], four[1]));
}

TEST_F(Generate, SeveralPicturesAreNumbered) {
  const TinyNetwork network(folder_ / "tiny");
  const GenerateResult result = generate(request("face.png", 2), job_);
  EXPECT_EQ(fs::path(result.output).filename(), "face-0000.png");
  EXPECT_EQ(result.pictures, 2);
  EXPECT_EQ(result.width, 32);
  EXPECT_EQ(read_image(folder_ / "face-0001.png").height, 32);
  EXPECT_FALSE(fs::exists(folder_ / "face.png"));
  generate(request("single.png"), job_);
  EXPECT_TRUE(fs::exists(folder_ / "single.png"));
}

TEST_F(Generate, LatentsOfEveryKindAreRendered) {
  const TinyNetwork network(folder_ / "tiny");
  const MobileStyleGan model = MobileStyleGan::load(folder_ / "tiny");
  const Tensor z = model.sample_z(9, 0), w = model.map(z);
  save_tensors(folder_ / "z.safetensors", {{"z", z}});
  save_tensors(folder_ / "w.safetensors", {{"w", w}});
  save_tensors(folder_ / "w_plus.safetensors",
               {{"w_plus", model.truncate(w, 0.8).unsqueeze(1).repeat({1, model.rows(), 1})}});
  const Tensor expected = model.synthesise(model.truncate(w, 0.8));
  for (const char* kind : {"z", "w", "w_plus"}) {
    GenerateRequest asked = request("p.safetensors");
    asked.latent = folder_ / (std::string(kind) + ".safetensors");
    EXPECT_TRUE(at::allclose(raw(asked), expected, 1e-4, 1e-4)) << kind;
  }
}

TEST_F(Generate, CheckpointsOfStyleGan2AreGenerators) {
  const NamedStyleGan2 network{"small", {12, 10, 8}, 8, 8, 2};
  const fs::path path = folder_ / "network.safetensors";
  for (const bool nvlabs : {false, true}) {
    save_tensors(path, nvlabs ? nvlabs_tensors(network) : rosinality_tensors(network));
    ModelsInspectRequest inspect;
    inspect.path = path;
    EXPECT_EQ(models_inspect(inspect, job_).loads_as, "generate --generator");
    const StyleGan2 model = StyleGan2::load(path);
    const Tensor w = model.map(model.sample_z(5, 1));
    GenerateRequest asked = request("p.safetensors", 2);
    asked.generator = path.string();
    asked.truncation = 0.5;
    EXPECT_TRUE(at::equal(raw(asked)[1], model.synthesise(model.truncate(w, 0.5))[0]));
    asked.truncation_rows = 2;
    EXPECT_TRUE(at::equal(raw(asked)[1], model.synthesise(model.truncate(w, 0.5, 2))[0]));
    asked.truncation = 0;
    asked.truncation_rows = 0;
    const Tensor average = raw(asked);
    EXPECT_TRUE(at::allclose(average[0], average[1], 1e-5, 1e-5));
  }
}

TEST_F(Generate, AFileThatIsNoGeneratorIsNamed) {
  const fs::path path = folder_ / "network.safetensors";
  GenerateRequest asked = request("p.png");
  asked.generator = path.string();
  EXPECT_EQ(code_of(asked), ErrorCode::input);
  save_tensors(path, {{"fc.weight", at::zeros({2, 2})}});
  EXPECT_EQ(code_of(asked), ErrorCode::checkpoint);
  EXPECT_FALSE(fs::exists(asked.output));
}

TEST_F(Generate, LatentsOfAnotherShapeAreRefused) {
  const TinyNetwork network(folder_ / "tiny");
  GenerateRequest asked = request("p.png");
  asked.latent = folder_ / "bad.safetensors";
  for (const auto& [key, value] : std::vector<std::pair<std::string, Tensor>>{
           {"w", at::zeros({1, 9})}, {"w", at::zeros({0, 8})}, {"other", at::zeros({1, 8})}}) {
    save_tensors(asked.latent, {{key, value}});
    EXPECT_EQ(code_of(asked), ErrorCode::checkpoint) << key << value.sizes();
  }
  EXPECT_FALSE(fs::exists(asked.output));
}

TEST_F(Generate, AGeneratorThatIsNotThereIsAnInputNotFound) {
  EXPECT_EQ(code_of(request("p.png")), ErrorCode::input);
  EXPECT_FALSE(fs::exists(folder_ / "p.png"));
}

TEST_F(Generate, ThePublishedGeneratorMakesOnePictureOfASeed) {
  if (!fs::exists(models_folder() / "faces" / "SynthesisNetwork.xml")) {
    GTEST_SKIP() << "the face generator is not installed; ./setup.sh --get faces";
  }
  GenerateRequest asked = request("p.safetensors", 2);
  asked.generator = "faces";
  const Tensor two = raw(asked);
  ASSERT_EQ(two.sizes(), at::IntArrayRef({2, 3, 1024, 1024}));
  asked.count = 1;
  EXPECT_TRUE(at::allclose(raw(asked)[0], two[0], 1e-4, 1e-4));
  EXPECT_GT((two[0] - two[1]).abs().mean().item<double>(), 0.02);
}

}  // namespace
}  // namespace vane
