// SPDX-License-Identifier: Apache-2.0
#include "engine/data/folder_source.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"

namespace vane {
namespace fs = std::filesystem;
namespace {

using Captions = std::map<fs::path, std::vector<std::string>>;

void read_json(const fs::path& file, Captions& captions) {
  std::ifstream stream(file);
  const nlohmann::json json = nlohmann::json::parse(stream, nullptr, false);
  if (!json.is_object()) {
    throw Error(ErrorCode::input, "is not a JSON object of picture: caption").in_file(file);
  }
  for (const auto& [name, value] : json.items()) {
    std::vector<std::string> texts;
    const nlohmann::json list = value.is_array() ? value : nlohmann::json::array({value});
    for (const auto& text : list) {
      if (!text.is_string()) {
        throw Error(ErrorCode::input, "a caption must be a string or a list of strings")
            .in_file(file)
            .at_key(name);
      }
      texts.push_back(text.get<std::string>());
    }
    const fs::path picture = file.parent_path() / name;
    if (!fs::is_regular_file(picture)) {
      throw Error(ErrorCode::input, "names a picture that is not there").in_file(file).at_key(name);
    }
    if (!texts.empty()) captions[picture] = std::move(texts);
  }
}

void read_text_files(const fs::path& folder, Captions& captions) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || !is_picture_name(entry.path())) continue;
    std::ifstream file(fs::path(entry.path()).replace_extension(".txt"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      if (line = trimmed(line); !line.empty()) lines.push_back(line);
    }
    if (!lines.empty()) captions[entry.path()] = std::move(lines);
  }
}

}  // namespace

FolderSource::FolderSource(const FolderConfig& config, Job& job) : config_(config) {
  if (!fs::is_directory(config.folder)) {
    throw Error(ErrorCode::input, "is not a folder").in_file(config.folder);
  }
  Captions captions;
  read_text_files(config.folder, captions);
  if (fs::exists(config.folder / "captions.json")) {
    read_json(config.folder / "captions.json", captions);
  }
  for (auto& [path, texts] : captions) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(entries_.size()), static_cast<int64_t>(captions.size()),
                 "reading pictures");
    const Image full = to_rgb8(read_image(path));
    // Twice the sample size is enough for every crop.
    const double scale = 2.0 * config.size / std::min(full.width, full.height);
    entries_.push_back({scale < 1 ? resize_u8(full, std::max(1, int(full.width * scale + 0.5)),
                                              std::max(1, int(full.height * scale + 0.5)))
                                  : full,
                        std::move(texts)});
  }
  if (entries_.empty()) {
    throw Error(ErrorCode::input, "holds no captioned picture")
        .in_file(config.folder)
        .with_hint("put NAME.txt beside NAME.jpg, or write captions.json");
  }
}

CaptionedPicture FolderSource::sample(uint64_t index) const {
  // Every epoch is another order of all pictures: a multiplier prime to the count permutes them.
  const uint64_t count = entries_.size(), epoch = index / count;
  const Rng root(config_.seed);
  Rng order = root.fork("epoch", epoch);
  uint64_t step = 1 + order.below(static_cast<uint32_t>(count));
  while (std::gcd(step, count) != 1) ++step;
  const Entry& entry =
      entries_[((index % count) * step + order.below(static_cast<uint32_t>(count))) % count];

  Rng own = root.fork("sample", index);
  const auto width = static_cast<float>(entry.picture.width);
  const auto height = static_cast<float>(entry.picture.height);
  const float side = std::min(width, height) * own.uniform(config_.min_crop, 1.f);
  CropBox box{own.uniform() * (width - side), own.uniform() * (height - side), side, side,
              config_.flip && own.chance(0.5f)};
  CaptionedPicture out;
  out.size = config_.size;
  out.rgb = to_srgb8(cut(entry.picture, box, config_.size));
  out.caption.text = entry.captions[own.below(static_cast<uint32_t>(entry.captions.size()))];
  out.caption.asserts = {caption_fact(out.caption.text)};
  for (const std::string& text : entry.captions) out.facts.push_back(caption_fact(text));
  std::sort(out.facts.begin(), out.facts.end());
  return out;
}

std::string FolderSource::description() const {
  return std::to_string(entries_.size()) + " captioned pictures";
}

}  // namespace vane
