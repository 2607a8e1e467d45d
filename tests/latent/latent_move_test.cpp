// SPDX-License-Identifier: Apache-2.0
// Oracle: the generator itself, asked with latents and styles that were added by hand.
#include "editing/latent/latent_move.h"

#include "editing/latent/region.h"
#include "engine/base/error.h"
#include "tests/latent/tiny_scene.h"

namespace vane {
namespace {

class LatentMoves : public TinyScene {
 protected:
  LatentMove of_styles() const {
    LatentMove move;
    for (const StyleEntry& entry : scene_.generator->style_table()) {
      move.styles.push_back(testing::normal_tensor({1, entry.channels}, 7, entry.name.c_str()));
    }
    return move;
  }
  LatentMove of_w() const { return {testing::normal_tensor(scene_.w_plus.sizes().vec(), 8), {}}; }
};

TEST_F(LatentMoves, OfZerosGiveTheBitsOfNoMove) {
  const Tensor source = scene_.generator->synthesise(scene_.w_plus);
  const LatentMove both = sum(of_styles(), of_w());
  for (const LatentMove& move : {LatentMove{}, scaled(both, 0), scaled(of_w(), 0)}) {
    EXPECT_TRUE(at::equal(moved_picture(*scene_.generator, scene_.w_plus, move), source));
  }
  EXPECT_FALSE(at::equal(moved_picture(*scene_.generator, scene_.w_plus, both), source));
}

TEST_F(LatentMoves, AreAddedToRowsAndStyles) {
  const LatentMove rows = of_w(), styles = of_styles();
  EXPECT_TRUE(at::equal(moved_picture(*scene_.generator, scene_.w_plus, rows),
                        scene_.generator->synthesise(scene_.w_plus + rows.w_plus)));
  StyleCode code = scene_.generator->styles(scene_.w_plus);
  for (size_t k = 0; k < code.size(); ++k) code[k] = code[k] + styles.styles[k];
  EXPECT_TRUE(at::equal(moved_picture(*scene_.generator, scene_.w_plus, styles),
                        scene_.generator->synthesise_styles(code, scene_.w_plus)));
}

TEST_F(LatentMoves, SumAndScale) {
  const LatentMove a = of_styles(), b = of_w();
  const LatentMove mixed = sum(scaled(a, 2), scaled(b, -1));
  EXPECT_TRUE(at::equal(mixed.styles[1], a.styles[1] * 2));
  EXPECT_TRUE(at::equal(mixed.w_plus, -b.w_plus));
  const LatentMove twice = sum(mixed, mixed);
  EXPECT_TRUE(at::equal(twice.styles[2], a.styles[2] * 4));
  EXPECT_TRUE(sum({}, {}).empty());
}

TEST_F(LatentMoves, BetweenLatentsAreStyleMixingAtOneAndInterpolationBelow) {
  const Tensor other = scene_.w_plus + of_w().w_plus;
  const LatentMove move = move_between(scene_.w_plus, other, 2, 4);
  Tensor mixed = scene_.w_plus.clone();
  mixed.narrow(1, 2, 3).copy_(other.narrow(1, 2, 3));
  EXPECT_TRUE(at::allclose(scene_.w_plus + move.w_plus, mixed, 1e-6, 1e-6));
  EXPECT_TRUE(at::allclose(scene_.w_plus + scaled(move, 0.5).w_plus, (scene_.w_plus + mixed) / 2,
                           1e-6, 1e-6));
  EXPECT_THROW(move_between(scene_.w_plus, other, 2, scene_.generator->rows()), Error);
  EXPECT_THROW(move_between(scene_.w_plus, other, 3, 2), Error);
  EXPECT_THROW(move_between(scene_.w_plus, other, -1, 2), Error);
}

TEST_F(LatentMoves, OfAnotherTableAreRefused) {
  LatentMove move = of_styles();
  move.styles.pop_back();
  EXPECT_THROW(moved_picture(*scene_.generator, scene_.w_plus, move), Error);
}

TEST_F(LatentMoves, LeaveTheSourceOutsideTheFeatheredRegion) {
  Tensor region = at::zeros({1, 1, 64, 64});
  region.narrow(2, 16, 32).narrow(3, 16, 32).fill_(1);
  const Tensor opacity = feathered(region, 32);
  const Tensor source = scene_.generator->synthesise(scene_.w_plus);
  const Tensor edited = moved_picture(*scene_.generator, scene_.w_plus, of_w());
  const Tensor out = blended(source, edited, opacity);
  const Tensor outside = (opacity == 0).expand_as(out), inside = (opacity == 1).expand_as(out);
  EXPECT_TRUE(at::equal(out.masked_select(outside), source.masked_select(outside)));
  EXPECT_TRUE(at::allclose(out.masked_select(inside), edited.masked_select(inside), 1e-5, 1e-5));
  EXPECT_GE(inside.sum().item<int64_t>(), 3 * 12 * 12);
  // The region begins at 8.
  EXPECT_EQ(opacity[0][0][16][5].item<float>(), 0);
  EXPECT_GT(opacity[0][0][16][8].item<float>(), 0.4f);
}

}  // namespace
}  // namespace vane
