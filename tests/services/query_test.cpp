// SPDX-License-Identifier: Apache-2.0
// Oracle: a toybox, whose things are known in every view and in space, with exact masks that mean
// exactly their names (splatting sheet, section 14), so that no judgement of CLIP's is tested here;
// bytes of files.
#include "editing/services/query.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "editing/language/toy_splats.h"
#include "editing/services/lift.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/clip/clip_encoder.h"
#include "engine/image/codec.h"
#include "engine/regions/region_maps.h"
#include "engine/scene/ply.h"
#include "engine/scene/splat_file.h"
#include "generators/language/found_splats.h"
#include "generators/language/language_field.h"
#include "generators/toybox/toy_world.h"
#include "generators/toybox/toybox.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The rows of a .ply and what comes before them.
struct Rows {
  std::string header;
  std::vector<std::string> rows;
  explicit Rows(const fs::path& file) {
    const std::string bytes = bytes_of(file);
    const PlyHeader ply = parse_ply_header(std::as_bytes(std::span(bytes)));
    const PlyElement& vertex = *ply.find("vertex");
    header = bytes.substr(0, ply.data_at);
    for (uint64_t i = 0; i < vertex.count; ++i) {
      rows.push_back(bytes.substr(ply.data_at + i * vertex.row_bytes, vertex.row_bytes));
    }
  }
};

// One scene for all tests: a teapot and a mushroom, lifted with exact masks.
class Query : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::path(::testing::TempDir()) / ("query_" + std::to_string(::getpid()));
    ToyboxDatasetRequest toys;
    toys.views = 10;
    toys.kind = "still-life";
    toys.size = "128x128";
    toys.seed = kSeed;
    toys.threads = 2;
    toys.output = folder_ / "toys";
    QuietJob job;
    toybox_dataset(toys, job);
    ToyScene scene = make_toy_scene(kSeed, 0, {"still-life", "any", 128, 128});
    const std::vector<ToyCamera> cameras = toy_orbit(scene, 10);
    std::vector<ToyFrame> frames;
    for (const ToyCamera& camera : cameras) {
      scene.camera = camera;
      frames.push_back(render_toybox(scene, {2, 2}, job));
    }
    splats_ = toy_splats(cameras, frames);
    write_splats(folder_ / "scene.ply", splats_.cloud);
    for (const ToyThing& thing : scene.things) kinds_.push_back(thing.kind);
    const auto clip = load_clip("clip-mini");
    const Tensor names = clip->text_features({"a teapot", "a mushroom"}).contiguous();
    fs::create_directories(folder_ / "masks");
    for (size_t view = 0; view < frames.size(); ++view) {
      Image ids = frames[view].picture();
      ids.channels = 1;
      ids.u8 = frames[view].instance;
      RegionMaps maps = region_maps_of_ids(ids);
      maps.dim = static_cast<int>(names.size(1));
      maps.features.resize(static_cast<size_t>(maps.count * maps.dim));
      for (size_t i = 0; i < ids.u8.size(); ++i) {
        if (ids.u8[i] == 0) continue;
        std::copy_n(names.data_ptr<float>() + (ids.u8[i] - 1) * maps.dim, maps.dim,
                    maps.features.begin() + maps.labels[0][i] * maps.dim);
      }
      write_region_maps(folder_ / "masks" / fmt::format("{:06}", view), maps);
    }
    LiftRequest lifting;
    lifting.scene = folder_ / "scene.ply";
    lifting.dataset = folder_ / "toys";
    lifting.masks = folder_ / "masks";
    lifting.save_masks = folder_ / "saved";
    lifting.output = folder_ / "scene.lang";
    lifted_ = lift(lifting, job);
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static QueryRequest request(std::vector<std::string> texts) {
    QueryRequest request;
    request.field = folder_ / "scene.lang";
    request.texts = std::move(texts);
    return request;
  }
  template <class Call>
  static ErrorCode code_of(Call&& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  }

  static constexpr uint64_t kSeed = 1;
  static fs::path folder_;
  static ToySplats splats_;
  static LiftResult lifted_;
  static std::vector<std::string> kinds_;
  QuietJob job_;
};
fs::path Query::folder_;
ToySplats Query::splats_;
LiftResult Query::lifted_;
std::vector<std::string> Query::kinds_;

TEST_F(Query, LiftingReportsWhatItDid) {
  ASSERT_EQ(kinds_, (std::vector<std::string>{"teapot", "mushroom"}));
  const auto transforms = nlohmann::json::parse(bytes_of(folder_ / "toys" / "transforms.json"));
  EXPECT_EQ(static_cast<size_t>(lifted_.views), transforms["train_filenames"].size());
  EXPECT_EQ(lifted_.gaussians, splats_.cloud.size());
  ASSERT_EQ(lifted_.levels.size(), 3u);
  // Of the masks of two things in nine views most became one object with those of other views.
  EXPECT_GE(lifted_.levels[1].objects, 2);
  EXPECT_LE(lifted_.levels[1].objects, lifted_.views);
  EXPECT_EQ(static_cast<uint64_t>(lifted_.bytes), fs::file_size(folder_ / "scene.lang"));
  EXPECT_TRUE(fs::exists(folder_ / "saved" / "000000_s.npy"));
  EXPECT_TRUE(fs::exists(folder_ / "saved" / "000000_f.npy"));
}

TEST_F(Query, SavedMasksGiveTheSameField) {
  LiftRequest again;
  again.scene = folder_ / "scene.ply";
  again.dataset = folder_ / "toys";
  again.masks = folder_ / "saved";
  again.output = folder_ / "again.lang";
  lift(again, job_);
  EXPECT_EQ(bytes_of(folder_ / "again.lang"), bytes_of(folder_ / "scene.lang"));
}

TEST_F(Query, LangSplatsWayFindsTheSameThing) {
  LiftRequest trained;
  trained.scene = folder_ / "scene.ply";
  trained.dataset = folder_ / "toys";
  trained.masks = folder_ / "masks";
  trained.method = "langsplat";
  trained.iterations = 400;
  trained.save_masks = folder_ / "features";
  trained.save_autoencoder = folder_ / "autoencoder.safetensors";
  trained.save_checkpoints = folder_ / "model";
  trained.output = folder_ / "trained.lang";
  lift(trained, job_);
  // The published layout: latents of three numbers beside the features, with the same maps.
  const RegionMaps latents = read_region_maps(folder_ / "features_dim3" / "000000");
  EXPECT_EQ(latents.dim, 3);
  EXPECT_EQ(latents.labels, read_region_maps(folder_ / "features" / "000000").labels);
  QueryRequest asked = request({"a teapot"});
  asked.field = trained.output;
  asked.select = folder_ / "teapot.ply";
  const QueryResult found = query(asked, job_);
  ASSERT_EQ(found.texts.size(), 1u);
  int64_t right = 0, all = 0;
  const Rows selected(asked.select), scene(folder_ / "scene.ply");
  const std::set<std::string> chosen(selected.rows.begin(), selected.rows.end());
  for (size_t i = 0; i < scene.rows.size(); ++i) {
    if (chosen.count(scene.rows[i]) == 0) continue;
    ++all;
    right += splats_.thing[i] == 1;
  }
  EXPECT_GT(all, 100);
  EXPECT_GT(right, all * 9 / 10);

  LiftRequest again = trained;
  again.save_masks.clear();
  again.save_autoencoder.clear();
  again.save_checkpoints.clear();
  again.autoencoder = trained.save_autoencoder;
  again.output = folder_ / "trained-again.lang";
  lift(again, job_);
  EXPECT_EQ(bytes_of(again.output), bytes_of(trained.output));
  // The published models in place of training, whatever the number of iterations.
  again.iterations = 1;
  for (const char* level : {"model_1", "model_2", "model_3"}) {
    again.checkpoints.push_back(folder_ / level / "chkpnt400.pth");
  }
  lift(again, job_);
  EXPECT_EQ(bytes_of(again.output), bytes_of(trained.output));
  again.checkpoints.pop_back();
  EXPECT_EQ(code_of([&] { lift(again, job_); }), ErrorCode::usage);
  again.checkpoints = {fs::path(VANE_TEST_DATA) / "scene/data/cloud_language.pth",
                       fs::path(VANE_TEST_DATA) / "scene/data/cloud_language.pth",
                       fs::path(VANE_TEST_DATA) / "scene/data/cloud_language.pth"};
  EXPECT_EQ(code_of([&] { lift(again, job_); }), ErrorCode::input);
  again.checkpoints.clear();
  again.method = "direct";
  EXPECT_EQ(code_of([&] { lift(again, job_); }), ErrorCode::usage);
}

TEST_F(Query, WithoutMasksWholesComeFromTheGeometry) {
  LiftRequest lifting;
  lifting.scene = folder_ / "scene.ply";
  lifting.dataset = folder_ / "toys";
  lifting.output = folder_ / "built-in.lang";
  lift(lifting, job_);
  const LanguageField field = read_language_field(lifting.output);
  const LanguageLevel& wholes = field.levels.back();
  std::vector<int16_t> object_of_thing;
  for (uint8_t thing = 1; thing <= 2; ++thing) {
    std::map<int16_t, int> votes;
    int all = 0, most = 0;
    for (size_t i = 0; i < splats_.thing.size(); ++i) {
      const int16_t object = wholes.object[i * kFieldSlots];
      if (splats_.thing[i] != thing || object < 0) continue;
      ++all;
      if (++votes[object] > most) {
        most = votes[object];
        object_of_thing.resize(thing);
        object_of_thing.back() = object;
      }
    }
    EXPECT_GT(most, 0.8 * all);
  }
  EXPECT_NE(object_of_thing[0], object_of_thing[1]);
}

TEST_F(Query, FindsTheThingInSpaceAndInTheView) {
  QueryRequest asked = request({"a mushroom"});
  asked.output = folder_ / "found";
  const QueryResult result = query(asked, job_);
  ASSERT_EQ(result.texts.size(), 1u);
  const QueryText& text = result.texts[0];
  EXPECT_TRUE(text.present);
  EXPECT_EQ(fs::path(text.heat).filename(), "01-a-mushroom.png");
  ASSERT_GE(text.view, 0);
  // Views are numbered as in the data set.
  const std::string name = fmt::format("{:06}.png", text.view);
  const Image truth = read_image(folder_ / "toys" / "instances" / name);
  EXPECT_EQ(truth.u8[static_cast<size_t>(text.point[1] * 128 + text.point[0])], 2);
  const Image mask = read_image(text.mask);
  int64_t both = 0, either = 0;
  for (size_t i = 0; i < mask.u8.size(); ++i) {
    both += mask.u8[i] > 0 && truth.u8[i] == 2;
    either += mask.u8[i] > 0 || truth.u8[i] == 2;
  }
  EXPECT_GT(static_cast<double>(both), 0.7 * static_cast<double>(either));
  // The box is that of the mask.
  for (size_t i = 0; i < mask.u8.size(); ++i) {
    if (mask.u8[i] == 0) continue;
    const auto x = static_cast<int64_t>(i % 128), y = static_cast<int64_t>(i / 128);
    EXPECT_TRUE(x >= text.box[0] && x < text.box[2] && y >= text.box[1] && y < text.box[3]);
  }
}

TEST_F(Query, SelectionsAndTheirRestAreTheRowsOfTheScene) {
  QueryRequest asked = request({"a mushroom"});
  asked.select = folder_ / "mushroom.ply";
  asked.remove = folder_ / "rest.ply";
  const QueryResult result = query(asked, job_);
  const Rows all(folder_ / "scene.ply"), chosen(asked.select), rest(asked.remove);
  ASSERT_EQ(static_cast<int64_t>(chosen.rows.size()), result.selected);
  EXPECT_GT(result.selected, 500);
  // Both together are the scene, row for row and in its order.
  size_t a = 0, b = 0;
  double right = 0;
  for (size_t i = 0; i < all.rows.size(); ++i) {
    if (a < chosen.rows.size() && chosen.rows[a] == all.rows[i]) {
      right += splats_.thing[i] == 2;
      ++a;
    } else {
      ASSERT_LT(b, rest.rows.size());
      ASSERT_EQ(rest.rows[b++], all.rows[i]);
    }
  }
  EXPECT_EQ(a, chosen.rows.size());
  EXPECT_EQ(b, rest.rows.size());
  EXPECT_GT(right, 0.9 * static_cast<double>(chosen.rows.size()));
}

TEST_F(Query, WhatWasWrittenCanBeAskedAgain) {
  QueryRequest asked = request({"a mushroom"});
  asked.remove = folder_ / "without.ply";
  asked.written_field = folder_ / "without.lang";
  const QueryResult first = query(asked, job_);
  QueryRequest again = request({"a mushroom"});
  again.field = asked.written_field;
  const QueryResult second = query(again, job_);
  EXPECT_EQ(second.of, splats_.cloud.size() - first.selected);
  EXPECT_LT(second.texts[0].score, first.texts[0].score);
  again.texts = {"a teapot"};
  EXPECT_TRUE(query(again, job_).texts[0].present);
  asked.select = folder_ / "both.ply";
  EXPECT_EQ(code_of([&] { query(asked, job_); }), ErrorCode::usage);
}

TEST_F(Query, ScoresSelectWhatTheCommandSelects) {
  QueryRequest asked = request({"a mushroom"});
  const QueryResult command = query(asked, job_);
  asked.scores = true;
  asked.level = command.texts[0].level;
  const QueryText text = query(asked, job_).texts.at(0);
  EXPECT_EQ(text.level, asked.level);
  EXPECT_EQ(text.view, -1);
  EXPECT_EQ(found_splats(splats_.cloud, text.weight, text.relevancy, command.texts[0].score,
                         asked.threshold),
            command.rows);
}

TEST_F(Query, RecolouringLeavesTheOthersAsTheyWere) {
  QueryRequest asked = request({"a mushroom"});
  asked.recolour = "#2040c0";
  asked.recoloured = folder_ / "blue.ply";
  const QueryResult result = query(asked, job_);
  const Rows before(folder_ / "scene.ply"), after(asked.recoloured);
  EXPECT_EQ(before.header, after.header);
  ASSERT_EQ(before.rows.size(), after.rows.size());
  int64_t changed = 0;
  for (size_t i = 0; i < before.rows.size(); ++i) changed += before.rows[i] != after.rows[i];
  EXPECT_EQ(changed, result.selected);
  // What changed is blue now.
  const SplatCloud cloud = read_splats(asked.recoloured, {}).cloud;
  for (size_t i = 0; i < before.rows.size(); ++i) {
    if (before.rows[i] == after.rows[i]) continue;
    ASSERT_GE(cloud.sh0[3 * i + 2], cloud.sh0[3 * i]);
  }
}

TEST_F(Query, WhatIsNotThereIsNotFound) {
  QueryRequest asked = request({"a toy car"});
  asked.select = folder_ / "car.ply";
  const QueryResult result = query(asked, job_);
  EXPECT_FALSE(result.texts[0].present);
  EXPECT_EQ(result.selected, 0);
  EXPECT_TRUE(result.written.empty());
  EXPECT_FALSE(fs::exists(asked.select));
}

TEST_F(Query, WrongRequestsAreRefused) {
  EXPECT_EQ(code_of([&] { query(request({}), job_); }), ErrorCode::usage);
  EXPECT_EQ(code_of([&] { query(request({"..."}), job_); }), ErrorCode::usage);
  QueryRequest asked = request({"a mushroom"});
  asked.view = 99;
  EXPECT_EQ(code_of([&] { query(asked, job_); }), ErrorCode::usage);
  asked = request({"a mushroom"});
  asked.recolour = "blue";
  EXPECT_EQ(code_of([&] { query(asked, job_); }), ErrorCode::usage);
  asked.recoloured = folder_ / "x.ply";
  asked.recolour = "blueish";
  EXPECT_EQ(code_of([&] { query(asked, job_); }), ErrorCode::usage);
  // A scene that changed since.
  asked = request({"a mushroom"});
  asked.scene = folder_ / "other.ply";
  fs::copy_file(folder_ / "scene.ply", asked.scene);
  std::ofstream(asked.scene, std::ios::app) << ' ';
  EXPECT_EQ(code_of([&] { query(asked, job_); }), ErrorCode::input);
  // Another CLIP.
  asked = request({"a mushroom"});
  asked.clip = (assets_folder() / "models" / "clip-audit").string();
  EXPECT_EQ(code_of([&] { query(asked, job_); }), ErrorCode::checkpoint);
}

}  // namespace
}  // namespace vane
