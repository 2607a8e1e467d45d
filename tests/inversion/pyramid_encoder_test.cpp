// SPDX-License-Identifier: Apache-2.0
// Oracles: what the network promises of its rows; central differences.
#include "generators/inversion/pyramid_encoder.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/gradient_check.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class PyramidEncoderFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("vane_pyramid_") + info->name());
    fs::remove_all(folder_);
    const TinyNetwork network(folder_);
    generator_ = std::make_unique<MobileStyleGan>(MobileStyleGan::load(folder_));
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Weights everywhere, those of the rows included.
  PyramidEncoder random_encoder() const {
    PyramidEncoder encoder = initial_pyramid_encoder(*generator_, Rng(5));
    at::manual_seed(5);
    visit_parameters(encoder, [](const std::string& name, Tensor& tensor, const auto&) {
      if (name.starts_with("rows.")) tensor = at::randn_like(tensor) * 0.05;
    });
    return encoder;
  }

  fs::path folder_;
  std::unique_ptr<MobileStyleGan> generator_;
};

double distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST_F(PyramidEncoderFile, BeginsWithOneVectorForAllRows) {
  const PyramidEncoder encoder = initial_pyramid_encoder(*generator_, Rng(1));
  const Tensor rows = encode_face(encoder, at::rand({2, 3, 128, 128}));
  ASSERT_EQ(rows.sizes(), at::IntArrayRef({2, 8, 8}));
  EXPECT_TRUE(at::equal(rows, rows.narrow(1, 0, 1).expand_as(rows)));
  EXPECT_GT(distance(rows[0], rows[1]), 1e-4);
}

TEST_F(PyramidEncoderFile, RowsThatNothingReadsRepeatTheOneBefore) {
  const Tensor rows = encode_face(random_encoder(), at::rand({1, 3, 128, 128}));
  const std::vector<RowUse> uses = generator_->row_uses();
  for (int64_t i = 1; i < generator_->rows(); ++i) {
    EXPECT_EQ(at::equal(rows.select(1, i), rows.select(1, i - 1)), !uses[size_t(i)].is_read) << i;
  }
}

TEST_F(PyramidEncoderFile, LargerPicturesAreReduced) {
  const PyramidEncoder encoder = random_encoder();
  const Tensor face = at::rand({1, 3, 256, 256});
  EXPECT_LT(distance(encode_face(encoder, face), encode_face(encoder, at::avg_pool2d(face, 2))),
            1e-4);
  EXPECT_THROW(encode_face(encoder, at::rand({1, 3, 128, 120})), Error);
  EXPECT_THROW(encode_face(encoder, at::rand({1, 1, 128, 128})), Error);
}

TEST_F(PyramidEncoderFile, GradientsReachTheFace) {
  PyramidEncoder encoder = random_encoder();
  visit_parameters(encoder, [](const std::string&, Tensor& tensor, const auto&) {
    tensor = tensor.to(at::kDouble);
  });
  encoder.latent_avg = encoder.latent_avg.to(at::kDouble);
  const Tensor face = at::rand({1, 3, 128, 128}, at::kDouble);
  const Tensor weight = at::randn({1, 8, 8}, at::kDouble);
  // A patch of the picture, so that central differences stay affordable.
  const auto score = [&](const Tensor& patch) {
    Tensor whole = face.clone();
    whole.narrow(2, 60, 2).narrow(3, 40, 3).copy_(patch);
    return (encode_face(encoder, whole) * weight).sum();
  };
  EXPECT_LT(testing::gradient_error(score, face.narrow(2, 60, 2).narrow(3, 40, 3).contiguous()),
            1e-5);
}

TEST_F(PyramidEncoderFile, AFileBelongsToItsGenerator) {
  const PyramidEncoder encoder = random_encoder();
  const fs::path file = folder_ / "encoder.safetensors";
  save_pyramid_encoder(file, encoder);
  const PyramidEncoder again = load_pyramid_encoder(file, *generator_);
  const Tensor face = at::rand({1, 3, 128, 128});
  const Tensor rows = encode_face(encoder, face);
  // float16 holds 11 bits.
  EXPECT_LT(distance(encode_face(again, face), rows), 1e-2 * rows.abs().max().item<double>());
  EXPECT_FALSE(again.content_hash.empty());
  std::map<std::string, Tensor> tensors;
  PyramidEncoder copy = encoder;
  visit_parameters(copy, [&](const std::string& name, Tensor& tensor, const auto&) {
    if (name != "stem.bias") tensors[name] = tensor;
  });
  tensors["latent_avg"] = encoder.latent_avg;
  save_tensors(file, tensors, {{"generator", generator_->content_hash()}});
  try {
    load_pyramid_encoder(file, *generator_);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
    EXPECT_NE(std::string(error.what()).find("stem.bias"), std::string::npos) << error.what();
  }
  save_tensors(file, tensors, {{"generator", "0123456789abcdef"}});
  EXPECT_THROW(load_pyramid_encoder(file, *generator_), Error);
}

}  // namespace
}  // namespace vane
