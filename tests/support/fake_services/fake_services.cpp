// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_services/fake_services.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "editing/services/direction.h"
#include "editing/services/edit.h"
#include "editing/services/enhance.h"
#include "editing/services/lift.h"
#include "editing/services/preview.h"
#include "editing/services/query.h"
#include "editing/services/segment.h"
#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/scene/ply_patch.h"
#include "engine/scene/splat_file.h"
#include "generators/language/found_splats.h"
#include "generators/splats/splat_recolour.h"

namespace vane::testing {
namespace {

std::mutex mutex;
std::map<std::string, int> counts;

void count(const std::string& name) {
  const std::lock_guard lock(mutex);
  ++counts[name];
}

Image brightened(const Image& source, double strength, const Image* mask) {
  Image out = to_rgb8(source);
  const int add = static_cast<int>(std::lround(16 * strength));
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      int by = add;
      if (mask) {
        const int my = y * mask->height / out.height, mx = x * mask->width / out.width;
        const size_t at = static_cast<size_t>(my * mask->width + mx);
        by = add * mask->u8[at * static_cast<size_t>(mask->channels)] / 255;
      }
      for (int c = 0; c < 3; ++c) {
        uint8_t& sample = out.u8[static_cast<size_t>((y * out.width + x) * 3 + c)];
        sample = static_cast<uint8_t>(std::clamp(sample + by, 0, 255));
      }
    }
  }
  return out;
}

void follow_phrase(const std::string& phrase, Job& job) {
  if (phrase == "fail") {
    throw Error(ErrorCode::numeric, "the loss is not finite").with_hint("another phrase may work");
  }
  for (int i = 0; phrase == "slow" || i < 3; ++i) {
    job.check_cancelled();
    job.progress(i, phrase == "slow" ? 100000 : 3, "optimising");
    job.metric("loss", i, 1.0 / (i + 1));
    if (job.wants_preview()) {
      Image picture;
      picture.width = picture.height = 8;
      picture.u8.assign(picture.sample_count(), 128);
      job.preview(picture, i);
    }
    if (phrase == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void edit(const void* in, Job& job, void* out) {
  count("edit");
  const auto& request = *static_cast<const EditRequest*>(in);
  auto& result = *static_cast<EditResult*>(out);
  if (request.apply.empty()) follow_phrase(request.to, job);
  const Image source = read_image(request.input);
  std::optional<Image> mask;
  if (std::filesystem::exists(request.mask)) mask = read_image(request.mask);
  write_image(request.output,
              brightened(source, static_cast<double>(request.strength), mask ? &*mask : nullptr));
  if (!request.sidecar.empty()) {
    atomic_write(request.sidecar, std::string_view("phrase: " + request.to + "\n"));
  }
  result.output = request.output.string();
  result.gain = 0.25;
  result.verdict = "real";
  result.moved = {"exposure +0.25 EV"};
}

void enhance(const void* in, Job& job, void* out) {
  count("enhance");
  const auto& request = *static_cast<const EnhanceRequest*>(in);
  auto& result = *static_cast<EnhanceResult*>(out);
  std::vector<std::filesystem::path> photos;
  for (const auto& input : request.inputs) {
    if (!std::filesystem::is_directory(input)) {
      photos.push_back(input);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(input)) {
      if (is_picture_name(entry.path())) photos.push_back(entry.path());
    }
  }
  std::sort(photos.begin(), photos.end());
  for (size_t i = 0; i < photos.size(); ++i) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(photos.size()), "enhancing");
    std::filesystem::path output = request.output;
    if (photos.size() > 1 || output.extension().empty()) {
      std::filesystem::create_directories(output);
      output /= photos[i].filename();
    }
    write_image(output, brightened(read_image(photos[i]), request.strength, nullptr));
    EnhancedFile file;
    file.input = photos[i].string();
    file.output = output.string();
    file.status = "ok";
    result.files.push_back(file);
    ++result.ok;
  }
}

void segment(const void* in, Job& job, void* out) {
  count("segment");
  const auto& request = *static_cast<const SegmentRequest*>(in);
  auto& result = *static_cast<SegmentResult*>(out);
  follow_phrase(request.texts.front(), job);
  const Image source = read_image(request.image);
  Image mask;
  mask.width = source.width;
  mask.height = source.height;
  mask.channels = 1;
  mask.u8.resize(mask.sample_count());
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width / 2; ++x) mask.u8[static_cast<size_t>(y * mask.width + x)] = 255;
  }
  std::filesystem::create_directories(request.output);
  SegmentText text;
  text.text = request.texts.front();
  text.mask = (request.output / "01-mask.png").string();
  text.soft = (request.output / "01-mask-soft.png").string();
  text.share = 0.5;
  write_image(text.mask, mask);
  write_image(text.soft, mask);
  result.texts.push_back(text);
}

void preview_develop(const void* in, Job& job, void* out) {
  count("preview develop");
  const auto& request = *static_cast<const PreviewDevelopRequest*>(in);
  std::string phrase;
  std::getline(std::ifstream(request.settings), phrase);
  for (int i = 0; i < 10 && phrase.ends_with("laborious"); ++i) {
    job.check_cancelled();
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  static_cast<PreviewDevelopResult*>(out)->image = std::make_shared<const Image>(
      brightened(*request.source, request.strength, request.mask.get()));
}

void preview_enhance(const void* in, Job&, void* out) {
  count("preview enhance");
  const auto& request = *static_cast<const PreviewEnhanceRequest*>(in);
  auto& result = *static_cast<PreviewEnhanceResult*>(out);
  result.image = std::make_shared<const Image>(
      brightened(*request.source, request.strength, request.mask.get()));
  result.known = result.image;
  result.strength = request.strength;
  if (request.map)
    result.stops.assign(
        static_cast<size_t>(result.image->width) * static_cast<size_t>(result.image->height), 0.5f);
}

std::string hash_of(const std::filesystem::path& file) {
  return hex64(
      xxh64(MappedFile::open(file, UINT64_MAX, static_cast<int>(ErrorCode::input))->view()));
}

void lift(const void* in, Job& job, void*) {
  count("lift");
  const auto& request = *static_cast<const LiftRequest*>(in);
  follow_phrase("", job);
  LanguageField field;
  field.gaussians = read_splats(request.scene, {}).cloud.size();
  field.dim = 1;
  const auto size = static_cast<size_t>(field.gaussians);
  LanguageLevel level{"m",
                      std::vector<int16_t>(size * kFieldSlots, kNoObject),
                      std::vector<uint8_t>(size * kFieldSlots, 0),
                      std::vector<float>(size, 1.f),
                      {1.f},
                      {static_cast<float>(size)},
                      {1}};
  for (size_t i = 0; i < size; ++i) {
    level.object[i * kFieldSlots] = 0;
    level.share[i * kFieldSlots] = 255;
  }
  field.levels = {level};
  field.clip = "fake";
  field.clip_hash = "0";
  field.scene = request.scene.filename().string();
  field.scene_hash = hash_of(request.scene);
  field.view_names = {"a"};
  field.cameras = {Camera{}};
  field.cameras[0].width = field.cameras[0].height = 8;
  field.cameras[0].fx = field.cameras[0].fy = 8;
  field.cameras[0].cx = field.cameras[0].cy = 4;
  field.cameras[0].world_to_camera[11] = 6;
  write_language_field(request.output, field);
}

void query(const void* in, Job& job, void* out) {
  count("query");
  const auto& request = *static_cast<const QueryRequest*>(in);
  auto& result = *static_cast<QueryResult*>(out);
  const std::string& phrase = request.texts.front();
  follow_phrase(phrase, job);
  LanguageField field = read_language_field(request.field);
  const std::filesystem::path source =
      request.scene.empty() ? request.field.parent_path() / field.scene : request.scene;
  const SplatFile scene = read_splats(source, {});
  QueryText text;
  text.level = "m";
  text.score = phrase == "nothing" ? 0.2 : 0.9;
  text.weight.assign(static_cast<size_t>(scene.cloud.size()), 1.f);
  for (size_t i = 0; i < text.weight.size(); ++i) {
    const bool left = scene.cloud.position[3 * i] < 0;
    text.relevancy.push_back(phrase == "left" && left     ? 0.9f
                             : phrase == "right" && !left ? 0.9f
                                                          : 0.1f);
  }
  const std::vector<int64_t> rows =
      found_splats(scene.cloud, text.weight, text.relevancy, text.score, request.threshold);
  std::vector<int64_t> others;
  for (int64_t i = 0; i < scene.cloud.size(); ++i) {
    if (!std::binary_search(rows.begin(), rows.end(), i)) others.push_back(i);
  }
  std::filesystem::path written;
  if (!request.select.empty()) copy_ply_rows(source, rows, written = request.select, {});
  if (!request.remove.empty()) copy_ply_rows(source, others, written = request.remove, {});
  if (!request.recoloured.empty()) {
    patch_ply_rows(source, rows, {"f_dc_0", "f_dc_1", "f_dc_2"},
                   recoloured(scene.cloud, rows, colour_named(request.recolour)),
                   written = request.recoloured, {});
  }
  if (!request.written_field.empty()) {
    if (!request.select.empty()) field = field_of_rows(field, rows);
    if (!request.remove.empty()) field = field_of_rows(field, others);
    field.scene = written.filename().string();
    field.scene_hash = hash_of(written);
    write_language_field(request.written_field, field);
  }
  result.texts.push_back(std::move(text));
}

/// Every direction is a text that says how it was made.
std::string direction_text_of(const std::filesystem::path& file) {
  const auto mapped = MappedFile::open(file, 1 << 20, static_cast<int>(ErrorCode::input));
  const auto bytes = mapped->view();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void direction_text(const void* in, Job& job, void*) {
  count("direction text");
  const auto& request = *static_cast<const DirectionTextRequest*>(in);
  follow_phrase(request.to, job);
  atomic_write(request.output, std::string_view(request.from + ">" + request.to));
}

void direction_image(const void* in, Job&, void*) {
  count("direction image");
  const auto& request = *static_cast<const DirectionImageRequest*>(in);
  atomic_write(request.output, std::string_view(request.from.filename().string() + ">" +
                                                request.to.filename().string()));
}

void direction_mix(const void* in, Job&, void*) {
  count("direction mix");
  const auto& request = *static_cast<const DirectionMixRequest*>(in);
  atomic_write(request.output, std::string_view("(" + direction_text_of(request.a) + " | " +
                                                direction_text_of(request.b) + ")"));
}

void direction_explain(const void* in, Job&, void* out) {
  count("direction explain");
  const auto& request = *static_cast<const DirectionExplainRequest*>(in);
  auto& result = *static_cast<DirectionExplainResult*>(out);
  const std::string text = direction_text_of(request.direction);
  result.toward = {{"evening", 0.3, 4.0, 1}, {"boats", 0.2, 3.0, 2}};
  result.away = {{"noon", -0.3, -4.0, 9}};
  if (request.output.empty()) return;
  result.toward_after = {{"evening", 0.3, 4.0, 1}};
  result.away_after = result.away;
  atomic_write(request.output, std::string_view(text + " - " + request.remove.front()));
}

struct Entry {
  const char* name;
  ServiceFunction function;
  std::size_t request_bytes, result_bytes;
};
constexpr Entry kEntries[] = {
    {"direction explain", direction_explain, sizeof(DirectionExplainRequest),
     sizeof(DirectionExplainResult)},
    {"direction image", direction_image, sizeof(DirectionImageRequest), sizeof(DirectionResult)},
    {"direction mix", direction_mix, sizeof(DirectionMixRequest), sizeof(DirectionResult)},
    {"direction text", direction_text, sizeof(DirectionTextRequest), sizeof(DirectionResult)},
    {"edit", edit, sizeof(EditRequest), sizeof(EditResult)},
    {"enhance", enhance, sizeof(EnhanceRequest), sizeof(EnhanceResult)},
    {"lift", lift, sizeof(LiftRequest), sizeof(LiftResult)},
    {"query", query, sizeof(QueryRequest), sizeof(QueryResult)},
    {"segment", segment, sizeof(SegmentRequest), sizeof(SegmentResult)},
    {"preview develop", preview_develop, sizeof(PreviewDevelopRequest),
     sizeof(PreviewDevelopResult)},
    {"preview enhance", preview_enhance, sizeof(PreviewEnhanceRequest),
     sizeof(PreviewEnhanceResult)},
};

}  // namespace

ServiceFunction FakeServices::find(const std::string& name, std::size_t request_bytes,
                                   std::size_t result_bytes, Job&) {
  for (const Entry& entry : kEntries) {
    if (name != entry.name) continue;
    if (entry.request_bytes == request_bytes && entry.result_bytes == result_bytes) {
      return entry.function;
    }
  }
  throw Error(ErrorCode::internal, "no such service: " + name);
}

std::map<std::string, int> FakeServices::calls() {
  const std::lock_guard lock(mutex);
  return counts;
}

void FakeServices::forget_calls() {
  const std::lock_guard lock(mutex);
  counts.clear();
}

}  // namespace vane::testing
