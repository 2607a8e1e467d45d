// SPDX-License-Identifier: Apache-2.0
#include "engine/data/photo_library.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/data/raster.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"

namespace vane {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> data_folders(const PhotoLibraryConfig& config) {
  std::vector<fs::path> folders;
  if (!config.folders.empty()) {
    folders.assign(config.folders.begin(), config.folders.end());
    return folders;
  }
  // XDG base directory specification.
  const char* variable = std::getenv("XDG_DATA_DIRS");
  const std::string list = variable && *variable ? variable : "/usr/local/share:/usr/share";
  for (const std::string& part : split(list, ':')) {
    if (!part.empty()) folders.emplace_back(part);
  }
  return folders;
}

fs::path find_below(const std::vector<fs::path>& folders, const std::string& relative) {
  for (const fs::path& folder : folders) {
    std::error_code ignored;
    if (fs::exists(folder / relative, ignored)) return folder / relative;
  }
  return {};
}

Image shrunk(const Image& image, double scale) {
  if (scale >= 1) return image;
  return resize_u8(image, std::max(1, static_cast<int>(std::lround(image.width * scale))),
                   std::max(1, static_cast<int>(std::lround(image.height * scale))));
}

/// The opaque part of an RGBA picture.
Image cropped_to_alpha(const Image& image) {
  int left = image.width, top = image.height, right = -1, bottom = -1;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (image.u8[(size_t(y) * size_t(image.width) + size_t(x)) * 4 + 3] < 32) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = std::max(bottom, y);
    }
  }
  if (right < left) return {};
  return crop(image, left, top, right - left + 1, bottom - top + 1);
}

std::string colour_name(float lightness, float a, float b) {
  const float chroma = std::hypot(a, b);
  if (chroma < 10) return lightness > 78 ? "white" : lightness < 28 ? "black" : "grey";
  const float hue = std::atan2(b, a) * 57.29578f;
  if (chroma < 18) return "";
  if (hue > -25 && hue <= 42) return lightness > 62 && chroma < 45 ? "pink" : "red";
  if (hue > 42 && hue <= 75) return lightness < 52 ? "brown" : "orange";
  if (hue > 75 && hue <= 103) return lightness < 48 ? "brown" : "yellow";
  if (hue > 103 && hue <= 175) return "green";
  if (hue > 175 || hue <= -120) return "turquoise";
  if (hue > -120 && hue <= -65) return "blue";
  return "purple";
}

/// The colour of at least 60 % of the opaque area, measured on a small copy.
std::string dominant_colour(const Image& rgba) {
  constexpr int kSize = 24;
  const CropBox all{0, 0, static_cast<float>(rgba.width), static_cast<float>(rgba.height), false};
  const Raster small = cut(rgba, all, kSize);
  const std::vector<float> alpha = cut_alpha(rgba, all, kSize);
  std::map<std::string, int> votes;
  int total = 0;
  Raster pixel(1, 1);
  for (size_t i = 0; i < small.pixels(); ++i) {
    if (alpha[i] < 0.9f) continue;
    ++total;
    std::copy_n(&small.rgb[3 * i], 3, pixel.rgb.begin());
    const ColourStatistics s = colour_statistics(pixel);
    ++votes[colour_name(s.lightness, s.a, s.b)];
  }
  for (const auto& [name, count] : votes) {
    if (!name.empty() && count * 10 >= total * 6) return name;
  }
  return {};
}

/// General words for the folders of the cut-outs.
std::vector<std::string> kinds_of_folder(const fs::path& relative) {
  static const std::map<std::string, std::vector<std::string>> kinds = {
      {"birds", {"a bird"}},
      {"fish", {"a fish"}},
      {"insects", {"an insect"}},
      {"animals", {"an animal"}},
      {"fruit", {"a fruit"}},
      {"vegetables", {"a vegetable"}},
      {"food", {"food"}},
      {"flowers", {"a flower"}},
      {"trees", {"a tree"}},
      {"plants", {"a plant"}},
      {"tools", {"a tool"}},
      {"hats", {"a hat"}},
      {"clothes", {"clothes"}},
      {"music", {"a musical instrument"}},
      {"planets", {"a planet"}},
      {"vehicles", {"a vehicle"}},
      {"auto", {"a car"}},
      {"mushrooms", {"a mushroom"}},
      {"roadsigns", {"a road sign"}},
      {"cats", {"a big cat"}},
      {"christmas", {"a christmas decoration"}},
  };
  std::vector<std::string> found;
  for (const fs::path& part : relative.parent_path()) {
    const auto known = kinds.find(part.string());
    if (known != kinds.end())
      found.insert(found.begin(), known->second.begin(), known->second.end());
  }
  return found;
}

std::string caption_beside(const fs::path& png) {
  std::ifstream file(fs::path(png).replace_extension(".txt"));
  std::string line;
  std::getline(file, line);
  return line;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string plain_caption(const std::string& caption) {
  std::string text = lower_case(trimmed(caption));
  while (!text.empty() && (text.back() == '.' || text.back() == '!')) text.pop_back();
  return text;
}

void load_cutouts(const fs::path& root, const PhotoLibraryConfig& config, PhotoLibrary& library,
                  Job& job) {
  std::vector<fs::path> files;
  std::set<std::string> left_out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".png") continue;
    const fs::path relative = fs::relative(entry.path(), root);
    const bool excluded = std::any_of(relative.begin(), relative.end(), [&](const fs::path& part) {
      return std::count(config.cutouts_without.begin(), config.cutouts_without.end(),
                        part.string()) > 0;
    });
    if (excluded) {
      left_out.insert(plain_caption(caption_beside(entry.path())));
    } else {
      files.push_back(relative);
    }
  }
  std::sort(files.begin(), files.end());
  for (size_t i = 0; i < files.size(); ++i) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(files.size()), "reading cut-outs");
    Cutout cutout;
    const std::string caption = caption_beside(root / files[i]);
    cutout.name = noun_phrase_of_caption(caption);
    if (cutout.name.empty()) {
      left_out.insert(plain_caption(caption));
      continue;
    }
    const Image image = read_image(root / files[i]);
    if (image.channels != 4 || image.depth != 8) continue;
    const Image opaque = cropped_to_alpha(image);
    if (opaque.width < 12 || opaque.height < 12) continue;
    cutout.picture =
        shrunk(opaque, double(config.cutout_side) / std::max(opaque.width, opaque.height));
    cutout.file = files[i].string();
    cutout.kinds = kinds_of_folder(files[i]);
    cutout.colour = dominant_colour(cutout.picture);
    library.cutouts.push_back(std::move(cutout));
  }
  for (const Cutout& cutout : library.cutouts) left_out.erase(cutout.name);
  left_out.erase("");
  library.other_captions.assign(left_out.begin(), left_out.end());
}

}  // namespace

std::string noun_phrase_of_caption(std::string_view caption) {
  std::string text(caption);
  // Typographic quotes say nothing about the picture.
  for (const std::string_view quote : {"\u201c", "\u201d", "\""}) {
    for (size_t at; (at = text.find(quote)) != std::string::npos;) text.erase(at, quote.size());
  }
  for (const std::string_view stop :
       {".", "!", "?", ",", ";", "(", "\u2014", " resembles ", " is "}) {
    text = text.substr(0, text.find(stop));
  }
  text = lower_case(trimmed(text));
  static constexpr std::array<std::string_view, 7> kOpeners = {"a ",    "an ",  "the ", "two ",
                                                               "some ", "our ", "one "};
  const bool opened = std::any_of(kOpeners.begin(), kOpeners.end(),
                                  [&](std::string_view o) { return text.rfind(o, 0) == 0; });
  const auto words = std::count(text.begin(), text.end(), ' ') + 1;
  return opened && words <= 6 ? text : std::string();
}

PhotoLibrary load_photo_library(const PhotoLibraryConfig& config, Job& job) {
  PhotoLibrary library;
  const std::vector<fs::path> folders = data_folders(config);
  const auto total = static_cast<int64_t>(config.photographs.size());
  for (const PhotographEntry& entry : config.photographs) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(library.photographs.size()), total, "reading photographs");
    const fs::path path = find_below(folders, entry.file);
    if (path.empty()) {
      library.missing.push_back(entry.file);
      continue;
    }
    const Image full = to_rgb8(read_image(path));
    Photograph photograph;
    photograph.file = entry.file;
    photograph.subjects = entry.subjects;
    for (const std::string& name : entry.shows) photograph.shows.push_back(look_from_name(name));
    photograph.held_out = entry.held_out;
    photograph.picture =
        shrunk(full, double(config.photograph_side) / std::min(full.width, full.height));
    library.photographs.push_back(std::move(photograph));
  }
  if (library.photographs.empty()) {
    throw Error(ErrorCode::input, "none of the listed photographs is installed")
        .at_key(config.photographs.empty() ? "photographs" : config.photographs.front().file)
        .with_hint("install the data packages named in the configuration, or set `folders`");
  }
  if (!config.cutouts.empty()) {
    const fs::path root = find_below(folders, config.cutouts);
    if (root.empty()) {
      library.missing.push_back(config.cutouts);
    } else {
      load_cutouts(root, config, library, job);
    }
  }
  return library;
}

}  // namespace vane
