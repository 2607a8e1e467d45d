// SPDX-License-Identifier: Apache-2.0
#include "editing/portraits/portrait_latent.h"

#include <fmt/format.h>

#include <optional>
#include <span>

#include "editing/inversion/latent_file.h"
#include "engine/base/assets.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "generators/inversion/pyramid_encoder.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// Raised when inversion itself changes.
constexpr int kVersion = 1;
constexpr const char* kCrop = "crop";
constexpr const char* kWarnings = "warnings";

uint64_t samples_hash(const Image& photo) {
  const uint64_t shape =
      xxh64(fmt::format("{} {} {} {}", photo.width, photo.height, photo.channels, photo.depth));
  return photo.depth == 16 ? xxh64(std::as_bytes(std::span(photo.u16)), shape)
                           : xxh64(std::as_bytes(std::span(photo.u8)), shape);
}

std::string encoder_hash(const fs::path& asked) {
  const fs::path file = asked.empty() ? bundled_face_encoder() : asked;
  return fs::is_regular_file(file)
             ? hex64(xxh64(
                   MappedFile::open(file, 1ull << 30, static_cast<int>(ErrorCode::input))->view()))
             : "none";
}

fs::path file_for(const StyleGenerator& generator, const Image& photo,
                  const FaceInversionOptions& options) {
  const std::string facts =
      fmt::format("{} {} {} {} {} {} {} {} {} {} {}", kVersion, generator.content_hash(),
                  encoder_hash(options.encoder), static_cast<int>(options.method),
                  options.face.number, options.face.doubted_below, options.face.refused_below,
                  options.clip, options.steps, options.identity_weight, options.seed);
  return cache_folder() / "inversions" /
         (hex64(samples_hash(photo)) + "-" + hex64(xxh64(facts)) + ".safetensors");
}

std::string crop_text(const FaceCrop& crop) {
  return fmt::format("{:.17g} {:.17g} {:.17g} {:.17g}", crop.middle().x, crop.middle().y,
                     crop.half_width().x, crop.half_width().y);
}

std::optional<FaceCrop> crop_of(const std::string& text) {
  std::array<double, 4> values{};
  const std::vector<std::string> parts = split(text, ' ');
  if (parts.size() != values.size()) return {};
  for (size_t i = 0; i < values.size(); ++i) {
    const auto value = parse_number(parts[i]);
    if (!value) return {};
    values[i] = *value;
  }
  return FaceCrop({values[0], values[1]}, {values[2], values[3]});
}

std::optional<PortraitLatent> remembered(const fs::path& file, const StyleGenerator& generator,
                                         const fs::path& photo, Job& job) {
  if (!fs::exists(file)) return {};
  try {
    const LatentFile latents = load_latents(file, generator);
    const auto crop = crop_of(latents.facts.at(kCrop));
    if (!crop || latents.w_plus.size(0) != 1) return {};
    for (const std::string& warning : split(latents.facts.at(kWarnings), '\n')) {
      if (!warning.empty()) job.warn(fmt::format("{}: {}", photo.string(), warning));
    }
    job.info("this face was inverted before");
    return PortraitLatent{latents.w_plus, *crop};
  } catch (const Error&) {
    return {};
  } catch (const std::out_of_range&) {
    return {};  // a fact is missing
  }
}

void remember(const fs::path& file, const StyleGenerator& generator, const InvertedFace& face,
              Job& job) {
  try {
    fs::create_directories(file.parent_path());
    save_latents(file, face.w_plus, generator,
                 {{kCrop, crop_text(face.crop.value())}, {kWarnings, join(face.warnings, "\n")}});
  } catch (const std::exception& problem) {
    job.warn(fmt::format("the inversion is not kept: {}", problem.what()));
  }
}

}  // namespace

PortraitLatent portrait_latent(const StyleGenerator& generator, const Image& photo,
                               const fs::path& path, const FaceInversionOptions& options,
                               Job& job) {
  const fs::path file = file_for(generator, photo, options);
  if (auto known = remembered(file, generator, path, job)) return *known;
  FaceInversionOptions whole = options;
  // Half an inversion is no start for an edit.
  whole.give_up = true;
  const InvertedFace face = invert_face(generator, photo, path, whole, job);
  remember(file, generator, face, job);
  return {face.w_plus, face.crop.value()};
}

}  // namespace vane
