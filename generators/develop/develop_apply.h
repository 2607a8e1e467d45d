// SPDX-License-Identifier: Apache-2.0
#pragma once
// The photo pipeline at full resolution: from a picture to a picture, no torch in this header.

#include "engine/base/job.h"
#include "engine/image/image.h"
#include "generators/develop/develop_settings.h"

namespace vane {

struct DevelopOptions {
  /// 0 blends nothing in, 1 takes the result; outside [0,1] is refused (scaled() extrapolates).
  float opacity = 1.f;
  /// Grey or RGB picture, any size (sampled bilinearly over the photograph): white takes the
  /// result, black keeps the source. Null: everywhere.
  const Image* mask = nullptr;
  /// Threads; 0: as `--threads` says (loop_threads()). The result does not depend on it.
  int threads = 0;
};

/// `source` under `settings`: 8 and 16 bit stay so, alpha and metadata are kept, samples rounded to
/// nearest. Identity settings return the source bit for bit; settings near it give values near it.
/// A grey picture stays grey unless a setting adds colour; then it becomes RGB and loses its grey
/// ICC profile.
/// Memory:  the result and a few rows; no full-size float picture.
/// Throws:  Error{usage} on faulty settings, opacity or an empty picture; Cancelled.
Image develop_apply(const Image& source, const DevelopSettings& settings, Job& job,
                    const DevelopOptions& options = {});

}  // namespace vane
