// SPDX-License-Identifier: Apache-2.0
// Oracle: network inputs and an embedding recorded from open_clip's image_transform on a crop of a
// photograph (tests/oracles/record_clip.py).
#include <gtest/gtest.h>

#include <fstream>

#include "engine/base/error.h"
#include "engine/clip/text_cache.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "tests/clip/clip_fixtures.h"

namespace vane {
namespace {

ClipPreprocess small() {
  ClipPreprocess preprocess;
  preprocess.image_size = 32;
  return preprocess;
}

TEST(Preprocess, ExactPathEqualsOpenClip) {
  const Recorded recorded("preprocess.safetensors");
  const Image photo = read_image(fixture("photo.png"));
  EXPECT_LT((preprocess_exact(photo, small())[0] - recorded["open_clip"]).abs().max().item<float>(),
            1e-5);
  ClipPreprocess squash = small();
  squash.resize = ClipPreprocess::Resize::squash;
  squash.bicubic = false;
  EXPECT_LT((preprocess_exact(photo, squash)[0] - recorded["open_clip_squash_bilinear"])
                .abs()
                .max()
                .item<float>(),
            1e-5);
  ClipPreprocess longest = small();
  longest.resize = ClipPreprocess::Resize::longest;
  EXPECT_LT((preprocess_exact(photo, longest)[0] - recorded["open_clip_longest"])
                .abs()
                .max()
                .item<float>(),
            1e-5);
}

TEST(Preprocess, HuggingFaceCropStartsOnePixelEarlierForThisMargin) {
  // 130x96 becomes 43x32: margin 11, half of it 5.5, rounded to even 6, floored 5.
  const Image photo = read_image(fixture("photo.png"));
  ClipPreprocess hugging_face = small();
  hugging_face.crop = ClipPreprocess::CropRounding::hugging_face;
  const Tensor a = preprocess_exact(photo, small()), b = preprocess_exact(photo, hugging_face);
  EXPECT_TRUE(at::equal(a.slice(3, 0, 31), b.slice(3, 1, 32)));
  EXPECT_FALSE(at::equal(a, b));
}

TEST(Preprocess, DifferentiablePathStaysCloseToTheExactOne) {
  const Image photo = read_image(fixture("photo.png"));
  const Tensor exact = preprocess_exact(photo, small());
  const Tensor smooth = preprocess_differentiable(image_to_tensor(photo), small());
  // 8-bit rounding only: below one step of 1/255 on average (clip sheet 4.1), in units of std.
  EXPECT_LT((exact - smooth).abs().mean().item<double>(), 1.0 / 255 / 0.26);
  EXPECT_LT((exact - smooth).abs().max().item<double>(), 12.0 / 255 / 0.26);
}

TEST(Preprocess, ResizeAdjointMatchesItsForward) {
  // <A x, y> = <x, A^T y> for the linear part, in float64.
  const Tensor x = named_values("x", {1, 3, 23, 41}).to(at::kDouble).requires_grad_(true);
  const Tensor y = named_values("y", {1, 3, 8, 13}).to(at::kDouble);
  const Tensor ax = resize_bicubic(x, 8, 13);
  const Tensor aty = torch::autograd::grad({(ax * y).sum()}, {x})[0];
  const double left = (ax * y).sum().item<double>(), right = (x * aty).sum().item<double>();
  EXPECT_NEAR(left, right, 1e-10 * std::abs(left) + 1e-12);
}

TEST(ClipEncoder, FromFileToEmbeddingAgreesWithOpenClip) {
  const Recorded recorded("preprocess.safetensors");
  const ClipModel model = named_model("tiny_vit");
  const Tensor embedding = model.image_embedding_exact(read_image(fixture("photo.png")));
  const double cosine = (unit(embedding) * unit(recorded["embedding"])).sum().item<double>();
  EXPECT_GT(cosine, 0.9999);
  EXPECT_LT(relative_error(embedding, recorded["embedding"]), 1e-4);
}

TEST(ClipEncoder, ImageGradientReachesEveryPixelOfTheCrop) {
  const ClipModel model = named_model("tiny_vit");
  const Tensor image = (named_values("im", {1, 3, 40, 64}, 0.2) + 0.5).requires_grad_(true);
  const Tensor loss = (model.image_features(image) * named_values("p", {1, 32})).sum();
  const Tensor gradient = torch::autograd::grad({loss}, {image})[0];
  EXPECT_GT((gradient.slice(3, 14, 50) != 0).to(at::kFloat).mean().item<double>(), 0.99);
  EXPECT_EQ(gradient.slice(3, 0, 10).abs().max().item<double>(), 0.0);  // cropped away
}

ClipModel speaking_model(const std::string& hash) {
  ClipConfig config = recorded_config("tiny_vit");
  config.text.vocab_size = Tokenizer::kVocabulary;
  ClipModel model = ClipModel::random(config, Rng(2));
  model.facts.hash = hash;
  return model;
}

TEST(ClipEncoder, TextsAloneAndTogetherGiveTheSameEmbedding) {
  const ClipModel model = speaking_model("");
  const std::vector<std::string> texts{"a photo of a cat", "sunset over the sea, warm light", ""};
  const Tensor together = model.text_embedding(texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_LT(relative_error(together[int64_t(i)], model.text_embedding({texts[i]})[0]), 1e-5);
  }
}

TEST(ClipEncoder, LongTextIsCutAndSaysSo) {
  const ClipModel model = speaking_model("");
  std::string long_text;
  for (int i = 0; i < 300; ++i) long_text += "word ";
  std::vector<bool> truncated;
  const Tensor both = model.text_embedding({long_text, "short"}, &truncated);
  EXPECT_EQ(truncated, (std::vector<bool>{true, false}));
  EXPECT_TRUE(at::isfinite(both).all().item<bool>());
}

TEST(ClipEncoder, RememberedTextsAreReturnedUnchangedAndAcrossRuns) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "cache.vtc";
  ClipModel model = speaking_model("h");
  const Tensor plain = model.text_embedding({"a", "b"});
  model.remember_texts(std::make_shared<TextCache>(file, 32));
  EXPECT_TRUE(at::equal(model.text_embedding({"a", "b"}), plain));
  ClipModel other = ClipModel::random(model.config, Rng(99));  // would compute something else
  const auto reread = std::make_shared<TextCache>(file, 32);
  EXPECT_EQ(reread->size(), 2u);
  other.remember_texts(reread);
  EXPECT_TRUE(at::equal(other.text_embedding({"b", "a"}), plain.flip(0)));
  EXPECT_FALSE(at::equal(other.text_embedding({"c", "a"})[0], plain[0]));
}

TEST(TextCache, TornAndForeignRecordsAreSkipped) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "cache.vtc";
  TextCache(file, 2).store("first", {1.f, 2.f});
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  TextCache(file, 2).store("second", {3.f, 4.f});
  TextCache(file, 3).store("longer", {3.f, 4.f, 5.f});
  const TextCache cache(file, 2);
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.find("second"), (std::vector<float>{3.f, 4.f}));
  EXPECT_FALSE(cache.find("first").has_value());
}

TEST(ImageTensor, RoundTripKeepsEverySample) {
  const Image photo = read_image(fixture("photo.png"));
  EXPECT_EQ(tensor_to_image(image_to_tensor(photo)).u8, photo.u8);
  Image deep;
  deep.width = 3;
  deep.height = 1;
  deep.depth = 16;
  deep.u16 = {0, 1, 2, 65535, 65534, 300, 257, 256, 255};
  EXPECT_EQ(tensor_to_image(image_to_tensor(deep), 16).u16, deep.u16);
}

TEST(ImageTensor, GreyIsReplicatedAndAlphaKeptApart) {
  Image grey;
  grey.width = 2;
  grey.height = 1;
  grey.channels = 2;
  grey.u8 = {10, 255, 20, 51};
  const Tensor rgb = image_to_tensor(grey);
  EXPECT_EQ(rgb.sizes(), (at::IntArrayRef{1, 3, 1, 2}));
  EXPECT_FLOAT_EQ(rgb[0][2][0][1].item<float>(), 20.f / 255);
  EXPECT_FLOAT_EQ(alpha_to_tensor(grey)[0][0][0][1].item<float>(), 0.2f);
  EXPECT_FLOAT_EQ(mask_to_tensor(grey)[0][0][0][0].item<float>(), 10.f / 255);
}

}  // namespace
}  // namespace vane
