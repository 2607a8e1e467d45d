// SPDX-License-Identifier: Apache-2.0
#pragma once
// The list of subcommands.

#include <span>

#include "cli/command.h"

namespace vane {

/// In the order of the help text.
std::span<const Command> commands();

// Each in the file of its name, or of its first word.
Command clip_doctor_command();
Command diagnose_command();
Command direction_difference_command();
Command direction_image_command();
Command direction_prompts_command();
Command direction_invert_command();
Command direction_mix_command();
Command direction_explain_command();
Command direction_residual_command();
Command direction_text_command();
Command doctor_command();
Command edit_command();
Command embed_command();
Command enhance_command();
Command faces_align_command();
Command faces_compare_command();
Command faces_dataset_command();
Command faces_paste_command();
Command fit_command();
Command generate_command();
Command gui_command();
Command invert_command();
Command lift_command();
Command metrics_command();
Command models_convert_command();
Command models_get_command();
Command models_inspect_command();
Command models_list_command();
Command naturalness_fit_command();
Command query_command();
Command render_command();
Command score_command();
Command segment_command();
Command evaluate_command();
Command toybox_dataset_command();
Command toybox_render_command();
Command train_command();

}  // namespace vane
