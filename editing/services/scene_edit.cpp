// SPDX-License-Identifier: Apache-2.0
#include "editing/services/scene_edit.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "editing/auditor.h"
#include "editing/finishing_job.h"
#include "editing/gaussians/scene_change.h"
#include "editing/gaussians/splat_edit.h"
#include "editing/language/field_pictures.h"
#include "editing/mask_source.h"
#include "editing/scenes/camera_path.h"
#include "editing/services/edit_report.h"
#include "editing/services/query.h"
#include "editing/sheet.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/clip/clip_encoder.h"
#include "engine/image/codec.h"
#include "engine/scene/scene_data.h"
#include "engine/tensor/image_tensor.h"
#include "engine/text/phrase.h"
#include "generators/language/language_field.h"
#include "generators/splats/splat_raster.h"
#include "guidance/edit_metrics.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// Cameras around a scene of which nothing else is known.
constexpr int kOrbitViews = 12;
constexpr int kSheetSide = 480;
// Longer side at which the rest of the scene is compared.
constexpr int kCompareSide = 480;

fs::path change_path(const EditRequest& request) {
  if (!request.sidecar.empty()) return request.sidecar;
  fs::path path = request.output;
  return path.replace_extension(".edit.safetensors");
}

fs::path field_path(const EditRequest& request) {
  if (!request.field.empty()) return request.field;
  fs::path path = request.input;
  path.replace_extension(".lang");
  return fs::exists(path) ? path : fs::path();
}

GaussianGroups groups_of(const EditRequest& request) {
  if (request.groups.empty()) return {};
  GaussianGroups groups{false, false, false, false, false};
  for (const std::string& name : split(request.groups, ',')) {
    if (name == "tone") {
      groups.tone = true;
    } else if (name == "colour") {
      groups.colour = true;
    } else if (name == "opacity") {
      groups.opacity = true;
    } else if (name == "shape") {
      groups.shape = true;
    } else if (name == "position") {
      groups.position = true;
    } else {
      throw Error(ErrorCode::usage, "there is no group \"" + printable(name) + "\" of parameters")
          .at_key("--groups")
          .with_hint("groups: tone, colour, opacity, shape, position");
    }
  }
  return groups;
}

void check_request(const EditRequest& request) {
  const bool searched = !request.to.empty() || !request.like.empty() || !request.direction.empty();
  if (!searched && request.apply.empty()) {
    throw Error(ErrorCode::usage, "nothing says where to go")
        .with_hint("give --to TEXT, --like IMAGE, --direction FILE or --apply CHANGE");
  }
  if (searched && !request.apply.empty()) {
    throw Error(ErrorCode::usage, "--apply repeats a finished edit and takes no target");
  }
  check_phrase_bytes(request.to, "--to", request.limits);
  check_phrase_bytes(request.from, "--from", request.limits);
  check_phrase_bytes(request.mask, "--mask", request.limits);
  if (!request.from.empty() && request.to.empty()) {
    throw Error(ErrorCode::usage, "--from needs --to");
  }
  if (!request.unlike.empty() || (!request.like.empty() && !request.to.empty())) {
    throw Error(ErrorCode::usage, "a scene moves towards one of --to, --like and --direction");
  }
  if (!request.guidance.empty() || !request.lut.empty() || !request.also.empty() ||
      !request.toward.empty() || !request.sweep.empty() || !request.latent_out.empty()) {
    throw Error(ErrorCode::usage,
                "--guidance, --lut, --also, --toward, --sweep and --latent-out are not for scenes");
  }
  if (request.method != "auto" && request.method != "optimise") {
    throw Error(ErrorCode::usage,
                "there is no method \"" + printable(request.method) + "\" for scenes")
        .with_hint("methods: optimise");
  }
  if (!request.mask.empty() && !is_mask_phrase(request.mask)) {
    throw Error(ErrorCode::usage, "in a scene --mask is a phrase, not a picture");
  }
  groups_of(request);
  if (request.output.extension() != ".ply") {
    throw Error(ErrorCode::usage, "an edited scene is written as .ply")
        .in_file(request.output)
        .with_hint("`vane models convert` makes other layouts of it, `vane render` pictures");
  }
  for (const fs::path& path :
       {request.output, request.report, change_path(request), request.sheet}) {
    if (!path.empty()) check_writable(path);
  }
  if (!request.sheet.empty()) format_for_path(request.sheet);
}

Tensor pictures_of(const SplatCloud& cloud, const std::vector<Camera>& cameras) {
  std::vector<Tensor> pictures;
  RasterOptions options;
  options.active_sh_degree = cloud.sh_degree;
  for (const Camera& camera : cameras) {
    pictures.push_back(image_to_tensor(picture_of(SplatRaster(cloud, camera, options).draw())));
  }
  return at::cat(pictures);
}

/// Peak signal to noise ratio over all views of the pixels that are mostly of other Gaussians.
double rest_psnr(const SplatCloud& before, const SplatCloud& after,
                 const std::vector<int64_t>& rows, const std::vector<Camera>& cameras) {
  RasterOptions options;
  options.active_sh_degree = before.sh_degree;
  double sum = 0, count = 0;
  for (const Camera& full : cameras) {
    const Camera camera = full.at_most(kCompareSide);
    const std::vector<float> share = share_of_rows(before, rows, camera);
    const std::vector<float> a = SplatRaster(before, camera, options).draw().rgb;
    const std::vector<float> b = SplatRaster(after, camera, options).draw().rgb;
    for (size_t p = 0; p < share.size(); ++p) {
      if (share[p] > 0.5f) continue;
      for (size_t c = 0; c < 3; ++c) {
        const auto d = static_cast<double>(std::clamp(a[3 * p + c], 0.f, 1.f) -
                                           std::clamp(b[3 * p + c], 0.f, 1.f));
        sum += d * d;
        ++count;
      }
    }
  }
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  return sum > 0 ? 10 * std::log10(count / sum) : std::numeric_limits<double>::infinity();
}

void put_rows(const SplatCloud& values, const std::vector<int64_t>& rows, float strength,
              SplatCloud& cloud) {
  const auto put = [&](std::vector<float> SplatCloud::*part, size_t width) {
    for (size_t k = 0; k < rows.size(); ++k) {
      const size_t from = k * width, to = static_cast<size_t>(rows[k]) * width;
      for (size_t i = 0; i < width; ++i) {
        float& value = (cloud.*part)[to + i];
        value += strength * ((values.*part)[from + i] - value);
      }
    }
  };
  put(&SplatCloud::sh0, 3);
  put(&SplatCloud::sh_rest, static_cast<size_t>(3 * cloud.rest_coefficients()));
  put(&SplatCloud::opacity_logit, 1);
  put(&SplatCloud::log_scale, 3);
  put(&SplatCloud::position, 3);
}

/// One edit of a scene, from its file to its files.
class SceneEdit {
 public:
  SceneEdit(const EditRequest& request, Job& job)
      : request_(request), job_(job), groups_(groups_of(request)) {
    result_.is_scene = true;
    job_.progress(0, 0, "loading");
    scene_ = read_splats(request_.input, request_.limits);
    if (scene_.layout != "ply") {
      throw Error(ErrorCode::input, "only a .ply can be edited, this is " + scene_.layout)
          .in_file(request_.input)
          .with_hint("`vane models convert` makes a .ply of it");
    }
    if (scene_.cloud.size() == 0) {
      throw Error(ErrorCode::input, "holds no Gaussians").in_file(request_.input);
    }
    field_ = field_path(request_);
  }

  EditResult run() {
    const auto start = std::chrono::steady_clock::now();
    find_rows();
    const EditViews views = edit_views(scene_.cloud, rows_, cameras(), EditViewOptions{}, job_);
    load_guides(views);
    SplatEditConfig config;
    config.optimise.steps = request_.steps;
    config.optimise.seed = request_.seed;
    config.optimise.view_long_side = config.views.side;
    config.groups = groups_;
    DirectionalGuide guide;
    guide.encoder.clip = clip_;
    guide.direction = direction_;
    const SplatEdit edit = edit_splats(scene_.cloud, rows_, views, {guide}, config, job_);
    result_.steps = edit.search.steps;
    result_.terms = edit.search.terms;
    result_.cancelled = edit.search.cancelled;

    if (request_.give_up) job_.check_cancelled();
    FinishingJob finishing(job_);
    finishing.progress(0, 0, "measuring");
    edited_ = scene_.cloud;
    put_rows(edit.moved, rows_, request_.strength, edited_);
    measure(views);
    result_.moved = {fmt::format("{} of {} Gaussians", rows_.size(), scene_.cloud.size())};
    result_.strength = static_cast<double>(request_.strength);
    result_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (request_.audit && !(result_.audit_gain > 0)) {
      throw Error(ErrorCode::numeric, "the second encoder sees no gain; the edit was not written")
          .with_hint("another phrase may work, or leave out --audit");
    }
    write(edit.moved, views);
    return result_;
  }

 private:
  void find_rows() {
    if (request_.mask.empty()) {
      for (int64_t i = 0; i < scene_.cloud.size(); ++i) rows_.push_back(i);
      return;
    }
    if (field_.empty()) {
      throw Error(ErrorCode::usage, "nothing says what \"" + printable(request_.mask) +
                                        "\" is in "
                                        "this scene")
          .with_hint(
              "`vane lift SCENE DATASET -o LANG` makes its language field; name it with "
              "--field LANG");
    }
    QueryRequest query_request;
    query_request.field = field_;
    query_request.scene = request_.input;
    query_request.texts = {request_.mask};
    query_request.limits = request_.limits;
    const QueryResult found = query(query_request, job_);
    if (found.rows.empty()) {
      throw Error(
          ErrorCode::input,
          fmt::format("holds nothing that is \"{}\" (score {:.2f}, {:.2f} is needed)",
                      printable(request_.mask), found.texts.front().score, query_request.threshold))
          .in_file(request_.input)
          .with_hint("`vane query` shows where words lead");
    }
    rows_ = found.rows;
  }

  std::vector<Camera> cameras() const {
    std::vector<Camera> cameras;
    if (!request_.dataset.empty()) {
      for (const SceneView& view : read_scene_data(request_.dataset, request_.limits).views) {
        cameras.push_back(view.camera);
      }
    } else if (!field_.empty()) {
      cameras = read_language_field(field_, request_.limits).cameras;
    }
    if (!cameras.empty()) return cameras;
    return turntable(orbit_of(scene_.cloud, usual_camera()), usual_camera(), kOrbitViews);
  }

  Direction direction_for(const ClipEncoder& clip, const EditViews& views) const {
    const std::string from = !request_.from.empty()   ? request_.from
                             : !request_.mask.empty() ? request_.mask
                                                      : "a photo";
    if (!request_.to.empty()) return text_direction(clip, from, request_.to);
    if (!request_.direction.empty()) return load_direction(request_.direction, &clip);
    DecodeOptions decode;
    decode.limits = request_.limits;
    return image_direction(clip,
                           tensor_to_image(pictures_of(scene_.cloud, {views.guiding.front()})),
                           read_image(request_.like, decode));
  }

  void load_guides(const EditViews& views) {
    ClipLoadOptions options;
    options.limits = request_.limits;
    clip_ = load_clip(request_.clip, options);
    direction_ = direction_for(*clip_, views);
    if (!request_.direction.empty()) return;  // only the guide can read it
    auditor_ = load_auditor(*clip_, request_.limits);
    if (auditor_) audit_direction_ = direction_for(*auditor_, views);
  }

  void measure(const EditViews& views) {
    const c10::InferenceMode inference;
    const Tensor before = pictures_of(scene_.cloud, views.held_out);
    const Tensor after = pictures_of(edited_, views.held_out);
    const auto mean_gain = [&](const ClipEncoder& clip, const Direction& direction) {
      ClipGain mean;
      for (int64_t v = 0; v < before.size(0); ++v) {
        const ClipGain gain = clip_gain(clip, direction, before.narrow(0, v, 1),
                                        after.narrow(0, v, 1), {.seed = request_.seed});
        mean.gain += gain.gain / static_cast<double>(before.size(0));
        mean.alignment += gain.alignment / static_cast<double>(before.size(0));
      }
      return mean;
    };
    const ClipGain seen = mean_gain(*clip_, direction_);
    result_.gain = seen.gain;
    result_.alignment = seen.alignment;
    if (auditor_) result_.audit_gain = mean_gain(*auditor_, audit_direction_).gain;
    result_.preserved = edge_ssim(before, after);
    const LabChange change = lab_change(before, after);
    result_.delta_l = change.lightness;
    result_.delta_a = change.a;
    result_.delta_b = change.b;
    if (static_cast<int64_t>(rows_.size()) < scene_.cloud.size()) {
      result_.rest_psnr = rest_psnr(scene_.cloud, edited_, rows_, views.whole);
    }
    if (result_.audit_gain <= 0) {
      job_.warn("a CLIP that did not guide sees no gain: this may be a trick and not an edit");
    }
  }

  void write(const SplatCloud& moved, const EditViews& views) {
    const SceneChange change =
        scene_change(request_.input, scene_, rows_, moved, groups_, request_.limits);
    result_.recipe = change_path(request_).string();
    result_.output = request_.output.string();
    save_scene_change(result_.recipe, change);
    apply_scene_change(request_.input, change, request_.strength, request_.output, request_.limits);
    if (!request_.sheet.empty()) write_sheet(views);
    if (request_.report.empty()) return;
    nlohmann::ordered_json json;
    json["schema"] = 1;
    json["input"] = request_.input.string();
    json["output"] = result_.output;
    json["change"] = result_.recipe;
    json["gaussians"] = rows_.size();
    json["of"] = scene_.cloud.size();
    json["gain"] = number_or_null(result_.gain);
    json["audit_gain"] = number_or_null(result_.audit_gain);
    json["alignment"] = number_or_null(result_.alignment);
    json["rest_psnr"] = number_or_null(result_.rest_psnr);
    json["steps"] = result_.steps;
    json["seconds"] = result_.seconds;
    json["cancelled"] = result_.cancelled;
    json["request"] = edit_request_json(request_);
    atomic_write(request_.report, std::string_view(json.dump(2) + "\n"));
  }

  void write_sheet(const EditViews& views) {
    std::vector<Image> pictures;
    const auto add = [&](const SplatCloud& cloud, const Camera& camera) {
      pictures.push_back(tensor_to_image(pictures_of(cloud, {camera.at_most(kSheetSide)})));
    };
    for (const Camera& camera : {views.whole.front(), views.whole[views.whole.size() / 2]}) {
      add(scene_.cloud, camera);
      add(edited_, camera);
    }
    write_image(request_.sheet, picture_row(pictures, kSheetSide));
  }

  const EditRequest& request_;
  Job& job_;
  GaussianGroups groups_;
  SplatFile scene_;
  fs::path field_;
  std::vector<int64_t> rows_;
  std::shared_ptr<const ClipEncoder> clip_, auditor_;
  Direction direction_, audit_direction_;
  SplatCloud edited_;
  EditResult result_;
};

}  // namespace

bool is_scene_edit(const EditRequest& request) { return is_splat_name(request.input); }

EditResult scene_edit(const EditRequest& request, Job& job) {
  check_request(request);
  if (request.apply.empty()) return SceneEdit(request, job).run();
  const auto start = std::chrono::steady_clock::now();
  const SceneChange change = load_scene_change(request.apply, request.limits);
  apply_scene_change(request.input, change, request.strength, request.output, request.limits);
  EditResult result;
  result.is_scene = true;
  result.output = request.output.string();
  result.recipe = request.apply.string();
  result.strength = static_cast<double>(request.strength);
  result.gain = std::numeric_limits<double>::quiet_NaN();
  result.moved = {fmt::format("{} of {} Gaussians", change.rows.size(), change.gaussians)};
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace vane
