// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane toybox`: pictures of the procedural world, and data sets of them. No torch.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/config/fields.h"

namespace vane {

struct ToyboxRenderRequest {
  std::string kind = "any", light = "any", size = "512x512";
  bool caption = false;
  std::filesystem::path output;
  uint64_t seed = 0;
  int threads = 0;

  template <class V>
  static void fields(V& v) {
    using C = ToyboxRenderRequest;
    v.field("kind", &C::kind, "what to show",
            {.choices = {"any", "character", "portrait", "close-up", "still-life", "scene"}});
    v.field(
        "light", &C::light, "where light comes from",
        {.choices = {"any", "front", "left", "right", "top", "back", "sunset", "night", "soft"}});
    v.field("size", &C::size, "width and height in pixels", {.placeholder = "WxH"});
    v.field("caption", &C::caption, "also print a caption");
    v.field("output", &C::output, "picture to write",
            {.required = true, .short_flag = "o", .placeholder = "FILE"});
  }
};

struct ToyboxRenderResult {
  std::string output, caption;
  nlohmann::ordered_json attributes;
};

struct ToyboxDatasetRequest {
  int count = 1, views = 1, captions = 5;
  std::string kind = "any", light = "any", size = "64x64";
  std::filesystem::path output;
  uint64_t seed = 0;
  int threads = 0;

  template <class V>
  static void fields(V& v) {
    using C = ToyboxDatasetRequest;
    v.field("count", &C::count, "scenes",
            {.min = 1, .max = 10'000'000, .short_flag = "n", .placeholder = "N"});
    v.field("views", &C::views, "pictures of each scene; from 2 on with transforms.json",
            {.min = 1, .max = 10'000});
    v.field("captions", &C::captions, "captions of each scene", {.min = 1, .max = 100});
    v.field("kind", &C::kind, "what to show",
            {.choices = {"any", "character", "portrait", "close-up", "still-life", "scene"}});
    v.field(
        "light", &C::light, "where light comes from",
        {.choices = {"any", "front", "left", "right", "top", "back", "sunset", "night", "soft"}});
    v.field("size", &C::size, "width and height in pixels", {.placeholder = "WxH"});
    v.field("output", &C::output, "folder to write",
            {.required = true, .short_flag = "o", .placeholder = "DIR"});
  }
};

struct ToyboxDatasetResult {
  std::string output;
  int64_t scenes = 0, pictures = 0, kept = 0;
};

/// Renders scene 0 of the seed. Throws Error{usage} for a malformed size.
ToyboxRenderResult toybox_render(const ToyboxRenderRequest& request, Job& job);

/// Writes scenes 0 to count - 1: `images/`, `instances/`, `parts/` (8-bit ids), `depth/` (16-bit,
/// thousandths of a unit, 0: farther or sky), `normals/` (world axes, 127.5 (n + 1)),
/// captions.jsonl, attributes.jsonl; with views, transforms.json and points.ply (points that
/// the training views see) too, in a folder for each scene when there are several. Every file
/// appears whole; pictures that a former run of the same request left are kept. Throws Error{usage}
/// when the folder holds a data set of another request.
ToyboxDatasetResult toybox_dataset(const ToyboxDatasetRequest& request, Job& job);

}  // namespace vane
