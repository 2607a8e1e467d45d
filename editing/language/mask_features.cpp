// SPDX-License-Identifier: Apache-2.0
#include "editing/language/mask_features.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

constexpr size_t kBatch = 64;
constexpr double kContext = 1.6;  // side of a crop with surroundings / longer side of the mask

// Bounding box of a mask, end exclusive, and the map that shows it.
struct Box {
  int left = 1 << 30, top = 1 << 30, right = 0, bottom = 0;
  const std::vector<int32_t>* labels = nullptr;
  bool is_empty() const { return right == 0; }
};

std::vector<Box> boxes_of(const RegionMaps& maps) {
  std::vector<Box> boxes(static_cast<size_t>(maps.count));
  const auto look = [&](const std::vector<int32_t>& labels) {
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] < 0) continue;
      Box& box = boxes[static_cast<size_t>(labels[i])];
      if (box.labels && box.labels != &labels) continue;
      const int x = static_cast<int>(i) % maps.width, y = static_cast<int>(i) / maps.width;
      box.labels = &labels;
      box.left = std::min(box.left, x);
      box.top = std::min(box.top, y);
      box.right = std::max(box.right, x + 1);
      box.bottom = std::max(box.bottom, y + 1);
    }
  };
  for (const std::vector<int32_t>& labels : maps.labels) look(labels);
  look(maps.flat);
  return boxes;
}

Image square(int side) {
  Image image;
  image.width = image.height = side;
  image.u8.assign(image.sample_count(), 0);
  return image;
}

ptrdiff_t offset_of(const Image& image, int x, int y) {
  return 3 * (static_cast<ptrdiff_t>(y) * image.width + static_cast<ptrdiff_t>(x));
}
const uint8_t* pixel(const Image& image, int x, int y) {
  return image.u8.data() + offset_of(image, x, y);
}
uint8_t* pixel(Image& image, int x, int y) { return image.u8.data() + offset_of(image, x, y); }

Image cutout(const Image& image, const Box& box, int32_t label) {
  const int width = box.right - box.left, height = box.bottom - box.top;
  Image crop = square(std::max(width, height));
  const int dx = (crop.width - width) / 2, dy = (crop.height - height) / 2;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const size_t at = static_cast<size_t>(box.top + y) * static_cast<size_t>(image.width) +
                        static_cast<size_t>(box.left + x);
      if ((*box.labels)[at] != label) continue;
      std::copy_n(pixel(image, box.left + x, box.top + y), 3, pixel(crop, dx + x, dy + y));
    }
  }
  return crop;
}

// What lies beyond the picture is ground, too; without any the ground is black.
Image on_ground(const Image& image, const Box& box, int32_t label) {
  const int longer = std::max(box.right - box.left, box.bottom - box.top);
  Image crop = square(static_cast<int>(std::lround(kContext * longer)));
  const int left = (box.left + box.right - crop.width) / 2;
  const int top = (box.top + box.bottom - crop.height) / 2;
  const int right = std::min(left + crop.width, image.width);
  const int bottom = std::min(top + crop.height, image.height);
  std::array<double, 3> sum{};
  double count = 0;
  const auto each_pixel = [&](const auto& visit) {
    for (int y = std::max(top, 0); y < bottom; ++y) {
      for (int x = std::max(left, 0); x < right; ++x) {
        const size_t at =
            static_cast<size_t>(y) * static_cast<size_t>(image.width) + static_cast<size_t>(x);
        visit(x, y, (*box.labels)[at] == label);
      }
    }
  };
  each_pixel([&](int x, int y, bool is_inside) {
    if (is_inside) return;
    const uint8_t* rgb = pixel(image, x, y);
    for (size_t c = 0; c < 3; ++c) sum[c] += rgb[c];
    ++count;
  });
  for (size_t i = 0; i < crop.u8.size(); ++i) {
    crop.u8[i] = static_cast<uint8_t>(count > 0 ? sum[i % 3] / count : 0);
  }
  each_pixel([&](int x, int y, bool is_inside) {
    if (!is_inside) return;
    std::copy_n(pixel(image, x, y), 3, pixel(crop, x - left, y - top));
  });
  return crop;
}

// Embeds pictures as they come, a batch at a time.
class Embedder {
 public:
  explicit Embedder(const ClipEncoder& clip) : clip_(clip) {}
  void add(const Image& crop) {
    const int side = clip_.info().preprocess.image_size;
    batch_.push_back(image_to_tensor(resize_u8(crop, side, side, ResizeFilter::bilinear)));
    if (batch_.size() == kBatch) flush();
  }
  /// [count,D] unit.
  Tensor finish() {
    flush();
    return rows_.empty() ? Tensor() : at::cat(rows_);
  }

 private:
  void flush() {
    if (batch_.empty()) return;
    const Tensor input = normalised_input(at::cat(batch_), clip_.info().preprocess);
    rows_.push_back(unit(clip_.image_embedding_of_input(input).to(at::kFloat)));
    batch_.clear();
  }
  const ClipEncoder& clip_;
  std::vector<Tensor> batch_, rows_;
};

}  // namespace

CropStyle crop_style(const std::string& name) {
  if (name == "cutout") return CropStyle::cutout;
  if (name == "context") return CropStyle::context;
  if (name == "both") return CropStyle::both;
  throw Error(ErrorCode::usage, "crops are cutout, context or both, not \"" + name + "\"");
}

void embed_masks(const ClipEncoder& clip, const Image& image, CropStyle style, RegionMaps& maps,
                 Job& job) {
  if (image.width != maps.width || image.height != maps.height || image.u8.empty() ||
      image.channels != 3) {
    throw Error(ErrorCode::usage, "masks are of another picture");
  }
  const at::NoGradGuard no_grad;
  const std::vector<Box> boxes = boxes_of(maps);
  Embedder embedder(clip);
  for (size_t m = 0; m < boxes.size(); ++m) {
    job.check_cancelled();
    // A row that no pixel names still has its place.
    const bool is_empty = boxes[m].is_empty();
    if (style != CropStyle::context) {
      embedder.add(is_empty ? square(1) : cutout(image, boxes[m], static_cast<int32_t>(m)));
    }
    if (style != CropStyle::cutout) {
      embedder.add(is_empty ? square(1) : on_ground(image, boxes[m], static_cast<int32_t>(m)));
    }
  }
  Tensor features = embedder.finish();
  maps.features.clear();
  maps.dim = static_cast<int>(clip.info().embed_dim);
  if (!features.defined()) return;
  if (style == CropStyle::both) features = unit(features.view({maps.count, 2, -1}).mean(1));
  features = features.contiguous();
  maps.dim = static_cast<int>(features.size(1));
  maps.features.assign(features.data_ptr<float>(), features.data_ptr<float>() + features.numel());
}

}  // namespace vane
