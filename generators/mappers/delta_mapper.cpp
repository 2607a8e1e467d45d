// SPDX-License-Identifier: Apache-2.0
#include "generators/mappers/delta_mapper.h"

#include <algorithm>
#include <numeric>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr std::array<const char*, 3> kNames{"coarse", "medium", "fine"};
constexpr int64_t kCoarseResolution = 8, kMediumResolution = 32;
constexpr double kSmallestNorm = 1e-5;

size_t level_of(const ConvStyle& conv) {
  return conv.resolution <= kCoarseResolution ? 0 : conv.resolution <= kMediumResolution ? 1 : 2;
}

Tensor unit(const Tensor& x) { return x / x.norm(2, {-1}, true).clamp_min(kSmallestNorm); }

Tensor level_delta(const DeltaMapper::Level& level, const DeltaLevel& shape, const Tensor& styles,
                   const Tensor& condition) {
  const bool has_rows = shape.rows > 0;
  const Tensor own =
      mapper_stack(level.style, has_rows ? styles.reshape({-1, shape.rows, shape.width}) : styles);
  Tensor asked = mapper_stack(level.condition, condition);
  asked = has_rows ? asked.unsqueeze(1).expand_as(own) : asked.expand_as(own);
  return mapper_stack(level.fusion, at::cat({own, asked}, -1)).flatten(1);
}

}  // namespace

std::vector<ConvStyle> published_conv_styles(int64_t size) {
  const auto channels = [](int64_t resolution) {
    return std::min<int64_t>(512, 32768 / resolution);
  };
  std::vector<ConvStyle> convs{{4, channels(4)}};
  for (int64_t r = 8; r <= size; r *= 2) {
    convs.push_back({r, channels(r / 2)});  // a style has one number for each INPUT channel
    convs.push_back({r, channels(r)});
  }
  return convs;
}

int64_t DeltaMapperShape::channels() const {
  return levels[0].channels() + levels[1].channels() + levels[2].channels();
}

DeltaMapperShape delta_mapper_shape(std::span<const ConvStyle> convs, int64_t condition) {
  DeltaMapperShape shape;
  shape.condition = condition;
  std::array<std::vector<int64_t>, 3> widths;
  size_t last = 0;
  for (const ConvStyle& conv : convs) {
    const size_t level = level_of(conv);
    if (level < last) throw Error(ErrorCode::usage, "convolutions go from coarse to fine");
    last = level;
    widths[level].push_back(conv.width);
  }
  for (size_t i = 0; i < widths.size(); ++i) {
    if (widths[i].empty()) {
      throw Error(ErrorCode::usage,
                  "a delta mapper needs convolutions up to 8 px, up to 32 px and "
                  "above");
    }
    const bool is_even = std::all_of(widths[i].begin(), widths[i].end(),
                                     [&](int64_t width) { return width == widths[i][0]; });
    if (i < 2 && is_even) {
      shape.levels[i] = {.rows = std::ssize(widths[i]), .width = widths[i][0]};
    } else {
      shape.levels[i] = {.rows = 0,
                         .width = std::accumulate(widths[i].begin(), widths[i].end(), int64_t{0})};
    }
  }
  return shape;
}

DeltaMapper make_delta_mapper(const DeltaMapperShape& shape) {
  DeltaMapper mapper;
  mapper.shape = shape;
  for (size_t i = 0; i < mapper.levels.size(); ++i) {
    const int64_t width = shape.levels[i].width;
    mapper.levels[i] = {.style = make_mapper_stack(width, width, true),
                        .condition = make_mapper_stack(shape.condition, width, true),
                        .fusion = make_mapper_stack(2 * width, width, false)};
  }
  return mapper;
}

void visit_parameters(DeltaMapper& mapper, const ParameterVisitor& visit) {
  for (size_t i = 0; i < mapper.levels.size(); ++i) {
    DeltaMapper::Level& level = mapper.levels[i];
    visit_stack(level.style, std::string("sm_") + kNames[i], visit);
    visit_stack(level.condition, std::string("cm_") + kNames[i], visit);
    visit_stack(level.fusion, std::string("fm_") + kNames[i], visit);
  }
}

DeltaMapper initial_delta_mapper(const DeltaMapperShape& shape, const Rng& rng) {
  DeltaMapper mapper = make_delta_mapper(shape);
  visit_parameters(
      mapper, [&rng](const std::string& name, Tensor& tensor, const std::vector<int64_t>& sides) {
        tensor = initial_mapper_value(name, sides, rng);
      });
  return mapper;
}

DeltaMapper read_delta_mapper(const Weights& weights, std::span<const ConvStyle> convs) {
  const std::vector<int64_t> condition = weights.shape("cm_coarse.mapping.1.weight");
  if (condition.size() != 2) {
    throw Error(ErrorCode::checkpoint, "this tensor is not the weight of a dense layer")
        .in_file(weights.table().path)
        .at_key("cm_coarse.mapping.1.weight");
  }
  DeltaMapper mapper = make_delta_mapper(delta_mapper_shape(convs, condition[1]));
  visit_parameters(mapper,
                   [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                     tensor = weights.take(name, shape);
                   });
  return mapper;
}

DeltaMapper load_delta_mapper(const std::filesystem::path& path, std::span<const ConvStyle> convs,
                              const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  DeltaMapper mapper = read_delta_mapper(weights, convs);
  weights.finish();
  mapper.content_hash = weights.table().content_hash();
  return mapper;
}

Tensor delta_condition(const Tensor& image_embedding, const Tensor& delta) {
  const Tensor own = unit(image_embedding), step = unit(delta);
  const int64_t batch = std::max(own.size(0), step.size(0));
  return at::cat({own.expand({batch, -1}), step.expand({batch, -1})}, 1);
}

Tensor style_delta(const DeltaMapper& mapper, const Tensor& styles, const Tensor& condition) {
  const DeltaMapperShape& shape = mapper.shape;
  if (styles.dim() != 2 || styles.size(1) != shape.channels()) {
    throw Error(ErrorCode::usage,
                "this delta mapper needs styles [B," + std::to_string(shape.channels()) + "]");
  }
  if (condition.dim() != 2 || condition.size(1) != shape.condition ||
      (condition.size(0) != 1 && condition.size(0) != styles.size(0))) {
    throw Error(ErrorCode::usage, "this delta mapper needs one condition [B," +
                                      std::to_string(shape.condition) +
                                      "] for each source; is it made for another CLIP?");
  }
  std::vector<Tensor> deltas;
  int64_t begin = 0;
  for (size_t i = 0; i < mapper.levels.size(); ++i) {
    const int64_t channels = shape.levels[i].channels();
    deltas.push_back(level_delta(mapper.levels[i], shape.levels[i],
                                 styles.narrow(1, begin, channels), condition));
    begin += channels;
  }
  return at::cat(deltas, 1);
}

Tensor relevant_channels(const Tensor& relevance, const Tensor& delta, double threshold) {
  if (relevance.dim() != 2 || delta.dim() != 1 || relevance.size(1) != delta.size(0)) {
    throw Error(ErrorCode::usage, "a relevance matrix [channels,E] and a delta [E] are needed");
  }
  return at::mv(relevance, delta).abs() >= threshold;
}

}  // namespace vane
