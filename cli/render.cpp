// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/render.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/command_table.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

int run(Invocation& call) {
  RenderRequest request;
  call.read(request);
  if (call.globals().device != "cpu") {
    throw Error(ErrorCode::usage, "rendering computes on the CPU only")
        .at_key("--device " + call.globals().device);
  }
  request.threads = call.globals().threads;
  // No torch is needed, so the engine is not loaded.
  RenderResult result = render(request, call.job());
  call.job().finish();
  std::string text =
      fmt::format("{}  {} of {}x{}, {} Gaussians, {:.0f} ms each", printable(result.output, 1000),
                  result.frames, result.width, result.height, result.gaussians,
                  1000 * result.seconds / static_cast<double>(result.frames));
  if (std::isfinite(result.ssim)) {
    text += fmt::format("; PSNR {:.2f} dB, SSIM {:.4f}", result.psnr, result.ssim);
  }
  return call.finish(fields_json(fields_of(result)), text + "\n");
}

}  // namespace

Command render_command() {
  return {"render",
          "a 3D scene as cameras see it",
          {{"vane render scene.ply --path turntable -o turn.mp4", "a film around it"},
           {"vane render scene.ply --dataset garden/ --view 8 -o view.png",
            "a view of the data set, and how near the photograph is"},
           {"vane render scene.ply --camera c.json --depth --normal -o view.png",
            "view.png, view-depth.png, view-normal.png"}},
          run};
}

}  // namespace vane
