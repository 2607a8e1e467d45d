// SPDX-License-Identifier: Apache-2.0
#include "generators/enhance/tiled_illumination.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "generators/enhance/enhancement_stages.h"
#include "generators/enhance/pyramid_pooling.h"

namespace vane {
namespace {

constexpr int64_t kHalo = kLocalHalo + kRefineHalo;
constexpr int64_t kLeastTile = 32;
// Measured: peak resident size over tiles of 60 to 400 px, which the convolution library's copies
// in its own layout and its scratch are a part of.
constexpr uint64_t kFixedBytes = uint64_t{32} << 20, kBytesPerPixel = 2560;

/// A tile's window with `halo` pixels around it, as far as the picture goes.
PixelWindow grown(const PixelWindow& core, int64_t halo, int64_t height, int64_t width) {
  PixelWindow window;
  window.top = std::max<int64_t>(core.top - halo, 0);
  window.left = std::max<int64_t>(core.left - halo, 0);
  window.height = std::min(core.top + core.height + halo, height) - window.top;
  window.width = std::min(core.left + core.width + halo, width) - window.left;
  return window;
}

WindowBorders borders_of(const PixelWindow& window, int64_t height, int64_t width) {
  return {window.left == 0, window.left + window.width == width, window.top == 0,
          window.top + window.height == height};
}

/// What is left of a window after convolutions took `pixels` from the sides inside the picture.
PixelWindow shrunk(const PixelWindow& window, const WindowBorders& borders, int64_t pixels) {
  const auto cut = [pixels](bool border) { return border ? 0 : pixels; };
  return {window.top + cut(borders.top), window.left + cut(borders.left),
          window.height - cut(borders.top) - cut(borders.bottom),
          window.width - cut(borders.left) - cut(borders.right)};
}

/// The part of `tensor`, which covers `window`, that covers `part`.
Tensor part_of(const Tensor& tensor, const PixelWindow& window, const PixelWindow& part) {
  return tensor.narrow(2, part.top - window.top, part.height)
      .narrow(3, part.left - window.left, part.width);
}

/// Windows of about equal size, none larger than `side`.
std::vector<PixelWindow> tiles_of(int64_t height, int64_t width, int64_t side) {
  const int64_t rows = (height + side - 1) / side, columns = (width + side - 1) / side;
  std::vector<PixelWindow> tiles;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t top = r * height / rows, bottom = (r + 1) * height / rows;
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t left = c * width / columns, right = (c + 1) * width / columns;
      tiles.push_back({top, left, bottom - top, right - left});
    }
  }
  return tiles;
}

class TiledRun {
 public:
  TiledRun(const EnhancementNetwork& network, int64_t height, int64_t width,
           const WindowReader& read, Job& job)
      : network_(network), height_(height), width_(width), read_(read), job_(job) {}

  void run(const std::vector<PixelWindow>& tiles, const MapSink& write) {
    const auto count = static_cast<int64_t>(tiles.size());
    const bool single = count == 1;
    const int64_t total = single ? 1 : 2 * count;
    Tensor means = at::zeros({1, 32, kPyramidRows, kPyramidRows}, at::kDouble);
    const Tensor rows = pyramid_pooling_matrix(height_), columns = pyramid_pooling_matrix(width_);
    Tensor kept;
    for (int64_t i = 0; i < count; ++i) {
      step(single ? 0 : i, total);
      const PixelWindow& tile = tiles[static_cast<size_t>(i)];
      const Tensor features = features_of(tile);
      means += pyramid_means(features.to(at::kDouble), rows.narrow(1, tile.top, tile.height),
                             columns.narrow(1, tile.left, tile.width));
      if (single) kept = features;
    }
    const PyramidContext context = pyramid_context(network_, means.to(at::kFloat));
    for (int64_t i = 0; i < count; ++i) {
      if (!single) step(count + i, total);
      const PixelWindow& tile = tiles[static_cast<size_t>(i)];
      const Tensor map = map_of(tile, kept, context);
      check(map);
      write(tile, map);
    }
    job_.progress(total, total, kStage);
  }

 private:
  static constexpr const char* kStage = "measuring the light";

  void step(int64_t done, int64_t total) {
    job_.check_cancelled();
    job_.progress(done, total, kStage);
  }

  Tensor local(const PixelWindow& window) {
    const Tensor pixels = read_(window);
    return local_features(network_, pixels, borders_of(window, height_, width_),
                          EnhancePadding::reflect);
  }

  Tensor features_of(const PixelWindow& tile) {
    const PixelWindow window = grown(tile, kLocalHalo, height_, width_);
    const WindowBorders borders = borders_of(window, height_, width_);
    return part_of(local(window), shrunk(window, borders, kLocalHalo), tile).contiguous();
  }

  Tensor map_of(const PixelWindow& tile, const Tensor& kept, const PyramidContext& context) {
    const PixelWindow window = grown(tile, kHalo, height_, width_);
    const WindowBorders borders = borders_of(window, height_, width_);
    const PixelWindow seen = shrunk(window, borders, kLocalHalo);
    const Tensor map =
        refine(network_, kept.defined() ? kept : local(window), context,
               upsampling_slices(height_, seen.top, seen.height),
               upsampling_slices(width_, seen.left, seen.width), borders, EnhancePadding::reflect);
    return part_of(map, shrunk(seen, borders, kRefineHalo), tile).contiguous();
  }

  void check(const Tensor& map) const {
    const auto [low, high] = at::aminmax(map);
    if (std::isfinite(low.item<double>()) && std::isfinite(high.item<double>())) return;
    throw Error(ErrorCode::numeric, "the illumination map holds NaN or infinity")
        .with_hint("the weights do not suit this picture");
  }

  const EnhancementNetwork& network_;
  int64_t height_, width_;
  const WindowReader& read_;
  Job& job_;
};

}  // namespace

int64_t tile_side(uint64_t memory_bytes) {
  const uint64_t pixels =
      memory_bytes > kFixedBytes ? (memory_bytes - kFixedBytes) / kBytesPerPixel : 0;
  const auto whole = static_cast<int64_t>(std::sqrt(static_cast<double>(pixels)));
  const int64_t side = whole - 2 * kHalo;
  if (side >= kLeastTile) return side;
  constexpr uint64_t kLeast = kLeastTile + 2 * kHalo;
  constexpr uint64_t kLeastBytes = kFixedBytes + kLeast * kLeast * kBytesPerPixel;
  throw Error(ErrorCode::resource,
              byte_size_text(memory_bytes) + " are too little for the enhancement network")
      .with_hint(
          fmt::format("it needs at least {} MiB beside the picture", (kLeastBytes >> 20) + 1));
}

void tiled_illumination(const EnhancementNetwork& network, int64_t height, int64_t width,
                        const WindowReader& read, const MapSink& write, const TileOptions& options,
                        Job& job) {
  if (height < 2 || width < 2) {
    throw Error(ErrorCode::usage,
                fmt::format("the enhancement network needs 2 pixels a side; this picture is {}x{}",
                            width, height));
  }
  if (options.side < 0) throw Error(ErrorCode::usage, "a tile has at least one pixel");
  const at::NoGradGuard no_grad;
  const int64_t side = options.side > 0 ? options.side : tile_side(options.memory_bytes);
  TiledRun(network, height, width, read, job).run(tiles_of(height, width, side), write);
}

Tensor tiled_illumination(const EnhancementNetwork& network, const Tensor& image,
                          const TileOptions& options, Job& job) {
  if (image.dim() != 4 || image.size(0) != 1 || image.size(1) != 3) {
    throw Error(ErrorCode::usage, "tiles are taken of one picture [1,3,H,W]");
  }
  Tensor map = at::empty({1, 1, image.size(2), image.size(3)}, image.options());
  const PixelWindow whole{0, 0, image.size(2), image.size(3)};
  tiled_illumination(
      network, whole.height, whole.width,
      [&](const PixelWindow& window) { return part_of(image, whole, window).contiguous(); },
      [&](const PixelWindow& window, const Tensor& part) {
        part_of(map, whole, window).copy_(part);
      },
      options, job);
  return map;
}

}  // namespace vane
