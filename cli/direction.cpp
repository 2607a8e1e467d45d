// SPDX-License-Identifier: Apache-2.0
#include "editing/services/direction.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/command_table.h"
#include "engine/base/atomic_file.h"
#include "engine/base/text.h"

namespace vane {
namespace {

Json json_of(const DirectionResult& result) {
  return {{"output", result.output},
          {"kind", result.kind},
          {"clip", result.clip},
          {"model_hash", result.model_hash},
          {"embed_dim", result.embed_dim},
          {"magnitude", json_number(result.magnitude)},
          {"tau", json_number(result.tau)},
          {"count_from", result.count_from},
          {"count_to", result.count_to},
          {"skipped", result.skipped},
          {"truncated", result.truncated},
          {"angle", json_number(result.angle)},
          {"loss", json_number(result.loss)},
          {"accuracy", json_number(result.accuracy)},
          {"held_out_accuracy", json_number(result.held_out_accuracy)},
          {"similarity", json_number(result.similarity)}};
}

std::string page(const DirectionResult& result, const TerminalStyle& style) {
  TextTable table;
  table.row({"kind", result.kind, ""});
  if (!result.clip.empty()) table.row({"CLIP", printable(result.clip), ""});
  table.row({"length", fmt::format("{:.4f}", result.magnitude),
             style.dim("how far apart the two sides are")});
  if (std::isfinite(result.tau)) {
    table.row({"tau", fmt::format("{:.4f}", result.tau), style.dim("where the second side lies")});
  }
  if (std::isfinite(result.angle)) {
    table.row({"angle", fmt::format("{:.1f}°", result.angle), style.dim("between the two")});
  }
  if (std::isfinite(result.similarity)) {
    table.row({"likeness", fmt::format("{:.4f}", result.similarity),
               style.dim("cosine of what was found with what was inverted")});
  }
  if (std::isfinite(result.accuracy)) {
    table.row({"loss", fmt::format("{:.4f}", result.loss), ""});
    table.row({"right", fmt::format("{:.1f} %", 100 * result.accuracy),
               std::isfinite(result.held_out_accuracy)
                   ? style.dim(fmt::format("{:.1f} % of pictures that did not teach",
                                           100 * result.held_out_accuracy))
                   : ""});
  }
  if (result.count_from > 0) {
    table.row({"pictures", fmt::format("{} and {}", result.count_from, result.count_to),
               result.skipped.empty() ? "" : fmt::format("{} skipped", result.skipped.size())});
  }
  return style.bold(printable(result.output, 1000)) + "\n" + table.text();
}

template <class Request>
std::function<int(Invocation&)> runner(const char* service) {
  return [service](Invocation& call) {
    Request request;
    call.read(request);
    check_writable(request.output);
    const auto result = call.compute<DirectionResult>(service, request);
    return call.finish(json_of(result), page(result, call.style()));
  };
}

}  // namespace

Command direction_text_command() {
  return {
      "direction text",
      "make a direction from two phrases",
      {{"vane direction text \"a photo\" \"a warm photo\" -o warm.safetensors", ""},
       {"vane direction text \"a house\" \"a castle\" --templates imagenet80 -o castle.safetensors",
        "average over CLIP's 80 published sentences"}},
      runner<DirectionTextRequest>("direction text")};
}

Command direction_image_command() {
  return {"direction image",
          "make a direction from one picture to another",
          {{"vane direction image flat.jpg graded.jpg -o grade.safetensors", ""}},
          runner<DirectionImageRequest>("direction image")};
}

Command direction_residual_command() {
  return {"direction residual",
          "make a direction from one folder of pictures to another",
          {{"vane direction residual backlit/ lit/ -o light.safetensors", ""},
           {"vane direction residual backlit/ lit/ --whiten -o light.safetensors",
            "give less say to what varies within the folders anyway"}},
          runner<DirectionResidualRequest>("direction residual")};
}

Command direction_prompts_command() {
  return {"direction prompts",
          "learn two prompts that tell one folder of pictures from another",
          {{"vane direction prompts backlit/ lit/ -o prompts.safetensors", "as CLIP-LIT does"},
           {"vane direction prompts backlit/ lit/ --form context --from-word dark --to-word bright "
            "-o p.safetensors",
            "words stay, their context is learned (CoOp)"},
           {"vane direction prompts backlit/ lit/ --enhanced results/ -o p2.safetensors",
            "refine by rank: better than results/, worse than lit/"}},
          runner<DirectionPromptsRequest>("direction prompts")};
}

Command direction_invert_command() {
  return {"direction invert",
          "make a direction to a picture as texts see it, or to a text as pictures are seen",
          {{"vane direction invert sunset.jpg -o sunset.safetensors",
            "a pseudo word whose sentence has the embedding of the picture (OTI)"},
           {"vane direction invert --text \"a sunset\" --clip ViT-B-32/ -o sunset.safetensors",
            "a pseudo patch whose picture has the embedding of the text (OVI)"}},
          runner<DirectionInvertRequest>("direction invert")};
}

Command direction_mix_command() {
  return {
      "direction mix",
      "make a direction between two others",
      {{"vane direction mix warm.safetensors foggy.safetensors --at 0.3 -o both.safetensors", ""}},
      runner<DirectionMixRequest>("direction mix")};
}

}  // namespace vane
