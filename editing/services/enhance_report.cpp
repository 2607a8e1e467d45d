// SPDX-License-Identifier: Apache-2.0
#include "editing/services/enhance_report.h"

#include <nlohmann/json.hpp>

#include "engine/run/threads.h"

namespace vane {
namespace {

using Json = nlohmann::ordered_json;

/// Puts in what is known.
template <class T>
void add(Json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}

Json file_json(const EnhancedFile& file, const std::string& method) {
  Json entry{{"in", file.input}, {"out", file.output}, {"status", file.status}};
  if (!file.error.empty()) entry["error"] = file.error;
  if (file.status != "ok" && file.status != "skipped:well-lit") return entry;
  entry.update(Json{{"w", file.width},
                    {"h", file.height},
                    {"channels", file.channels},
                    {"bits", file.bits},
                    {"orientation_in", file.orientation},
                    {"icc_in", file.icc_in}});
  add(entry, "icc_kept", file.icc_kept);
  add(entry, "exif_kept", file.exif_kept);
  add(entry, "xmp_kept", file.xmp_kept);
  Json took{{"decode", file.decode_ms}, {"map", file.map_ms}};
  add(took, "apply", file.apply_ms);
  took["encode"] = file.encode_ms;
  entry.update(Json{{"method", method},
                    {"strength", file.strength},
                    {"ms", took},
                    {"luma", {{"before", file.luma_before}, {"after", file.luma_after}}},
                    {"clipped", {{"before", file.clipped_before}, {"after", file.clipped_after}}}});
  // Methods that have no map leave it 0.
  if (file.map_max > 0) {
    entry["map"] = {{"min", file.map_min},
                    {"mean", file.map_mean},
                    {"median", file.map_median},
                    {"max", file.map_max}};
  }
  if (file.tiles > 0) entry["tiles"] = file.tiles;
  if (file.clip_before && file.clip_after) {
    Json& clip = entry["clip"] = {{"before", *file.clip_before}, {"after", *file.clip_after}};
    add(clip, "gap_closed", file.gap_closed);
  }
  if (file.refine_steps > 0) {
    entry["refine"] = {
        {"steps", file.refine_steps}, {"before", file.refine_before}, {"after", file.refine_after}};
  }
  if (file.video) {
    Json shots = Json::array();
    for (const VideoShot& shot : file.video->shots) {
      shots.push_back(
          {{"first", shot.first}, {"frames", shot.frames}, {"strength", shot.strength}});
    }
    entry["video"] = {{"frames", file.video->frames},
                      {"fps", file.video->fps},
                      {"with_sound", file.video->with_sound},
                      {"shots", shots}};
    if (file.video->held > 0) entry["video"]["held"] = file.video->held;
  }
  if (!file.left_out.empty()) entry["left_out"] = file.left_out;
  return entry;
}

}  // namespace

void count_outcomes(EnhanceResult& result) {
  result.ok = result.skipped = result.failed = 0;
  for (const EnhancedFile& file : result.files) {
    result.ok += file.status == "ok";
    result.skipped += file.status.starts_with("skipped");
    result.failed += file.status == "failed";
  }
}

std::string enhance_report(const EnhanceResult& result) {
  Json files = Json::array();
  for (const EnhancedFile& file : result.files) files.push_back(file_json(file, result.method));
  Json model{{"method", result.method}};
  if (!result.model_name.empty()) model["name"] = result.model_name;
  if (!result.model_hash.empty()) model["hash"] = result.model_hash;
  if (!result.model_sha256.empty()) model["sha256"] = result.model_sha256;
  if (result.model_parameters > 0) model["params"] = result.model_parameters;
  Json report{{"schema", 1}, {"tool", "vane enhance"}, {"version", VANE_VERSION}, {"model", model}};
  if (!result.config_hash.empty()) report["config_hash"] = result.config_hash;
  report.update(
      Json{{"host", {{"cpus", logical_core_count()}}},
           {"started", result.started},
           {"wall_s", result.seconds},
           {"counts", {{"ok", result.ok}, {"skipped", result.skipped}, {"failed", result.failed}}},
           {"files", files}});
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vane
