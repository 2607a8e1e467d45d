// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toybox.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

int run_render(Invocation& call) {
  ToyboxRenderRequest request;
  call.read(request);
  request.threads = call.globals().threads;
  // No torch is needed, so the engine is not loaded.
  const ToyboxRenderResult result = toybox_render(request, call.job());
  call.job().finish();
  Json json{{"output", result.output}, {"caption", result.caption}};
  json["attributes"] = result.attributes;
  return call.finish(
      json, printable(result.output, 1000) + (request.caption ? "  " + result.caption : "") + "\n");
}

int run_dataset(Invocation& call) {
  ToyboxDatasetRequest request;
  call.read(request);
  request.threads = call.globals().threads;
  const ToyboxDatasetResult result = toybox_dataset(request, call.job());
  call.job().finish();
  return call.finish(
      {{"output", result.output},
       {"scenes", result.scenes},
       {"pictures", result.pictures},
       {"kept", result.kept}},
      fmt::format("{}  {} scenes, {} pictures, {} of them from before\n",
                  printable(result.output, 1000), result.scenes, result.pictures, result.kept));
}

}  // namespace

Command toybox_render_command() {
  return {"toybox render",
          "a picture of a small invented world",
          {{"vane toybox render --seed 7 --caption -o toy.png", "something, and what it is"},
           {"vane toybox render --kind character --light back -o toy.png", "somebody, backlit"}},
          run_render};
}

Command toybox_dataset_command() {
  return {"toybox dataset",
          "captioned pictures with masks, depth and cameras",
          {{"vane toybox dataset -n 1000 --size 64x64 -o toys/", "a thousand scenes"},
           {"vane toybox dataset --views 60 --kind scene --size 256x256 -o scene/",
            "views of one scene, with transforms.json"}},
          run_dataset};
}

}  // namespace vane
