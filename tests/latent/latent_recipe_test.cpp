// SPDX-License-Identifier: Apache-2.0
// Oracle: equality of every bit that went in.
#include "editing/latent/latent_recipe.h"

#include <fstream>

#include "engine/base/error.h"
#include "tests/latent/tiny_scene.h"

namespace vane {
namespace {

class Recipes : public TinyScene {
 protected:
  LatentRecipe recipe() const {
    LatentRecipe recipe;
    recipe.generator = scene_.generator->content_hash();
    recipe.latent = latent_hash(scene_.w_plus);
    recipe.method = "global";
    recipe.strength = 0.7;
    recipe.steps.push_back({"a → b: \"c\"", 1.0 / 3, 0.1, 0.05, 12});
    recipe.move.w_plus = testing::normal_tensor(scene_.w_plus.sizes().vec(), 1);
    for (const StyleEntry& entry : scene_.generator->style_table()) {
      recipe.move.styles.push_back(
          testing::normal_tensor({1, entry.channels}, 2, entry.name.c_str()));
    }
    recipe.mask = at::round(testing::uniform_tensor({1, 1, 5, 7}, 3) * 255) / 255;
    return recipe;
  }
  void refuse(const std::string& text, ErrorCode code, const std::string& part) {
    std::ofstream(folder_ / "r.yaml") << text;
    try {
      load_recipe(folder_ / "r.yaml", *scene_.generator);
      FAIL() << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("r.yaml"), std::string::npos) << error.what();
    }
  }
};

TEST_F(Recipes, HoldEveryBit) {
  const LatentRecipe written = recipe();
  save_recipe(folder_ / "r.yaml", written);
  const LatentRecipe read = load_recipe(folder_ / "r.yaml", *scene_.generator);
  EXPECT_TRUE(at::equal(read.move.w_plus, written.move.w_plus));
  ASSERT_EQ(read.move.styles.size(), written.move.styles.size());
  for (size_t k = 0; k < read.move.styles.size(); ++k) {
    EXPECT_TRUE(at::equal(read.move.styles[k], written.move.styles[k])) << k;
  }
  EXPECT_TRUE(at::equal(read.mask, written.mask));
  EXPECT_EQ(read.strength, written.strength);
  EXPECT_EQ(read.latent, written.latent);
  ASSERT_EQ(read.steps.size(), 1u);
  EXPECT_EQ(read.steps[0].target, written.steps[0].target);
  EXPECT_EQ(read.steps[0].alpha, written.steps[0].alpha);
}

TEST_F(Recipes, TellOneLatentFromAnother) {
  EXPECT_EQ(latent_hash(scene_.w_plus), latent_hash(scene_.w_plus.clone()));
  EXPECT_NE(latent_hash(scene_.w_plus), latent_hash(scene_.w_plus + 1e-3));
}

TEST_F(Recipes, ThatDoNotFitAreRefusedByName) {
  const std::string head = "kind: vane-latent-edit\n";
  const std::string mine = head + "generator: " + scene_.generator->content_hash() + "\n";
  refuse("kind: vane-develop\ngenerator: x\n", ErrorCode::config, "kind");
  refuse(head, ErrorCode::config, "generator");
  refuse(head + "generator: abc\n", ErrorCode::checkpoint, "another generator");
  refuse(mine + "w_plus: AAAA\n", ErrorCode::checkpoint, "w_plus");
  refuse(mine + "styles: '!'\n", ErrorCode::checkpoint, "styles");
  refuse(mine + "mask: {width: 2, height: 2, pixels: AAAA}\n", ErrorCode::config, "mask.pixels");
  refuse(mine + "mask: {width: 0, height: 2, pixels: AAAA}\n", ErrorCode::config, "mask.width");
  refuse(mine + "strenth: 2\n", ErrorCode::config, "strength");
  refuse("kind: [", ErrorCode::config, "r.yaml");
}

}  // namespace
}  // namespace vane
