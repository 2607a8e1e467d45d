// SPDX-License-Identifier: Apache-2.0
#include "editing/services/invert.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "editing/faces/photo_faces.h"
#include "editing/inversion/latent_file.h"
#include "editing/inversion/tuning_file.h"
#include "editing/portraits/invert_face.h"
#include "editing/services/edit_report.h"
#include "editing/sheet.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/stopwatch.h"
#include "engine/image/codec.h"
#include "engine/run/freed_memory.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void check_request(const InvertRequest& request) {
  if (request.output.extension() != ".safetensors") {
    throw Error(ErrorCode::usage, "latents are written as .safetensors")
        .in_file(request.output)
        .with_hint("--picture writes a picture");
  }
  if (!request.tuned.empty() && request.method != "pti") {
    throw Error(ErrorCode::usage, "--tuned needs --method pti");
  }
  if (request.locality && request.method != "pti") {
    throw Error(ErrorCode::usage, "--locality needs --method pti");
  }
  if (!request.lpips_linear.empty() && request.lpips.empty()) {
    throw Error(ErrorCode::usage, "--lpips-linear needs --lpips");
  }
  if (request.method == "project" && !request.start.empty()) {
    throw Error(ErrorCode::usage, "the projector starts from the mean; --start has no use here");
  }
  if (request.method == "encoder" && (!request.start.empty() || request.steps > 0)) {
    throw Error(ErrorCode::usage,
                "--method encoder is one pass; --start and --steps have no use here");
  }
  if (!request.picture.empty()) format_for_path(request.picture);
  for (const fs::path* path :
       {&request.output, &request.tuned, &request.picture, &request.report}) {
    if (!path->empty()) check_writable(*path);
  }
}

FaceInversionOptions options_of(const InvertRequest& request) {
  FaceInversionOptions options;
  options.method = inversion_method(request.method);
  options.face = parse_face_choice(request.face, false);
  options.aligned = request.aligned;
  options.encoder = request.encoder;
  options.start = request.start;
  options.clip = request.clip;
  options.lpips = request.lpips;
  options.lpips_linear = request.lpips_linear;
  options.steps = request.steps;
  options.projector_rows = request.space == "w_plus";
  options.locality = request.locality;
  options.seed = request.seed;
  options.limits = request.limits;
  return options;
}

fs::path tuned_path(const InvertRequest& request) {
  if (!request.tuned.empty()) return request.tuned;
  fs::path path = request.output;
  return path.replace_extension(".tuned.safetensors");
}

std::string picture_hash(const Image& picture) {
  return hex64(xxh64(std::as_bytes(std::span(picture.u8))));
}

std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::map<std::string, std::string> facts_of(const InvertRequest& request, const Image& photo,
                                            const InvertedFace& face) {
  std::map<std::string, std::string> facts{
      {"photo", request.input.filename().string()},
      {"width", std::to_string(photo.width)},
      {"height", std::to_string(photo.height)},
      {"picture", picture_hash(face.target)},
      {"method", request.method},
      {"started_from", face.started_from},
      {"seed", std::to_string(request.seed)},
  };
  if (!face.encoder_hash.empty()) facts["encoder"] = face.encoder_hash;
  if (face.crop) {
    facts["crop"] = text({{"middle", {face.crop->middle().x, face.crop->middle().y}},
                          {"half_width", {face.crop->half_width().x, face.crop->half_width().y}}});
  }
  return facts;
}

Json report_of(const InvertRequest& request, const InvertedFace& face,
               const std::map<std::string, std::string>& facts, const InvertResult& result) {
  Json json{{"schema", 1},
            {"input", request.input.string()},
            {"output", result.output},
            {"method", result.method},
            {"started_from", result.started_from},
            {"tuned", result.tuned.empty() ? Json(nullptr) : Json(result.tuned)},
            {"psnr", number_or_null(result.psnr)},
            {"distance", number_or_null(result.distance)},
            {"distance_is", request.lpips.empty() ? "stages of " + request.clip : "LPIPS"},
            {"identity", number_or_null(result.identity)},
            {"seconds", result.seconds},
            {"steps", result.steps},
            {"cancelled", result.cancelled},
            {"warnings", result.warnings},
            {"facts", facts}};
  if (face.crop) {
    json["quad"] = Json::array();
    for (const CropPoint& corner : face.crop->quad()) json["quad"].push_back({corner.x, corner.y});
  }
  return json;
}

}  // namespace

InvertResult invert_photo(const InvertRequest& request, Job& job) {
  const Stopwatch watch;
  check_request(request);
  const FaceInversionOptions options = options_of(request);
  keep_freed_memory();
  DecodeOptions decode;
  decode.limits = request.limits;
  const Image photo = read_image(request.input, decode);
  const std::unique_ptr<StyleGenerator> generator =
      load_style_generator(generator_path(request.generator), request.limits);
  const InvertedFace face = invert_face(*generator, photo, request.input, options, job);

  InvertResult result;
  result.output = request.output.string();
  result.method = request.method;
  result.started_from = face.started_from;
  std::map<std::string, std::string> facts = facts_of(request, photo, face);
  if (face.tuned) {
    const fs::path path = tuned_path(request);
    save_tuning(path, *generator, *face.tuned, facts);
    result.tuned = path.string();
    facts["tuned"] = path.filename().string();
  }
  save_latents(request.output, face.w_plus, *generator, facts, face.noise);
  if (!request.picture.empty()) {
    write_image(request.picture, picture_row({face.target, tensor_to_image(face.reconstruction)},
                                             face.target.width));
  }
  result.psnr = face.psnr;
  result.distance = face.distance;
  result.identity = face.identity;
  result.steps = face.steps;
  result.cancelled = face.cancelled;
  result.warnings = face.warnings;
  result.seconds = watch.milliseconds() / 1000;
  if (!request.report.empty()) {
    atomic_write(request.report,
                 std::string_view(report_of(request, face, facts, result)
                                      .dump(2, ' ', false, Json::error_handler_t::replace) +
                                  "\n"));
  }
  return result;
}

}  // namespace vane
