// SPDX-License-Identifier: Apache-2.0
#include "editing/language/language_evaluation.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "editing/language/scene_masks.h"
#include "editing/language/toy_splats.h"
#include "engine/base/stopwatch.h"
#include "generators/toybox/toy_captions.h"
#include "generators/toybox/toy_objects.h"
#include "generators/toybox/toy_world.h"

namespace vane {
namespace {

constexpr int kLeastSight = 60;  // pixels of a thing that count as seeing it
constexpr int kRecoloured = 2;   // other colours that a thing is asked for in
constexpr size_t kHeldOutEvery = 8, kHeldOutFirst = 4;

std::string with_article(const std::string& noun) {
  return (std::string_view("aeiou").find(noun.front()) == std::string_view::npos ? "a " : "an ") +
         noun;
}

std::string phrase_of(const ToyThing& thing) {
  const std::string colour(thing.attribute("colour"));
  return with_article(colour.empty() ? toy_noun(thing.kind) : colour + " " + toy_noun(thing.kind));
}

struct ToyStage {
  ToyScene scene;
  std::vector<ToyCamera> cameras;
  std::vector<ToyFrame> frames;
  ToySplats splats;
  bool is_held_out(size_t view) const { return view % kHeldOutEvery == kHeldOutFirst; }
  std::vector<Camera> lifted_cameras() const {
    std::vector<Camera> lifted;
    for (size_t view = 0; view < frames.size(); ++view) {
      if (!is_held_out(view)) lifted.push_back(camera_of(cameras[view], frames[view]));
    }
    return lifted;
  }
};

ToyStage make_stage(const LanguageEvaluationConfig& config, uint64_t index, Job& job) {
  ToyStage stage;
  stage.scene = make_toy_scene(config.seed, index, {config.kind, "any", config.side, config.side});
  stage.cameras = toy_orbit(stage.scene, config.views);
  std::vector<ToyCamera> cameras;
  std::vector<ToyFrame> frames;
  for (size_t view = 0; view < stage.cameras.size(); ++view) {
    ToyScene seen = stage.scene;
    seen.camera = stage.cameras[view];
    stage.frames.push_back(render_toybox(seen, {2, 2}, job));
    if (stage.is_held_out(view)) continue;
    cameras.push_back(stage.cameras[view]);
    frames.push_back(stage.frames.back());
  }
  stage.splats = toy_splats(cameras, frames);
  return stage;
}

Image ids_of(const ToyFrame& frame) {
  Image ids;
  ids.width = frame.width;
  ids.height = frame.height;
  ids.channels = 1;
  ids.u8 = frame.instance;
  return ids;
}

// The ground is a mask like any other: exact masks of every pixel.
RegionMaps true_maps(const ToyFrame& frame) {
  Image ids = ids_of(frame);
  for (size_t i = 0; i < ids.u8.size(); ++i) {
    if (frame.depth[i] > 0) ++ids.u8[i];
  }
  return region_maps_of_ids(ids);
}

struct Asked {
  std::vector<Question> questions;
  std::vector<int> thing;  // index, or -1: absent, -2: in another colour
  // The first are plain, then come those in unseen frames, then those that are not
  // there and are not drawn.
  int unseen_from = 0, drawn = 0;
};

Asked questions_for(const ClipEncoder& clip, const ToyScene& scene, Rng rng) {
  std::vector<std::string> texts;
  Asked asked;
  const auto ask = [&](const std::string& text, int thing) {
    texts.push_back(text);
    asked.thing.push_back(thing);
  };
  const int things = static_cast<int>(scene.things.size());
  for (int i = 0; i < things; ++i) ask(phrase_of(scene.things[static_cast<size_t>(i)]), i);
  asked.unseen_from = things;
  const auto ask_in = [&](const auto& frames) {
    for (int i = 0; i < things; ++i) {
      for (const std::string& frame : frames) {
        ask(fmt::format(fmt::runtime(frame), phrase_of(scene.things[static_cast<size_t>(i)])), i);
      }
    }
  };
  ask_in(unseen_wording());
  asked.drawn = static_cast<int>(texts.size());
  std::vector<std::string> kinds = {"character"};
  for (const std::string_view kind : toy_object_names()) kinds.emplace_back(kind);
  for (const std::string& kind : kinds) {
    const bool is_there = std::any_of(scene.things.begin(), scene.things.end(),
                                      [&](const ToyThing& thing) { return thing.kind == kind; });
    if (!is_there) ask(with_article(toy_noun(kind)), -1);
  }
  const auto colours = toy_object_colours();
  for (const ToyThing& thing : scene.things) {
    const std::string_view own = thing.attribute("colour");
    for (int i = 0; i < kRecoloured && !own.empty();) {
      const std::string_view other = colours[rng.below(static_cast<uint32_t>(colours.size()))];
      const bool is_there =
          std::any_of(scene.things.begin(), scene.things.end(), [&](const ToyThing& one) {
            return one.kind == thing.kind && one.attribute("colour") == other;
          });
      if (is_there) continue;
      ask(with_article(std::string(other) + " " + toy_noun(thing.kind)), -2);
      ++i;
    }
  }
  asked.questions = text_questions(clip, texts);
  return asked;
}

// Sums; divided at the end.
class Tally {
 public:
  explicit Tally(LanguageScores& scores) : scores_(scores) {}

  void add_space(const ToyStage& stage, const Asked& asked, const LanguageField& field,
                 const std::vector<FoundInSpace>& found) {
    for (size_t q = 0; q < found.size(); ++q) {
      if (asked.thing[q] == -1) {
        ++scores_.absent;
        scores_.absent_right += !found[q].present;
      } else if (asked.thing[q] == -2) {
        ++scores_.recoloured;
        scores_.recoloured_right += !found[q].present;
      } else if (static_cast<int>(q) < asked.unseen_from) {
        add_thing(stage, asked.questions[q].text, asked.thing[q], field, found[q]);
      }
      if (asked.thing[q] < 0 && found[q].present) {
        scores_.notes.push_back(fmt::format("  not there: \"{}\" {:.2f} level {}",
                                            asked.questions[q].text, found[q].score,
                                            field.levels[size_t(found[q].level)].name));
      }
    }
  }

  void add_view(const ToyFrame& frame, const Asked& asked, const std::vector<FoundInView>& views) {
    for (size_t q = 0; q < views.size(); ++q) {
      if (asked.thing[q] < 0) continue;
      const auto id = static_cast<uint8_t>(asked.thing[q] + 1);
      int64_t both = 0, either = 0, truth = 0, range_both = 0, range_either = 0;
      int left = frame.width, top = frame.height, right = 0, bottom = 0;
      for (size_t i = 0; i < frame.instance.size(); ++i) {
        const bool is_there = frame.instance[i] == id, is_found = views[q].mask[i] != 0;
        both += is_there && is_found;
        either += is_there || is_found;
        truth += is_there;
        range_both += is_there && views[q].range_mask[i] != 0;
        range_either += is_there || views[q].range_mask[i] != 0;
        if (!is_there) continue;
        const int x = static_cast<int>(i) % frame.width, y = static_cast<int>(i) / frame.width;
        left = std::min(left, x);
        right = std::max(right, x);
        top = std::min(top, y);
        bottom = std::max(bottom, y);
      }
      if (truth < kLeastSight) continue;
      const double iou = static_cast<double>(both) / static_cast<double>(either);
      const double range_iou = static_cast<double>(range_both) / static_cast<double>(range_either);
      if (static_cast<int>(q) >= asked.unseen_from) {
        scores_.miou_unseen += iou / static_cast<double>(unseen_wording().size());
        scores_.range_miou_unseen += range_iou / static_cast<double>(unseen_wording().size());
        continue;
      }
      scores_.range_miou += range_iou;
      const auto [x, y] = views[q].point;
      ++scores_.sights;
      scores_.miou += iou;
      scores_.localisation += x >= left && x <= right && y >= top && y <= bottom;
      scores_.pointing += frame.instance[static_cast<size_t>(y * frame.width + x)] == id;
      last_iou_[q].first += iou;
      ++last_iou_[q].second;
    }
  }

  void end_scene(const Asked& asked) {
    for (const auto& [q, sum] : last_iou_) {
      scores_.notes.push_back(fmt::format("  \"{}\" iou {:.2f} in {} views",
                                          asked.questions[q].text, sum.first / sum.second,
                                          sum.second));
    }
    last_iou_.clear();
  }

  void finish() {
    const auto divide = [](double& sum, int count) { sum /= std::max(1, count); };
    for (double* sum : {&scores_.localisation, &scores_.pointing, &scores_.miou,
                        &scores_.miou_unseen, &scores_.range_miou, &scores_.range_miou_unseen}) {
      divide(*sum, scores_.sights);
    }
    for (double* sum : {&scores_.present, &scores_.precision, &scores_.recall}) {
      divide(*sum, scores_.things);
    }
    divide(scores_.absent_right, scores_.absent);
    divide(scores_.recoloured_right, scores_.recoloured);
  }

 private:
  void add_thing(const ToyStage& stage, const std::string& text, int thing,
                 const LanguageField& field, const FoundInSpace& found) {
    const auto id = static_cast<uint8_t>(thing + 1);
    double right = 0, all = 0;
    for (const int64_t i : found.gaussians) {
      right += stage.splats.thing[static_cast<size_t>(i)] == id;
    }
    for (const uint8_t other : stage.splats.thing) all += other == id;
    const auto selected = static_cast<double>(found.gaussians.size());
    ++scores_.things;
    scores_.present += found.present;
    scores_.precision += selected > 0 ? right / selected : 0;
    scores_.recall += all > 0 ? right / all : 0;
    scores_.notes.push_back(
        fmt::format("\"{}\" score {:.2f} level {} precision {:.2f} recall {:.2f}", text,
                    found.score, field.levels[static_cast<size_t>(found.level)].name,
                    selected > 0 ? right / selected : 0, all > 0 ? right / all : 0));
  }

  LanguageScores& scores_;
  std::map<size_t, std::pair<double, int>> last_iou_;
};

nlohmann::ordered_json json_of(const LanguageScores& s) {
  return {{"things", s.things},
          {"sights", s.sights},
          {"localisation", s.localisation},
          {"pointing", s.pointing},
          {"miou", s.miou},
          {"miou_unseen_wording", s.miou_unseen},
          {"langsplat_miou", s.range_miou},
          {"langsplat_miou_unseen_wording", s.range_miou_unseen},
          {"present_called_present", s.present},
          {"absent_phrases", s.absent},
          {"absent_called_absent", s.absent_right},
          {"recoloured_phrases", s.recoloured},
          {"recoloured_called_absent", s.recoloured_right},
          {"selection_precision", s.precision},
          {"selection_recall", s.recall},
          {"masks_a_view", s.masks_a_view}};
}

}  // namespace

const std::vector<std::string>& unseen_wording() {
  static const std::vector<std::string> sentences = {
      "Could you please show me {}?",
      "Find {}.",
      "Is there {} anywhere in here?",
      "I noticed {} over in the corner when I walked in.",
      "WANTED: {}. REPLY WITH LOCATION.",
      "Would you mind pointing out {} for me?",
      "Somewhere in this picture there should be {}, but I keep missing it.",
      "Point to {} now.",
      "Where exactly can I see {}?",
      "There is {} right next to the wooden table.",
      "Please, I am search {}, you can say me where is?",
      "Looking for {}, any sign of that?",
      "If you happen to spot {}, let me know straight away.",
      "{} is what I'm after, nothing else.",
      "Target: {}. Location unknown. Please advise.",
      "My sister left her bag beside {} and wants to know where that was.",
      "Quick, highlight {}!",
      "Can you see {} from where you're standing?",
      "As far as I can tell, {} is the only thing worth looking at in this room.",
      "I'd be grateful if you could locate {} and tell me how far away that is.",
      "In this room it must to be {}, please to make the mark on it.",
      "The man by the window keeps staring at {}.",
      "Need {} asap, thanks.",
      "Didn't somebody say we'd find {} in this place?",
  };
  return sentences;
}

std::string LanguageEvaluation::json() const {
  const nlohmann::ordered_json json = {{"built_in_masks", json_of(built_in)},
                                       {"true_masks", json_of(true_masks)},
                                       {"gaussians_a_scene", gaussians},
                                       {"lift_seconds_a_scene", lift_seconds},
                                       {"query_seconds_a_scene", query_seconds}};
  return json.dump(2);
}

LanguageEvaluation evaluate_language(const ClipEncoder& clip, const Vocabulary& vocabulary,
                                     const LanguageEvaluationConfig& config, Job& job) {
  const at::NoGradGuard no_grad;
  LanguageEvaluation result;
  const SearchOptions search{config.temperature, config.threshold, config.part_margin};
  QuietJob quiet;
  for (const bool built_in : {true, false}) {
    LanguageScores& scores = built_in ? result.built_in : result.true_masks;
    Tally tally(scores);
    for (int index = 0; index < config.scenes; ++index) {
      job.check_cancelled();
      job.progress(index + (built_in ? 0 : config.scenes), 2 * config.scenes, "finding toys");
      const ToyStage stage = make_stage(config, static_cast<uint64_t>(index), quiet);
      Stopwatch lifting;
      LiftOptions lifting_options{crop_style(config.crops), config.least_overlap};
      if (config.method == "langsplat") {
        lifting_options.trained.emplace();
        lifting_options.trained->latents.iterations = config.iterations;
      }
      SceneLifter lifter(clip, stage.splats.cloud, lifting_options);
      std::optional<SceneMasks> masks;
      if (built_in && config.segmentation == "scene") {
        masks.emplace(stage.splats.cloud, stage.lifted_cameras(), quiet);
      }
      for (size_t view = 0, lifted = 0; view < stage.frames.size(); ++view) {
        if (stage.is_held_out(view)) continue;
        const Image picture = stage.frames[view].picture();
        RegionMaps maps = !built_in ? true_maps(stage.frames[view])
                          : masks   ? masks->of(lifted++, picture)
                                    : region_maps(graph_segmentation(picture));
        scores.masks_a_view += maps.count;
        lifter.add("view", camera_of(stage.cameras[view], stage.frames[view]), picture, maps,
                   quiet);
      }
      const LanguageField field = lifter.finish(quiet);
      result.lift_seconds += lifting.milliseconds() / 1000 / (2 * config.scenes);
      result.gaussians += field.gaussians / (2 * config.scenes);
      Stopwatch asking;
      const Asked asked = questions_for(
          clip, stage.scene, Rng(config.seed).fork("colours", static_cast<uint64_t>(index)));
      const QuestionSet questions = make_questions(
          clip, asked.questions, {}, config.contrast ? vocabulary : Vocabulary{}, config.alike);
      const std::vector<FoundInSpace> found =
          search_space(stage.splats.cloud, field, questions, search, quiet);
      tally.add_space(stage, asked, field, found);
      const std::vector<FoundInSpace> drawn(found.begin(), found.begin() + asked.drawn);
      for (size_t view = 0; view < stage.frames.size(); ++view) {
        if (!stage.is_held_out(view)) continue;
        const Camera camera = camera_of(stage.cameras[view], stage.frames[view]);
        const SplatRaster raster(stage.splats.cloud, camera);
        tally.add_view(stage.frames[view], asked,
                       search_view(raster, camera, field, questions, drawn, search, quiet));
      }
      tally.end_scene(asked);
      result.query_seconds += asking.milliseconds() / 1000 / (2 * config.scenes);
    }
    scores.masks_a_view /= config.scenes * (config.views - config.views / 8);
    tally.finish();
  }
  return result;
}

}  // namespace vane
