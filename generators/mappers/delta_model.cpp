// SPDX-License-Identifier: Apache-2.0
#include "generators/mappers/delta_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr const char *kGenerator = "generator", *kClip = "clip", *kStyles = "styles";
constexpr const char* kAnother = "train one: vane train delta assets/training/faces-delta.yaml";

std::string value_of(const TensorTable& table, const std::string& key) {
  const auto found = table.metadata.find(key);
  return found == table.metadata.end() ? "" : found->second;
}

Error refusal(const std::filesystem::path& path, const std::string& reason) {
  return Error(ErrorCode::checkpoint, reason).in_file(path);
}

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    names.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

/// Tensors beside the mapper's own.
template <class Visit>
void visit_units(DeltaModel& model, const Visit& visit) {
  const int64_t channels = model.mapper.shape.channels(), embedding = model.embedding();
  visit("style_mean", model.style_mean, std::vector<int64_t>{channels});
  visit("style_scale", model.style_scale, std::vector<int64_t>{channels});
  visit("relevance", model.relevance, std::vector<int64_t>{channels, embedding});
  visit("image_mean", model.image_mean, std::vector<int64_t>{embedding});
  visit("image_covariance", model.image_covariance, std::vector<int64_t>{embedding, embedding});
}

}  // namespace

std::vector<size_t> style_entries(const StyleTable& table, const std::vector<std::string>& names) {
  std::vector<size_t> entries;
  if (names.empty()) {
    for (size_t i = 0; i < table.size(); ++i) {
      if (!table[i].to_rgb) entries.push_back(i);
    }
    return entries;
  }
  for (const std::string& name : names) {
    const auto found = std::find_if(table.begin(), table.end(),
                                    [&](const StyleEntry& entry) { return entry.name == name; });
    if (found == table.end() || found->to_rgb) {
      throw Error(ErrorCode::usage,
                  "the generator has no convolution with a style \"" + name + "\"");
    }
    const auto i = static_cast<size_t>(found - table.begin());
    if (!entries.empty() && entries.back() >= i) {
      throw Error(ErrorCode::usage, "styles go from coarse to fine, each once: not \"" + name +
                                        "\" behind \"" + table[entries.back()].name + "\"");
    }
    entries.push_back(i);
  }
  return entries;
}

std::vector<ConvStyle> conv_styles(const StyleTable& table, const std::vector<size_t>& entries) {
  std::vector<ConvStyle> convs;
  for (const size_t i : entries) convs.push_back({table[i].resolution, table[i].channels});
  return convs;
}

DeltaModel load_delta_model(const std::filesystem::path& path, const StyleGenerator& generator,
                            const std::string& clip_hash, const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  const TensorTable& table = weights.table();
  DeltaModel model;
  model.generator_hash = value_of(table, kGenerator);
  model.clip_hash = value_of(table, kClip);
  if (!model.generator_hash.empty() && model.generator_hash != generator.content_hash()) {
    throw refusal(path, "this delta mapper was made for another generator")
        .with_hint(std::string(kAnother) + " --set generator=FILE");
  }
  if (!model.clip_hash.empty() && !clip_hash.empty() && model.clip_hash != clip_hash) {
    throw refusal(path, "this delta mapper was made with another CLIP")
        .with_hint(std::string(kAnother) + " --set clip=MODEL");
  }
  try {
    model.entries = style_entries(generator.style_table(), names_in(value_of(table, kStyles)));
    delta_mapper_shape(conv_styles(generator.style_table(), model.entries));
  } catch (const Error& error) {
    throw refusal(path, error.what()).at_key(kStyles);
  }
  model.mapper = read_delta_mapper(weights, conv_styles(generator.style_table(), model.entries));
  const int64_t channels = model.mapper.shape.channels();
  if (weights.contains("style_scale")) {
    visit_units(model, [&](const char* name, Tensor& tensor, const std::vector<int64_t>& shape) {
      tensor = weights.take(name, shape);
    });
    if (weights.contains("visible")) model.visible = weights.take("visible", {channels, -1});
    if (!(model.style_scale > 0).all().item<bool>()) {
      throw refusal(path, "scales must be above 0").at_key("style_scale");
    }
  } else {
    model.style_mean = at::zeros({channels});
    model.style_scale = at::ones({channels});
  }
  weights.finish();
  model.mapper.content_hash = table.content_hash();
  return model;
}

void save_delta_model(const std::filesystem::path& path, const DeltaModel& model,
                      const StyleTable& table) {
  DeltaModel copy = model;
  std::map<std::string, Tensor> tensors;
  visit_parameters(copy.mapper, [&](const std::string& name, Tensor& tensor, const auto&) {
    tensors[name] = tensor.detach().to(at::kHalf);
  });
  visit_units(copy, [&](const char* name, Tensor& tensor, const auto&) {
    // The covariance loses its small eigenvalues in float16.
    tensors[name] = &tensor == &copy.relevance ? tensor.to(at::kHalf) : tensor;
  });
  if (copy.visible.defined()) tensors["visible"] = copy.visible;
  std::string styles;
  for (const size_t i : model.entries) styles += (styles.empty() ? "" : ",") + table[i].name;
  save_tensors(path, tensors,
               {{kGenerator, model.generator_hash}, {kClip, model.clip_hash}, {kStyles, styles}});
}

Tensor moved_styles(const DeltaModel& model, const StyleCode& code) {
  std::vector<Tensor> parts;
  for (const size_t i : model.entries) parts.push_back(code.at(i));
  return at::cat(parts, 1);
}

Tensor model_delta(const DeltaModel& model, const Tensor& styles, const Tensor& condition) {
  const Tensor seen = (styles - model.style_mean) / model.style_scale;
  return style_delta(model.mapper, seen, condition) * model.style_scale;
}

Tensor visible_part(const DeltaModel& model, const Tensor& delta) {
  if (!model.visible.defined()) return delta;
  const Tensor along = at::matmul(delta / model.style_scale, model.visible);
  return at::matmul(along, model.visible.t()) * model.style_scale;
}

StyleCode with_style_delta(const DeltaModel& model, const StyleCode& code, const Tensor& delta) {
  if (delta.dim() != 2 || delta.size(1) != model.mapper.shape.channels()) {
    throw Error(ErrorCode::usage, fmt::format("a step of this delta mapper must be [N,{}]",
                                              model.mapper.shape.channels()));
  }
  StyleCode moved = code;
  int64_t begin = 0;
  for (const size_t i : model.entries) {
    const int64_t channels = code.at(i).size(1);
    moved[i] = code[i] + delta.narrow(1, begin, channels);
    begin += channels;
  }
  return moved;
}

}  // namespace vane
