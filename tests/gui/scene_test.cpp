// SPDX-License-Identifier: Apache-2.0
// Oracle: the document behind the window, files on disk, the same through the services alone.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "editing/document/render.h"
#include "editing/document/scene_steps.h"
#include "engine/scene/splat_file.h"
#include "tests/gui/headless_window.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::FakeServices;
using testing::HeadlessWindow;

std::string bytes_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void wait(ImGuiTestContext* context, App& app) {
  do {
    context->Yield(2);
  } while (app.is_working());
  context->Yield(2);
}

void open_scene(HeadlessWindow& window, bool lifted = true) {
  window.app().open(window.scene("toys.ply", lifted));
  window.settle();
  ASSERT_TRUE(window.scene_session().is_open());
}

void look_for(ImGuiTestContext* context, App& app, const char* text) {
  context->ItemClick("//Edits/##thing");
  context->KeyCharsReplaceEnter(text);
  wait(context, app);
}

void export_as(ImGuiTestContext* context, App& app, const fs::path& path) {
  context->Yield(2);
  context->ItemClick("//Files/##path");
  context->KeyCharsReplaceEnter(path.c_str());
  wait(context, app);
}

const Edit& last_edit(const SceneSession& scene) { return *scene.stack().edits().back(); }

TEST(SceneWindow, HandsAndKeysMoveTheCamera) {
  HeadlessWindow window;
  open_scene(window);
  SceneSession& scene = window.scene_session();
  EXPECT_EQ(window.app().workspace(), Workspace::scene);
  EXPECT_EQ(scene.gaussians(), 40);
  const OrbitCamera first = scene.camera;
  const auto pixels = [&] { return scene.picture()->u8; };
  ASSERT_TRUE(scene.picture());
  const std::vector<uint8_t> before = pixels();
  EXPECT_NE(*std::max_element(before.begin(), before.end()), 0);
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->MouseMove("//Picture/Scene view");
    context->MouseDragWithDelta({80, 20});
    wait(context, window.app());
    IM_CHECK(!(scene.camera == first));
    IM_CHECK(!scene.is_draft());
    IM_CHECK(pixels() != before);
    context->KeyPress(ImGuiKey_Home);
    wait(context, window.app());
    IM_CHECK(scene.camera == first);
    IM_CHECK(pixels() == before);
    context->ItemClick("//Edits/##thing");
    context->KeyPress(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_L);
    context->Yield(3);
    for (const ImGuiKey key : {ImGuiKey_Equal, ImGuiKey_LeftArrow, ImGuiKey_UpArrow, ImGuiKey_W,
                               ImGuiKey_A, ImGuiKey_Q}) {
      const OrbitCamera was = scene.camera;
      context->KeyPress(key);
      IM_CHECK(!(scene.camera == was));
    }
    const OrbitCamera was = scene.camera;
    context->MouseMove("//Picture/Scene view");
    context->MouseWheelY(2);
    IM_CHECK(!(scene.camera == was));
    context->ItemClick("//Picture/Reset view");
    IM_CHECK(scene.camera == first);
  }));
}

TEST(SceneCamera, TurnsAroundWhatItLooksAtAndComesBack) {
  OrbitCamera camera;
  Orbit orbit;
  orbit.middle = {1, 2, 3};
  orbit.start = {0, -2, -4};
  Camera lens;
  lens.width = lens.height = 100;
  lens.fx = lens.fy = 100;
  camera.begin(orbit, lens);
  const Camera first = camera.camera(80, 60);
  const auto distance = [&](const Camera& one) { return one.to_camera({1, 2, 3})[2]; };
  EXPECT_NEAR(distance(first), std::sqrt(20.0), 1e-9);
  camera.turn(0.7, 0.3);
  const Camera turned = camera.camera(80, 60);
  EXPECT_NEAR(distance(turned), std::sqrt(20.0), 1e-9);
  EXPECT_NEAR(turned.to_camera({1, 2, 3})[0], 0, 1e-9);
  EXPECT_NEAR(turned.to_camera({1, 2, 3})[1], 0, 1e-9);
  camera.turn(-0.7, -0.3);
  for (size_t k = 0; k < 12; ++k) {
    EXPECT_NEAR(camera.camera(80, 60).world_to_camera[k], first.world_to_camera[k], 1e-9);
  }
  // A hand that goes to the right takes what is near with it.
  const auto x_of = [&](const Camera& one) {
    const auto p = one.to_camera({1, 1, 2});
    return p[0] / p[2];
  };
  const double before = x_of(first);
  camera.turn(0.1, 0);
  EXPECT_GT(x_of(camera.camera(80, 60)), before);
  camera.reset();
  camera.turn(0, 100);  // never over the pole
  EXPECT_LT(camera.camera(80, 60).centre()[1], 2 - 4.4);
  camera.approach(0.5);
  EXPECT_NEAR(distance(camera.camera(80, 60)), std::sqrt(20.0) / 2, 1e-9);
}

TEST(SceneWindow, AnotherThresholdAsksNothingAnew) {
  HeadlessWindow window;
  open_scene(window);
  SceneSession& scene = window.scene_session();
  FakeServices::forget_calls();
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    look_for(context, window.app(), "left");
    const SceneFinding* found = scene.stage().finding(last_edit(scene).id);
    IM_CHECK(found && found->present);
    IM_CHECK(found->selected->size() == size_t{20});
    const std::vector<uint8_t> shown = scene.picture()->u8;
    context->ItemInputValue("//Edits/**/##threshold", 0.95f);
    wait(context, window.app());
    found = scene.stage().finding(last_edit(scene).id);
    IM_CHECK(found->known && !found->present);
    IM_CHECK(scene.picture()->u8 != shown);
    context->KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z);
    wait(context, window.app());
    IM_CHECK(scene.stage().finding(last_edit(scene).id)->present);
    IM_CHECK(scene.picture()->u8 == shown);
  }));
  EXPECT_EQ(FakeServices::calls()["query"], 1);
}

TEST(SceneWindow, WhatIsNotThereIsSaidAndNothingIsSelected) {
  HeadlessWindow window;
  open_scene(window);
  SceneSession& scene = window.scene_session();
  EXPECT_TRUE(
      window.run([&](ImGuiTestContext* context) { look_for(context, window.app(), "nothing"); }));
  const SceneFinding* found = scene.stage().finding(last_edit(scene).id);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->known);
  EXPECT_FALSE(found->present);
  EXPECT_TRUE(found->selected->empty());
  EXPECT_NE(scene.notices().back().text.find("not there"), std::string::npos);
  EXPECT_TRUE(scene.command_text(window.folder() / "out.ply").empty());
}

TEST(SceneWindow, WhatIsDeletedAndRecolouredIsExportedAsTheCommandsWriteIt) {
  HeadlessWindow window;
  open_scene(window);
  SceneSession& scene = window.scene_session();
  const fs::path selection = window.folder() / "left.ply", whole = window.folder() / "out.ply";
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    look_for(context, window.app(), "left");
    context->ItemClick("//Edits/**/Export…");
    export_as(context, window.app(), selection);
    context->ItemClick("//Edits/**/Delete");
    wait(context, window.app());
    IM_CHECK(scene.stage().cloud->size() == 20);
    look_for(context, window.app(), "right");
    context->ItemClick("//Edits/**/Recolour");
    wait(context, window.app());
    context->KeyPress(ImGuiMod_Ctrl | ImGuiKey_E);
    export_as(context, window.app(), whole);
  }));
  EXPECT_EQ(read_splats(selection, {}).cloud.size(), 20);
  // What is shown is what is written.
  const SplatCloud written = read_splats(whole, {}).cloud;
  const SplatCloud& shown = *scene.stage().cloud;
  EXPECT_EQ(written.position, shown.position);
  EXPECT_EQ(written.sh0, shown.sh0);
  EXPECT_EQ(written.opacity_logit, shown.opacity_logit);
  EXPECT_NE(shown.sh0, scene.stage().cloud->rows({0}).sh0);
  // And what the commands write by themselves.
  const std::string bytes = bytes_of(whole);
  fs::remove_all(window.folder() / "toys.ply.vane");
  fs::remove(whole);
  const SceneField field{scene.field(), {}};
  FakeServices services;
  QuietJob job;
  DocumentRenderer(services).run(
      scene_steps(scene.stage().changed_by, scene.places(), field, whole), true, job);
  EXPECT_EQ(bytes_of(whole), bytes);
  const std::string line = scene.command_text(whole);
  EXPECT_NE(line.find("vane query "), std::string::npos) << line;
  EXPECT_NE(line.find("--text left --delete "), std::string::npos) << line;
  EXPECT_NE(line.find("--recolour blue"), std::string::npos) << line;
}

TEST(SceneWindow, UndoneAndRedoneItIsTheSame) {
  HeadlessWindow window;
  open_scene(window);
  SceneSession& scene = window.scene_session();
  Edit edit;
  edit.kind = EditKind::scene;
  edit.scene.text = "left";
  edit.id = scene.add(edit);
  window.settle();
  for (const char* action : {"isolate", "show", "recolour", "delete"}) {
    edit.scene.action = action;
    scene.change(edit, action);
    window.settle();
  }
  const uint64_t hash = scene.stack().hash();
  const std::vector<float> positions = scene.stage().cloud->position;
  EXPECT_EQ(positions.size(), size_t{60});
  while (scene.history().can_undo()) scene.undo();
  window.settle();
  EXPECT_EQ(scene.stage().cloud->size(), 40);
  EXPECT_TRUE(scene.stage().findings.empty());
  while (scene.history().can_redo()) scene.redo();
  window.settle();
  EXPECT_EQ(scene.stack().hash(), hash);
  EXPECT_EQ(scene.stage().cloud->position, positions);
  scene.save();
  window.restart();
  window.app().open(window.folder() / "toys.ply");
  window.settle();
  EXPECT_EQ(window.scene_session().stack().hash(), hash);
  EXPECT_EQ(window.scene_session().stage().cloud->position, positions);
}

TEST(SceneWindow, WithoutAFieldItIsLifted) {
  HeadlessWindow window;
  fs::create_directories(window.folder() / "photos");
  open_scene(window, false);
  SceneSession& scene = window.scene_session();
  EXPECT_FALSE(scene.has_field());
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    IM_CHECK(!context->ItemExists("//Edits/##thing"));
    context->ItemClick("//Edits/##dataset");
    context->KeyCharsReplaceEnter((window.folder() / "photos").c_str());
    context->ItemClick("//Edits/Lift");
    wait(context, window.app());
    IM_CHECK(scene.has_field());
    look_for(context, window.app(), "right");
    IM_CHECK(scene.stage().finding(last_edit(scene).id)->present);
  }));
}

TEST(SceneWindow, WhatFailsOrIsStoppedIsSaidAndCanBeAskedAgain) {
  HeadlessWindow window;
  open_scene(window);
  SceneSession& scene = window.scene_session();
  FakeServices::forget_calls();
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    look_for(context, window.app(), "fail");
    IM_CHECK(!scene.stage().finding(last_edit(scene).id)->problem.empty());
    IM_CHECK(FakeServices::calls()["query"] == 1);
    context->ItemClick("//Edits/**/Ask again");
    wait(context, window.app());
    IM_CHECK(FakeServices::calls()["query"] == 2);
    context->KeyPress(ImGuiKey_Delete);
    context->ItemClick("//Edits/##thing");
    context->KeyCharsReplaceEnter("slow");
    context->Yield(10);
    IM_CHECK(scene.busy());
    context->ItemClick("//Activity/Stop");
    wait(context, window.app());
    IM_CHECK(!scene.busy());
    IM_CHECK(!scene.stage().finding(last_edit(scene).id)->problem.empty());
  }));
}

TEST(SceneWindow, AFaultySceneLeavesTheOpenOneAlone) {
  HeadlessWindow window;
  open_scene(window);
  const std::string bytes = bytes_of(window.folder() / "toys.ply");
  std::ofstream(window.folder() / "cut.ply", std::ios::binary)
      << bytes.substr(0, bytes.size() - 100);
  window.app().open(window.folder() / "cut.ply");
  window.settle();
  EXPECT_EQ(window.scene_session().notices().back().kind, Notice::Kind::error);
  EXPECT_EQ(window.scene_session().name(), "toys.ply");
  EXPECT_TRUE(window.scene_session().is_open());
}

}  // namespace
}  // namespace vane
