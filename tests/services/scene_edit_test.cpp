// SPDX-License-Identifier: Apache-2.0
// Oracle: bytes of the files, a toybox whose things are known, and the second encoder.
#include "editing/services/scene_edit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "editing/language/toy_splats.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/clip/clip_encoder.h"
#include "engine/scene/ply.h"
#include "engine/scene/splat_file.h"
#include "generators/language/language_field.h"
#include "generators/toybox/toy_tracer.h"
#include "generators/toybox/toy_world.h"
#include "generators/toybox/toybox.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A teapot and a mushroom, and a field that knows them without a mistake.
class SceneEditTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::path(::testing::TempDir()) / ("scene_edit_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    ToyScene scene = make_toy_scene(1, 0, {"still-life", "any", 96, 96});
    const std::vector<ToyCamera> cameras = toy_orbit(scene, 8);
    std::vector<ToyFrame> frames;
    QuietJob job;
    LanguageField field;
    for (const ToyCamera& camera : cameras) {
      scene.camera = camera;
      frames.push_back(render_toybox(scene, {2, 2}, job));
      field.cameras.push_back(camera_of(camera, frames.back()));
      field.view_names.push_back(std::to_string(field.cameras.size()));
    }
    splats_ = toy_splats(cameras, frames);
    write_splats(folder_ / "scene.ply", splats_.cloud);
    const auto clip = load_clip("clip-mini");
    const Tensor names = clip->text_features({"the floor", "a teapot", "a mushroom"}).contiguous();
    field.gaussians = splats_.cloud.size();
    field.dim = static_cast<int>(names.size(1));
    field.clip = "clip-mini";
    field.clip_hash = clip->info().hash;
    field.scene = "scene.ply";
    field.scene_hash = hex64(xxh64(
        MappedFile::open(folder_ / "scene.ply", UINT64_MAX, static_cast<int>(ErrorCode::input))
            ->view()));
    field.crops = "context";
    const auto count = static_cast<size_t>(field.gaussians);
    for (const char* name : {"s", "m", "l"}) {
      LanguageLevel level;
      level.name = name;
      level.object.assign(count * kFieldSlots, kNoObject);
      level.share.assign(count * kFieldSlots, 0);
      level.weight.assign(count, 1.f);
      level.features.assign(names.const_data_ptr<float>(),
                            names.const_data_ptr<float>() + names.numel());
      level.mass = {1.f, 1.f, 1.f};
      level.views = {8, 8, 8};
      for (size_t i = 0; i < count; ++i) {
        level.object[i * kFieldSlots] = static_cast<int16_t>(splats_.thing[i]);
        level.share[i * kFieldSlots] = 255;
      }
      field.levels.push_back(std::move(level));
    }
    write_language_field(folder_ / "scene.lang", field);
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static EditRequest request(const std::string& to) {
    EditRequest request;
    request.input = folder_ / "scene.ply";
    request.to = to;
    request.steps = 25;
    request.output = folder_ / "out.ply";
    return request;
  }
  static ErrorCode code_of(const EditRequest& request) {
    QuietJob job;
    try {
      edit(request, job);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  }

  static fs::path folder_;
  static ToySplats splats_;
  QuietJob job_;
};
fs::path SceneEditTest::folder_;
ToySplats SceneEditTest::splats_;

TEST_F(SceneEditTest, OneThingChangesAndTheRestKeepsItsBytes) {
  EditRequest wanted = request("a red mushroom");
  wanted.mask = "a mushroom";
  const EditResult result = edit(wanted, job_);
  EXPECT_TRUE(result.is_scene);
  EXPECT_GT(result.gain, 0.02);
  EXPECT_GT(result.rest_psnr, 45);
  EXPECT_GT(result.delta_a, 1);  // CIELAB's a: redder
  const SplatCloud after = read_splats(wanted.output, {}).cloud, &before = splats_.cloud;
  int64_t right = 0, wrong = 0;
  for (int64_t i = 0; i < before.size(); ++i) {
    const SplatCloud a = before.rows({i}), b = after.rows({i});
    if (a.sh0 == b.sh0) continue;
    (splats_.thing[static_cast<size_t>(i)] == 2 ? right : wrong) += 1;
  }
  EXPECT_GT(right, 9 * wrong);
  EXPECT_EQ(after.position, before.position);
  EXPECT_EQ(after.opacity_logit, before.opacity_logit);
  EXPECT_EQ(after.log_scale, before.log_scale);
  EXPECT_EQ(after.rotation, before.rotation);
}

TEST_F(SceneEditTest, AChangeIsDoneAgainAndTakenBackToTheLastBit) {
  EditRequest wanted = request("a warm photo");
  wanted.steps = 5;
  wanted.groups = "tone,colour,opacity,shape,position";
  const EditResult result = edit(wanted, job_);
  EXPECT_NE(bytes_of(wanted.output), bytes_of(wanted.input));
  EditRequest again;
  again.apply = result.recipe;
  again.input = wanted.input;
  again.output = folder_ / "again.ply";
  edit(again, job_);
  EXPECT_EQ(bytes_of(again.output), bytes_of(wanted.output));
  again.input = wanted.output;
  again.strength = 0;
  again.output = folder_ / "back.ply";
  edit(again, job_);
  EXPECT_EQ(bytes_of(again.output), bytes_of(wanted.input));
}

TEST_F(SceneEditTest, StrengthNoughtChangesNothing) {
  EditRequest wanted = request("a warm photo");
  wanted.steps = 2;
  wanted.strength = 0;
  edit(wanted, job_);
  EXPECT_EQ(bytes_of(wanted.output), bytes_of(wanted.input));
}

TEST_F(SceneEditTest, WhatIsNotThereIsNotEdited) {
  EditRequest wanted = request("a golden car");
  wanted.mask = "a car";
  wanted.output = folder_ / "none.ply";
  EXPECT_EQ(code_of(wanted), ErrorCode::input);
  EXPECT_FALSE(fs::exists(wanted.output));
}

TEST_F(SceneEditTest, RequestsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(code_of(request("")), ErrorCode::usage);
  EditRequest wanted = request("a warm photo");
  wanted.groups = "tone,smell";
  EXPECT_EQ(code_of(wanted), ErrorCode::usage);
  wanted = request("a warm photo");
  wanted.output = folder_ / "out.png";
  EXPECT_EQ(code_of(wanted), ErrorCode::usage);
  wanted = request("a warm photo");
  wanted.input = folder_ / "scene.splat";
  write_splats(wanted.input, splats_.cloud);
  EXPECT_EQ(code_of(wanted), ErrorCode::input);
  wanted = request("");
  wanted.apply = folder_ / "scene.lang";
  EXPECT_EQ(code_of(wanted), ErrorCode::checkpoint);
  wanted = request("a red photo");
  wanted.mask = "a mushroom";
  wanted.field = folder_ / "missing.lang";
  EXPECT_NE(code_of(wanted), ErrorCode::internal);
}

}  // namespace
}  // namespace vane
