// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/gaussian_checkpoint.h"

#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "engine/scene/splat_layouts.h"
#include "engine/weights/strided.h"
#include "engine/weights/tensor_table.h"
#include "engine/weights/torch_write.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Places in the tuple.
constexpr int kPosition = 1, kSh0 = 2, kRest = 3, kScale = 4, kRotation = 5, kOpacity = 6,
              kLanguage = 7;

const TensorRecord& at_place(const TensorTable& table, int place) {
  const std::string name = "0." + std::to_string(place);
  const TensorRecord* const tensor = table.find(name);
  if (!tensor || tensor->dtype != DType::f32) {
    throw Error(ErrorCode::input,
                "is no checkpoint of Gaussians: there is no float tensor at place " + name)
        .with_hint("chkpnt30000.pth of 3D Gaussian Splatting or LangSplat is one");
  }
  return *tensor;
}

std::vector<float> floats_at(const TensorTable& table, int place,
                             const std::vector<int64_t>& shape) {
  const TensorRecord& tensor = at_place(table, place);
  if (tensor.shape != shape) {
    throw Error(ErrorCode::input, "the tensor at place 0." + std::to_string(place) +
                                      " has another shape than the positions ask for");
  }
  const std::vector<std::byte> bytes = row_major_bytes(tensor);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  for (const float value : values) {
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::input,
                  "holds a number at place 0." + std::to_string(place) + " that is not finite");
    }
  }
  return values;
}

int degree_of(const TensorRecord& rest) {
  for (int degree = 0; degree <= 3; ++degree) {
    if (rest.shape.size() == 3 && rest.shape[1] == (degree + 1) * (degree + 1) - 1) return degree;
  }
  throw Error(ErrorCode::input, "the tensor at place 0.3 holds no bands of spherical harmonics");
}

/// What Adam's load_state_dict() asks for, before any step.
TorchValue fresh_optimiser(const std::vector<std::pair<std::string, double>>& groups) {
  using V = TorchValue;
  std::vector<V> list;
  for (size_t i = 0; i < groups.size(); ++i) {
    list.push_back(
        V::dict({"lr", "name", "betas", "eps", "weight_decay", "amsgrad", "maximize", "foreach",
                 "capturable", "differentiable", "fused", "params"},
                {V::real(groups[i].second), V::text(groups[i].first),
                 V::tuple({V::real(0.9), V::real(0.999)}), V::real(1e-15), V::real(0),
                 V::boolean(false), V::boolean(false), V(), V::boolean(false), V::boolean(false),
                 V(), V::list({V::integer(static_cast<int64_t>(i))})}));
  }
  return V::dict({"state", "param_groups"}, {V::dict({}, {}), V::list(std::move(list))});
}

}  // namespace

bool is_gaussian_checkpoint(const fs::path& file, const Limits& limits) {
  try {
    const TensorTable table = open_weights(file, limits);
    const TensorRecord *const position = table.find("0.1"), *const rotation = table.find("0.5");
    return position && rotation && position->shape.size() == 2 && position->shape[1] == 3 &&
           rotation->shape == std::vector<int64_t>{position->shape[0], 4};
  } catch (const Error&) {
    return false;
  }
}

GaussianCheckpoint read_gaussian_checkpoint(const fs::path& file, const Limits& limits) {
  try {
    const TensorTable table = open_weights(file, limits);
    const TensorRecord& position = at_place(table, kPosition);
    const int64_t n = position.shape.empty() ? 0 : position.shape[0];
    check_gaussians(static_cast<uint64_t>(n), limits);
    GaussianCheckpoint checkpoint;
    SplatCloud& cloud = checkpoint.cloud;
    cloud.sh_degree = degree_of(at_place(table, kRest));
    cloud.position = floats_at(table, kPosition, {n, 3});
    cloud.sh0 = floats_at(table, kSh0, {n, 1, 3});
    cloud.sh_rest = floats_at(table, kRest, {n, cloud.rest_coefficients(), 3});
    cloud.log_scale = floats_at(table, kScale, {n, 3});
    cloud.rotation = floats_at(table, kRotation, {n, 4});
    cloud.opacity_logit = floats_at(table, kOpacity, {n, 1});
    // Without language features the next is one number a Gaussian, its largest radius.
    if (at_place(table, kLanguage).shape.size() == 2) {
      checkpoint.language = floats_at(table, kLanguage, {n, 3});
    }
    return checkpoint;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

void write_gaussian_checkpoint(const fs::path& file, const GaussianCheckpoint& checkpoint,
                               int64_t iteration) {
  const SplatCloud& cloud = checkpoint.cloud;
  const int64_t n = cloud.size();
  const bool speaks = !checkpoint.language.empty();
  const std::vector<float> zeros(static_cast<size_t>(n), 0.f);
  using V = TorchValue;
  std::vector<V> state{V::integer(cloud.sh_degree),
                       V::floats({n, 3}, cloud.position, true),
                       V::floats({n, 1, 3}, cloud.sh0, true),
                       V::floats({n, cloud.rest_coefficients(), 3}, cloud.sh_rest, true),
                       V::floats({n, 3}, cloud.log_scale, true),
                       V::floats({n, 4}, cloud.rotation, true),
                       V::floats({n, 1}, cloud.opacity_logit, true)};
  if (speaks) state.push_back(V::floats({n, 3}, checkpoint.language, true));
  state.push_back(V::floats({n}, zeros));
  state.push_back(V::floats({n, 1}, zeros));
  state.push_back(V::floats({n, 1}, zeros));
  // The rates with which the published training begins.
  state.push_back(fresh_optimiser(
      speaks ? std::vector<std::pair<std::string, double>>{{"language_feature", 0.0025}}
             : std::vector<std::pair<std::string, double>>{{"xyz", 0.00016},
                                                           {"f_dc", 0.0025},
                                                           {"f_rest", 0.000125},
                                                           {"opacity", 0.05},
                                                           {"scaling", 0.005},
                                                           {"rotation", 0.001}}));
  state.push_back(V::real(1));
  write_torch(file, V::tuple({V::tuple(std::move(state)), V::integer(iteration)}));
}

}  // namespace vane
