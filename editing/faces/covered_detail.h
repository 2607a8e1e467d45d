// SPDX-License-Identifier: Apache-2.0
#pragma once
// Detail of a photograph that an edit painted over.

#include "editing/faces/rgb_field.h"

namespace vane {

/// A difference that is added to a photograph cannot take away what only the photograph has: teeth
/// that the reconstruction drew otherwise shine through lips that the edit closed. Where the edit
/// painted another structure (its change is uneven at a scale of a sixteenth of the crop), the
/// photograph's departure from its reconstruction `before` leaves `change`, so that adding it gives
/// the edited picture there; but for a smooth part of the departure, led in from around, which
/// keeps the light of the photograph. An even change of any size keeps all detail.
///
/// `change`: edited less before. `own`: the photograph's crop. All three are square, of one size,
/// in [0,1].
void drop_covered_detail(RgbField& change, const RgbField& own, const RgbField& before);

}  // namespace vane
