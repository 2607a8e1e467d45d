// SPDX-License-Identifier: Apache-2.0
#include "cli/command_table.h"

namespace vane {

std::span<const Command> commands() {
  static const std::vector<Command> table = {
      edit_command(),
      gui_command(),
      enhance_command(),
      generate_command(),
      invert_command(),
      score_command(),
      segment_command(),
      lift_command(),
      query_command(),
      diagnose_command(),
      metrics_command(),
      embed_command(),
      direction_text_command(),
      direction_image_command(),
      direction_residual_command(),
      direction_prompts_command(),
      direction_invert_command(),
      direction_mix_command(),
      direction_difference_command(),
      direction_explain_command(),
      models_list_command(),
      models_inspect_command(),
      models_convert_command(),
      models_get_command(),
      clip_doctor_command(),
      naturalness_fit_command(),
      train_command(),
      evaluate_command(),
      faces_align_command(),
      faces_paste_command(),
      faces_compare_command(),
      faces_dataset_command(),
      fit_command(),
      render_command(),
      toybox_render_command(),
      toybox_dataset_command(),
      doctor_command(),
  };
  return table;
}

}  // namespace vane
