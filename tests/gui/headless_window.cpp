// SPDX-License-Identifier: Apache-2.0
#include "tests/gui/headless_window.h"

#include <gtest/gtest.h>
#include <implot.h>
#include <unistd.h>

#include <cstdlib>

#include "editing/services/lift.h"
#include "engine/image/codec.h"
#include "engine/scene/splat_file.h"
#include "gui/widgets/theme.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

const std::function<void(ImGuiTestContext*)>* running = nullptr;

/// What a renderer would do with the atlas of glyphs.
void accept_textures() {
  for (ImTextureData* texture : ImGui::GetPlatformIO().Textures) {
    if (texture->Status == ImTextureStatus_WantDestroy) {
      texture->SetTexID(ImTextureID_Invalid);
      texture->SetStatus(ImTextureStatus_Destroyed);
    } else if (texture->Status != ImTextureStatus_OK &&
               texture->Status != ImTextureStatus_Destroyed) {
      texture->SetTexID(1);
      texture->SetStatus(ImTextureStatus_OK);
    }
  }
}

}  // namespace

HeadlessWindow::HeadlessWindow() {
  folder_ = fs::canonical(::testing::TempDir()) /
            ("window_" + std::to_string(::getpid()) + "_" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  ::setenv("HOME", folder_.c_str(), 1);
  ::setenv("XDG_DATA_HOME", (folder_ / "data").c_str(), 1);
  start();
}

HeadlessWindow::~HeadlessWindow() {
  end();
  fs::remove_all(folder_);
}

void HeadlessWindow::start() {
  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
  io.BackendFlags |= ImGuiBackendFlags_RendererHasTextures | ImGuiBackendFlags_RendererHasVtxOffset;
  io.ConfigInputTextCursorBlink = false;
  io.IniFilename = nullptr;
  io.DisplaySize = {1280, 800};
  io.DeltaTime = 1.f / 60;
  load_fonts();
  engine_ = ImGuiTestEngine_CreateContext();
  ImGuiTestEngineIO& test = ImGuiTestEngine_GetIO(engine_);
  test.ConfigRunSpeed = ImGuiTestRunSpeed_Fast;
  test.ConfigNoThrottle = true;
  test.ConfigSavedSettings = false;
  test.ConfigVerboseLevelOnError = ImGuiTestVerboseLevel_Debug;
  test.ConfigFixedDeltaTime = 1.f / 60;
  ImGuiTestEngine_Start(engine_, ImGui::GetCurrentContext());
  app_ = std::make_unique<App>(services_, textures_, [] {});
  app_->confine(folder_);
  for (int i = 0; i < 3; ++i) frame();
}

void HeadlessWindow::end() {
  app_.reset();
  ImGuiTestEngine_Stop(engine_);
  for (ImTextureData* texture : ImGui::GetPlatformIO().Textures) {
    texture->SetTexID(ImTextureID_Invalid);
    texture->SetStatus(ImTextureStatus_Destroyed);
  }
  ImPlot::DestroyContext();
  ImGui::DestroyContext();
  ImGuiTestEngine_DestroyContext(engine_);
  engine_ = nullptr;
}

void HeadlessWindow::restart() {
  // A journal is all that an end by a crash leaves; it is put back as it was.
  const fs::path kept = folder_ / "kept";
  std::vector<std::pair<fs::path, fs::path>> journals;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (entry.path().filename() != "journal.jsonl") continue;
    const fs::path copy = folder_ / ("journal-" + std::to_string(journals.size()));
    fs::copy_file(entry.path(), copy, fs::copy_options::overwrite_existing);
    journals.emplace_back(copy, entry.path());
  }
  end();
  for (const auto& [copy, place] : journals) {
    fs::copy_file(copy, place, fs::copy_options::overwrite_existing);
  }
  start();
}

fs::path HeadlessWindow::photo(const std::string& name, int width, int height) const {
  Image image;
  image.width = width;
  image.height = height;
  image.u8.assign(image.sample_count(), 100);
  const fs::path path = folder_ / name;
  fs::create_directories(path.parent_path());
  write_image(path, image);
  return path;
}

fs::path HeadlessWindow::scene(const std::string& name, bool lifted) const {
  SplatCloud cloud;
  cloud.resize(40);
  for (size_t i = 0; i < 40; ++i) {
    cloud.position[3 * i] = (i % 2 == 0 ? -1.f : 1.f) + 0.03f * static_cast<float>(i % 7);
    cloud.position[3 * i + 1] = 0.04f * static_cast<float>(i % 5);
    cloud.position[3 * i + 2] = 0.05f * static_cast<float>(i % 3);
    cloud.sh0[3 * i] = 0.04f * static_cast<float>(i);
    cloud.opacity_logit[i] = 3;
    for (size_t k = 0; k < 3; ++k) cloud.log_scale[3 * i + k] = -2.5f;
    cloud.rotation[4 * i] = 1;
  }
  const fs::path path = folder_ / name;
  write_splats(path, cloud);
  if (lifted) {
    LiftRequest request;
    request.scene = path;
    request.output = fs::path(path).replace_extension(".lang");
    QuietJob job;
    services_.call<LiftResult>("lift", request, job);
  }
  return path;
}

void HeadlessWindow::frame() {
  if (app_->take_theme_change()) apply_theme(app_->theme());
  ImGui::GetIO().DeltaTime = 1.f / 60;
  ImGui::NewFrame();
  app_->draw();
  ImGui::Render();
  accept_textures();
  ImGuiTestEngine_PostSwap(engine_);
}

bool HeadlessWindow::run(const std::function<void(ImGuiTestContext*)>& session) {
  ImGuiTest* const test = IM_REGISTER_TEST(engine_, "window", "session");
  // The engine takes plain functions only.
  running = &session;
  test->TestFunc = [](ImGuiTestContext* context) { (*running)(context); };
  ImGuiTestEngine_QueueTest(engine_, test);
  while (!ImGuiTestEngine_IsTestQueueEmpty(engine_)) frame();
  frame();
  const bool passed = test->Output.Status == ImGuiTestStatus_Success;
  if (!passed) ADD_FAILURE() << test->Output.Log.GetText();
  ImGuiTestEngine_UnregisterTest(engine_, test);
  return passed;
}

void HeadlessWindow::settle() {
  do {
    session().settle();
    scene_session().settle();
    frame();
  } while (app_->is_working());
  for (int i = 0; i < 3; ++i) frame();
}

}  // namespace vane::testing
