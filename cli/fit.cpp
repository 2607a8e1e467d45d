// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/fit.h"

#include <fmt/format.h>

#include "cli/command_table.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

std::string page(const FitResult& result, const TerminalStyle& style) {
  std::string out = fmt::format("{}  {} Gaussians after {} iterations on {} views, {}\n",
                                printable(result.output, 1000), result.gaussians, result.iterations,
                                result.training_views, duration_text(result.seconds));
  if (result.held_out.empty()) return out + "no view was held out to measure on\n";
  TextTable table({false, true, true});
  table.row({style.dim("held-out view"), style.dim("PSNR dB"), style.dim("SSIM")});
  for (const FittedView& view : result.held_out) {
    table.row({printable(view.name, 60), fmt::format("{:.2f}", view.psnr),
               fmt::format("{:.4f}", view.ssim)});
  }
  table.row({style.bold("mean"), style.bold(fmt::format("{:.2f}", result.psnr)),
             style.bold(fmt::format("{:.4f}", result.ssim))});
  return out + table.text();
}

int run(Invocation& call) {
  FitRequest request;
  call.read(request);
  if (call.globals().device != "cpu") {
    throw Error(ErrorCode::usage, "fitting computes on the CPU only")
        .at_key("--device " + call.globals().device);
  }
  request.threads = call.globals().threads;
  // No torch is needed, so the engine is not loaded.
  FitResult result = fit(request, call.job());
  call.job().finish();
  return call.finish(fields_json(fields_of(result)), page(result, call.style()));
}

}  // namespace

Command fit_command() {
  return {
      "fit",
      "photographs with cameras become a 3D scene",
      {{"vane fit garden/ --as splats -o garden.ply", "Gaussian splats from a COLMAP project"},
       {"vane fit garden/ --set splats.iterations=30000 -o garden.ply", "the published schedule"},
       {"vane fit garden/ -o garden.ply --resume", "continue after an interruption"}},
      run};
}

}  // namespace vane
