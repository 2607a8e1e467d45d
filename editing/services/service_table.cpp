// SPDX-License-Identifier: Apache-2.0
#include "editing/services/service_table.h"

#include <c10/util/Exception.h>

#include <filesystem>
#include <new>
#include <string>
#include <string_view>

#include "editing/services/clip_doctor.h"
#include "editing/services/diagnose.h"
#include "editing/services/direction.h"
#include "editing/services/direction_difference.h"
#include "editing/services/doctor.h"
#include "editing/services/edit.h"
#include "editing/services/embed.h"
#include "editing/services/enhance.h"
#include "editing/services/face_crops.h"
#include "editing/services/faces.h"
#include "editing/services/generate.h"
#include "editing/services/invert.h"
#include "editing/services/lift.h"
#include "editing/services/metrics.h"
#include "editing/services/models.h"
#include "editing/services/naturalness.h"
#include "editing/services/preview.h"
#include "editing/services/query.h"
#include "editing/services/score.h"
#include "editing/services/segment.h"
#include "editing/services/start.h"
#include "editing/services/train.h"
#include "engine/base/mapping_guard.h"

namespace vane {
namespace {

// LibTorch's text without the backtrace that follows its first line.
std::string first_line(const char* text) {
  const std::string_view all(text ? text : "");
  return std::string(all.substr(0, all.find('\n')));
}

[[noreturn]] void translate(const c10::Error& problem) {
  const std::string message = first_line(problem.what_without_backtrace());
  for (const char* sign : {"not enough memory", "can't allocate memory", "out of memory"}) {
    if (message.find(sign) == std::string::npos) continue;
    throw Error(ErrorCode::resource, "out of memory: " + message)
        .with_hint("use a smaller picture or a smaller batch");
  }
  throw Error(ErrorCode::internal, message);
}

// The signature of a service: Result function(const Request&, Job&).
template <class T>
struct Signature;
template <class Out, class In>
struct Signature<Out (*)(const In&, Job&)> {
  using Request = In;
  using Result = Out;
};

template <auto function>
void call(const void* request, Job& job, void* result) {
  using Types = Signature<decltype(function)>;
  try {
    *static_cast<typename Types::Result*>(result) =
        function(*static_cast<const typename Types::Request*>(request), job);
    check_mappings();
  } catch (const Error&) {
    check_mappings();  // a file that shrank is the reason, whatever was found wrong with it
    throw;
  } catch (const c10::Error& problem) {
    translate(problem);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::resource, "out of memory")
        .with_hint("use a smaller picture or a smaller batch");
  } catch (const std::filesystem::filesystem_error& problem) {
    throw Error(ErrorCode::input, problem.code().message()).in_file(problem.path1());
  } catch (const std::exception& problem) {
    throw Error(ErrorCode::internal, first_line(problem.what()));
  }
}

struct Entry {
  std::string_view name;
  ServiceFunction function;
  std::size_t request_bytes, result_bytes;
};

template <auto function>
constexpr Entry entry(std::string_view name) {
  using Types = Signature<decltype(function)>;
  return {name, call<function>, sizeof(typename Types::Request), sizeof(typename Types::Result)};
}

// One line for each service, sorted by name.
constexpr Entry kServices[] = {
    entry<&clip_doctor>("clip doctor"),
    entry<&diagnose>("diagnose"),
    entry<&direction_difference>("direction difference"),
    entry<&direction_image>("direction image"),
    entry<&direction_prompts>("direction prompts"),
    entry<&direction_invert>("direction invert"),
    entry<&direction_mix>("direction mix"),
    entry<&direction_explain>("direction explain"),
    entry<&direction_residual>("direction residual"),
    entry<&direction_text>("direction text"),
    entry<&doctor>("doctor"),
    entry<&edit>("edit"),
    entry<&embed>("embed"),
    entry<&enhance>("enhance"),
    entry<&evaluate>("evaluate"),
    entry<&faces_align>("faces align"),
    entry<&faces_compare>("faces compare"),
    entry<&faces_dataset>("faces dataset"),
    entry<&faces_paste>("faces paste"),
    entry<&generate>("generate"),
    entry<&invert_photo>("invert"),
    entry<&lift>("lift"),
    entry<&metrics>("metrics"),
    entry<&models_convert>("models convert"),
    entry<&models_inspect>("models inspect"),
    entry<&models_list>("models list"),
    entry<&naturalness_fit>("naturalness fit"),
    entry<&preview_develop>("preview develop"),
    entry<&preview_enhance>("preview enhance"),
    entry<&query>("query"),
    entry<&score>("score"),
    entry<&segment>("segment"),
    entry<&start>("start"),
    entry<&train>("train"),
};

}  // namespace
}  // namespace vane

vane::ServiceFunction vane_service(const char* name, std::size_t request_bytes,
                                   std::size_t result_bytes) {
  for (const vane::Entry& entry : vane::kServices) {
    if (entry.name == name && entry.request_bytes == request_bytes &&
        entry.result_bytes == result_bytes) {
      return entry.function;
    }
  }
  return nullptr;
}
