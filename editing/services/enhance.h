// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane enhance`: backlit photographs brightened by an enhancement network. No torch here.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct EnhanceRequest {
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path output;
  std::string method;
  std::filesystem::path model;
  double strength = 1;
  bool auto_strength = true;
  int64_t refine = 0;
  bool recursive = false, overwrite = false, skip_existing = false, resume = false, dry_run = false,
       watch = false;
  std::string mask, clip = "clip-mini";
  bool mask_invert = false;
  double feather = 0;
  std::string extensions;
  std::vector<std::string> exclude;
  std::string suffix, format = "keep", bit_depth = "keep";
  bool keep_times = false;
  std::string strip = "none";
  bool stamp = true, bake_orientation = false;
  bool preview = false;
  std::filesystem::path preview_folder, contact_sheet;
  int64_t contact_pairs = 24;
  int64_t jobs = 0;
  std::string max_memory = "768MiB";
  int64_t jpeg_quality = 95;
  std::filesystem::path report;
  Limits limits{};  // filled from the global --limit

  template <class V>
  static void fields(V& v) {
    using C = EnhanceRequest;
    v.field("inputs", &C::inputs,
            "photographs (raw files too), folders of them, patterns (\"2024/**/*.jpg\"), @LIST "
            "with a path a line, or "
            "- for paths from standard input, each ended by a NUL; a video (.mp4 .mov .mkv .webm "
            ".avi) only where it or its --ext is named",
            {.required = true, .positional = true, .placeholder = "PHOTO"});
    v.field(
        "output", &C::output,
        "enhanced photograph (.jpg .png .tif .webp) or video (.mp4 .mov .mkv .avi), or a folder "
        "for each by its name",
        {.short_flag = "o", .placeholder = "FILE|DIR"});
    v.field(
        "method", &C::method,
        "what brightens: vane (the default), a published network (rave, clip-lit, "
        "clip-lit-latent), or a classical one: identity, gamma, auto-gamma, equalise, clahe, msr, "
        "lime, exposure-fusion",
        {.placeholder = "NAME"});
    v.field("model", &C::model,
            "weights of a CLIP-LIT or RAVE network (.pth, .safetensors), or a folder that `vane "
            "train enhance` wrote",
            {.placeholder = "FILE"});
    v.field("strength", &C::strength, "how much of what the method would do; 0 changes nothing",
            {.min = 0, .max = 2});
    v.field("mask", &C::mask,
            "where: a grey picture of the upright photograph's shape (white is enhanced), a folder "
            "with one of the same name for each, or words: \"the person\"",
            {.placeholder = "FILE|DIR|TEXT"});
    v.field("mask-invert", &C::mask_invert, "enhance what is black in the mask instead");
    v.field("feather", &C::feather, "fade the mask's edges over so many pixels to either side",
            {.min = 0, .max = 10000, .unit = "px"});
    v.field("clip", &C::clip, "CLIP that finds the words of --mask: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field("auto-strength", &C::auto_strength,
            "let the method vane judge how much light each photograph needs; off: all it finds");
    v.field("refine", &C::refine,
            "steps that the method vane spends on each photograph alone, so that it looks better "
            "lit to clip-mini; 30 is usual, 0: none",
            {.min = 0, .max = 1000});
    v.field("recursive", &C::recursive, "look into the folders below a folder as well",
            {.short_flag = "r"});
    v.field("ext", &C::extensions, "take these only, for example jpg,tif", {.placeholder = "LIST"});
    v.field("exclude", &C::exclude,
            "leave out what has such a name, or lies in such a folder: \"*_old*\"",
            {.repeat = true, .placeholder = "PATTERN"});
    v.field("suffix", &C::suffix,
            "added to the names of outputs (_enh); without -o they go beside their photographs",
            {.placeholder = "TEXT"});
    v.field("format", &C::format, "format of outputs in a folder; keep makes TIFF of raw files",
            {.choices = {"keep", "png", "jpg", "tif", "webp"}});
    v.field("bit-depth", &C::bit_depth, "bits a sample; JPEG and WebP have 8",
            {.choices = {"keep", "8", "16"}});
    v.field("keep-times", &C::keep_times, "give outputs the dates of their photographs");
    v.field("strip", &C::strip,
            "metadata to leave out: gps, where it was taken; all, everything but the profile, the "
            "orientation and the resolution",
            {.choices = {"none", "gps", "all"}});
    v.field(
        "stamp", &C::stamp,
        "say in the output's metadata what changed its pixels: CreatorTool and History of XMP, and "
        "the recipe; off: nothing of that");
    v.field("bake-orientation", &C::bake_orientation,
            "turn the pixels themselves instead of keeping the tag that turns them");
    v.field("dry-run", &C::dry_run, "say what would be done, and write nothing");
    v.field("overwrite", &C::overwrite, "replace an output that is there already");
    v.field("skip-existing", &C::skip_existing,
            "leave an output that is there already, and succeed");
    v.field(
        "resume", &C::resume,
        "go on where a run into this folder ended: what its journal vouches for stays, the rest "
        "is made (again)");
    v.field("watch", &C::watch,
            "go on with photographs that come into the folders, until Ctrl+C or SIGTERM; resumes "
            "unless told otherwise");
    v.field("jobs", &C::jobs,
            "photographs in memory at a time: one is worked on, others are read and written; 0: by "
            "the number of cores",
            {.min = 0, .max = 64});
    v.field("max-memory", &C::max_memory, "memory for the network beside the photograph",
            {.placeholder = "SIZE"});
    v.field("jpeg-quality", &C::jpeg_quality, "quality of JPEG and WebP output",
            {.min = 1, .max = 100});
    v.field("preview", &C::preview,
            "write before, a map of the gain and after side by side beside each output, as "
            "NAME.preview.png");
    v.field("preview-folder", &C::preview_folder, "write previews there instead",
            {.placeholder = "DIR"});
    v.field("contact-sheet", &C::contact_sheet, "write pairs of before and after on one picture",
            {.placeholder = "FILE"});
    v.field("contact-pairs", &C::contact_pairs, "pairs on it at most, spread over the whole batch",
            {.min = 1, .max = 500});
    v.field("report", &C::report, "write a JSON report", {.placeholder = "FILE"});
  }
};

/// Frames of a video between two cuts, in the order of the file.
struct VideoShot {
  int64_t first = 0, frames = 0;
  /// What the method chose for all of them.
  double strength = 1;
};

struct EnhancedVideo {
  /// Of the file, and how many more were written to keep its times.
  int64_t frames = 0, held = 0;
  double fps = 0;
  /// The sound, if there is any, came along.
  bool with_sound = false;
  std::vector<VideoShot> shots;
};

/// One photograph or video (sheet enhance.md, 8.3).
struct EnhancedFile {
  std::string input, output;
  /// "ok", "skipped:well-lit" (the method found that nothing is missing: the output is the source,
  /// developed where it is a raw file), "skipped:exists", "skipped:done" (an earlier run made it,
  /// and --resume was given), "failed", or "pending" (a dry run, or the batch ended before it).
  std::string status = "pending";
  /// Why it failed: one line.
  std::string error;
  int64_t width = 0, height = 0, channels = 0, bits = 8, orientation = 1;
  /// What the photograph's file holds and the output does not.
  std::vector<std::string> left_out;
  /// What was asked for times what the method chose.
  double strength = 1;
  /// Whether the file holds a profile, and which blocks of the photograph's file the output has as
  /// well; absent where there is none.
  bool icc_in = false;
  std::optional<bool> icc_kept, exif_kept, xmp_kept;
  /// 0 where there is no map.
  double map_min = 0, map_mean = 0, map_median = 0, map_max = 0;
  int64_t tiles = 0;
  double luma_before = 0, luma_after = 0, clipped_before = 0, clipped_after = 0;
  /// Steps of refinement, and its objective before and after them; no steps: not refined.
  int64_t refine_steps = 0;
  double refine_before = 0, refine_after = 0;
  /// EnhanceMeasures: what CLIP sees of it, where it chose the strength.
  std::optional<double> clip_before, clip_after, gap_closed;
  double decode_ms = 0, map_ms = 0, encode_ms = 0;
  /// Bringing the light to the full photograph, where a method tells; it is in map_ms otherwise.
  std::optional<double> apply_ms;
  /// Of a video; then strength and measures are means over its frames.
  std::optional<EnhancedVideo> video;
};

struct EnhanceResult {
  std::string method, model_name, model_hash;
  /// SHA-256 of the file of the weights, and how many they are; empty and 0 without any.
  std::string model_sha256;
  int64_t model_parameters = 0;
  /// When it began, UTC: "2026-01-31T12:00:00Z".
  std::string started;
  /// Hash of all that decides what becomes of a photograph; empty before the method is loaded.
  std::string config_hash;
  double strength = 1, seconds = 0;
  std::vector<EnhancedFile> files;
  int64_t ok = 0, skipped = 0, failed = 0;
  /// The JSON of EnhanceRequest::report, which --json prints too.
  std::string report;
};

/// Writes the stored order of samples with the orientation tag kept, unless it is baked in; the
/// network sees the upright picture. Raw files are developed upright. At strength 0, asked for or
/// chosen, a file of the same format is copied byte for byte where nothing is to be stripped or
/// turned. One photograph named itself throws what is wrong with it; in a batch it is "failed" with
/// a warning, and the rest goes on until an output cannot be written; its report is written then as
/// well, and when it is stopped. With `watch` a stop is the end that is expected: what is being
/// enhanced is finished, and nothing is thrown. Throws: Error{partial} when the output is there
/// already, Error{usage} when it is the input, Error{input}, Error{checkpoint}, Error{numeric},
/// Error{resource}; Cancelled, what was finished stays.
EnhanceResult enhance(const EnhanceRequest& request, Job& job);

}  // namespace vane
