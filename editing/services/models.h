// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane models`: what is installed, what a file is, and copies in our own layout. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct ModelsListRequest {
  /// Says nothing; a struct needs a size.
  bool missing = true;

  template <class V>
  static void fields(V& v) {
    v.field("missing", &ModelsListRequest::missing, "also show models that are not installed");
  }
};

struct ModelEntry {
  std::string name, kind, path;
  bool installed = false;
  uint64_t bytes = 0;

  template <class V>
  static void fields(V& v) {
    using C = ModelEntry;
    v.field("name", &C::name, "what commands call it");
    v.field("kind", &C::kind, "what it is");
    v.field("path", &C::path, "where it is or would be");
    v.field("installed", &C::installed, "whether it is there");
    v.field("bytes", &C::bytes, "size of its files");
  }
};

struct ModelsListResult {
  std::vector<ModelEntry> models;

  template <class V>
  static void fields(V& v) {
    v.field("models", &ModelsListResult::models, "known models");
  }
};

struct ModelsInspectRequest {
  std::filesystem::path path;
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    v.field("path", &ModelsInspectRequest::path, "folder, weights file, scene or data set",
            {.required = true, .positional = true, .placeholder = "FILE"});
  }
};

struct TensorFacts {
  std::string name, dtype;
  std::vector<int64_t> shape;

  template <class V>
  static void fields(V& v) {
    using C = TensorFacts;
    v.field("name", &C::name, "key");
    v.field("dtype", &C::dtype, "element type");
    v.field("shape", &C::shape, "sizes");
  }
};

struct ModelsInspectResult {
  /// "clip", "stylegan2", "direction", "latent", "embeddings", "checkpoint", "scene", "dataset", …,
  /// or "unknown".
  std::string kind;
  /// "openai", "open_clip", "hugging_face", …; empty when the kind has but one.
  std::string layout;
  /// What would load it: "--clip", "--generator", …; empty when nothing would.
  std::string loads_as;
  /// Why it does not load although its kind is known; empty when it does.
  std::string fault;
  /// "safetensors", "torch zip", …
  std::string format;
  std::string file, hash;
  uint64_t parameters = 0, bytes = 0;
  /// One line for people: "ViT, 12 layers of 768, patch 32, 224 px; text 12 layers of 512".
  std::string architecture;
  std::vector<TensorFacts> tensors;
  /// Of a scene of splats; rows that are left out are not among its Gaussians.
  int64_t gaussians = 0, sh_degree = 0, dropped = 0;
  std::vector<double> bounds_min, bounds_max;
  /// Of a data set of photographs.
  int64_t views = 0;

  template <class V>
  static void fields(V& v) {
    using C = ModelsInspectResult;
    v.field("kind", &C::kind, "what it is");
    v.field("layout", &C::layout, "how its keys are named");
    v.field("loads_as", &C::loads_as, "option that takes it");
    v.field("fault", &C::fault, "why it does not load");
    v.field("format", &C::format, "container");
    v.field("file", &C::file, "weights file");
    v.field("hash", &C::hash, "content hash");
    v.field("parameters", &C::parameters, "numbers in it");
    v.field("bytes", &C::bytes, "size of its tensors");
    v.field("architecture", &C::architecture, "what is built from it");
    v.field("tensors", &C::tensors, "what it holds, in file order");
    v.field("gaussians", &C::gaussians, "Gaussians of a scene");
    v.field("sh_degree", &C::sh_degree, "degree of its spherical harmonics");
    v.field("dropped", &C::dropped, "rows that are left out as invalid");
    v.field("bounds_min", &C::bounds_min, "least x, y, z of its Gaussians");
    v.field("bounds_max", &C::bounds_max, "greatest x, y, z of its Gaussians");
    v.field("views", &C::views, "photographs of a data set");
  }
};

struct ModelsConvertRequest {
  std::filesystem::path input, output;
  bool half = false;
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    using C = ModelsConvertRequest;
    v.field("input", &C::input, "folder, weights file or scene",
            {.required = true, .positional = true, .placeholder = "IN"});
    v.field("output", &C::output,
            "a .safetensors file (names kept), or a folder (CLIP: open_clip); of a scene .ply, "
            ".compressed.ply, .splat or .spz",
            {.required = true, .positional = true, .placeholder = "OUT"});
    v.field("half", &C::half, "store 32-bit numbers as float16");
  }
};

struct ModelsConvertResult {
  std::string output, layout;
  int64_t tensors = 0, gaussians = 0, dropped = 0;
  uint64_t bytes = 0;

  template <class V>
  static void fields(V& v) {
    using C = ModelsConvertResult;
    v.field("output", &C::output, "what was written");
    v.field("layout", &C::layout, "how its keys are named");
    v.field("tensors", &C::tensors, "tensors written");
    v.field("gaussians", &C::gaussians, "Gaussians of a scene written");
    v.field("dropped", &C::dropped, "invalid ones left out");
    v.field("bytes", &C::bytes, "size of the file");
  }
};

ModelsListResult models_list(const ModelsListRequest& request, Job& job);
ModelsInspectResult models_inspect(const ModelsInspectRequest& request, Job& job);
ModelsConvertResult models_convert(const ModelsConvertRequest& request, Job& job);

}  // namespace vane
