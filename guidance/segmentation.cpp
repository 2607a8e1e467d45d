// SPDX-License-Identifier: Apache-2.0
#include "guidance/segmentation.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/clip/modified_resnet.h"
#include "engine/clip/vision_transformer.h"
#include "engine/tensor/guided_filter.h"
#include "engine/tensor/image_tensor.h"
#include "engine/text/phrase.h"
#include "engine/text/templates.h"
#include "guidance/colour_refine.h"
#include "guidance/dense_clip.h"

namespace vane {
namespace {

constexpr int64_t kResNetCell = 32;
constexpr int64_t kCoarseCells = 4;   // a map of fewer cells a side shows no shape
constexpr double kSameText = 1e-6;    // difference of embeddings that is rounding
constexpr int64_t kBatch = 16;        // windows that pass the tower together
constexpr double kFlat = 1e-3;        // variance of the guide that counts as an edge
constexpr double kFalloff = 0.35;     // of a window: where its weight falls to 1/e
constexpr double kConstant = 1e-6;    // deviation of a map in which nothing stands out
constexpr double kSteepness = 2.5;    // of "stands out", per standard deviation
constexpr int64_t kRadiusShare = 12;  // guided filter: shorter side / radius

int64_t rounded_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Fills in what "auto" and 0 stand for.
SegmentationConfig resolved(const ClipEncoder& clip, SegmentationConfig config) {
  if (config.variant == "auto") {
    const bool resnet = best_dense_variant(clip) == DenseVariant::maskclip;
    const bool coarse = clip.info().preprocess.image_size < kCoarseCells * kResNetCell;
    config.variant = !resnet ? "naclip" : coarse ? "windows" : "maskclip";
  }
  if (config.variant == "windows") {
    config.window = config.stride = 0;
    if (config.short_side == 0) config.short_side = 3 * clip.info().preprocess.image_size;
    return config;
  }
  dense_variant(config.variant);
  const VisionTransformer* tower = clip.vision_transformer_tower();
  const int64_t cell = tower ? tower->config.patch_size : kResNetCell;
  const int64_t size = clip.info().preprocess.image_size;
  if (config.window == 0) config.window = size;
  config.window = rounded_up(config.window, cell);
  if (config.short_side == 0) config.short_side = config.window * (tower ? 3 : 4) / 2;
  config.short_side = std::max(config.short_side, config.window);
  if (config.stride == 0) config.stride = tower ? config.window / 2 : config.window / 4;
  config.stride = std::clamp<int64_t>(config.stride, 1, config.window);
  return config;
}

// Classes of queries: the members of class c are rows first[c] … first[c+1]-1.
struct Queries {
  Tensor features;
  std::vector<int64_t> first{0};
  int64_t classes() const { return static_cast<int64_t>(first.size()) - 1; }
};

void add_phrases(const std::vector<std::string>& phrases, const std::string& what,
                 const ClipEncoder& clip, const std::string& templates, std::vector<Tensor>& rows) {
  for (const std::string& phrase : phrases) {
    check_phrase(phrase, what);
    rows.push_back(unit(clip.text_features(templated(templates, phrase)).mean(0)));
  }
}

std::vector<std::string> synonyms(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string& part : split(text, ';')) words.push_back(trimmed(part));
  return words;
}

// Texts first, then one class of all negatives.
Queries queries_of(const ClipEncoder& clip, const std::vector<std::string>& texts,
                   const std::vector<std::string>& negatives, const std::string& templates) {
  Queries queries;
  std::vector<Tensor> rows;
  for (const std::string& text : texts) {
    add_phrases(synonyms(text), "a text", clip, templates, rows);
    queries.first.push_back(static_cast<int64_t>(rows.size()));
  }
  add_phrases(negatives, "a negative", clip, templates, rows);
  queries.first.push_back(static_cast<int64_t>(rows.size()));
  queries.features = at::stack(rows);
  return queries;
}

// A model that does not know two words may give both the same embedding; no mask can tell them
// apart then, and rounding would draw one.
void check_distinct(const Queries& queries, const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const Tensor a = queries.features.slice(0, queries.first[i], queries.first[i + 1]);
      const Tensor b = queries.features.slice(0, queries.first[k], queries.first[k + 1]);
      if (a.size(0) != b.size(0) || (a - b).abs().max().item<double>() > kSameText) continue;
      throw Error(ErrorCode::usage, "'" + printable(texts[k]) + "' and '" + printable(texts[i]) +
                                        "' are the same to this CLIP, so it cannot tell where "
                                        "each of them is")
          .with_hint("use words that it knows, or another --clip");
    }
  }
}

// [Q,h,w] -> [C,h,w], the strongest member of each class.
Tensor class_maps(const Tensor& maps, const Queries& queries) {
  std::vector<Tensor> strongest;
  for (int64_t c = 0; c < queries.classes(); ++c) {
    const int64_t first = queries.first[static_cast<size_t>(c)];
    const int64_t end = queries.first[static_cast<size_t>(c) + 1];
    strongest.push_back(maps.slice(0, first, end).amax(0));
  }
  return at::stack(strongest);
}

Tensor luma(const Tensor& image) {
  return (image.select(1, 0) * 0.2126 + image.select(1, 1) * 0.7152 + image.select(1, 2) * 0.0722)
      .unsqueeze(1);
}

// A map [h,w] at the size of the picture.
Tensor full_size(const Tensor& map, const Tensor& guide, bool refine) {
  const Tensor small = map.unsqueeze(0).unsqueeze(0).contiguous();
  if (!refine || guide.size(2) < map.size(0) || guide.size(3) < map.size(1)) {
    return at::upsample_bilinear2d(small, {guide.size(2), guide.size(3)}, false)[0][0];
  }
  const int64_t radius = std::max<int64_t>(1, std::min(map.size(0), map.size(1)) / kRadiusShare);
  return guided_filter(small, guide, radius, kFlat).clamp(0, 1)[0][0];
}

// How likely a pixel belongs to what stands out of a map [h,w].
Tensor standing_out(const Tensor& map, const Tensor& image, bool refine) {
  const double deviation = map.std().item<double>();
  if (!(deviation > kConstant)) return at::zeros_like(map);
  const Tensor prior = at::sigmoid(kSteepness * ((map - otsu_threshold(map)) / deviation - 1));
  return refine ? refine_by_colours(prior, image) : prior;
}

// Where a map is highest, in pixels of the picture.
void find_peak(const Tensor& map, int64_t width, int64_t height, TextMask& mask) {
  const int64_t columns = map.size(1), index = map.argmax().item<int64_t>();
  mask.x = (2 * (index % columns) + 1) * width / (2 * columns);
  mask.y = (2 * (index / columns) + 1) * height / (2 * map.size(0));
}

}  // namespace

std::vector<int64_t> window_starts(int64_t extent, int64_t window, int64_t stride) {
  std::vector<int64_t> starts;
  const int64_t count = std::max<int64_t>(extent - window + stride - 1, 0) / stride + 1;
  for (int64_t i = 0; i < count; ++i) {
    starts.push_back(std::max<int64_t>(0, std::min(i * stride, extent - window)));
  }
  return starts;
}

Tensor dense_similarity(const ClipEncoder& clip, const Tensor& image, const Tensor& queries,
                        const SegmentationConfig& used, Job& job) {
  const Tensor input = normalised_input(image, clip.info().preprocess);
  const int64_t height = input.size(2), width = input.size(3), side = used.window;
  const DenseVariant variant = dense_variant(used.variant);
  std::vector<std::pair<int64_t, int64_t>> corners;
  for (const int64_t top : window_starts(height, side, used.stride)) {
    for (const int64_t left : window_starts(width, side, used.stride)) {
      corners.emplace_back(top, left);
    }
  }
  Tensor sum = at::zeros({queries.size(0), height, width}, input.options());
  Tensor count = at::zeros({height, width}, input.options());
  const auto total = static_cast<int64_t>(corners.size());
  for (int64_t i = 0; i < total; i += kBatch) {
    job.check_cancelled();
    job.progress(i, total, "looking");
    std::vector<Tensor> windows;
    for (int64_t k = i; k < std::min(total, i + kBatch); ++k) {
      const auto [top, left] = corners[static_cast<size_t>(k)];
      windows.push_back(input.slice(2, top, top + side).slice(3, left, left + side));
    }
    const Tensor features = dense_features(clip, at::cat(windows), variant);
    const Tensor maps = at::upsample_bilinear2d(
        at::matmul(features, queries.t()).permute({0, 3, 1, 2}).contiguous(), {side, side}, false);
    for (int64_t k = 0; k < maps.size(0); ++k) {
      const auto [top, left] = corners[static_cast<size_t>(i + k)];
      sum.slice(1, top, top + side).slice(2, left, left + side) += maps[k];
      count.slice(0, top, top + side).slice(1, left, left + side) += 1;
    }
  }
  job.progress(total, total, "looking");
  return sum / count;
}

Tensor window_similarity(const ClipEncoder& clip, const Tensor& image, const Tensor& queries,
                         Job& job) {
  const int64_t height = image.size(2), width = image.size(3), shorter = std::min(height, width);
  Tensor mean = at::zeros({queries.size(0), height, width}, image.options());
  int64_t size_index = 0;
  for (const double share : {1.0 / 3, 1.0 / 4}) {
    const auto side = std::max<int64_t>(1, std::lround(static_cast<double>(shorter) * share));
    const int64_t stride = std::max<int64_t>(1, side / 4);
    const Tensor axis = at::arange(side, image.options()) - (static_cast<double>(side) - 1) / 2;
    const Tensor falloff = (-(axis / (kFalloff * static_cast<double>(side))).square()).exp();
    const Tensor weight = falloff.unsqueeze(1) * falloff.unsqueeze(0);
    Tensor sum = at::zeros_like(mean), count = at::zeros({height, width}, image.options());
    job.progress(size_index++, 2, "looking");
    for (const int64_t top : window_starts(height, side, stride)) {
      job.check_cancelled();
      const std::vector<int64_t> lefts = window_starts(width, side, stride);
      std::vector<Tensor> windows;
      for (const int64_t left : lefts) {
        windows.push_back(image.slice(2, top, top + side).slice(3, left, left + side));
      }
      const Tensor cosines = at::matmul(clip.image_features(at::cat(windows)), queries.t());
      for (size_t k = 0; k < lefts.size(); ++k) {
        const Tensor here = cosines[static_cast<int64_t>(k)].view({-1, 1, 1}) * weight;
        sum.slice(1, top, top + side).slice(2, lefts[k], lefts[k] + side) += here;
        count.slice(0, top, top + side).slice(1, lefts[k], lefts[k] + side) += weight;
      }
    }
    mean += sum / count / 2;
  }
  job.progress(2, 2, "looking");
  return mean;
}

Segmentation segment_image(const ClipEncoder& clip, const Tensor& image,
                           const std::vector<std::string>& texts,
                           const std::vector<std::string>& negatives,
                           const SegmentationConfig& config, Job& job) {
  const at::NoGradGuard no_grad;
  if (texts.empty()) throw Error(ErrorCode::usage, "no text says what to look for");
  Segmentation result;
  result.used = resolved(clip, config);
  result.background = !negatives.empty() || texts.size() == 1;
  const Queries queries = queries_of(
      clip, texts, negatives.empty() ? canonical_negatives() : negatives, config.templates);
  check_distinct(queries, texts);
  const int64_t height = image.size(2), width = image.size(3);
  const int64_t side = result.used.short_side, shorter = std::min(height, width);
  const Tensor seen = resize_bicubic(image, std::max(side, height * side / shorter),
                                     std::max(side, width * side / shorter));
  const bool windows = result.used.variant == "windows";
  const Tensor cosines =
      class_maps(windows ? window_similarity(clip, seen, queries.features, job)
                         : dense_similarity(clip, seen, queries.features, result.used, job),
                 queries);
  const auto count = static_cast<int64_t>(texts.size());
  const Tensor competing = result.background ? cosines : cosines.slice(0, 0, count);
  Tensor probability = at::softmax(competing * static_cast<double>(config.logit_scale), 0);
  if (windows && result.background) {
    // Cosines of different texts lie at different heights, which only the map itself tells.
    std::vector<Tensor> found;
    for (int64_t c = 0; c < count; ++c) {
      const Tensor map = negatives.empty() ? cosines[c] : cosines[c] - cosines[count];
      const Tensor own = standing_out(map, seen, config.refine);
      // What beats the negatives outright need not stand out: a sky that fills the picture.
      found.push_back(negatives.empty() ? own : at::maximum(own, probability[c]));
    }
    found.push_back(1 - at::stack(found).amax(0));
    probability = at::stack(found);
  }
  const Tensor relevancy = at::sigmoid(10 * (cosines.slice(0, 0, count) - cosines[count]));

  const Tensor guide = luma(image);
  Tensor best, winner;  // over all classes, one full-size map at a time
  for (int64_t c = 0; c < probability.size(0); ++c) {
    job.check_cancelled();
    const Tensor map = full_size(probability[c], guide, config.refine);
    if (c < count) {
      TextMask& mask = result.masks.emplace_back();
      mask.text = texts[static_cast<size_t>(c)];
      mask.soft = map;
      mask.relevancy = relevancy[c].max().item<double>();
      find_peak(windows && negatives.empty() ? cosines[c] : relevancy[c], width, height, mask);
    }
    const Tensor wins = c == 0 ? at::ones_like(map, at::kBool) : map > best;
    best = c == 0 ? map : at::maximum(map, best);
    winner = c == 0 ? at::zeros_like(map) : winner.masked_fill(wins, static_cast<double>(c));
  }
  const Tensor sure = best >= static_cast<double>(config.threshold);
  for (int64_t c = 0; c < count; ++c) {
    result.masks[static_cast<size_t>(c)].hard =
        ((winner == static_cast<double>(c)) & sure).to(at::kFloat);
  }
  return result;
}

}  // namespace vane
