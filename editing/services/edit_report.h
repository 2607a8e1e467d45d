// SPDX-License-Identifier: Apache-2.0
#pragma once
// What reports and recipes of edits have in common.

#include <nlohmann/json.hpp>

#include "editing/services/edit.h"

namespace vane {

/// null for what is not finite.
nlohmann::ordered_json number_or_null(double value);

/// What was asked for: files by their names alone.
nlohmann::ordered_json edit_request_json(const EditRequest& request);

}  // namespace vane
