// SPDX-License-Identifier: Apache-2.0
#include "editing/services/query.h"

#include <fmt/format.h>

#include "editing/language/field_pictures.h"
#include "editing/language/field_search.h"
#include "editing/language/splat_recolour.h"
#include "editing/vocabulary_source.h"
#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/file_words.h"
#include "engine/base/hash.h"
#include "engine/image/codec.h"
#include "engine/scene/splat_file.h"
#include "engine/text/phrase.h"
#include "generators/language/found_splats.h"
#include "guidance/direction.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr size_t kViewsTried = 3;  // of those in which most of a thing lies

// "01-the-mug"
std::string file_stem(size_t number, const std::string& text) {
  const std::string words = file_words(text);
  return fmt::format("{:02}{}{}", number, words.empty() ? "" : "-", words);
}

void check_request(const QueryRequest& request) {
  if (request.texts.empty() && request.like.empty() && request.direction.empty()) {
    throw Error(ErrorCode::usage, "nothing to look for")
        .with_hint("give --text, --like or --direction");
  }
  check_phrase_bytes(request.texts, "--text", request.limits);
  check_phrase_bytes(request.negatives, "--negative", request.limits);
  for (const std::string& text : request.texts) check_phrase(text, "--text");
  for (const std::string& text : request.negatives) check_phrase(text, "--negative");
  if (request.view && !request.camera.empty()) {
    throw Error(ErrorCode::usage, "--view and --camera exclude each other");
  }
  if (request.recolour.empty() != request.recoloured.empty()) {
    throw Error(ErrorCode::usage, "--recolour and --to-ply go together");
  }
  if (!request.recolour.empty()) colour_named(request.recolour);
  const int scenes =
      !request.select.empty() + !request.remove.empty() + !request.recoloured.empty();
  if (!request.written_field.empty() && scenes != 1) {
    throw Error(ErrorCode::usage, "--to-field goes with one of --select, --delete and --to-ply");
  }
  for (const fs::path& file :
       {request.select, request.remove, request.recoloured, request.written_field}) {
    if (!file.empty()) check_writable(file);
  }
}

// The splats that the field belongs to.
SplatFile scene_of(const QueryRequest& request, const LanguageField& field, fs::path& path) {
  path = request.scene;
  if (path.empty()) path = fs::absolute(request.field).parent_path() / field.scene;
  const fs::path bytes = fs::is_directory(path) ? path / "meta.json" : path;
  const std::string hash =
      hex64(xxh64(MappedFile::open(bytes, UINT64_MAX, static_cast<int>(ErrorCode::input))->view()));
  if (hash != field.scene_hash) {
    throw Error(ErrorCode::input, "is not the scene that " + request.field.string() +
                                      " was made for, or has changed since")
        .in_file(path)
        .with_hint("run `vane lift` again, or name the right --scene");
  }
  SplatFile scene = read_splats(path, request.limits);
  if (scene.cloud.size() != field.gaussians) {
    throw Error(ErrorCode::input, "has another number of Gaussians than the field").in_file(path);
  }
  return scene;
}

void keep_level(LanguageField& field, const QueryRequest& request) {
  if (request.level.empty()) return;
  std::erase_if(field.levels,
                [&](const LanguageLevel& level) { return level.name != request.level; });
  if (field.levels.empty()) {
    throw Error(ErrorCode::usage, "the field has no such level").at_key("--level " + request.level);
  }
}

// The field of the scene that was written last, of all rows or of those named.
void write_field(const QueryRequest& request, LanguageField field, const std::vector<int64_t>* rows,
                 QueryResult& result) {
  if (request.written_field.empty()) return;
  const fs::path scene = fs::absolute(result.written.back());
  if (rows) field = field_of_rows(field, *rows);
  field.scene = scene.lexically_relative(fs::absolute(request.written_field).parent_path());
  field.scene_hash =
      hex64(xxh64(MappedFile::open(scene, UINT64_MAX, static_cast<int>(ErrorCode::input))->view()));
  write_language_field(request.written_field, field);
  result.written.push_back(request.written_field.string());
}

// What the scene means on average, at the middle level.
Tensor mean_feature(const LanguageField& field) {
  const LanguageLevel& level = field.levels[field.levels.size() / 2];
  Tensor sum = at::zeros({field.dim}, at::kFloat);
  for (int32_t m = 0; m < level.objects(); ++m) {
    const float* row = level.features.data() + static_cast<ptrdiff_t>(m) * field.dim;
    sum += at::tensor(at::ArrayRef<float>(row, static_cast<size_t>(field.dim))) *
           level.mass[static_cast<size_t>(m)];
  }
  return unit(sum);
}

QuestionSet questions_of(const QueryRequest& request, const LanguageField& field,
                         const std::string& name, const ClipEncoder& clip, Job& job) {
  std::vector<Question> questions = text_questions(clip, request.texts);
  if (!request.like.empty()) {
    DecodeOptions decode;
    decode.limits = request.limits;
    const Image image = read_image(request.like, decode);
    questions.push_back({request.like.filename().string(),
                         unit(clip.image_embedding_exact(image))[0], mean_feature(field)});
  }
  if (!request.direction.empty()) {
    const Direction direction = load_direction(request.direction, &clip);
    questions.push_back(
        {request.direction.filename().string(), direction.vector, -direction.vector});
  }
  Vocabulary vocabulary;
  // Without words of its own a model's tokens would stand in: pieces of words, no rivals.
  if (request.contrast && !request.texts.empty() && has_vocabulary(name)) {
    std::vector<VocabularyWord> words = wanted_vocabulary("", name, request.limits).words;
    std::erase_if(words, [](const VocabularyWord& word) { return !names_a_thing(word); });
    vocabulary = embed_vocabulary(clip, words, job);
  }
  return make_questions(clip, questions, request.negatives, vocabulary, request.alike);
}

// Views, those first in which most of the Gaussians lie largest.
std::vector<size_t> best_views(const LanguageField& field, const SplatCloud& cloud,
                               const std::vector<int64_t>& gaussians) {
  std::vector<double> size(field.cameras.size(), 0);
  for (size_t view = 0; view < field.cameras.size(); ++view) {
    const Camera& camera = field.cameras[view];
    for (const int64_t i : gaussians) {
      const float* p = cloud.position.data() + 3 * i;
      const auto at = camera.to_camera(
          {static_cast<double>(p[0]), static_cast<double>(p[1]), static_cast<double>(p[2])});
      if (!(at[2] > 0)) continue;
      const double x = camera.fx * at[0] / at[2] + camera.cx;
      const double y = camera.fy * at[1] / at[2] + camera.cy;
      if (x < 0 || y < 0 || x >= camera.width || y >= camera.height) continue;
      size[view] += camera.fx * camera.fy / (at[2] * at[2]);
    }
  }
  std::vector<size_t> order(size.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return size[a] > size[b]; });
  return order;
}

struct Drawn {
  int64_t view = -1;
  Camera camera;
  Image picture;
  std::vector<FoundInView> found;
};

class Viewer {
 public:
  Viewer(const LanguageField& field, const SplatCloud& cloud, const QuestionSet& questions,
         const std::vector<FoundInSpace>& found, const SearchOptions& options, Job& job)
      : field_(field),
        cloud_(cloud),
        questions_(questions),
        found_(found),
        options_(options),
        job_(job) {}

  const Drawn& of_camera(const Camera& camera) { return draw(-1, camera); }
  const Drawn& of_view(size_t view) {
    return draw(static_cast<int64_t>(view), field_.cameras[view]);
  }

 private:
  const Drawn& draw(int64_t view, const Camera& camera) {
    const auto known = drawn_.find(view);
    if (known != drawn_.end()) return known->second;
    job_.check_cancelled();
    const SplatRaster raster(cloud_, camera, options_of(cloud_));
    Drawn drawn{view, camera, picture_of(raster.draw()), {}};
    drawn.found = search_view(raster, camera, field_, questions_, found_, options_, job_);
    return drawn_[view] = std::move(drawn);
  }
  static RasterOptions options_of(const SplatCloud& cloud) {
    RasterOptions options;
    options.active_sh_degree = cloud.sh_degree;
    return options;
  }

  const LanguageField& field_;
  const SplatCloud& cloud_;
  const QuestionSet& questions_;
  const std::vector<FoundInSpace>& found_;
  const SearchOptions& options_;
  Job& job_;
  std::map<int64_t, Drawn> drawn_;
};

int64_t area(const FoundInView& found) {
  return std::count(found.mask.begin(), found.mask.end(), uint8_t{1});
}

// Draws the view that was asked for, or the one with the largest mask of the likely ones.
const Drawn& drawn_for(const QueryRequest& request, const LanguageField& field,
                       const SplatCloud& cloud, const FoundInSpace& thing, size_t question,
                       const std::vector<Camera>& cameras, Viewer& viewer) {
  if (!cameras.empty()) return viewer.of_camera(cameras.front());
  if (request.view) return viewer.of_view(static_cast<size_t>(*request.view));
  const std::vector<size_t> order = best_views(field, cloud, thing.gaussians);
  const size_t tried = thing.present ? std::min(kViewsTried, order.size()) : 1;
  const Drawn* best = nullptr;
  for (size_t i = 0; i < tried; ++i) {
    const Drawn& drawn = viewer.of_view(order[i]);
    if (!best || area(drawn.found[question]) > area(best->found[question])) best = &drawn;
  }
  return *best;
}

void write_scenes(const QueryRequest& request, const fs::path& path, const SplatFile& scene,
                  const LanguageField& field, const std::vector<int64_t>& indices,
                  QueryResult& result, Job& job) {
  const bool is_wanted =
      !request.select.empty() || !request.remove.empty() || !request.recoloured.empty();
  if (!is_wanted) return;
  if (indices.empty()) {
    job.warn("nothing was found, so no scene is written");
    return;
  }
  if (scene.layout != "ply") {
    throw Error(ErrorCode::input, "only rows of a .ply are copied, this is " + scene.layout)
        .in_file(path)
        .with_hint("`vane models convert` makes a .ply of it");
  }
  std::vector<int64_t> rows, others, rest;
  std::vector<bool> chosen(static_cast<size_t>(scene.cloud.size()), false);
  for (const int64_t i : indices) {
    chosen[static_cast<size_t>(i)] = true;
    rows.push_back(scene.source_row(i));
  }
  for (int64_t i = 0; i < scene.cloud.size(); ++i) {
    if (chosen[static_cast<size_t>(i)]) continue;
    others.push_back(scene.source_row(i));
    rest.push_back(i);
  }
  if (!request.select.empty()) {
    copy_ply_rows(path, rows, request.select, request.limits);
    result.written.push_back(request.select.string());
    write_field(request, field, &indices, result);
  }
  if (!request.remove.empty()) {
    copy_ply_rows(path, others, request.remove, request.limits);
    result.written.push_back(request.remove.string());
    write_field(request, field, &rest, result);
  }
  if (!request.recoloured.empty()) {
    recolour_ply(path, scene, indices, colour_named(request.recolour), request.recoloured,
                 request.limits);
    result.written.push_back(request.recoloured.string());
    write_field(request, field, nullptr, result);
  }
}

std::string clip_of(const QueryRequest& request, const LanguageField& field) {
  return request.clip.empty() ? field.clip : request.clip;
}

}  // namespace

QueryResult query(const QueryRequest& request, Job& job) {
  const at::NoGradGuard no_grad;
  check_request(request);
  const LanguageField whole = read_language_field(request.field, request.limits);
  LanguageField field = whole;
  keep_level(field, request);
  if (request.view && static_cast<size_t>(*request.view) >= field.cameras.size()) {
    throw Error(ErrorCode::usage, "there are " + std::to_string(field.cameras.size()) + " views")
        .at_key("--view " + std::to_string(*request.view));
  }
  std::vector<Camera> cameras;
  if (!request.camera.empty()) cameras = read_cameras(request.camera);
  fs::path path;
  const SplatFile scene = scene_of(request, field, path);
  ClipLoadOptions options;
  options.limits = request.limits;
  options.image_tower = !request.like.empty();
  const std::string name = clip_of(request, field);
  const std::unique_ptr<ClipEncoder> clip = load_clip(name, options);
  if (clip->info().hash != field.clip_hash) {
    throw Error(ErrorCode::checkpoint, "the field was made with another CLIP (" + field.clip + ")")
        .in_file(name)
        .with_hint("name that one with --clip, or run `vane lift` again");
  }
  const QuestionSet questions = questions_of(request, field, name, *clip, job);
  const SearchOptions search{request.temperature, request.threshold, request.part_margin};
  const std::vector<FoundInSpace> found = search_space(scene.cloud, field, questions, search, job);
  QueryResult result;
  result.field = request.field.string();
  result.scene = path.string();
  result.clip = clip->info().name;
  result.of = field.gaussians;
  if (!request.output.empty()) fs::create_directories(request.output);
  Viewer viewer(field, scene.cloud, questions, found, search, job);
  std::vector<int64_t> all;
  for (size_t q = 0; q < found.size(); ++q) {
    QueryText text;
    text.text = questions.texts[q];
    text.level = field.levels[static_cast<size_t>(found[q].level)].name;
    text.score = found[q].score;
    text.present = found[q].present;
    text.gaussians = static_cast<int64_t>(found[q].gaussians.size());
    all.insert(all.end(), found[q].gaussians.begin(), found[q].gaussians.end());
    if (request.scores) {
      text.relevancy = found[q].relevancy;
      text.weight = field.levels[static_cast<size_t>(found[q].level)].weight;
      result.texts.push_back(std::move(text));
      continue;
    }
    const Drawn& drawn = drawn_for(request, field, scene.cloud, found[q], q, cameras, viewer);
    const FoundInView& seen = drawn.found[q];
    text.view = drawn.view;
    std::copy(seen.point.begin(), seen.point.end(), text.point.begin());
    std::copy(seen.box.begin(), seen.box.end(), text.box.begin());
    if (!request.output.empty()) {
      const std::string stem = file_stem(q + 1, text.text);
      const fs::path heat = request.output / (stem + ".png");
      const fs::path mask = request.output / (stem + "-mask.png");
      write_image(heat,
                  heat_map(drawn.picture, seen.relevancy, static_cast<float>(search.threshold)));
      write_image(mask, mask_picture(seen.mask, drawn.camera.width, drawn.camera.height));
      text.heat = heat.string();
      text.mask = mask.string();
    }
    result.texts.push_back(text);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  result.selected = static_cast<int64_t>(all.size());
  write_scenes(request, path, scene, whole, all, result, job);
  result.rows = std::move(all);
  return result;
}

}  // namespace vane
