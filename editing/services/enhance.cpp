// SPDX-License-Identifier: Apache-2.0
#include "editing/services/enhance.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/orientation.h"
#include "engine/run/device.h"
#include "generators/enhance/enhance_photo.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Milliseconds since the last lap.
class Stopwatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double, std::milli> passed = now - last_;
    last_ = now;
    return passed.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

uint64_t memory_of(const EnhanceRequest& request) {
  const auto bytes = parse_byte_size(request.max_memory);
  if (!bytes) {
    throw Error(ErrorCode::usage, "--max-memory takes a size, not \"" + request.max_memory + "\"")
        .with_hint("for example 512MiB or 2GiB");
  }
  return *bytes;
}

/// The file to write: `output` itself, or the photograph's name in it.
fs::path target_of(const EnhanceRequest& request) {
  const bool folder = !request.output.has_filename() || fs::is_directory(request.output);
  const fs::path target = folder ? request.output / request.input.filename() : request.output;
  std::error_code ignored;
  if (fs::equivalent(request.input, target, ignored)) {
    throw Error(ErrorCode::usage, "the output is the photograph itself")
        .in_file(target)
        .with_hint("a photograph is never replaced by its enhancement");
  }
  format_for_path(target);
  return target;
}

nlohmann::ordered_json report_json(const EnhanceResult& result) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  int64_t skipped = 0;
  for (const EnhancedFile& file : result.files) {
    nlohmann::ordered_json entry{{"in", file.input}, {"out", file.output}, {"status", file.status}};
    if (file.status != "ok") {
      ++skipped;
    } else {
      entry.update(nlohmann::ordered_json{
          {"w", file.width},
          {"h", file.height},
          {"channels", file.channels},
          {"bits", file.bits},
          {"orientation_in", file.orientation},
          {"strength", result.strength},
          {"ms", {{"decode", file.decode_ms}, {"map", file.map_ms}, {"encode", file.encode_ms}}},
          {"luma", {{"before", file.luma_before}, {"after", file.luma_after}}},
          {"clipped", {{"before", file.clipped_before}, {"after", file.clipped_after}}},
          {"map", {{"min", file.map_min}, {"mean", file.map_mean}, {"max", file.map_max}}}});
    }
    files.push_back(std::move(entry));
  }
  nlohmann::ordered_json model{{"name", result.model_name}};
  if (!result.model_hash.empty()) model["hash"] = result.model_hash;
  const auto count = static_cast<int64_t>(result.files.size());
  return {{"schema", 1},
          {"tool", "vane enhance"},
          {"model", model},
          {"wall_s", result.seconds},
          {"counts", {{"ok", count - skipped}, {"skipped", skipped}, {"failed", 0}}},
          {"files", files}};
}

void write_photo(const EnhanceRequest& request, const fs::path& target, const ByteSource& source,
                 const Image& enhanced) {
  if (request.strength == 0 && enhanced.format == format_for_path(target)) {
    atomic_write(target, source.view());  // a lossy format would lose again
    return;
  }
  EncodeOptions encode;
  encode.jpeg_quality = encode.webp_quality = static_cast<int>(request.jpeg_quality);
  encode.orientation = enhanced.metadata.orientation;
  const nlohmann::ordered_json recipe{
      {"command", "enhance"},
      {"request", {{"model", request.model.filename().string()}, {"strength", request.strength}}}};
  encode.recipe = recipe.dump();
  write_image(target, enhanced, encode);
}

void enhance_file(const EnhanceRequest& request, const EnhancementNetwork& network,
                  const fs::path& target, const TileOptions& tiles, EnhancedFile& file, Job& job) {
  Stopwatch watch;
  job.progress(0, 0, "reading");
  const auto source = MappedFile::open(request.input, request.limits.image_file_bytes,
                                       static_cast<int>(ErrorCode::input));
  DecodeOptions decode;
  decode.limits = request.limits;
  decode.apply_orientation = false;
  Image image = decode_image(*source, decode);
  file.width = image.width;
  file.height = image.height;
  file.channels = image.channels;
  file.bits = image.depth;
  file.orientation = image.metadata.orientation;
  if (image.width < 2 || image.height < 2) {
    throw Error(ErrorCode::input, "the enhancement network needs 2 pixels a side")
        .in_file(request.input);
  }
  const int orientation = image.metadata.orientation;
  image = oriented(std::move(image), orientation);
  file.decode_ms = watch.lap();

  EnhanceMeasures measures;
  try {
    const EnhancePhotoOptions options{.strength = request.strength, .tiles = tiles};
    image = enhance_photo(network, image, options, job, &measures);
  } catch (Error& error) {
    error.set_file_if_empty(request.input);
    throw;
  }
  file.map_ms = watch.lap();
  file.map_min = measures.map_min;
  file.map_mean = measures.map_mean;
  file.map_max = measures.map_max;
  file.luma_before = measures.luma_before;
  file.luma_after = measures.luma_after;
  file.clipped_before = measures.clipped_before;
  file.clipped_after = measures.clipped_after;

  job.progress(0, 0, "writing");
  write_photo(request, target, *source,
              oriented(std::move(image), inverse_orientation(orientation)));
  file.encode_ms = watch.lap();
}

}  // namespace

EnhanceResult enhance(const EnhanceRequest& request, Job& job) {
  if (compute_device() != "cpu") {
    throw Error(ErrorCode::usage, "enhancement runs on the CPU")
        .at_key("--device " + compute_device());
  }
  Stopwatch watch;
  TileOptions tiles{.memory_bytes = memory_of(request)};
  tile_side(tiles.memory_bytes);
  const fs::path target = target_of(request);
  if (!request.report.empty()) check_writable(request.report);
  EnhanceResult result;
  result.model_name = request.model.filename().string();
  result.strength = request.strength;
  EnhancedFile& file = result.files.emplace_back();
  file.input = request.input.string();
  file.output = target.string();
  if (!request.overwrite && fs::exists(target)) {
    if (!request.skip_existing) {
      throw Error(ErrorCode::partial, "the output is there already")
          .in_file(target)
          .with_hint("--overwrite replaces it, --skip-existing leaves it");
    }
    file.status = "skipped:exists";
  } else {
    check_writable(target);
    job.progress(0, 0, "loading");
    const EnhancementNetwork network = load_enhancement_network(request.model, request.limits);
    result.model_hash = network.content_hash;
    enhance_file(request, network, target, tiles, file, job);
  }
  result.seconds = watch.lap() / 1000;
  result.report = report_json(result).dump(2) + "\n";
  if (!request.report.empty()) atomic_write(request.report, std::string_view(result.report));
  return result;
}

}  // namespace vane
