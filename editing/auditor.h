// SPDX-License-Identifier: Apache-2.0
#pragma once
// The encoder that never guides.

#include <memory>

#include "engine/base/limits.h"
#include "engine/clip/clip_encoder.h"

namespace vane {

/// The bundled clip-audit; null when it is not installed or is the guide itself.
std::shared_ptr<const ClipEncoder> load_auditor(const ClipEncoder& guide, const Limits& limits);

}  // namespace vane
