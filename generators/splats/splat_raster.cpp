// SPDX-License-Identifier: Apache-2.0
#include "generators/splats/splat_raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <thread>

#include "engine/base/error.h"
#include "generators/splats/raster_state.h"
#include "generators/splats/splat_view.h"
#include "generators/splats/work_queue.h"

namespace vane {

using splats::kTilePixels;
using splats::kTileSide;
using splats::TilePlane;

namespace {

constexpr int64_t kRowsPerPiece = 2048;
/// Channels of a feature picture that are blended at once.
constexpr int kChannelsAtOnce = 32;

/// World direction of a Gaussian's shortest axis, turned towards the camera.
std::array<float, 3> shortest_axis(const SplatCloud& cloud, size_t i,
                                   const splats::SplatView<double>& view) {
  const float* s = cloud.log_scale.data() + 3 * i;
  const size_t axis = static_cast<size_t>(std::min_element(s, s + 3) - s);
  double q[4], r[9];
  splats::normalise_quaternion(cloud.rotation.data() + 4 * i, q);
  splats::rotation_matrix(q, r);
  double towards = 0;
  for (size_t k = 0; k < 3; ++k) {
    towards += r[3 * k + axis] * (view.centre[k] - double(cloud.position[3 * i + k]));
  }
  const double sign = towards < 0 ? -1 : 1;
  return {static_cast<float>(sign * r[axis]), static_cast<float>(sign * r[3 + axis]),
          static_cast<float>(sign * r[6 + axis])};
}

}  // namespace

SplatRaster::SplatRaster(const SplatCloud& cloud, const Camera& camera,
                         const RasterOptions& options)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.cloud = &cloud;
  s.camera = camera;
  s.options = options;
  s.threads = options.threads > 0
                  ? options.threads
                  : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  s.view = splats::splat_view<double>(camera, cloud, options.active_sh_degree,
                                      static_cast<double>(options.near_plane));
  const auto arrays = splats::splat_arrays(cloud);
  const auto size = static_cast<size_t>(cloud.size());
  s.records.resize(size);
  s.colours.resize(3 * size);
  auto colour_view = splats::splat_view<float>(camera, cloud, options.active_sh_degree, 0);
  splats::in_pieces(cloud.size(), kRowsPerPiece, s.threads, [&](int64_t first, int64_t last) {
    splats::Projection<double> projection;
    for (int64_t i = first; i < last; ++i) {
      splats::SplatRecord& record = s.records[static_cast<size_t>(i)];
      record.reach_x = 0;
      if (!splats::project(s.view, arrays, i, projection)) continue;
      record = splats::record_of(projection);
      if (record.u_whole + record.reach_x < -1 || record.v_whole + record.reach_y < -1 ||
          record.u_whole - record.reach_x > static_cast<float>(camera.width + 1) ||
          record.v_whole - record.reach_y > static_cast<float>(camera.height + 1)) {
        record.reach_x = 0;
        continue;
      }
      splats::colour_of(colour_view, arrays, i, s.colours.data() + 3 * i);
    }
  });
  s.bins = splats::bin_by_tile(s.records, splats::depth_order(s.records), camera.width,
                               camera.height, s.threads);
}

SplatRaster::~SplatRaster() = default;
SplatRaster::SplatRaster(SplatRaster&&) noexcept = default;

int SplatRaster::tiles() const { return state_->bins.tiles(); }

SplatPicture SplatRaster::draw(bool with_depth, bool with_normal) const {
  const State& s = *state_;
  SplatPicture picture;
  picture.width = s.camera.width;
  picture.height = s.camera.height;
  const auto pixels = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height);
  picture.rgb.resize(3 * pixels);
  picture.alpha.resize(pixels);
  const auto& kernels = splats::tile_kernels();
  s.for_tiles([&](int tile) {
    TilePlane rgb[3] = {};
    splats::TileState state;
    const auto input = s.tile(tile);
    const int columns = s.columns_of(tile), rows = s.rows_of(tile);
    state.start(columns, rows);
    kernels.blend_rgb(input, s.colours.data(), state, rgb);
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        const int i = row * kTileSide + column;
        const auto to = static_cast<size_t>(input.y + row) * static_cast<size_t>(picture.width) +
                        static_cast<size_t>(input.x + column);
        const float behind = state.behind(i);
        picture.alpha[to] = 1.f - behind;
        for (size_t c = 0; c < 3; ++c) {
          picture.rgb[3 * to + c] = rgb[c].at[i] + behind * s.camera.background[c];
        }
      }
    }
  });
  if (!with_depth && !with_normal) return picture;

  constexpr int kChannels = 4;  // depth, normal
  const size_t size = s.records.size();
  std::vector<float> features(kChannels * size, 0.f);
  splats::in_pieces(s.cloud->size(), kRowsPerPiece, s.threads, [&](int64_t first, int64_t last) {
    for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(last); ++i) {
      if (!(s.records[i].reach_x > 0)) continue;
      features[kChannels * i] = s.records[i].z;
      if (!with_normal) continue;
      const auto normal = shortest_axis(*s.cloud, i, s.view);
      std::copy(normal.begin(), normal.end(),
                features.begin() + static_cast<std::ptrdiff_t>(kChannels * i + 1));
    }
  });
  const std::vector<float> drawn = draw_features(features.data(), kChannels);
  if (with_depth) picture.depth.resize(pixels);
  if (with_normal) picture.normal.resize(3 * pixels);
  for (size_t i = 0; i < pixels; ++i) {
    if (with_depth) picture.depth[i] = drawn[kChannels * i];
    for (size_t c = 0; with_normal && c < 3; ++c) {
      picture.normal[3 * i + c] = drawn[kChannels * i + 1 + c];
    }
  }
  return picture;
}

std::vector<float> SplatRaster::draw_features(const float* features, int channels,
                                              float* alpha) const {
  const State& s = *state_;
  const auto width = static_cast<int64_t>(s.camera.width);
  std::vector<float> picture(static_cast<size_t>(width * s.camera.height * channels));
  const auto& kernels = splats::tile_kernels();
  s.for_tiles([&](int tile) {
    std::vector<TilePlane> sums(static_cast<size_t>(std::min(channels, kChannelsAtOnce)));
    splats::TileState state;
    const auto input = s.tile(tile);
    const int columns = s.columns_of(tile), rows = s.rows_of(tile);
    // Once even without channels, for the sake of alpha.
    for (int first = 0; first == 0 || first < channels; first += kChannelsAtOnce) {
      const int count = std::min(channels - first, kChannelsAtOnce);
      std::fill(sums.begin(), sums.end(), TilePlane{});
      state.start(columns, rows);
      kernels.blend_channels(input, features + first, channels, count, state, sums.data());
      for (int row = 0; row < rows; ++row) {
        for (int column = 0; column < columns; ++column) {
          const int64_t to = (input.y + row) * width + input.x + column;
          const int i = row * kTileSide + column;
          if (alpha && first == 0) alpha[to] = 1.f - state.behind(i);
          for (int c = 0; c < count; ++c) {
            picture[static_cast<size_t>(to * channels + first + c)] =
                sums[static_cast<size_t>(c)].at[i];
          }
        }
      }
    }
  });
  return picture;
}

void SplatRaster::backward_features(const float* d_picture, int channels, float* d_features) const {
  const State& s = *state_;
  const auto& kernels = splats::tile_kernels();
  std::vector<float> sums;
  for (int first = 0; first < channels; first += kChannelsAtOnce) {
    const int count = std::min(channels - first, kChannelsAtOnce);
    sums.assign(s.records.size() * static_cast<size_t>(count), 0.f);
    s.sum_by_gaussian(
        count,
        [&](int tile, float* found) {
          TilePlane planes[kChannelsAtOnce];
          s.cut(d_picture, channels, first, count, tile, planes);
          splats::TileState state;
          state.start(s.columns_of(tile), s.rows_of(tile));
          kernels.channel_gradients(s.tile(tile), count, planes, state, found);
        },
        sums.data());
    for (size_t i = 0; i < s.records.size(); ++i) {
      for (int c = 0; c < count; ++c) {
        d_features[i * static_cast<size_t>(channels) + static_cast<size_t>(first + c)] +=
            sums[i * static_cast<size_t>(count) + static_cast<size_t>(c)];
      }
    }
  }
}

}  // namespace vane
