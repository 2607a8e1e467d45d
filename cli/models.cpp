// SPDX-License-Identifier: Apache-2.0
#include "editing/services/models.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

// Beyond this a list of tensors is cut, unless -v asks for all of it.
constexpr size_t kTensorsShown = 20;

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::string list_page(const ModelsListResult& result, const TerminalStyle& style) {
  TextTable table({false, false, true, false});
  for (const ModelEntry& model : result.models) {
    table.row({model.installed ? style.good("ok") : style.bad("--"), style.bold(model.name),
               model.installed ? byte_size_text(model.bytes) : "", model.kind,
               model.installed ? model.path : style.dim("vane models get " + model.name)});
  }
  return result.models.empty() ? "no models\n" : table.text();
}

std::string inspect_page(const ModelsInspectResult& result, bool all, const TerminalStyle& style) {
  std::string out = style.bold(printable(result.file, 1000)) + "\n";
  TextTable facts;
  const auto fact = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts.row({style.dim(name), printable(value, 400)});
  };
  fact("kind", result.kind + (result.layout.empty() ? "" : ", " + result.layout + " layout"));
  fact(result.kind == "scene" || result.kind == "dataset" ? "holds" : "model", result.architecture);
  fact("loads as", result.loads_as);
  fact("does not load", result.fault);
  fact("format", result.format);
  fact("size", result.tensors.empty()
                   ? byte_size_text(result.bytes)
                   : fmt::format("{} tensors, {:.1f} M parameters, {}", result.tensors.size(),
                                 static_cast<double>(result.parameters) * 1e-6,
                                 byte_size_text(result.bytes)));
  fact("hash", result.hash);
  out += facts.text() + "\n";
  TextTable tensors;
  const size_t shown = all ? result.tensors.size() : std::min(kTensorsShown, result.tensors.size());
  for (size_t i = 0; i < shown; ++i) {
    const TensorFacts& tensor = result.tensors[i];
    tensors.row({printable(tensor.name), tensor.dtype, shape_text(tensor.shape)});
  }
  out += tensors.text();
  if (shown < result.tensors.size()) {
    out +=
        style.dim(fmt::format("  … {} more; -v lists all", result.tensors.size() - shown)) + "\n";
  }
  return out;
}

int run_list(Invocation& call) {
  ModelsListRequest request;
  call.read(request);
  auto result = call.compute<ModelsListResult>("models list", request);
  return call.finish(fields_json(fields_of(result)), list_page(result, call.style()));
}

int run_inspect(Invocation& call) {
  ModelsInspectRequest request;
  call.read(request);
  auto result = call.compute<ModelsInspectResult>("models inspect", request);
  return call.finish(fields_json(fields_of(result)),
                     inspect_page(result, call.globals().verbose, call.style()));
}

int run_convert(Invocation& call) {
  ModelsConvertRequest request;
  call.read(request);
  auto result = call.compute<ModelsConvertResult>("models convert", request);
  const std::string holds = result.tensors > 0 ? fmt::format("{} tensors", result.tensors)
                                               : fmt::format("{} Gaussians", result.gaussians);
  const std::string left_out =
      result.dropped > 0 ? fmt::format(", {} invalid ones left out", result.dropped) : "";
  return call.finish(
      fields_json(fields_of(result)),
      fmt::format("{}  {}, {}{}{}\n", printable(result.output, 1000), holds,
                  byte_size_text(result.bytes),
                  result.layout.empty() ? "" : ", " + result.layout + " layout", left_out));
}

}  // namespace

Command models_list_command() {
  return {"models list",
          "models that are installed and that could be",
          {{"vane models list", ""}},
          run_list};
}

Command models_inspect_command() {
  return {"models inspect",
          "what a weights file, a scene or a data set is and what would load it",
          {{"vane models inspect ViT-B-32.pt", "its kind, layout, tensors"},
           {"vane models inspect clip-folder --json", "all tensors as JSON"}},
          run_inspect};
}

Command models_convert_command() {
  return {"models convert",
          "write weights as safetensors, or a scene of splats in another layout",
          {{"vane models convert ViT-B-32.pt clip-folder", "an open_clip folder"},
           {"vane models convert model.ckpt model.safetensors --half", "same names, float16"},
           {"vane models convert scene.ply scene.spz", "a tenth of the size"}},
          run_convert};
}

}  // namespace vane
