// SPDX-License-Identifier: Apache-2.0
#pragma once
// The JSON report of `vane enhance` (sheet enhance.md, 8.3). No torch here.

#include <string>

#include "editing/services/enhance.h"

namespace vane {

/// Counts what became of `result.files`.
void count_outcomes(EnhanceResult& result);

/// The document, indented and ended by a newline. What is not known is absent; names that are not
/// UTF-8 are shown with replacement characters.
std::string enhance_report(const EnhanceResult& result);

}  // namespace vane
