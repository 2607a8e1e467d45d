// SPDX-License-Identifier: Apache-2.0
#include "editing/enhance_one.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "editing/enhance_preview.h"
#include "engine/base/atomic_file.h"
#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/metadata.h"
#include "engine/image/orientation.h"
#include "engine/image/srgb_view.h"
#include "engine/image/xmp.h"
#include "enhance/enhance_method.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Milliseconds since it was made.
uint64_t memory_of(const EnhanceRequest& request) {
  const auto bytes = parse_byte_size(request.max_memory);
  if (!bytes) {
    throw Error(ErrorCode::usage, "--max-memory takes a size, not \"" + request.max_memory + "\"")
        .with_hint("for example 512MiB or 2GiB");
  }
  return *bytes;
}

/// Runs `work`; that something could not be written is not the photograph's fault.
template <class Work>
void as_writing(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::resource) throw CannotWrite{error};
    throw;
  }
}

void create_folders(const fs::path& folder) {
  if (folder.empty()) return;
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) {
    throw Error(ErrorCode::resource, "cannot make the folder: " + problem.message())
        .in_file(folder);
  }
}

/// 0: as it is.
int bit_depth_of(const EnhanceRequest& request) {
  const int depth = request.bit_depth == "16" ? 16 : request.bit_depth == "8" ? 8 : 0;
  if (depth == 16 && (request.format == "jpg" || request.format == "webp")) {
    throw Error(ErrorCode::usage, "--format " + request.format + " holds 8 bits a sample")
        .with_hint("--format png and --format tif hold 16");
  }
  return depth;
}

Image with_depth(Image image, int depth) {
  if (depth == 0 || depth == image.depth) return image;
  if (depth == 16) {
    image.u16.reserve(image.u8.size());
    for (const uint8_t sample : image.u8) image.u16.push_back(static_cast<uint16_t>(sample * 257));
    image.u8 = {};
  } else {
    image.u8.reserve(image.u16.size());
    for (const uint16_t sample : image.u16) {
      image.u8.push_back(static_cast<uint8_t>((sample + 128) / 257));
    }
    image.u16 = {};
  }
  image.depth = depth;
  return image;
}

/// Whether outputs say what was done to them.
bool is_told(const EnhanceRequest& request) { return request.stamp && request.strip != "all"; }

std::optional<double> if_known(double value) {
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

/// Which blocks there are.
struct Blocks {
  bool icc = false, exif = false, xmp = false;
};
Blocks blocks_of(const ImageMetadata& metadata) {
  return {!metadata.icc.empty(), !metadata.exif.empty(), !metadata.xmp.empty()};
}

void note_kept(EnhancedFile& file, const Blocks& had, const Blocks& kept) {
  if (had.icc) file.icc_kept = kept.icc;
  if (had.exif) file.exif_kept = kept.exif;
  if (had.xmp) file.xmp_kept = kept.xmp;
}

bool names(const std::vector<std::string>& left_out, std::string_view block) {
  return std::any_of(left_out.begin(), left_out.end(),
                     [&](const std::string& what) { return what.starts_with(block); });
}

XmpStamp stamp_of(const EnhanceRequest& request, const PhotoWork& work) {
  std::string parameters =
      fmt::format("command=enhance method={} strength={:.4g}", request.method, work.file->strength);
  if (!work.model_hash.empty()) parameters += " model=" + work.model_hash;
  return {std::string("Vane ") + VANE_VERSION, parameters};
}

}  // namespace

PhotoStages::PhotoStages(const EnhanceRequest& request)
    : request_(request),
      masks_({request.mask, request.mask_invert, request.feather, request.clip, request.limits}),
      memory_bytes_(memory_of(request)),
      bit_depth_(bit_depth_of(request)) {}

void PhotoStages::check(const PhotoTask& task) const {
  const std::string format = format_for_path(task.output);
  if (bit_depth_ == 16 && (format == "jpeg" || format == "webp")) {
    throw Error(ErrorCode::usage, "this format holds 8 bits a sample, not 16")
        .in_file(task.output)
        .with_hint("--format tif or --format png holds them");
  }
}

fs::path PhotoStages::preview_of(const PhotoTask& task) const {
  fs::path target = task.output;
  if (!request_.preview_folder.empty()) {
    target = request_.preview_folder /
             (task.root.empty() ? target.filename() : target.lexically_relative(task.root));
  } else if (!request_.preview) {
    return {};
  }
  return target += ".preview.png";
}

void PhotoStages::prepare_output(const PhotoTask& task, bool into_folder) {
  as_writing([&] {
    if (into_folder) create_folders(task.output.parent_path());
    check_writable(task.output);
  });
}

void PhotoStages::load(PhotoWork& work, bool into_folder) const {
  prepare_output(work.task, into_folder);  // before minutes are spent on what could not be kept
  const Stopwatch watch;
  work.source = read_photo_source(work.task.input, request_.limits);
  DecodeOptions decode;
  decode.limits = request_.limits;
  decode.apply_orientation = false;
  Image image = decode_image(*work.source.bytes, decode);
  EnhancedFile& file = *work.file;
  file.width = image.width;
  file.height = image.height;
  file.channels = image.channels;
  file.bits = image.depth;
  file.orientation = work.orientation = image.metadata.orientation;
  file.icc_in = !image.metadata.icc.empty();
  if (image.width < 2 || image.height < 2) {
    throw Error(ErrorCode::input, "enhancement needs 2 pixels a side").in_file(work.task.input);
  }
  // Samples that are to have 16 bits get them before there is something to round.
  work.image = oriented(bit_depth_ == 16 ? with_depth(std::move(image), 16) : std::move(image),
                        work.orientation);
  if (!preview_of(work.task).empty()) work.before = srgb_thumbnail(work.image, kPreviewPanelSide);
  work.mask = masks_.read(work.task);
  file.decode_ms = watch.milliseconds();
}

void PhotoStages::process(PhotoWork& work, const EnhanceMethod& method, Job& job) const {
  const Stopwatch watch;
  EnhancedFile& file = *work.file;
  EnhanceMeasures measures;
  try {
    EnhanceControls controls;
    controls.strength = request_.strength;
    controls.automatic = request_.auto_strength;
    controls.refine_steps = request_.refine;
    controls.memory_bytes = memory_bytes_;
    if (masks_.wanted()) controls.mask = masks_.mask_for(work.image, work.mask, job);
    work.image = method.enhance(work.image, controls, job, measures);
  } catch (Error& error) {
    error.set_file_if_empty(work.task.input);
    throw;
  }
  work.model_hash = method.content_hash();
  file.apply_ms = if_known(measures.apply_ms);
  file.map_ms = watch.milliseconds() - file.apply_ms.value_or(0);
  file.strength = measures.strength * request_.strength;
  file.map_min = measures.map_min;
  file.map_mean = measures.map_mean;
  file.map_median = measures.map_median;
  file.map_max = measures.map_max;
  file.tiles = measures.tiles;
  file.clip_before = if_known(measures.clip_before);
  file.clip_after = if_known(measures.clip_after);
  file.gap_closed = if_known(measures.gap_closed);
  file.luma_before = measures.luma_before;
  file.luma_after = measures.luma_after;
  file.clipped_before = measures.clipped_before;
  file.clipped_after = measures.clipped_after;
  file.refine_steps = measures.refine_steps;
  file.refine_before = measures.refine_before;
  file.refine_after = measures.refine_after;
}

void PhotoStages::store(PhotoWork& work) const {
  const Stopwatch watch;
  if (const fs::path target = preview_of(work.task); !target.empty()) {
    const Image preview =
        enhance_preview(work.before, srgb_thumbnail(work.image, kPreviewPanelSide));
    as_writing([&] {
      create_folders(target.parent_path());
      write_image(target, preview);
    });
  }
  if (request_.bake_orientation) {
    work.image.metadata.orientation = 1;
    if (work.orientation >= 5) turn_density(work.image.metadata);
  } else {
    work.image = oriented(std::move(work.image), inverse_orientation(work.orientation));
  }
  Image enhanced = with_depth(std::move(work.image), bit_depth_);
  settle_metadata(work, enhanced);
  as_writing([&] { write(work, enhanced); });
  if (request_.keep_times) copy_file_times(work.task.input, work.task.output);
  work.file->encode_ms = watch.milliseconds();
  const bool left_alone = work.file->strength == 0 && request_.strength > 0;
  work.file->status = left_alone ? "skipped:well-lit" : "ok";
}

bool PhotoStages::is_copy(const PhotoWork& work, const Image& enhanced) const {
  return work.file->strength == 0 && enhanced.format == format_for_path(work.task.output) &&
         enhanced.depth == work.file->bits && request_.strip == "none" &&
         enhanced.metadata.orientation == work.orientation;
}

void PhotoStages::settle_metadata(PhotoWork& work, Image& enhanced) const {
  ImageMetadata& metadata = enhanced.metadata;
  const Blocks had = blocks_of(metadata);
  if (is_copy(work, enhanced)) {
    note_kept(*work.file, had, had);
    return;
  }
  if (request_.strip == "gps") strip_gps(metadata);
  if (request_.strip == "all") strip_all(metadata);
  Blocks kept = blocks_of(metadata);
  const bool is_turned = work.orientation != metadata.orientation || enhanced.format == "raw";
  const bool is_stamped = is_told(request_) && work.file->strength != 0;
  if (is_stamped || (is_turned && !metadata.xmp.empty())) {
    std::optional<XmpPacket> packet =
        metadata.xmp.empty() ? XmpPacket() : XmpPacket::parse(metadata.xmp);
    if (packet && is_turned) packet->set_size(enhanced.width, enhanced.height);
    if (packet && is_stamped) packet->stamp(stamp_of(request_, work));
    if (packet) metadata.xmp = packet->bytes();
    if (!packet && is_stamped) note_left_out(metadata.left_out, "stamp: the XMP is damaged");
  }
  work.file->left_out = metadata.left_out;
  for (std::string& what : left_out_by_writing(enhanced, format_for_path(work.task.output), {})) {
    note_left_out(work.file->left_out, std::move(what));
  }
  EncodeOptions as_is;
  as_is.orientation = metadata.orientation;
  kept.icc = kept.icc && !metadata_to_write(enhanced, as_is).icc.empty();
  kept.exif = kept.exif && !names(work.file->left_out, "EXIF:");
  kept.xmp = kept.xmp && !names(work.file->left_out, "XMP:");
  note_kept(*work.file, had, kept);
}

void PhotoStages::write(const PhotoWork& work, const Image& enhanced) const {
  const fs::path& target = work.task.output;
  if (is_copy(work, enhanced)) {
    atomic_write(target, work.source.bytes->view());  // a lossy format would lose again
    return;
  }
  EncodeOptions encode;
  encode.jpeg_quality = encode.webp_quality = static_cast<int>(request_.jpeg_quality);
  encode.orientation = enhanced.metadata.orientation;
  if (!is_told(request_)) {
    write_image(target, enhanced, encode);
    return;
  }
  nlohmann::ordered_json recipe{{"command", "enhance"},
                                {"request",
                                 {{"method", request_.method},
                                  {"model", request_.model.filename().string()},
                                  {"strength", work.file->strength}}}};
  if (request_.refine > 0) recipe["request"]["refine"] = request_.refine;
  if (masks_.wanted()) {
    recipe["request"]["mask"] = fs::path(request_.mask).filename().string();
    recipe["request"]["mask-invert"] = request_.mask_invert;
    recipe["request"]["feather"] = request_.feather;
  }
  encode.recipe = recipe.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  write_image(target, enhanced, encode);
}

}  // namespace vane
