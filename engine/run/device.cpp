// SPDX-License-Identifier: Apache-2.0
#include "engine/run/device.h"

#include <dlfcn.h>

#include <cstdlib>

#include "engine/base/error.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

struct Selected {
  std::string name = "cpu";
  const DeviceModule* module = nullptr;
};

Selected& selected() {
  static Selected instance;
  return instance;
}

/// Folder of the library (or program) that holds this code.
fs::path own_folder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || !info.dli_fname)
    return {};
  return fs::path(info.dli_fname).parent_path();
}

constexpr const char* kLibrary = "libvane_cuda.so";

bool present(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

const DeviceModule* load_module(const fs::path& path) {
  if (!present(path)) {
    throw Error(ErrorCode::usage, "this build computes on the CPU only")
        .at_key("--device cuda")
        .with_hint("leave --device out, or build with ./setup.sh --cuda");
  }
  // cuBLAS gives the same result every time only with a fixed workspace.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    const char* text = ::dlerror();
    throw Error(ErrorCode::resource, text ? text : "cannot be loaded")
        .in_file(path)
        .with_hint("./setup.sh --cuda fetches the libraries that it needs");
  }
  const auto entry = reinterpret_cast<DeviceModuleEntry>(::dlsym(library, kDeviceModuleEntry));
  const DeviceModule* module = entry ? entry() : nullptr;
  if (!module || module->version != DeviceModule::kVersion) {
    throw Error(ErrorCode::resource, "is not the device library of this version")
        .in_file(path)
        .with_hint("build again with ./setup.sh --cuda");
  }
  return module;
}

}  // namespace

const std::string& compute_device() { return selected().name; }

const DeviceModule* compute_device_module() { return selected().module; }

bool device_library_present() { return present(own_folder() / kLibrary); }

void select_compute_device(const std::string& name, const fs::path& folder) {
  if (name == "cpu") {
    selected() = {};
    return;
  }
  if (name != "cuda") {
    throw Error(ErrorCode::usage, "there is no such device; known: cpu, cuda")
        .at_key("--device " + name);
  }
  const DeviceModule* module = load_module((folder.empty() ? own_folder() : folder) / kLibrary);
  const int count = module->count();
  if (count <= 0) {
    const std::string reason =
        count < 0 ? std::string(": ") + module->error_text(-count) : std::string();
    throw Error(ErrorCode::usage, "no GPU can be used on this machine" + reason)
        .at_key("--device cuda")
        .with_hint("leave --device out to compute on the CPU");
  }
  selected() = {name, module};
}

}  // namespace vane
