// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far a delta has to go for one source: as far as the pictures of the prior that show most of
// what is asked for, and no further.

#include <filesystem>
#include <functional>

#include "engine/tensor/fwd.h"
#include "generators/mappers/delta_model.h"

namespace vane {

/// The projection onto a unit direction [E] that is `deviations` above the mean of the pictures
/// that the model was trained with. Throws Error{usage} for a model that knows no pictures.
double score_among_pictures(const DeltaModel& model, const Tensor& direction, double deviations);

/// The strength from 0 to `largest` at which `score_at` reaches `wanted`: 1, 2, 4 … are tried until
/// one does, and the line between the last two says where; where none does, the strength of the
/// best score among them.
double strength_that_reaches(const std::function<double(double)>& score_at, double wanted,
                             double largest);

/// delta.safetensors of a folder, a file as it is, or the model of that name that comes with the
/// program.
std::filesystem::path delta_model_file(const std::filesystem::path& model);

}  // namespace vane
