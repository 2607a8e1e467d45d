// SPDX-License-Identifier: Apache-2.0
// The window itself: GLFW, OpenGL, the loop that sleeps while nothing happens.
#include <GLFW/glfw3.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>
#include <implot.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "editing/services/window.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "gui/panels/app.h"
#include "gui/script/script.h"
#include "gui/window/gl_textures.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kFirstWidth = 1280, kFirstHeight = 800;
constexpr int kScreenshotQuality = 80;
// After the last event frames go on for so long: hints appear, scrolling settles.
constexpr double kSettleSeconds = 0.8;
// A signal is noticed after so long at most.
constexpr double kLongestSleep = 0.25;
constexpr double kFramePeriod = 1.0 / 30;
constexpr auto kLivelyPeriod = std::chrono::milliseconds(33);

std::string glfw_problem;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Error no_window(const std::string& reason) {
  const char* const display = std::getenv("DISPLAY");
  const char* const wayland = std::getenv("WAYLAND_DISPLAY");
  const bool none = (!display || !*display) && (!wayland || !*wayland);
  return Error(ErrorCode::input,
               "cannot open a window: " + (none ? std::string("there is no display") : reason))
      .with_hint("vane edit, vane enhance and all other commands work without one");
}

/// GLFW, the window and its context; ended in reverse.
class GlWindow {
 public:
  GlWindow() {
    glfwSetErrorCallback([](int, const char* text) { glfw_problem = text ? text : ""; });
    if (!glfwInit()) throw no_window(glfw_problem);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 0);
    glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
    window = glfwCreateWindow(kFirstWidth, kFirstHeight, "Vane", nullptr, nullptr);
    if (!window) {
      glfwTerminate();
      throw no_window("OpenGL 3.0 is missing: " + glfw_problem);
    }
    glfwMakeContextCurrent(window);
    glfwSwapInterval(1);
  }
  ~GlWindow() {
    glfwDestroyWindow(window);
    glfwTerminate();
  }
  GlWindow(const GlWindow&) = delete;
  GlWindow& operator=(const GlWindow&) = delete;

  GLFWwindow* window = nullptr;
};

class ImGuiRun {
 public:
  explicit ImGuiRun(GLFWwindow* window, bool scripted) {
    IMGUI_CHECKVERSION();
    ImGui::CreateContext();
    ImPlot::CreateContext();
    ImGuiIO& io = ImGui::GetIO();
    io.ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
    io.ConfigInputTextCursorBlink = false;       // a blinking window never sleeps
    io.ConfigDebugHighlightIdConflicts = false;  // for those who write this; the tests keep it
    io.IniFilename = nullptr;
    load_fonts();
    ImGui_ImplGlfw_InitForOpenGL(window, !scripted);
    ImGui_ImplOpenGL3_Init("#version 130");
  }
  ~ImGuiRun() {
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImPlot::DestroyContext();
    ImGui::DestroyContext();
  }
  ImGuiRun(const ImGuiRun&) = delete;
  ImGuiRun& operator=(const ImGuiRun&) = delete;
};

class WindowLoop {
 public:
  WindowLoop(const WindowRequest& request, ServiceDoor& door, const Job& job, WindowResult& result)
      : request_(request),
        job_(job),
        result_(result),
        imgui_(gl_.window, !request.script.empty()),
        app_(door, textures_, [] { glfwPostEmptyEvent(); }) {
    glfwSetWindowUserPointer(gl_.window, this);
    if (!request.script.empty()) script_ = std::make_unique<Script>(request.script);
    glfwSetDropCallback(gl_.window, [](GLFWwindow* window, int count, const char** paths) {
      auto& self = *static_cast<WindowLoop*>(glfwGetWindowUserPointer(window));
      if (count > 0) self.app_.open(paths[0]);
    });
    glfwSetWindowCloseCallback(gl_.window, [](GLFWwindow* window) {
      glfwSetWindowShouldClose(window, GLFW_FALSE);
      static_cast<WindowLoop*>(glfwGetWindowUserPointer(window))->app_.ask_to_quit();
    });
    follow_display_scale();
    app_.set_dark(!request.light);
    if (request.scale > 0) app_.set_user_scale(static_cast<float>(request.scale));
    if (!request.input.empty()) app_.open(request.input);
  }

  void run() {
    Clock::time_point last_event = Clock::now();
    while (!app_.wants_to_quit()) {
      if (job_.stop_requested()) break;
      if (script_) {
        glfwPollEvents();
        if (!script_->advance(app_, result_)) break;
        resize();
      } else {
        wait(last_event);
      }
      draw();
    }
    finish_times();
    job_.check_cancelled();
  }

 private:
  void wait(Clock::time_point& last_event) {
    bool event = true;
    if (app_.is_lively()) {
      // Progress may be told thousands of times a second.
      std::this_thread::sleep_until(last_frame_ + kLivelyPeriod);
      glfwWaitEventsTimeout(3 * kFramePeriod);
    } else if (seconds_since(last_event) < kSettleSeconds) {
      event = woken_within(kFramePeriod);
    } else {
      // Wakes at events, when a worker has something, and now and then for signals.
      while (!woken_within(kLongestSleep) && !job_.stop_requested()) {
      }
    }
    if (event) last_event = Clock::now();
  }

  static bool woken_within(double seconds) {
    const Clock::time_point asleep = Clock::now();
    glfwWaitEventsTimeout(seconds);
    return seconds_since(asleep) < 0.98 * seconds;
  }

  void follow_display_scale() {
    float x = 1, y = 1;
    glfwGetWindowContentScale(gl_.window, &x, &y);
    app_.set_display_scale(std::max(1.f, x));
  }

  void resize() {
    const auto size = script_->take_size();
    if (!size) return;
    glfwSetWindowSize(gl_.window, static_cast<int>(size->x), static_cast<int>(size->y));
    // The display answers in its own time.
    for (int i = 0; i < 50; ++i) {
      int width = 0, height = 0;
      glfwPollEvents();
      glfwGetFramebufferSize(gl_.window, &width, &height);
      if (width == static_cast<int>(size->x) && height == static_cast<int>(size->y)) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  void begin_frame() {
    ImGui_ImplOpenGL3_NewFrame();
    if (!script_) {
      ImGui_ImplGlfw_NewFrame();
      return;
    }
    // A script is the only mouse and keyboard.
    ImGuiIO& io = ImGui::GetIO();
    int width = 0, height = 0;
    glfwGetFramebufferSize(gl_.window, &width, &height);
    io.DisplaySize = ImVec2(static_cast<float>(width), static_cast<float>(height));
    io.DeltaTime = 1.f / 60;
  }

  void draw() {
    if (app_.take_theme_change()) apply_theme(app_.theme());
    const Clock::time_point start = Clock::now();
    begin_frame();
    ImGui::NewFrame();
    app_.draw();
    ImGui::Render();
    frame_ms_.push_back(1000 * seconds_since(start));
    int width = 0, height = 0;
    glfwGetFramebufferSize(gl_.window, &width, &height);
    clear_window(width, height);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
    if (script_) {
      if (const auto name = script_->take_screenshot()) save_screenshot(*name, width, height);
    }
    glfwSwapBuffers(gl_.window);
    last_frame_ = Clock::now();
    follow_display_scale();
    const std::string title = app_.title();
    if (title != title_) glfwSetWindowTitle(gl_.window, title.c_str());
    title_ = title;
  }

  void save_screenshot(const std::string& name, int width, int height) const {
    if (request_.screenshot.empty()) return;
    std::error_code ignored;
    fs::create_directories(request_.screenshot, ignored);
    EncodeOptions options;
    options.jpeg_quality = kScreenshotQuality;
    const std::string file = fs::path(name).extension().empty() ? name + ".jpg" : name;
    write_image(request_.screenshot / file, window_picture(width, height), options);
  }

  void finish_times() {
    result_.frames = std::ssize(frame_ms_);
    if (frame_ms_.empty()) return;
    std::sort(frame_ms_.begin(), frame_ms_.end());
    result_.frame_ms = frame_ms_[frame_ms_.size() / 2];
    result_.frame_ms_p99 = frame_ms_[frame_ms_.size() * 99 / 100];
  }

  const WindowRequest& request_;
  const Job& job_;
  WindowResult& result_;
  GlWindow gl_;
  ImGuiRun imgui_;
  GlTextures textures_;
  App app_;
  std::unique_ptr<Script> script_;
  std::vector<double> frame_ms_;
  Clock::time_point last_frame_ = Clock::now();
  std::string title_;
};

void open_window(const WindowRequest& request, ServiceDoor& door, const Job& job,
                 WindowResult& result) {
  if (!request.screenshot.empty() && request.script.empty()) {
    throw Error(ErrorCode::usage, "--screenshot needs a --script that says when");
  }
  WindowLoop(request, door, job, result).run();
}

}  // namespace
}  // namespace vane

vane::WindowFunction vane_window(std::size_t request_bytes, std::size_t result_bytes) {
  const bool same =
      request_bytes == sizeof(vane::WindowRequest) && result_bytes == sizeof(vane::WindowResult);
  return same ? vane::open_window : nullptr;
}
