// SPDX-License-Identifier: Apache-2.0
#include "editing/training/enhance_pictures.h"

#include "editing/photo_batch.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

Tensor tensor_of(const std::vector<uint8_t>& rgb, int size) {
  return at::from_blob(const_cast<uint8_t*>(rgb.data()), {size, size, 3}, at::kByte)
      .permute({2, 0, 1})
      .to(at::kFloat)
      .div(255)
      .contiguous();
}

/// Whole pictures, squashed as the published training does.
Tensor folder_pictures(const fs::path& folder, int size, Job& job) {
  const std::vector<fs::path> names = picture_names(folder, true);
  if (names.empty()) throw Error(ErrorCode::input, "no pictures").in_file(folder);
  std::vector<Tensor> pictures;
  for (const fs::path& name : names) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(pictures.size()), static_cast<int64_t>(names.size()),
                 "reading pictures");
    const Image picture = resize_u8(to_rgb8(read_image(folder / name)), size, size);
    pictures.push_back(tensor_of(picture.u8, size));
  }
  return at::stack(pictures);
}

void open_folders(const EnhanceTrainingConfig& config, EnhancePictures& pictures, Job& job) {
  if (config.data.backlit_folder.empty() || config.data.well_lit_folder.empty()) {
    throw Error(ErrorCode::config, "both folders are needed, or none").at_key("data");
  }
  if (config.method == "vane") {
    throw Error(ErrorCode::config, "the method vane learns from pairs that are made here")
        .at_key("data.backlit-folder");
  }
  pictures.paired = false;
  pictures.backlit = folder_pictures(config.data.backlit_folder, config.data.backlit.size, job);
  pictures.lit = folder_pictures(config.data.well_lit_folder, config.data.backlit.size, job);
  // Every fifth is held out where there are enough.
  const int64_t shared = std::min(pictures.backlit.size(0), pictures.lit.size(0));
  const int64_t held = std::min(config.data.held_out, shared / 5);
  if (held < 1) throw Error(ErrorCode::input, "training needs five pictures of each kind or more");
  pictures.held_out = {pictures.backlit.slice(0, 0, held), pictures.lit.slice(0, 0, held),
                       at::ones({held}, at::kBool)};
  pictures.backlit = pictures.backlit.slice(0, held);
  pictures.lit = pictures.lit.slice(0, held);
}

}  // namespace

LitPairs pairs_of(const BacklitSource& source, uint64_t first, int64_t count) {
  std::vector<Tensor> backlit, lit;
  const Tensor changed = at::empty({count}, at::kBool);
  for (int64_t i = 0; i < count; ++i) {
    const BacklitPair pair = source.sample(first + static_cast<uint64_t>(i));
    backlit.push_back(tensor_of(pair.backlit, pair.size));
    lit.push_back(tensor_of(pair.lit, pair.size));
    changed[i].fill_(pair.changed);
  }
  return {at::stack(backlit), at::stack(lit), changed};
}

EnhancePictures open_pictures(const EnhanceTrainingConfig& config, Job& job) {
  EnhancePictures pictures;
  if (!config.data.backlit_folder.empty() || !config.data.well_lit_folder.empty()) {
    open_folders(config, pictures, job);
    return pictures;
  }
  auto library = std::make_shared<const PhotoLibrary>(load_photo_library(config.data.library, job));
  for (const std::string& file : library->missing) job.warn("not installed: " + file);
  BacklitConfig backlit = config.data.backlit;
  backlit.seed = config.seed;
  pictures.source = std::make_unique<BacklitSource>(library, backlit);
  BacklitConfig held = backlit;
  held.held_out = true;
  pictures.held_out = pairs_of(BacklitSource(library, held), 0, config.data.held_out);
  // Sets to take means of: only pictures that are backlit, and other scenes on the other side.
  backlit.untouched_share = 0;
  const BacklitSource only_backlit(library, backlit);
  pictures.backlit = pairs_of(only_backlit, uint64_t{1} << 40, config.data.pool).backlit;
  pictures.lit = pairs_of(only_backlit, uint64_t{1} << 41, config.data.pool).lit;
  return pictures;
}

}  // namespace vane
