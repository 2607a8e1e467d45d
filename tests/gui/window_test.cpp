// SPDX-License-Identifier: Apache-2.0
// Oracle: the document behind the window, files on disk, the same through the services alone.
#include <gtest/gtest.h>
#include <imgui_internal.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "editing/document/commands.h"
#include "editing/document/render.h"
#include "engine/base/rng.h"
#include "engine/base/text.h"
#include "tests/gui/headless_window.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::HeadlessWindow;

std::string bytes_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void wait_for_jobs(ImGuiTestContext* context, Session& session) {
  do {
    context->Yield(2);
  } while (session.busy() || session.previewing());
  context->Yield(2);
}

TEST(Window, APhraseIsAppliedSlidUndoneAndExported) {
  HeadlessWindow window;
  Session& session = window.session();
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Picture/Sample rocket");
    context->Yield(2);
    IM_CHECK(session.is_open());
    context->ItemClick("//Edits/##phrase");
    context->KeyCharsReplaceEnter("warm light");
    wait_for_jobs(context, session);
    IM_CHECK(session.stack().size() == size_t{1});
    const Edit& edit = *session.stack().edits().front();
    IM_CHECK(edit.develop.to == std::string("warm light"));
    IM_CHECK(!edit.found.empty());
    context->ItemInputValue("//Edits/**/##strength", 0.5f);
    wait_for_jobs(context, session);
    IM_CHECK(session.stack().edits().front()->strength == 0.5);
    context->KeyPress(ImGuiMod_Ctrl | ImGuiKey_Z);
    IM_CHECK(session.stack().edits().front()->strength == 1.0);
    context->KeyPress(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_Z);
    IM_CHECK(session.stack().edits().front()->strength == 0.5);
  }));
  const fs::path exported = window.folder() / "out.png";
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->KeyPress(ImGuiMod_Ctrl | ImGuiKey_E);
    context->Yield(2);
    context->ItemClick("//Files/##path");
    context->KeyCharsReplaceEnter(exported.c_str());
    wait_for_jobs(context, session);
    IM_CHECK(fs::exists(exported));
  }));
  // What the command line would write.
  const std::string bytes = bytes_of(exported);
  fs::remove(exported);
  testing::FakeServices services;
  QuietJob job;
  DocumentRenderer(services).run(picture_steps(session.stack(), session.places(), exported), true,
                                 job);
  EXPECT_EQ(bytes_of(exported), bytes);
  EXPECT_FALSE(bytes.empty());
}

TEST(Window, AJobIsStoppedByItsButtonAndLeavesTheRestAlone) {
  HeadlessWindow window;
  Session& session = window.session();
  window.app().open(window.photo("a.png"));
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Edits/##phrase");
    context->KeyCharsReplaceEnter("slow");
    context->Yield(10);
    IM_CHECK(session.busy());
    for (int i = 0; i < 2000 && !session.job().picture; ++i) {
      context->Yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    IM_CHECK(session.job().picture != nullptr);
    context->ItemClick("//Activity/Stop");
    wait_for_jobs(context, session);
  }));
  EXPECT_FALSE(session.busy());
  ASSERT_EQ(session.stack().size(), 1u);
  EXPECT_TRUE(session.stack().edits().front()->found.empty());
  EXPECT_NE(session.notices().back().text.find("stopped"), std::string::npos);
}

TEST(Window, ThePictureFollowsAHandThatDoesNotRest) {
  HeadlessWindow window;
  Session& session = window.session();
  window.app().open(window.photo("large.png", 1400, 1000));
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Edits/##phrase");
    context->KeyCharsReplaceEnter("laborious");
    wait_for_jobs(context, session);
  }));
  ASSERT_EQ(session.stack().size(), 1u);
  Edit edit = *session.stack().edits().front();
  const int64_t before = session.answers();
  // Every change comes before the picture of the last one can be there.
  for (int i = 0; i < 1000 && session.answers() < before + 10; ++i) {
    edit.strength = 0.3 + 1e-4 * i;
    session.change(edit, "Strength", "slide");
    session.poll();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GE(session.answers(), before + 10);
  EXPECT_TRUE(session.previewing());
  EXPECT_GT(session.answer_ms(), 0);
  window.settle();
  EXPECT_FALSE(session.is_draft());
}

TEST(Window, WhatFailsIsSaidAndChangesNothing) {
  HeadlessWindow window;
  Session& session = window.session();
  window.app().open(window.photo("a.png"));
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Edits/##phrase");
    context->KeyCharsReplaceEnter("fail");
    wait_for_jobs(context, session);
  }));
  EXPECT_EQ(session.notices().back().kind, Notice::Kind::error);
  EXPECT_TRUE(session.stack().edits().front()->found.empty());
  std::ofstream(window.folder() / "text.png") << "no picture";
  window.app().open(window.folder() / "text.png");
  EXPECT_EQ(session.notices().back().kind, Notice::Kind::error);
  EXPECT_EQ(session.name(), "a.png");
}

TEST(Window, ADirectionIsPutTogetherExplainedAndFollowed) {
  HeadlessWindow window;
  Session& session = window.session();
  window.app().open(window.photo("a.png"));
  const fs::path example = window.photo("beach.png");
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->KeyPress(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_D);
    context->Yield(2);
    context->ItemClick("//Direction/$$0/##to");
    context->KeyCharsReplaceEnter("warm light");
    context->ItemClick("//Direction/Add a source");
    context->ItemClick("//Direction/$$1/##source");
    context->Yield(2);
    context->ItemClick("//$FOCUSED/Example picture");
    context->ItemClick("//Direction/$$1/to: a picture/##path");
    context->KeyCharsReplaceEnter(example.c_str());
    context->ItemInputValue("//Direction/$$1/##weight", 0.25f);
    context->ItemClick("//Direction/Make direction");
    wait_for_jobs(context, session);
  }));
  ASSERT_TRUE(session.made_direction().has_value());
  const fs::path first = session.made_direction()->file;
  EXPECT_EQ(first.filename(), "warm-light-like-beach-png.safetensors");
  EXPECT_EQ(bytes_of(first), "(a photo>warm light | a.png>beach.png)");
  EXPECT_EQ(session.made_direction()->words.toward.front().word, "evening");
  // A word is taken out by a click on it, and the direction made again.
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Direction/**/boats");
    context->ItemClick("//Direction/Make direction");
    wait_for_jobs(context, session);
    context->ItemClick("//Direction/Develop along it");
    wait_for_jobs(context, session);
  }));
  const fs::path second = session.made_direction()->file;
  EXPECT_NE(second, first);
  EXPECT_EQ(bytes_of(second), "(a photo>warm light | a.png>beach.png) - boats");
  ASSERT_EQ(session.stack().size(), 1u);
  const Edit& edit = *session.stack().edits().front();
  EXPECT_EQ(edit.develop.direction, second.filename());
  EXPECT_FALSE(edit.found.empty());
  // Nothing is left of what lay between.
  int files = 0;
  for (const auto& entry : fs::directory_iterator(session.places().folder)) {
    files += entry.path().extension() == ".safetensors";
  }
  EXPECT_EQ(files, 2);
}

TEST(Window, ACrashLosesNothing) {
  HeadlessWindow window;
  const fs::path photo = window.photo("a.png");
  window.app().open(photo);
  Edit edit;
  edit.kind = EditKind::enhance;
  window.session().add(edit);
  edit.kind = EditKind::develop;
  edit.develop.to = "warm";
  window.session().add(edit);
  window.session().undo();
  const uint64_t hash = window.session().stack().hash();
  window.restart();
  window.app().open(photo);
  EXPECT_TRUE(window.session().stack().empty());
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->Yield(2);
    context->ItemClick("//Recover/Recover them");
  }));
  EXPECT_EQ(window.session().stack().hash(), hash);
  EXPECT_TRUE(window.session().history().can_redo());
  window.session().save();
  window.restart();
  window.app().open(photo);
  EXPECT_FALSE(window.session().can_recover());
  EXPECT_EQ(window.session().stack().hash(), hash);
}

TEST(Window, AFolderIsEnhanced) {
  HeadlessWindow window;
  Session& session = window.session();
  for (const char* name : {"in/a.png", "in/b.png", "in/c.png"}) window.photo(name);
  window.app().open(window.folder() / "in");
  EXPECT_EQ(window.app().workspace(), Workspace::batch);
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Edits/Start batch");
    wait_for_jobs(context, session);
    IM_CHECK(session.batch().has_value());
  }));
  EXPECT_EQ(session.batch()->ok, 3);
  EXPECT_TRUE(fs::exists(window.folder() / "in" / "enhanced" / "b.png"));
}

TEST(Window, EveryActionIsReachedByThePaletteAndDoesNoHarm) {
  HeadlessWindow window;
  Session& session = window.session();
  window.app().open(window.photo("a.png"));
  Edit edit;
  edit.kind = EditKind::enhance;
  session.add(edit);
  for (const Action& action : window.app().actions()) {
    if (action.name == "File/Quit") continue;
    const std::string name = action.name;
    EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
      context->KeyPress(ImGuiMod_Ctrl | ImGuiKey_K);
      context->Yield(2);
      IM_CHECK(context->ItemExists("//Commands/##command"));
      context->KeyChars(name.c_str());
      context->Yield(2);
      context->KeyPress(ImGuiKey_Enter);
      context->Yield(2);
      context->PopupCloseAll();
      wait_for_jobs(context, session);
    })) << name;
  }
  EXPECT_TRUE(session.is_open());
}

TEST(Window, TypedLettersAreNoShortcuts) {
  HeadlessWindow window;
  window.app().open(window.photo("a.png"));
  Edit edit;
  edit.kind = EditKind::enhance;
  window.session().add(edit);
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Edits/##phrase");
    context->KeyChars("silver 01");
    context->KeyPress(ImGuiKey_Delete);
    context->Yield(2);
  }));
  EXPECT_EQ(window.session().stack().size(), 1u);
}

/// Random hands on mouse and keyboard. VANE_MONKEY_STEPS sets how long (tests/CMakeLists.txt).
TEST(Window, RandomHandsBreakNothing) {
  HeadlessWindow window;
  Session& session = window.session();
  window.photo("b.png");
  const fs::path scene = window.scene("c.ply", true);
  window.app().open(scene);
  window.settle();
  Edit thing;
  thing.kind = EditKind::scene;
  thing.scene.text = "left";
  window.scene_session().add(thing);
  window.app().open(window.photo("a.png", 200, 120));
  const char* const asked = std::getenv("VANE_MONKEY_STEPS");
  const long long steps = asked ? parse_integer(asked).value_or(1000) : 1000;
  constexpr ImGuiKey kKeys[] = {
      ImGuiKey_Tab,       ImGuiKey_Enter,     ImGuiKey_Escape, ImGuiKey_Space, ImGuiKey_UpArrow,
      ImGuiKey_DownArrow, ImGuiKey_LeftArrow, ImGuiKey_Delete, ImGuiKey_S,     ImGuiKey_B,
      ImGuiKey_M,         ImGuiKey_L,         ImGuiKey_1,      ImGuiKey_0,     ImGuiKey_Backspace,
      ImGuiKey_F9,        ImGuiKey_F1,        ImGuiKey_Home,   ImGuiKey_W,     ImGuiKey_A,
      ImGuiKey_E,         ImGuiKey_H,         ImGuiKey_X};
  constexpr ImGuiKey kControlled[] = {ImGuiKey_Z, ImGuiKey_E,     ImGuiKey_K,     ImGuiKey_D,
                                      ImGuiKey_R, ImGuiKey_1,     ImGuiKey_2,     ImGuiKey_3,
                                      ImGuiKey_4, ImGuiKey_3,     ImGuiKey_T,     ImGuiKey_L,
                                      ImGuiKey_S, ImGuiKey_Equal, ImGuiKey_Minus, ImGuiKey_0};
  Rng rng(20);
  ImGuiIO& io = ImGui::GetIO();
  const auto tap = [&](ImGuiKey key) {
    io.AddKeyEvent(key, true);
    window.frame();
    io.AddKeyEvent(key, false);
  };
  for (long long i = 0; i < steps; ++i) {
    switch (rng.below(8)) {
      case 0:
      case 1:
      case 2: {
        io.AddMousePosEvent(static_cast<float>(rng.below(1280)),
                            static_cast<float>(rng.below(800)));
        const int button = rng.below(6) == 0 ? 1 : 0;
        io.AddMouseButtonEvent(button, true);
        window.frame();
        if (rng.below(3) == 0) {
          io.AddMousePosEvent(static_cast<float>(rng.below(1280)),
                              static_cast<float>(rng.below(800)));
          window.frame();
        }
        io.AddMouseButtonEvent(button, false);
        break;
      }
      case 3:
        io.AddMouseWheelEvent(0, static_cast<float>(rng.below(5)) - 2);
        break;
      case 4:
        tap(kKeys[rng.below(std::size(kKeys))]);
        break;
      case 5:
        io.AddKeyEvent(ImGuiMod_Ctrl, true);
        if (rng.below(3) == 0) io.AddKeyEvent(ImGuiMod_Shift, true);
        tap(kControlled[rng.below(std::size(kControlled))]);
        io.AddKeyEvent(ImGuiMod_Shift, false);
        io.AddKeyEvent(ImGuiMod_Ctrl, false);
        break;
      case 6:
        io.AddInputCharacter(static_cast<unsigned>("ab c1.ü"[rng.below(6)]));
        break;
      default:
        if (rng.below(20) == 0) {
          io.DisplaySize = {static_cast<float>(200 + rng.below(1400)),
                            static_cast<float>(150 + rng.below(900))};
        }
        if (rng.below(100) == 0) window.app().open(scene);
        if (!session.is_open() || rng.below(200) == 0) window.app().open(window.folder() / "b.png");
    }
    window.frame();
  }
  session.stop();
  window.scene_session().stop();
  window.settle();
  if (!session.is_open()) window.app().open(window.folder() / "a.png");
  for (DocumentSession* document : {static_cast<DocumentSession*>(&session),
                                    static_cast<DocumentSession*>(&window.scene_session())}) {
    const uint64_t hash = document->stack().hash();
    const size_t position = document->history().position();
    while (document->history().can_undo()) document->undo();
    while (document->history().position() < position) document->redo();
    EXPECT_EQ(document->stack().hash(), hash);
  }
}

/// At 1:1 the photograph itself is shown with its edits, not the small copy that is worked on.
TEST(Window, ACloseLookShowsTheWholeResolution) {
  HeadlessWindow window;
  Session& session = window.session();
  window.app().open(window.photo("large.png", 2000, 1200));
  window.settle();
  ASSERT_LT(session.before()->width, 2000);
  EXPECT_FALSE(session.detail().after);
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Picture/1:1");
    wait_for_jobs(context, session);
    IM_CHECK(session.detail().after != nullptr);
    IM_CHECK_EQ(session.detail().after->width, 2000);
    IM_CHECK_EQ(session.detail().before->height, 1200);
    IM_CHECK(session.detail().after == session.detail().before);
    context->ItemClick("//Edits/Enhance light");
    wait_for_jobs(context, session);
    IM_CHECK(session.detail().after != nullptr);
    IM_CHECK_EQ(session.detail().after->width, 2000);
    // The same edit at either size.
    const SharedImage small = session.after().image, whole = session.detail().after;
    IM_CHECK(whole->u8 != session.detail().before->u8);
    IM_CHECK_EQ(int(whole->u8.front()), int(small->u8.front()));
    context->ItemClick("//Picture/Fit");
    context->Yield(2);
    IM_CHECK(session.detail().after == nullptr);
  }));
  window.app().open(window.photo("small.png", 800, 600));
  window.settle();
  EXPECT_TRUE(window.run([&](ImGuiTestContext* context) {
    context->ItemClick("//Picture/1:1");
    wait_for_jobs(context, session);
    IM_CHECK(session.detail().after == nullptr);
  }));
}

/// Memory of a session does not grow with its length beyond its history, which shares what it can.
TEST(Window, FiveHundredChangesShareTheirEdits) {
  HeadlessWindow window;
  Session& session = window.session();
  window.app().open(window.photo("a.png"));
  Edit edit;
  edit.kind = EditKind::enhance;
  const int64_t first = session.add(edit);
  const int64_t second = session.add(edit);
  for (int i = 0; i < 500; ++i) {
    Edit changed = *session.stack().find(second);
    changed.strength = 0.001 * i;
    session.change(changed, "Strength");
  }
  const auto& states = session.history().states();
  ASSERT_EQ(states.size(), 503u);
  EXPECT_EQ(states[2].stack.find(first), states.back().stack.find(first));
}

}  // namespace
}  // namespace vane
