// SPDX-License-Identifier: Apache-2.0
#include "editing/training/clip_evaluation.h"

#include <nlohmann/json.hpp>

#include "editing/training/picture_batch.h"
#include "engine/data/faces_source.h"
#include "engine/data/procedural_source.h"
#include "generators/toybox/toy_captions.h"
#include "generators/toybox/toybox_source.h"

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
  /// Of each of `with`: whether just one of the eight looks is true of it, and whether people would
  /// not call it one of the others either.
  std::vector<double> alone, plainly_alone;
};

/// Guesses among the eight looks: right or wrong, and whether just one of the eight holds.
struct EightGuesses {
  /// [8,D] of one phrase each, and of the mean of several, as CLIP's classifiers are built
  /// (Radford et al. 2021, section 3.1.4).
  Tensor eight_texts, classes;
  std::vector<Tensor> right, plain, alone, plainly, guesses;
  std::vector<int64_t> applied;

  void add(const Tensor& features, Look look, const LookPictures& pictures) {
    const auto* place = std::find(kMainLooks.begin(), kMainLooks.end(), look);
    if (place == kMainLooks.end() || pictures.with.empty()) return;
    const Tensor guess = at::matmul(features, classes.t()).argmax(1);
    right.push_back((guess == (place - kMainLooks.begin())).to(at::kDouble));
    const Tensor by_plain = at::matmul(features, eight_texts.t()).argmax(1);
    plain.push_back((by_plain == (place - kMainLooks.begin())).to(at::kDouble));
    guesses.push_back(guess);
    applied.push_back(place - kMainLooks.begin());
    alone.push_back(at::tensor(pictures.alone, at::kDouble));
    plainly.push_back(at::tensor(pictures.plainly_alone, at::kDouble));
  }
  void finish(ClipEvaluation& result) const {
    if (right.empty()) return;
    const Tensor all = at::cat(right), one = at::cat(alone), clear = at::cat(plainly);
    result.eight_looks_one_phrase =
        (at::cat(plain) * one).sum().item<double>() / one.sum().clamp_min(1).item<double>();
    result.eight_looks_all = all.mean().item<double>();
    result.eight_looks_pictures = one.sum().item<int64_t>();
    for (size_t k = 0; k < guesses.size(); ++k) {
      auto& row = result.eight_confusion[std::string(look_name(kMainLooks[size_t(applied[k])]))];
      for (size_t g = 0; g < kMainLooks.size(); ++g) {
        const Tensor hits = (guesses[k] == static_cast<int64_t>(g)).to(at::kDouble) * alone[k];
        row[std::string(look_name(kMainLooks[g]))] = hits.sum().item<int64_t>();
      }
    }
    result.eight_looks_clear_pictures = clear.sum().item<int64_t>();
    result.eight_looks_clear =
        (all * clear).sum().item<double>() / clear.sum().clamp_min(1).item<double>();
    result.eight_looks = (all * one).sum().item<double>() / one.sum().clamp_min(1).item<double>();
  }
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
      const std::set<Look> shown = add_looks(with, {look}, strength);
      if (shown.count(look) == 0) continue;
      if (applied && add_looks(against, {opposite}, strength).count(opposite) == 0) continue;
      pictures.base.push_back(to_srgb8(base.pixels));
      pictures.with.push_back(to_srgb8(with.pixels));
      pictures.against.push_back(to_srgb8(against.pixels));
      const ColourStatistics measured = colour_statistics(with.pixels);
      const auto count_of = [&](auto&& holds) {
        return std::count_if(kMainLooks.begin(), kMainLooks.end(), holds);
      };
      const bool alone = count_of([&](Look l) { return shown.count(l) > 0; }) == 1;
      const auto doubts = count_of([&](Look l) { return is_unclear(l, shown, measured); });
      pictures.alone.push_back(alone ? 1 : 0);
      pictures.plainly_alone.push_back(alone && doubts == 0 ? 1 : 0);
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
                     const ClipEvaluationOptions& options, Job& job, EightGuesses& eight) {
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
  const Tensor cosines = at::matmul(unit(with - base), direction.squeeze(0));
  score.delta_cosine = cosines.mean().item<double>();
  score.delta_sign = (cosines > 0).to(at::kDouble).mean().item<double>();
  eight.add(with, look, pictures);
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
  for (const std::string& other : source.library().other_captions) {
    texts.push_back("a photo of " + other);
  }
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
  const size_t count = names.size(), columns = texts.size();
  Rng rng = Rng(options.seed).fork("distractors");
  int64_t right_all = 0, right_captions = 0, right_20 = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const float* row = score + i * columns;
    const float own = row[truth[i]];
    right_all += std::max_element(row, row + count) == row + truth[i];
    right_captions += std::max_element(row, row + columns) == row + truth[i];
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
  result.captions = static_cast<int64_t>(columns);
  result.object_of_captions =
      static_cast<double>(right_captions) / static_cast<double>(truth.size());
  result.object_of_20 = static_cast<double>(right_20) / static_cast<double>(truth.size());
}

/// Fills the three accuracies. `features` unit rows [N,D], `truth` index of each picture's value,
/// `texts` and `unseen` unit [N,V,D]: what each picture is asked in.
void score_values(const Tensor& features, const std::vector<int64_t>& truth, const Tensor& texts,
                  const Tensor& unseen, AttributeScore& score) {
  const int64_t count = texts.size(1);
  score.values = count;
  score.pictures = static_cast<int64_t>(truth.size());
  const Tensor is = at::tensor(truth);
  const auto balanced = [&](const Tensor& right) {
    double sum = 0;
    int64_t present = 0;
    for (int64_t v = 0; v < count; ++v) {
      const Tensor of_value = (is == v).to(at::kDouble);
      const double n = of_value.sum().item<double>();
      if (n == 0) continue;
      sum += (of_value * right).sum().item<double>() / n;
      ++present;
    }
    return present ? sum / static_cast<double>(present) : 0.0;
  };
  const auto scores_of = [&](const Tensor& asked) {
    return at::matmul(asked, features.unsqueeze(2)).squeeze(2);
  };
  const auto accuracy = [&](const Tensor& scores) {
    return balanced((scores.argmax(1) == is).to(at::kDouble));
  };
  const Tensor scores = scores_of(texts);
  const Tensor beaten = (scores < scores.gather(1, is.unsqueeze(1))).to(at::kDouble).sum(1);
  score.balanced_accuracy = accuracy(scores);
  score.pair_accuracy = balanced(beaten / static_cast<double>(count - 1));
  score.unseen_wording = accuracy(scores_of(unseen));
}

/// What hides the answer goes away in both pictures of a pair.
std::vector<ToyAttribute> with_answer_visible(const ToyQuestion& question,
                                              const std::string& value) {
  std::vector<ToyAttribute> set{{question.key, value}};
  if (question.key == "hat_colour") set.push_back({"hat", "cap"});
  if (question.key == "hair") set.push_back({"hat", "none"});
  if (question.key == "hair_colour") set.push_back({"hair", "long"});
  if (question.key == "mouth") set.push_back({"beard", "none"});
  return set;
}

/// [N,V,D]: a text for each value about each picture's own noun.
Tensor texts_about(const ClipEncoder& clip, const ToyQuestion& question,
                   const std::vector<std::string>& nouns, bool unseen) {
  std::map<std::string, Tensor> by_noun;
  std::vector<Tensor> rows;
  for (const std::string& noun : nouns) {
    Tensor& texts = by_noun[noun];
    if (!texts.defined()) texts = clip.text_features(toy_texts(question, noun, unseen));
    rows.push_back(texts);
  }
  return at::stack(rows);
}

void score_toybox(const ClipEncoder& clip, const ClipEvaluationOptions& options, Job& job,
                  ClipEvaluation& result) {
  ToyboxSourceConfig data;
  data.size = clip.info().preprocess.image_size;
  data.seed = options.seed;
  data.held_out = true;
  const ToyboxSource source(data);
  for (const ToyQuestion& question : toy_questions()) {
    job.check_cancelled();
    AttributeScore score;
    score.name = "toybox " + question.of + " " + question.key;
    Pictures pictures, changed;
    std::vector<int64_t> truth, other;
    std::vector<std::string> nouns;
    Rng rng = Rng(options.seed).fork(score.name);
    const bool has_twin = question.of != "scene" && question.key != "kind";
    const int wanted = options.toys_per_question;
    for (uint64_t i = 0; static_cast<int>(truth.size()) < wanted && i < 8u * uint64_t(wanted);
         ++i) {
      const ToyScene scene = source.scene(i, question.kind);
      const std::string value = toy_answer(scene, question);
      if (value.empty()) continue;
      const auto place = std::find(question.values.begin(), question.values.end(), value);
      const int64_t own = place - question.values.begin();
      truth.push_back(own);
      nouns.push_back(toy_noun(scene.things.front().kind));
      pictures.push_back(source.picture(scene));
      const auto values = static_cast<uint32_t>(question.values.size());
      const int64_t twin = (own + 1 + rng.below(values - 1)) % values;
      other.push_back(twin);
      if (has_twin) {
        changed.push_back(source.picture(source.scene(
            i, question.kind,
            with_answer_visible(question, question.values[static_cast<size_t>(twin)]))));
        pictures.back() =
            source.picture(source.scene(i, question.kind, with_answer_visible(question, value)));
      } else if (question.key == "light") {
        changed.push_back(source.picture(
            source.scene(i, question.kind, {}, question.values[static_cast<size_t>(twin)])));
      }
    }
    if (truth.empty()) continue;
    const Tensor features = image_features(clip, pictures, job);
    const Tensor texts = texts_about(clip, question, nouns, false);
    score_values(features, truth, texts, texts_about(clip, question, nouns, true), score);
    if (!changed.empty()) {
      const auto said = [&](const std::vector<int64_t>& value) {
        const Tensor row = at::tensor(value).view({-1, 1, 1}).expand({-1, 1, texts.size(2)});
        return texts.gather(1, row).squeeze(1);
      };
      const Tensor text_change = said(other) - said(truth);
      const Tensor change = image_features(clip, changed, job) - features;
      const Tensor cosines = (unit(change) * unit(text_change)).sum(1);
      score.delta_cosine = cosines.mean().item<double>();
      score.delta_sign = (cosines > 0).to(at::kDouble).mean().item<double>();
    }
    result.attributes.push_back(score);
  }
}

void score_faces(const ClipEncoder& clip, const FaceSet& set, Job& job, ClipEvaluation& result) {
  Pictures pictures;
  std::vector<int64_t> faces;
  for (int64_t i = 0; i < set.count(); ++i) {
    if (!FaceSet::is_held_out(i)) continue;
    faces.push_back(i);
    pictures.push_back(plain_face(set, i, clip.info().preprocess.image_size));
  }
  if (faces.empty()) return;
  const Tensor features = image_features(clip, pictures, job);
  for (int a = 0; a < kFaceAttributeCount; ++a) {
    const auto attribute = static_cast<FaceAttribute>(a);
    std::vector<int64_t> rows, truth;
    for (size_t k = 0; k < faces.size(); ++k) {
      const Answer answer = set.answer(faces[k], attribute);
      if (answer == Answer::unclear) continue;
      rows.push_back(static_cast<int64_t>(k));
      truth.push_back(answer == Answer::yes ? 1 : 0);
    }
    const auto positives = std::count(truth.begin(), truth.end(), 1);
    // A handful of answers says nothing.
    constexpr int64_t kFewest = 5;
    if (std::min<int64_t>(positives, static_cast<int64_t>(truth.size()) - positives) < kFewest) {
      continue;
    }
    AttributeScore score;
    score.name = "face " + std::string(face_attribute_name(attribute));
    const FacePhrases phrases = face_phrases(attribute);
    const auto texts = [](const std::string& no, const std::string& yes) {
      // What has no opposite in words is told from nothing said.
      return std::vector<std::string>{"a photo of " + (no.empty() ? "a person" : no),
                                      "a photo of " + yes};
    };
    const Tensor chosen = features.index_select(0, at::tensor(rows));
    const std::vector<std::string> seen = texts(phrases.no, phrases.yes);
    const auto same_for_all = [&](const std::vector<std::string>& wording) {
      const Tensor rows_of = clip.text_features(wording).unsqueeze(0);
      return rows_of.expand({chosen.size(0), -1, -1});
    };
    double unseen = 0;
    for (const auto& [yes, no] : phrases.unseen) {
      score_values(chosen, truth, same_for_all(seen), same_for_all(texts(no, yes)), score);
      unseen += score.unseen_wording / static_cast<double>(phrases.unseen.size());
    }
    if (phrases.unseen.empty())
      score_values(chosen, truth, same_for_all(seen), same_for_all(seen), score);
    score.unseen_wording = unseen;
    result.attributes.push_back(score);
  }
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
                            {"delta_cosine", score.delta_cosine},
                            {"delta_sign", score.delta_sign}});
  }
  for (const AttributeScore& score : attributes) {
    nlohmann::json entry{{"attribute", score.name},
                         {"values", score.values},
                         {"pictures", score.pictures},
                         {"balanced_accuracy", score.balanced_accuracy},
                         {"pair_accuracy", score.pair_accuracy},
                         {"unseen_wording", score.unseen_wording}};
    if (std::isfinite(score.delta_cosine)) {
      entry["delta_cosine"] = score.delta_cosine;
      entry["delta_sign"] = score.delta_sign;
    }
    out["attributes"].push_back(entry);
  }
  out["mean_accuracy"] = mean_accuracy();
  out["mean_ranking"] = mean_ranking();
  out["mean_unseen_wording"] = mean_unseen_wording();
  out["mean_delta_cosine"] = mean_delta_cosine();
  out["eight_looks"] = eight_looks;
  out["eight_looks_clear"] = eight_looks_clear;
  out["eight_looks_clear_pictures"] = eight_looks_clear_pictures;
  out["eight_looks_pictures"] = eight_looks_pictures;
  out["eight_looks_one_phrase"] = eight_looks_one_phrase;
  out["eight_looks_all"] = eight_looks_all;
  out["eight_confusion"] = eight_confusion;
  out["objects"] = objects;
  out["object_of_20"] = object_of_20;
  out["object_of_all"] = object_of_all;
  out["captions"] = captions;
  out["object_of_captions"] = object_of_captions;
  return out.dump();
}

ClipEvaluation evaluate_clip(const ClipEncoder& clip, const ClipEvaluationData& data,
                             const ClipEvaluationOptions& options, Job& job) {
  const at::NoGradGuard no_grad;
  ProceduralConfig held_out;
  held_out.size = clip.info().preprocess.image_size;
  held_out.held_out = true;
  const ProceduralSource source(data.library, held_out);

  std::vector<std::string> plain;
  std::vector<Tensor> classes;
  for (const Look look : kMainLooks) {
    plain.push_back(look_phrase(look));
    classes.push_back(unit(clip.text_features(look_phrases(look)).mean(0, true)));
  }
  EightGuesses eight;
  eight.eight_texts = clip.text_features(plain);
  eight.classes = at::cat(classes);

  ClipEvaluation result;
  for (int i = 0; i < kAppliedLookCount; ++i) {
    job.check_cancelled();
    job.progress(i, kAppliedLookCount, "evaluating");
    const auto look = static_cast<Look>(i);
    const LookScore score = score_look(clip, source, look, options, job, eight);
    if (score.pictures > 0) result.looks.push_back(score);
  }
  eight.finish(result);
  score_objects(clip, source, options, job, result);
  score_toybox(clip, options, job, result);
  if (data.faces) score_faces(clip, *data.faces, job, result);
  return result;
}

}  // namespace vane
