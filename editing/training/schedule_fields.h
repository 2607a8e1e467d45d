// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every recipe says of its run besides its steps. No torch here.

#include "engine/config/fields.h"

namespace vane {

/// Declares `evaluate_every`, `checkpoint_seconds` and `max_minutes` of a recipe, which
/// schedule_of() (training_run.h) reads.
template <class C, class V>
void schedule_fields(V& v) {
  v.field("evaluate-every", &C::evaluate_every, "steps between measurements; 0: at the end",
          {.min = 0, .max = 1e9});
  v.field("checkpoint-seconds", &C::checkpoint_seconds, "between checkpoints",
          {.min = 0, .max = 1e6, .unit = "s"});
  v.field("max-minutes", &C::max_minutes, "stop earlier and save what there is; 0: no limit",
          {.min = 0, .max = 1e6, .unit = "min"});
}

}  // namespace vane
