// SPDX-License-Identifier: Apache-2.0
#include "editing/services/edit_report.h"

#include <cmath>

namespace vane {

nlohmann::ordered_json number_or_null(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

nlohmann::ordered_json edit_request_json(const EditRequest& request) {
  nlohmann::ordered_json json;
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  put("to", request.to);
  if (!request.also.empty()) json["also"] = request.also;
  put("from", request.from);
  put("like", request.like.filename().string());
  put("unlike", request.unlike.filename().string());
  put("direction", request.direction.filename().string());
  put("guidance", request.guidance.filename().string());
  put("toward", request.toward.filename().string());
  put("rows", request.rows);
  put("mask", std::filesystem::path(request.mask).filename().string());
  put("clip", std::filesystem::path(request.clip).filename().string());
  json["generator"] = request.generator;
  json["method"] = request.method == "auto" ? "optimise" : request.method;
  json["strength"] = request.strength;
  json["steps"] = request.steps;
  json["seed"] = request.seed;
  return json;
}

}  // namespace vane
