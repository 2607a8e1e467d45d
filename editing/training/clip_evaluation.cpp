// SPDX-License-Identifier: Apache-2.0
#include "editing/training/clip_evaluation.h"

#include <nlohmann/json.hpp>

#include "editing/training/picture_batch.h"
#include "engine/data/procedural_source.h"

namespace vane {
namespace {

using Pictures = std::vector<std::vector<uint8_t>>;

/// Unit rows [N,D] of many pictures.
Tensor image_features(const ClipEncoder& clip, const Pictures& pictures, Job& job) {
  const at::NoGradGuard no_grad;
  const ClipPreprocess& preprocess = clip.info().preprocess;
  std::vector<Tensor> parts;
  constexpr size_t kChunk = 128;
  for (size_t i = 0; i < pictures.size(); i += kChunk) {
    job.check_cancelled();
    const std::span chunk(pictures.data() + i, std::min(kChunk, pictures.size() - i));
    const Tensor input = network_input(chunk, preprocess.image_size, preprocess);
    parts.push_back(unit(clip.image_embedding_of_input(input)));
  }
  return at::cat(parts);
}

/// The crops of one look: untouched, with the look, with its opposite (or untouched again).
struct LookPictures {
  Pictures base, with, against;
};

LookPictures look_pictures(const ProceduralSource& source, Look look, int crops, uint64_t seed) {
  LookPictures pictures;
  const Look opposite = opposite_look(look);
  const bool applied = static_cast<int>(opposite) < kAppliedLookCount;
  for (size_t p = 0; p < source.photographs(); ++p) {
    for (int k = 0; k < crops; ++k) {
      // The same crops for every look, other strengths.
      Rng crop = Rng(seed).fork("crop", p * 1000 + static_cast<size_t>(k));
      Rng strength = Rng(seed).fork(look_name(look), p * 1000 + static_cast<size_t>(k));
      Rng unused(0);
      const Scene base = source.scene(p, std::nullopt, crop, unused);
      Scene with = base, against = base;
      // A look that the photograph cannot show (warmth of a black and white one) proves nothing.
      if (add_looks(with, {look}, strength).count(look) == 0) continue;
      if (applied && add_looks(against, {opposite}, strength).count(opposite) == 0) continue;
      pictures.base.push_back(to_srgb8(base.pixels));
      pictures.with.push_back(to_srgb8(with.pixels));
      pictures.against.push_back(to_srgb8(against.pixels));
    }
  }
  return pictures;
}

/// Share of pictures on the right side of a pair of texts.
double pair_accuracy(const Tensor& with, const Tensor& against, const Tensor& text,
                     const Tensor& opposite_text) {
  const Tensor direction = (text - opposite_text).squeeze(0);
  const Tensor right =
      at::cat({at::matmul(with, direction) > 0, at::matmul(against, direction) < 0});
  return right.to(at::kDouble).mean().item<double>();
}

double pair_ranking(const Tensor& with, const Tensor& against, const Tensor& text,
                    const Tensor& opposite_text) {
  const Tensor direction = (text - opposite_text).squeeze(0);
  const Tensor higher = at::matmul(with, direction) > at::matmul(against, direction);
  return higher.to(at::kDouble).mean().item<double>();
}

LookScore score_look(const ClipEncoder& clip, const ProceduralSource& source, Look look,
                     const ClipEvaluationOptions& options, Job& job, Tensor* features) {
  LookScore score;
  score.look = look;
  score.opposite = opposite_look(look);
  const LookPictures pictures = look_pictures(source, look, options.crops, options.seed);
  score.pictures = static_cast<int64_t>(pictures.with.size());
  if (score.pictures == 0) return score;
  const Tensor base = image_features(clip, pictures.base, job);
  const Tensor with = image_features(clip, pictures.with, job);
  const Tensor against = image_features(clip, pictures.against, job);
  const Tensor text = clip.text_features({look_phrase(look)});
  const Tensor opposite_text = clip.text_features({look_phrase(score.opposite)});
  score.accuracy = pair_accuracy(with, against, text, opposite_text);
  score.ranking = pair_ranking(with, against, text, opposite_text);
  const std::vector<std::string> here = unseen_look_phrases(look);
  const std::vector<std::string> there = unseen_look_phrases(score.opposite);
  for (size_t i = 0; i < here.size(); ++i) {
    score.unseen_wording += pair_accuracy(with, against, clip.text_features({here[i]}),
                                          clip.text_features({there[i]})) /
                            static_cast<double>(here.size());
  }
  const Tensor direction = unit(text - clip.text_features({"a photo"}));
  score.delta_cosine = at::matmul(unit(with - base), direction.squeeze(0)).mean().item<double>();
  if (features) *features = with;
  return score;
}

void score_objects(const ClipEncoder& clip, const ProceduralSource& source,
                   const ClipEvaluationOptions& options, Job& job, ClipEvaluation& result) {
  const std::vector<Cutout>& cutouts = source.library().cutouts;
  std::vector<std::string> names, texts;
  std::vector<int64_t> name_of;
  for (const Cutout& cutout : cutouts) {
    const auto found = std::find(names.begin(), names.end(), cutout.name);
    name_of.push_back(found - names.begin());
    if (found == names.end()) names.push_back(cutout.name);
  }
  if (names.size() < 20) return;
  for (const std::string& name : names) texts.push_back("a photo of " + name);
  Pictures pictures;
  std::vector<int64_t> truth;
  for (size_t c = 0; c < cutouts.size(); ++c) {
    for (int k = 0; k < options.scenes_per_object; ++k) {
      Rng rng = Rng(options.seed).fork("object", c * 1000 + static_cast<size_t>(k));
      const size_t photograph = rng.below(static_cast<uint32_t>(source.photographs()));
      pictures.push_back(to_srgb8(source.scene(photograph, c, rng, rng).pixels));
      truth.push_back(name_of[c]);
    }
  }
  const Tensor scores =
      at::matmul(image_features(clip, pictures, job), clip.text_features(texts).t()).contiguous();
  const auto* score = scores.const_data_ptr<float>();
  const size_t count = names.size();
  Rng rng = Rng(options.seed).fork("distractors");
  int64_t right_all = 0, right_20 = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const float* row = score + i * count;
    const float own = row[truth[i]];
    right_all += std::max_element(row, row + count) == row + truth[i];
    bool best = true;
    for (int other = 0; other < 19;) {
      const uint32_t j = rng.below(static_cast<uint32_t>(count));
      if (static_cast<int64_t>(j) == truth[i]) continue;
      best = best && row[j] < own;
      ++other;
    }
    right_20 += best;
  }
  result.objects = static_cast<int64_t>(count);
  result.object_of_all = static_cast<double>(right_all) / static_cast<double>(truth.size());
  result.object_of_20 = static_cast<double>(right_20) / static_cast<double>(truth.size());
}

template <class Member>
double mean_of(const std::vector<LookScore>& looks, Member member) {
  double sum = 0;
  for (const LookScore& score : looks) sum += score.*member;
  return looks.empty() ? 0 : sum / static_cast<double>(looks.size());
}

}  // namespace

double ClipEvaluation::mean_accuracy() const { return mean_of(looks, &LookScore::accuracy); }
double ClipEvaluation::mean_ranking() const { return mean_of(looks, &LookScore::ranking); }
double ClipEvaluation::mean_unseen_wording() const {
  return mean_of(looks, &LookScore::unseen_wording);
}
double ClipEvaluation::mean_delta_cosine() const {
  return mean_of(looks, &LookScore::delta_cosine);
}

std::string ClipEvaluation::json() const {
  nlohmann::json out;
  for (const LookScore& score : looks) {
    out["looks"].push_back({{"look", look_name(score.look)},
                            {"against", look_name(score.opposite)},
                            {"pictures", score.pictures},
                            {"accuracy", score.accuracy},
                            {"ranking", score.ranking},
                            {"unseen_wording", score.unseen_wording},
                            {"delta_cosine", score.delta_cosine}});
  }
  out["mean_accuracy"] = mean_accuracy();
  out["mean_ranking"] = mean_ranking();
  out["mean_unseen_wording"] = mean_unseen_wording();
  out["mean_delta_cosine"] = mean_delta_cosine();
  out["eight_looks"] = eight_looks;
  out["objects"] = objects;
  out["object_of_20"] = object_of_20;
  out["object_of_all"] = object_of_all;
  return out.dump();
}

ClipEvaluation evaluate_clip(const ClipEncoder& clip, std::shared_ptr<const PhotoLibrary> library,
                             const ClipEvaluationOptions& options, Job& job) {
  const at::NoGradGuard no_grad;
  ProceduralConfig data;
  data.size = clip.info().preprocess.image_size;
  data.held_out = true;
  const ProceduralSource source(std::move(library), data);

  static const std::vector<Look> kEight = {Look::bright, Look::dark,  Look::warm,
                                           Look::cool,   Look::vivid, Look::monochrome,
                                           Look::hazy,   Look::blurry};
  std::vector<std::string> eight_texts;
  for (const Look look : kEight) eight_texts.push_back(look_phrase(look));
  const Tensor eight = clip.text_features(eight_texts);

  ClipEvaluation result;
  std::vector<Tensor> rights;
  for (int i = 0; i < kAppliedLookCount; ++i) {
    job.check_cancelled();
    job.progress(i, kAppliedLookCount, "evaluating");
    const auto look = static_cast<Look>(i);
    Tensor features;
    const LookScore score = score_look(clip, source, look, options, job, &features);
    if (score.pictures > 0) result.looks.push_back(score);
    const auto place = std::find(kEight.begin(), kEight.end(), look);
    if (place != kEight.end() && features.defined()) {
      const Tensor guess = at::matmul(features, eight.t()).argmax(1);
      rights.push_back((guess == (place - kEight.begin())).to(at::kDouble));
    }
  }
  if (!rights.empty()) result.eight_looks = at::cat(rights).mean().item<double>();
  score_objects(clip, source, options, job, result);
  return result;
}

}  // namespace vane
