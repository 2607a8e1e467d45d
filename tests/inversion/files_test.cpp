// SPDX-License-Identifier: Apache-2.0
// Oracles: a checkpoint as encoder4editing saves it with what its own encoder makes of it
// (tests/oracles/record_inversion.py); files of tiny networks under the published names.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "engine/base/error.h"
#include "tests/inversion/named_networks.h"
#include "tests/support/gzip.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;
using Tensors = std::map<std::string, Tensor>;

class InversionFiles : public ::testing::Test {
 protected:
  InversionFiles() {
    folder_ = fs::path(::testing::TempDir()) /
              ("inversion_" + std::to_string(::getpid()) +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  ~InversionFiles() override { fs::remove_all(folder_); }

  fs::path saved(const Tensors& tensors,
                 const std::map<std::string, std::string>& metadata = {}) const {
    const fs::path path = folder_ / "weights.safetensors";
    save_tensors(path, tensors, metadata);
    return path;
  }

  template <class Load>
  static std::string refusal(const fs::path& path, Load load) {
    try {
      load(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
      EXPECT_EQ(error.file(), path.string()) << error.what();
      const std::string line = error.what();
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
      return line;
    }
    ADD_FAILURE() << "accepted";
    return {};
  }

  fs::path folder_;
  const at::NoGradGuard no_grad_;
};

#define EXPECT_CONTAINS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << (text)

Tensors encoder_tensors(const InversionEncoder& encoder) {
  Tensors all = tensors_of(encoder, "encoder.");
  all["latent_avg"] = encoder.latent_avg;
  return all;
}

const auto kLoadEncoder = [](const fs::path& path) { load_inversion_encoder(path); };

TEST_F(InversionFiles, APublishedCheckpointGivesWhatItsOwnEncoderMakesOfIt) {
  const fs::path fixtures = fs::path(VANE_TEST_DATA) / "inversion/fixtures";
  const fs::path path = folder_ / "e4e.pt";
  std::ofstream(path, std::ios::binary) << read_gzip(fixtures / "e4e_layout.pt.gz");
  const InversionEncoder encoder = load_inversion_encoder(path);
  EXPECT_EQ(encoder.kind, EncoderKind::e4e);
  EXPECT_EQ(encoder.rows(), 8);
  EXPECT_EQ(encoder.backbone.widths, kTinyWidths);
  const Tensor w_plus = invert(encoder, inversion_picture("tiny picture", {2, 3, 256, 256})).w_plus;
  EXPECT_LT(difference(w_plus, recorded("layout").take("e4e", {2, 8, 32})), 1e-4);
  EXPECT_GT((w_plus - encoder.latent_avg).square().mean().sqrt().item<double>(), 0.1);
}

TEST_F(InversionFiles, SafetensorsSayTheKindInTheirMetadata) {
  const InversionEncoder tiny = tiny_encoder();
  const Tensor image = inversion_picture("tiny picture", {1, 3, 256, 256});
  const std::vector<std::pair<EncoderKind, const char*>> kinds{
      {EncoderKind::e4e, "Encoder4Editing"}, {EncoderKind::psp, "GradualStyleEncoder"}};
  std::vector<Tensor> rows;
  for (const auto& [kind, name] : kinds) {
    const fs::path path = saved(encoder_tensors(tiny), {{"encoder_type", name}});
    const InversionEncoder encoder = load_inversion_encoder(path);
    EXPECT_EQ(encoder.kind, kind);
    EXPECT_EQ(encoder.backbone.widths, kTinyWidths);
    EXPECT_FALSE(encoder.content_hash.empty());
    rows.push_back(invert(encoder, image).w_plus);
  }
  EXPECT_LT(difference(rows[0], invert(tiny, image).w_plus), 2e-5);
  EXPECT_GT(difference(rows[0], rows[1]), 0.05);
  const fs::path silent = saved(encoder_tensors(tiny));
  EXPECT_CONTAINS(refusal(silent, kLoadEncoder), "pSp or an e4e encoder");
  EXPECT_EQ(load_inversion_encoder(silent, EncoderKind::psp).kind, EncoderKind::psp);
  const fs::path other = saved(encoder_tensors(tiny), {{"encoder_type", "ResNetEncoder"}});
  EXPECT_CONTAINS(refusal(other, kLoadEncoder), "\"ResNetEncoder\"");
}

TEST_F(InversionFiles, RowsChannelsAndTheMeanFollowTheFile) {
  InversionEncoder wide =
      filled(make_inversion_encoder(EncoderKind::psp, 2, kTinyWidths, 6), "encoder.");
  wide.latent_avg = named_values("row", {32});
  const InversionEncoder encoder =
      load_inversion_encoder(saved(encoder_tensors(wide)), EncoderKind::psp);
  EXPECT_EQ(encoder.rows(), 2);
  EXPECT_EQ(encoder.backbone.channels, 6);
  // One row of the mean serves all.
  EXPECT_TRUE(at::equal(encoder.latent_avg, wide.latent_avg.expand({2, 32})));
  Tensors without = encoder_tensors(wide);
  without.erase("latent_avg");
  const fs::path path = saved(without);
  EXPECT_CONTAINS(
      refusal(path, [](const fs::path& file) { load_inversion_encoder(file, EncoderKind::psp); }),
      "latent_avg");
  const fs::path told = saved(encoder_tensors(wide), {{"start_from_latent_avg", "False"}});
  EXPECT_FALSE(load_inversion_encoder(told, EncoderKind::psp).latent_avg.defined());
}

TEST_F(InversionFiles, FaultsOfEncodersAreNamed) {
  const std::map<std::string, std::string> metadata{{"encoder_type", "Encoder4Editing"}};
  const Tensors whole = encoder_tensors(tiny_encoder());
  const auto refused = [&](const std::function<void(Tensors&)>& change) {
    Tensors all = whole;
    change(all);
    return refusal(saved(all, metadata), kLoadEncoder);
  };
  EXPECT_CONTAINS(refused([](Tensors& all) { all.erase("encoder.latlayer2.bias"); }),
                  "1 missing: encoder.latlayer2.bias");
  EXPECT_CONTAINS(refused([](Tensors& all) { all["encoder.extra"] = at::zeros({2}); }),
                  "1 without use: encoder.extra");
  EXPECT_CONTAINS(refused([](Tensors& all) { all["stray"] = at::zeros({2}); }),
                  "1 without use: stray");
  EXPECT_CONTAINS(refused([](Tensors& all) {
                    all["latent_avg"] = at::zeros({3, 32});
                  }),
                  "latent_avg is [3,32], expected [8,32]");
  EXPECT_CONTAINS(refused([](Tensors& all) {
                    all["encoder.body.4.res_layer.3.weight"] = at::zeros({32, 16, 3, 3});
                  }),
                  "encoder.body.4.res_layer.3.weight is [32,16,3,3], expected [32,32,3,3]");
  EXPECT_CONTAINS(refused([](Tensors& all) {
                    all["encoder.body.4.res_layer.4.running_mean"].fill_(std::nan(""));
                  }),
                  "encoder.body.4.res_layer.4.running_mean");
  EXPECT_CONTAINS(refused([](Tensors& all) {
                    all["encoder.body.3.res_layer.1.weight"] = at::zeros({20, 16, 3, 3});
                  }),
                  "encoder.body.3.res_layer.1.weight is [20,16,3,3], expected [128,16,3,3]");
  EXPECT_CONTAINS(
      refused([](Tensors& all) { all["encoder.body.3.res_layer.1.weight"] = at::zeros({32}); }),
      "encoder.body.3.res_layer.1.weight");
  EXPECT_CONTAINS(refusal(saved({{"w", at::zeros({2})}}), kLoadEncoder),
                  "encoder.styles.0.linear.weight");
}

TEST_F(InversionFiles, CountersOfBatchesAndTheGeneratorArePassedOver) {
  Tensors all = encoder_tensors(tiny_encoder());
  all["encoder.input_layer.1.num_batches_tracked"] = at::zeros({}, at::kLong);
  all["encoder.body.3.shortcut_layer.1.num_batches_tracked"] = at::zeros({}, at::kLong);
  all["decoder.style.1.weight"] = at::zeros({2, 2});
  EXPECT_EQ(load_inversion_encoder(saved(all), EncoderKind::e4e).rows(), 8);
}

TEST_F(InversionFiles, AFaceRecogniserIsRead) {
  FaceRecogniser tiny = filled(make_face_recogniser(kTinyWidths), "identity.");
  const FaceRecogniser read = load_face_recogniser(saved(tensors_of(tiny, "")));
  const Tensor face = inversion_picture("face", {1, 3, 256, 256});
  EXPECT_LT(difference(face_identity(read, face), face_identity(tiny, face)), 1e-5);
  Tensors broken = tensors_of(tiny, "");
  broken.erase("output_layer.3.bias");
  EXPECT_CONTAINS(refusal(saved(broken), [](const fs::path& path) { load_face_recogniser(path); }),
                  "1 missing: output_layer.3.bias");
}

TEST_F(InversionFiles, ADeltaMapperIsReadForItsGenerator) {
  const std::vector<ConvStyle> convs{{4, 6}, {8, 6}, {16, 6}, {16, 6}, {64, 6}, {64, 3}};
  const DeltaMapper mapper =
      filled(make_delta_mapper(delta_mapper_shape(convs, 8)), "tiny.", named_mapper_value);
  const fs::path path = saved(tensors_of(mapper, ""));
  const DeltaMapper read = load_delta_mapper(path, convs);
  EXPECT_EQ(read.shape.condition, 8);
  const Tensor styles = named_values("s", {1, 33}), condition = named_values("c", {1, 8});
  EXPECT_LT(
      difference(style_delta(read, styles, condition), style_delta(mapper, styles, condition)),
      1e-5);
  // Made for another generator.
  EXPECT_CONTAINS(
      refusal(path,
              [](const fs::path& file) { load_delta_mapper(file, published_conv_styles(64)); }),
      "sm_coarse.mapping.1.weight is [6,6], expected [512,512]");
  EXPECT_CONTAINS(refusal(saved({{"w", at::zeros({2})}}),
                          [&](const fs::path& file) { load_delta_mapper(file, convs); }),
                  "cm_coarse.mapping.1.weight");
}

TEST_F(InversionFiles, ClipInverterIsReadWithAndWithoutItsSecondStage) {
  const TextAdapter adapter = filled(make_text_adapter({16, 32, 32, 64}, 6, 8), "adapter.");
  const RowRefiner refiner = filled(make_row_refiner(6, 6, 32), "decoder.");
  Tensors first = tensors_of(adapter, "adapter.");
  first["decoder.style.1.weight"] = at::zeros({2, 2});
  Tensors both = first;
  both.merge(tensors_of(refiner, "decoder."));
  const ClipInverter whole = load_clip_inverter(saved(both));
  ASSERT_TRUE(whole.refiner);
  const Tensor text = named_values("t", {1, 6}), w_plus = named_values("w", {1, 6, 32});
  EXPECT_LT(
      difference(refined_rows(*whole.refiner, w_plus, text), refined_rows(refiner, w_plus, text)),
      1e-5);
  const PyramidFeatures features{.c1 = named_values("c1", {1, 32, 4, 4}),
                                 .c2 = named_values("c2", {1, 32, 2, 2}),
                                 .c3 = named_values("c3", {1, 64, 2, 2})};
  EXPECT_LT(difference(adapted_features(whole.adapter, features, text).c3,
                       adapted_features(adapter, features, text).c3),
            1e-5);
  EXPECT_FALSE(load_clip_inverter(saved(first)).refiner);

  const auto load = [](const fs::path& path) { load_clip_inverter(path); };
  Tensors broken = both;
  broken.erase("decoder.lambdas.3");
  EXPECT_CONTAINS(refusal(saved(broken), load), "without use: decoder.affine_mlps.3.0.bias");
  broken = both;
  broken.erase("adapter.fine_mapping.modulation_module_list.0.norm.bias");
  EXPECT_CONTAINS(refusal(saved(broken), load),
                  "1 missing: adapter.fine_mapping.modulation_module_list.0.norm.bias");
  broken = both;
  broken["adapter.coarse_mapping.modulation_module_list.0.conv.weight"] = at::zeros({40, 40, 3, 3});
  EXPECT_CONTAINS(refusal(saved(broken), load), "conv.weight is [40,40,3,3]");
  EXPECT_CONTAINS(refusal(saved({{"w", at::zeros({2})}}), load), "adapter.coarse_mapping");
}

TEST_F(InversionFiles, ALatentMapperIsReadWithTheLevelsThatItHas) {
  const LatentMapper mapper = filled(make_latent_mapper(5), "mapper.", named_mapper_value);
  Tensors all = tensors_of(mapper, "mapper.");
  const Tensor w_plus = named_values("w", {1, 9, 5});
  EXPECT_LT(
      difference(latent_step(load_latent_mapper(saved(all)), w_plus), latent_step(mapper, w_plus)),
      1e-5);
  std::erase_if(all,
                [](const auto& entry) { return entry.first.find("fine_") != std::string::npos; });
  EXPECT_FALSE(load_latent_mapper(saved(all)).fine);
  const auto load = [](const fs::path& path) { load_latent_mapper(path); };
  all.erase("mapper.course_mapping.mapping.2.bias");
  EXPECT_CONTAINS(refusal(saved(all), load), "1 missing: mapper.course_mapping.mapping.2.bias");
  EXPECT_CONTAINS(refusal(saved({{"mapper.mapper_0.mapping.1.weight", at::zeros({2, 2})}}), load),
                  "holds no latent mapper");
}

}  // namespace
}  // namespace vane::testing
