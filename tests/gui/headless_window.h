// SPDX-License-Identifier: Apache-2.0
#pragma once
// The window's contents without a window, driven by the Dear ImGui Test Engine.

#include <imgui.h>
#include <imgui_te_context.h>
#include <imgui_te_engine.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "gui/panels/app.h"
#include "tests/support/fake_services/fake_services.h"

namespace vane::testing {

/// Services are fakes; HOME, data and photographs are in a folder that is removed at the end, and
/// nothing outside of it can be opened or written.
class HeadlessWindow {
 public:
  HeadlessWindow();
  ~HeadlessWindow();
  HeadlessWindow(const HeadlessWindow&) = delete;
  HeadlessWindow& operator=(const HeadlessWindow&) = delete;

  App& app() { return *app_; }
  Session& session() { return app_->session(); }
  SceneSession& scene_session() { return app_->scene(); }
  ServiceDoor& services() { return services_; }
  const std::filesystem::path& folder() const { return folder_; }
  /// A grey photograph in the folder.
  std::filesystem::path photo(const std::string& name, int width = 64, int height = 48) const;
  /// A scene of two heaps of Gaussians beside each other, as .ply of sh degree 0; `lifted`: with
  /// the field that the fake service makes of it.
  std::filesystem::path scene(const std::string& name, bool lifted) const;
  /// The program dies without a word and is started again.
  void restart();

  void frame();
  /// Runs a session of the Test Engine to its end; false when one of its checks failed. What was
  /// logged is printed then.
  bool run(const std::function<void(ImGuiTestContext*)>& session);
  /// Frames until nothing is computed.
  void settle();

 private:
  void start();
  void end();

  std::filesystem::path folder_;
  mutable FakeServices services_;
  NoTextures textures_;
  ImGuiTestEngine* engine_ = nullptr;
  std::unique_ptr<App> app_;
};

}  // namespace vane::testing
