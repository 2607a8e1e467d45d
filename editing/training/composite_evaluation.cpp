// SPDX-License-Identifier: Apache-2.0
#include "editing/training/composite_evaluation.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/error.h"
#include "engine/data/looks.h"
#include "engine/data/procedural_source.h"
#include "guidance/word_contrast.h"

namespace vane {
namespace {

constexpr double kLeastShare = 0.05;

/// Indices of cut-outs with different names, shuffled.
std::vector<size_t> shuffled_objects(const PhotoLibrary& library, uint64_t seed) {
  std::vector<size_t> order;
  std::set<std::string> names;
  for (size_t i = 0; i < library.cutouts.size(); ++i) {
    if (names.insert(library.cutouts[i].name).second) order.push_back(i);
  }
  if (order.size() < 2) {
    throw Error(ErrorCode::config, "composites need at least two cut-outs")
        .with_hint("install the packages that the recipe names");
  }
  Rng rng = Rng(seed).fork("composite objects");
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[rng.below(static_cast<uint32_t>(i))]);
  }
  return order;
}

ProceduralSource held_out_source(std::shared_ptr<const PhotoLibrary> library, int size) {
  ProceduralConfig config;
  config.size = size;
  config.held_out = true;
  return {std::move(library), config};
}

/// [1,3,n,n] in [0,1].
Tensor picture_of(const Scene& scene) {
  const std::vector<uint8_t> bytes = to_srgb8(scene.pixels);
  const int64_t n = scene.pixels.width;
  return at::tensor(std::vector<float>(bytes.begin(), bytes.end()))
             .view({1, n, n, 3})
             .permute({0, 3, 1, 2})
             .contiguous() /
         255;
}

double iou(const Tensor& mask, const Tensor& truth) {
  const Tensor found = mask > 0.5;
  const auto both = (found & truth).sum().item<int64_t>();
  const auto either = (found | truth).sum().item<int64_t>();
  return either > 0 ? static_cast<double>(both) / static_cast<double>(either) : 1.0;
}

// "a frog" -> "frog".
std::string without_article(const std::string& name) {
  for (const char* article : {"a ", "an ", "the ", "some "}) {
    if (name.rfind(article, 0) == 0) return name.substr(std::string_view(article).size());
  }
  return name;
}

struct LookWord {
  Look look;
  const char* caption;  // before " photo"
};
constexpr LookWord kLookWords[] = {
    {Look::bright, "a bright"}, {Look::dark, "a dark"},    {Look::warm, "a warm"},
    {Look::cool, "a cold"},     {Look::vivid, "a vivid"},  {Look::monochrome, "a black and white"},
    {Look::hazy, "a hazy"},     {Look::blurry, "a blurry"}};

/// Whether a word of [first, end) scores lowest; NaN never does.
bool lowest_within(const WordAttribution& scores, size_t first, size_t end) {
  double lowest = std::numeric_limits<double>::infinity();
  for (const WordScore& word : scores.words) {
    if (word.score < lowest) lowest = word.score;
  }
  for (size_t i = first; i < end; ++i) {
    if (scores.words[i].score == lowest) return true;
  }
  return false;
}

bool misaligned_within(const WordAttribution& scores, size_t first, size_t end) {
  for (size_t i = first; i < end; ++i) {
    if (scores.words[i].misaligned) return true;
  }
  return false;
}

}  // namespace

SegmentEvaluation evaluate_segment(const ClipEncoder& clip,
                                   std::shared_ptr<const PhotoLibrary> library,
                                   const CompositeEvaluationOptions& options, Job& job) {
  const at::NoGradGuard no_grad;
  const std::vector<size_t> order = shuffled_objects(*library, options.seed);
  const ProceduralSource source = held_out_source(library, options.size);
  SegmentEvaluation result;
  QuietJob quiet;
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < order.size() && result.scenes < options.scenes; ++i) {
    job.check_cancelled();
    Rng rng = Rng(options.seed).fork("segment scene", i);
    const size_t photograph = rng.below(static_cast<uint32_t>(source.photographs()));
    const Scene scene = source.scene(photograph, order[i], rng, rng);
    const Tensor truth =
        at::tensor(scene.object_mask).view({scene.pixels.height, scene.pixels.width}) > 0.5;
    const double share = truth.to(at::kDouble).mean().item<double>();
    if (share < kLeastShare) continue;
    const Tensor picture = picture_of(scene);
    const std::string& name = scene.material.objects.front();
    const Segmentation alone =
        segment_image(clip, picture, {name}, {}, options.segmentation, quiet);
    const Segmentation against =
        segment_image(clip, picture, {name}, scene.material.subjects, options.segmentation, quiet);
    result.miou += iou(alone.masks[0].hard, truth);
    result.miou_background += iou(against.masks[0].hard, truth);
    result.miou_everything += share;
    result.pointing += truth[alone.masks[0].y][alone.masks[0].x].item<bool>();
    ++result.scenes;
    job.progress(result.scenes, options.scenes, "segmenting");
  }
  const auto count = static_cast<double>(std::max<int64_t>(1, result.scenes));
  for (double* value :
       {&result.miou, &result.miou_background, &result.miou_everything, &result.pointing}) {
    *value /= count;
  }
  result.seconds_a_scene =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / count;
  return result;
}

DiagnoseEvaluation evaluate_diagnose(const ClipEncoder& clip,
                                     std::shared_ptr<const PhotoLibrary> library,
                                     const std::vector<VocabularyWord>& vocabulary,
                                     const CompositeEvaluationOptions& options, Job& job) {
  const std::vector<size_t> order = shuffled_objects(*library, options.seed);
  const ProceduralSource source = held_out_source(library, options.size);
  DiagnoseEvaluation result;
  QuietJob quiet;
  int64_t wrong_looks = 0;
  for (int64_t i = 0; i < options.scenes; ++i) {
    job.check_cancelled();
    Rng rng = Rng(options.seed).fork("diagnose scene", static_cast<uint64_t>(i));
    const size_t object = order[static_cast<size_t>(i) % order.size()];
    const LookWord& look = kLookWords[rng.below(std::size(kLookWords))];
    const size_t photograph = rng.below(static_cast<uint32_t>(source.photographs()));
    Scene scene = source.scene(photograph, object, rng, rng);
    if (add_looks(scene, {look.look}, rng).count(look.look) == 0) continue;
    // One of both is wrong: the opposite look (any other when it has none here), or another object.
    const bool wrong_look = result.captions % 2 == 0;
    const LookWord* said = &look;
    while (wrong_look && said->look == look.look) {
      said = &kLookWords[rng.below(std::size(kLookWords))];
      for (const LookWord& other : kLookWords) {
        if (other.look == opposite_look(look.look)) said = &other;
      }
    }
    const std::string& right = source.library().cutouts[object].name;
    std::string name = right;
    while (!wrong_look && name == right) {
      name = source.library().cutouts[order[rng.below(static_cast<uint32_t>(order.size()))]].name;
    }
    const std::string caption = std::string(said->caption) + " photo of " + name;
    const size_t look_end = words_of_text(said->caption).size(), object_first = look_end + 2;
    const size_t all = words_of_text(caption).size();
    const size_t article = words_of_text(name).size() - words_of_text(without_article(name)).size();
    const std::pair<size_t, size_t> look_span{1, look_end},
        object_span{object_first + article, all};
    const auto [wrong, fine] =
        wrong_look ? std::pair{look_span, object_span} : std::pair{object_span, look_span};

    const Tensor embedding = [&] {
      const at::NoGradGuard no_grad;
      return clip.image_embedding(picture_of(scene));
    }();
    const WordAttribution contrast =
        contrast_words(clip, embedding, caption, vocabulary, {}, quiet);
    const WordAttribution attention = attribute_words(clip, embedding, caption);
    const bool hit = lowest_within(contrast, wrong.first, wrong.second);
    result.lowest_contrast += hit;
    (wrong_look ? result.lowest_look : result.lowest_object) += hit;
    result.lowest_attention += lowest_within(attention, wrong.first, wrong.second);
    result.found += misaligned_within(contrast, wrong.first, wrong.second);
    result.false_alarms += misaligned_within(contrast, fine.first, fine.second);
    wrong_looks += wrong_look;
    ++result.captions;
    job.progress(i + 1, options.scenes, "diagnosing");
  }
  const auto share = [](double& value, int64_t count) {
    value /= static_cast<double>(std::max<int64_t>(1, count));
  };
  for (double* value :
       {&result.lowest_contrast, &result.lowest_attention, &result.found, &result.false_alarms}) {
    share(*value, result.captions);
  }
  share(result.lowest_look, wrong_looks);
  share(result.lowest_object, result.captions - wrong_looks);
  return result;
}

std::string SegmentEvaluation::json() const {
  return nlohmann::ordered_json{{"scenes", scenes},
                                {"miou", miou},
                                {"miou_background", miou_background},
                                {"miou_everything", miou_everything},
                                {"pointing", pointing},
                                {"seconds_a_scene", seconds_a_scene}}
      .dump();
}

std::string DiagnoseEvaluation::json() const {
  return nlohmann::ordered_json{{"captions", captions},
                                {"lowest_contrast", lowest_contrast},
                                {"lowest_attention", lowest_attention},
                                {"lowest_look", lowest_look},
                                {"lowest_object", lowest_object},
                                {"found", found},
                                {"false_alarms", false_alarms}}
      .dump();
}

}  // namespace vane
