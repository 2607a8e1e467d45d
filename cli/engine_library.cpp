// SPDX-License-Identifier: Apache-2.0
#include "cli/engine_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "cli/program_library.h"
#include "editing/services/start.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using Lookup = decltype(&vane_service);

fs::path program_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

fs::path library_path() {
  if (const auto path = library_beside_program("libvane_engine.so")) return *path;
  throw Error(ErrorCode::input, "libvane_engine.so is not beside the program")
      .in_file(program_folder())
      .with_hint("run ./setup.sh to build it");
}

/// Waiting threads of OpenMP spin for milliseconds by default. While another program holds a core
/// that turns minutes into hours; a short spin costs a quiet machine 6 % on the smallest work.
void shorten_spinning() {
  if (!std::getenv("OMP_WAIT_POLICY")) ::setenv("GOMP_SPINCOUNT", "20000", 0);
}

Lookup load() {
  const fs::path path = library_path();
  shorten_spinning();
  return reinterpret_cast<Lookup>(library_symbol(path, "vane_service"));
}

ServiceFunction find(Lookup lookup, const std::string& name, std::size_t request_bytes,
                     std::size_t result_bytes) {
  const ServiceFunction function = lookup(name.c_str(), request_bytes, result_bytes);
  if (!function) {
    throw Error(ErrorCode::internal, "the engine has no service \"" + name + "\" of this version")
        .with_hint("run ./setup.sh to build the program again");
  }
  return function;
}

}  // namespace

std::optional<fs::path> library_beside_program(const std::string& name) {
  std::error_code ignored;
  const fs::path program = program_folder();
  for (const fs::path& folder : {program, program.parent_path() / "lib"}) {
    if (fs::exists(folder / name, ignored)) return folder / name;
  }
  return std::nullopt;
}

void* library_symbol(const fs::path& path, const char* symbol) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* text = ::dlerror();
    const std::string reason = text ? text : "cannot be loaded";
    for (const char* sign : {"failed to map segment", "cannot allocate", "Cannot allocate"}) {
      if (reason.find(sign) == std::string::npos) continue;
      throw Error(ErrorCode::resource, "there is not enough memory to load it: " + reason)
          .in_file(path);
    }
    throw Error(ErrorCode::input, reason)
        .in_file(path)
        .with_hint("run ./setup.sh to build it again");
  }
  void* const found = ::dlsym(library, symbol);
  if (!found) throw Error(ErrorCode::internal, std::string("lacks ") + symbol).in_file(path);
  return found;
}

ServiceFunction engine_service(const std::string& name, std::size_t request_bytes,
                               std::size_t result_bytes, const GlobalOptions& options, Job& job) {
  static Lookup lookup = nullptr;
  if (!lookup) {
    lookup = load();
    const StartRequest request{options.threads, options.device};
    StartResult started;
    find(lookup, "start", sizeof(request), sizeof(started))(&request, job, &started);
  }
  return find(lookup, name, request_bytes, result_bytes);
}

}  // namespace vane
