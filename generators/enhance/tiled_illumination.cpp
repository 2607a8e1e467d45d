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

/// How much of a line of `length` a tile is computed from: the same for every tile, so that freed
/// memory fits the next one.
struct Span {
  int64_t first = 0, count = 0;
};
Span span_around(int64_t first, int64_t side, int64_t halo, int64_t length) {
  const int64_t count = std::min(side + 2 * halo, length);
  return {std::clamp<int64_t>(first - halo, 0, length - count), count};
}

/// The part of `tensor`, which covers `window`, that covers `part`.
Tensor part_of(const Tensor& tensor, const PixelWindow& window, const PixelWindow& part) {
  return tensor.narrow(2, part.top - window.top, part.height)
      .narrow(3, part.left - window.left, part.width);
}

/// Tiles of about equal size, none larger than `side`.
struct TileGrid {
  int64_t height, width, rows, columns;

  TileGrid(int64_t h, int64_t w, int64_t side)
      : height(h), width(w), rows((h + side - 1) / side), columns((w + side - 1) / side) {}
  int64_t count() const { return rows * columns; }
  /// Sides of the largest tile.
  int64_t tile_height() const { return (height + rows - 1) / rows; }
  int64_t tile_width() const { return (width + columns - 1) / columns; }
  PixelWindow tile(int64_t i) const {
    const int64_t r = i / columns, c = i % columns;
    const int64_t top = r * height / rows, bottom = (r + 1) * height / rows;
    const int64_t left = c * width / columns, right = (c + 1) * width / columns;
    return {top, left, bottom - top, right - left};
  }
};

class TiledRun {
 public:
  TiledRun(const EnhancementNetwork& network, const TileGrid& grid, const WindowReader& read,
           Job& job)
      : network_(network), grid_(grid), read_(read), job_(job) {}

  void run(const MapSink& write) {
    const int64_t count = grid_.count();
    const bool single = count == 1;
    const int64_t total = single ? 1 : 2 * count;
    Tensor means = at::zeros({1, 32, kPyramidRows, kPyramidRows}, at::kDouble);
    const Tensor rows = pyramid_pooling_matrix(grid_.height),
                 columns = pyramid_pooling_matrix(grid_.width);
    Tensor kept;
    for (int64_t i = 0; i < count; ++i) {
      step(single ? 0 : i, total);
      const PixelWindow tile = grid_.tile(i);
      const Tensor features = features_of(tile);
      means += pyramid_means(features.to(at::kDouble), rows.narrow(1, tile.top, tile.height),
                             columns.narrow(1, tile.left, tile.width));
      if (single) kept = features;
    }
    const PyramidContext context = pyramid_context(network_, means.to(at::kFloat));
    for (int64_t i = 0; i < count; ++i) {
      if (!single) step(count + i, total);
      const PixelWindow tile = grid_.tile(i);
      const Tensor map = map_of(tile, std::move(kept), context);
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

  /// What a tile is computed from: at least `halo` more pixels on each side, as far as the picture
  /// goes.
  PixelWindow around(const PixelWindow& tile, int64_t halo) const {
    const Span rows = span_around(tile.top, grid_.tile_height(), halo, grid_.height);
    const Span columns = span_around(tile.left, grid_.tile_width(), halo, grid_.width);
    return {rows.first, columns.first, rows.count, columns.count};
  }

  /// A window at a border of the picture is continued as the picture is. What the others are
  /// continued by does not reach their tile; zeros take no copy.
  StagePadding padding_of(const PixelWindow& window) const {
    const bool at_border = window.left == 0 || window.left + window.width == grid_.width ||
                           window.top == 0 || window.top + window.height == grid_.height;
    const EnhancePadding both = at_border ? EnhancePadding::reflect : EnhancePadding::zeros;
    return {both, both};
  }

  Tensor local(const PixelWindow& window) {
    return local_features(network_, read_(window), padding_of(window));
  }

  Tensor features_of(const PixelWindow& tile) {
    const PixelWindow window = around(tile, kLocalHalo);
    return part_of(local(window), window, tile);
  }

  Tensor map_of(const PixelWindow& tile, Tensor kept, const PyramidContext& context) {
    const PixelWindow window = around(tile, kHalo);
    Tensor features = kept.defined() ? std::move(kept) : local(window);
    const Tensor map =
        refine(network_, std::move(features), context,
               upsampling_slices(grid_.height, window.top, window.height),
               upsampling_slices(grid_.width, window.left, window.width), padding_of(window));
    return part_of(map, window, tile).contiguous();
  }

  void check(const Tensor& map) const {
    const auto [low, high] = at::aminmax(map);
    if (std::isfinite(low.item<double>()) && std::isfinite(high.item<double>())) return;
    throw Error(ErrorCode::numeric, "the illumination map holds NaN or infinity")
        .with_hint("the weights do not suit this picture");
  }

  const EnhancementNetwork& network_;
  TileGrid grid_;
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
  TiledRun(network, TileGrid(height, width, side), read, job).run(write);
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
