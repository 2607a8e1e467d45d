// SPDX-License-Identifier: Apache-2.0
// Oracle: pictures drawn here, whose colours and names are known.
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "engine/base/error.h"
#include "engine/data/folder_source.h"
#include "engine/data/procedural_source.h"
#include "engine/data/sample_queue.h"
#include "engine/data/training_vocabulary.h"
#include "engine/image/codec.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class Sources : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() / (std::string("vane_sources_") + info->name());
    fs::remove_all(root_);
    fs::create_directories(root_ / "photos");
    fs::create_directories(root_ / "stamps/animals/birds");
    fs::create_directories(root_ / "stamps/cartoon");
  }
  void TearDown() override { fs::remove_all(root_); }

  static Image flat(int width, int height, std::array<uint8_t, 4> colour, int channels = 3) {
    Image image;
    image.width = width;
    image.height = height;
    image.channels = channels;
    image.u8.resize(image.sample_count());
    for (size_t i = 0; i < image.u8.size(); ++i) image.u8[i] = colour[i % size_t(channels)];
    return image;
  }
  void text(const fs::path& file, const std::string& content) const {
    std::ofstream(root_ / file) << content;
  }

  PhotoLibraryConfig library_config() const {
    write_image(root_ / "photos/grey.png", flat(80, 60, {120, 120, 120, 255}));
    write_image(root_ / "photos/green.png", flat(60, 80, {60, 140, 60, 255}));
    Image bird = flat(40, 40, {200, 20, 20, 255}, 4);
    for (size_t i = 0; i < 40 * 10; ++i) bird.u8[i * 4 + 3] = 0;  // the top quarter is transparent
    write_image(root_ / "stamps/animals/birds/robin.png", bird);
    text("stamps/animals/birds/robin.txt", "A robin.\nUn rouge-gorge.\n");
    write_image(root_ / "stamps/cartoon/tux.png", bird);
    text("stamps/cartoon/tux.txt", "A penguin.\n");
    PhotoLibraryConfig config;
    config.folders = {root_.string()};
    config.photographs = {{"photos/grey.png", {"a wall"}, false},
                          {"photos/green.png", {"grass"}, true},
                          {"photos/absent.png", {"nothing"}, false}};
    config.cutouts = "stamps";
    config.cutouts_without = {"cartoon"};
    return config;
  }

  fs::path root_;
};

TEST_F(Sources, TheLibraryReportsWhatIsNotInstalledAndCropsCutouts) {
  QuietJob job;
  const PhotoLibrary library = load_photo_library(library_config(), job);
  ASSERT_EQ(library.photographs.size(), 2u);
  EXPECT_EQ(library.missing, std::vector<std::string>{"photos/absent.png"});
  ASSERT_EQ(library.cutouts.size(), 1u);
  EXPECT_EQ(library.cutouts[0].name, "a robin");
  EXPECT_EQ(library.cutouts[0].kinds, (std::vector<std::string>{"a bird", "an animal"}));
  EXPECT_EQ(library.cutouts[0].colour, "red");
  EXPECT_EQ(library.cutouts[0].picture.height, 30);
  // What is left out still serves as a wrong answer.
  EXPECT_EQ(library.other_captions, std::vector<std::string>{"a penguin"});
}

TEST_F(Sources, NothingInstalledIsRefusedWithTheRemedy) {
  PhotoLibraryConfig config = library_config();
  config.photographs = {{"photos/absent.png", {}, false}};
  QuietJob job;
  try {
    load_photo_library(config, job);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST_F(Sources, SamplesDependOnSeedAndIndexOnlyAndSplitsDoNotMix) {
  QuietJob job;
  const auto library =
      std::make_shared<const PhotoLibrary>(load_photo_library(library_config(), job));
  ProceduralConfig config;
  config.size = 32;
  const ProceduralSource source(library, config), again(library, config);
  config.held_out = true;
  const ProceduralSource held_out(library, config);
  for (const uint64_t i : {7u, 3u, 99u}) {
    const CaptionedPicture a = source.sample(i), b = again.sample(i);
    EXPECT_EQ(a.rgb, b.rgb);
    EXPECT_EQ(a.caption.text, b.caption.text);
    EXPECT_TRUE(holds(a.caption.asserts, a.facts));
    const auto shows = [&](const CaptionedPicture& p, const char* what) {
      return holds({subject_fact(what)}, p.facts);
    };
    EXPECT_TRUE(shows(a, "a wall") && !shows(a, "grass"));
    EXPECT_TRUE(shows(held_out.sample(i), "grass") && !shows(held_out.sample(i), "a wall"));
  }
}

TEST_F(Sources, AFoggyPhotographIsHazyWithoutALook) {
  PhotoLibraryConfig config = library_config();
  config.photographs[0].shows = {"hazy"};
  QuietJob job;
  const ProceduralSource source(
      std::make_shared<const PhotoLibrary>(load_photo_library(config, job)), {});
  for (uint64_t i = 0; i < 20; ++i) {
    const std::vector<Fact> facts = source.sample(i).facts;
    EXPECT_TRUE(holds({look_fact(Look::hazy)}, facts));
    EXPECT_FALSE(holds({look_fact(Look::clear)}, facts));
  }
  config.photographs[0].shows = {"hasy"};
  EXPECT_THROW(load_photo_library(config, job), Error);
}

TEST_F(Sources, TheVocabularySaysWhatEachWordTellsOf) {
  PhotoLibraryConfig config = library_config();
  config.photographs[0].subjects = {"the sea", "a clock"};
  config.photographs[1].subjects = {"the sea"};
  config.photographs.push_back({"photos/grey.png", {"the sea"}, false});
  QuietJob job;
  const std::string text = training_vocabulary(
      load_photo_library(config, job), {{"smiling", "a photo of a smiling person", "person"}});
  for (const char* line :
       {"\nsea\ta photo of the sea\tplace\n", "\nclock\ta photo of a clock\tthing\n",
        "\nrobin\ta photo of a robin\tthing\n", "\nbright\ta bright photo\tlook\n",
        "\nsmiling\ta photo of a smiling person\tperson\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST_F(Sources, QuestionsAboutLooksHaveOneTrueAnswer) {
  Rng rng(6);
  const std::set<Look> shown = {Look::dark, Look::cool, Look::clear, Look::sharp, Look::clean};
  int about_main = 0, about_faults = 0;
  const auto says = [](const std::string& text, Look look) {
    const std::vector<std::string> phrases = look_phrases(look);
    return std::count(phrases.begin(), phrases.end(), text) > 0;
  };
  for (int i = 0; i < 50; ++i) {
    for (const Choice& choice : look_choices(shown, {Look::dark}, rng)) {
      const auto true_of = [&](const std::string& text) {
        return std::any_of(shown.begin(), shown.end(), [&](Look l) { return says(text, l); });
      };
      EXPECT_TRUE(true_of(choice.right)) << choice.right;
      EXPECT_FALSE(true_of(choice.wrong)) << choice.wrong;
      about_main += says(choice.right, Look::cool);
      about_faults += says(choice.wrong, Look::hazy);
    }
  }
  EXPECT_GT(about_main, 10);
  EXPECT_GT(about_faults, 5);
}

TEST_F(Sources, AnObjectCoversTheSceneWhereItsMaskSays) {
  QuietJob job;
  const auto library =
      std::make_shared<const PhotoLibrary>(load_photo_library(library_config(), job));
  ProceduralConfig config;
  config.size = 48;
  const ProceduralSource source(library, config);
  Rng crop(4), placement(5);
  const Scene scene = source.scene(0, 0, crop, placement);
  double covered = 0;
  for (size_t i = 0; i < scene.pixels.pixels(); ++i) {
    const float* rgb = &scene.pixels.rgb[3 * i];
    covered += scene.object_mask[i];
    if (scene.object_mask[i] > 0.99f) {
      EXPECT_GT(rgb[0], 4 * rgb[1]);
    } else if (scene.object_mask[i] < 0.001f) {
      EXPECT_NEAR(rgb[0], rgb[1], 0.02f);
    }
  }
  EXPECT_GT(covered, 0.1 * 48 * 48);
  EXPECT_EQ(scene.material.objects.front(), "a robin");
}

TEST_F(Sources, FoilsAreFalseOfTheirPicture) {
  QuietJob job;
  PhotoLibraryConfig files = library_config();
  write_image(root_ / "stamps/animals/leaf.png", flat(40, 40, {20, 200, 20, 255}, 4));
  text("stamps/animals/leaf.txt", "A leaf.\n");
  const auto library = std::make_shared<const PhotoLibrary>(load_photo_library(files, job));
  ProceduralConfig config;
  config.size = 32;
  config.relation_share = config.count_share = 0.3f;
  const ProceduralSource source(library, config);
  int foils = 0;
  for (uint64_t i = 0; i < 200; ++i) {
    const CaptionedPicture sample = source.sample(i);
    if (sample.foil.text.empty()) continue;
    ++foils;
    EXPECT_FALSE(holds(sample.foil.asserts, sample.facts)) << sample.foil.text;
  }
  EXPECT_GT(foils, 180);
}

TEST_F(Sources, PairsAndCountsStandWhereTheirCaptionsSay) {
  QuietJob job;
  PhotoLibraryConfig files = library_config();
  write_image(root_ / "stamps/animals/leaf.png", flat(40, 40, {20, 200, 20, 255}, 4));
  text("stamps/animals/leaf.txt", "A leaf.\n");
  const auto library = std::make_shared<const PhotoLibrary>(load_photo_library(files, job));
  ASSERT_EQ(library->cutouts.size(), 2u);
  const size_t robin = library->cutouts[0].name == "a robin" ? 0 : 1, leaf = 1 - robin;
  ProceduralConfig config;
  config.size = 48;
  const ProceduralSource source(library, config);
  for (const bool above : {false, true}) {
    Rng crop(4), placement(5);
    const Scene scene = source.pair_scene(0, {robin, leaf, above}, crop, placement);
    double red = 0, green = 0, red_place = 0, green_place = 0;
    for (size_t i = 0; i < scene.pixels.pixels(); ++i) {
      const float* rgb = &scene.pixels.rgb[3 * i];
      const double place = double(above ? i / 48 : i % 48);
      if (rgb[0] > 2 * rgb[1]) red += 1, red_place += place;
      if (rgb[1] > 2 * rgb[0]) green += 1, green_place += place;
    }
    ASSERT_GT(red, 40);
    ASSERT_GT(green, 40);
    EXPECT_LT(red_place / red + 10, green_place / green);
    EXPECT_EQ(scene.material.relation.first, "a robin");
    EXPECT_EQ(scene.material.relation.kind, above ? "above" : "left of");
  }
  double one = 0;
  for (int count = 1; count <= 4; ++count) {
    Rng crop(4), placement(5);
    const Scene scene = source.counted_scene(0, robin, count, crop, placement);
    const double covered = std::accumulate(scene.object_mask.begin(), scene.object_mask.end(), 0.0);
    if (count == 1) one = covered;
    // Each of several is a quarter of the single one, give or take their random sizes.
    if (count > 1) {
      EXPECT_NEAR(covered / one, 0.25 * count, 0.12 * count);
    }
    EXPECT_EQ(scene.material.count, count);
  }
}

TEST_F(Sources, ProducersDeliverTheSameBatchesInOrderWhateverTheirNumber) {
  QuietJob job;
  const auto library =
      std::make_shared<const PhotoLibrary>(load_photo_library(library_config(), job));
  ProceduralConfig config;
  config.size = 32;
  const ProceduralSource source(library, config);
  SampleQueue one(source, 6, 2, 1), three(source, 6, 2, 3);
  for (int batch = 2; batch < 8; ++batch) {
    const SampleQueue::Batch a = one.next(), b = three.next();
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(a[i].rgb, b[i].rgb);
      EXPECT_EQ(a[i].caption.text, source.sample(uint64_t(batch) * 6 + i).caption.text);
    }
  }
}

struct FailingSource final : CaptionedSource {
  CaptionedPicture sample(uint64_t index) const override {
    if (index >= 8) throw Error(ErrorCode::input, "no more");
    return {};
  }
  std::string description() const override { return "fails"; }
};

TEST(LookGrades, TellHowBrightAndHowColourfulAPictureIs) {
  Rng rng(1);
  const auto grades = [&](const std::set<Look>& shown, float lightness, float chroma) {
    return look_grades(shown, {lightness, 0, 0, chroma, 0}, rng);
  };
  const std::vector<Grade> dim = grades({}, 30, 10), light = grades({}, 60, 10);
  ASSERT_EQ(dim.size(), 2u);
  EXPECT_EQ(dim[0].of, "lightness");
  EXPECT_LT(dim[0].degree, light[0].degree);
  EXPECT_EQ(dim[1].degree, light[1].degree);
  EXPECT_LT(dim[1].degree, grades({}, 30, 50)[1].degree);
  // Patches of colour do not make a picture vivid.
  EXPECT_EQ(grades({Look::stained}, 30, 50).size(), 1u);
}

TEST(SampleQueue, AProducersErrorReachesTheConsumer) {
  const FailingSource source;
  // Two producers: one may fail while the other still makes an earlier batch.
  for (int attempt = 0; attempt < 200; ++attempt) {
    SampleQueue queue(source, 4, 0, 2);
    EXPECT_NO_THROW(queue.next());
    EXPECT_NO_THROW(queue.next());
    EXPECT_THROW(queue.next(), Error);
  }
}

TEST_F(Sources, AFolderGivesEachPictureOnceAnEpochWithItsCaptions) {
  QuietJob job;
  fs::create_directories(root_ / "f/sub");
  for (int i = 0; i < 5; ++i) {
    const auto value = uint8_t(40 * i + 20);
    write_image(root_ / "f" / (std::to_string(i) + ".png"),
                flat(50, 40, {value, value, value, 255}));
    text("f/" + std::to_string(i) + ".txt", "picture " + std::to_string(i) + "\n");
  }
  write_image(root_ / "f/sub/json.jpg", flat(50, 40, {250, 10, 10, 255}));
  text("f/captions.json", R"({"sub/json.jpg": ["red", "a red picture"]})");
  write_image(root_ / "f/uncaptioned.png", flat(50, 40, {1, 2, 3, 255}));

  FolderConfig config;
  config.folder = root_ / "f";
  config.size = 32;
  const FolderSource source(config, job);
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::set<std::string> seen;
    for (int i = 0; i < 6; ++i) {
      const CaptionedPicture sample = source.sample(uint64_t(epoch * 6 + i));
      const bool red = sample.caption.text.find("red") != std::string::npos;
      seen.insert(red ? "red" : sample.caption.text);
      EXPECT_EQ(red, sample.rgb[0] > 2 * sample.rgb[1]);
      // Both captions of one picture are true of it.
      EXPECT_EQ(holds({caption_fact("red")}, sample.facts), red);
    }
    EXPECT_EQ(seen.size(), 6u);
  }
}

TEST_F(Sources, AFolderWithoutCaptionsOrWithBrokenOnesIsRefused) {
  QuietJob job;
  FolderConfig config;
  config.folder = root_ / "nowhere";
  EXPECT_THROW(FolderSource(config, job), Error);
  config.folder = root_ / "photos";
  write_image(root_ / "photos/a.png", flat(40, 40, {1, 2, 3, 255}));
  EXPECT_THROW(FolderSource(config, job), Error);
  for (const char* broken : {"{", "[]", R"({"a.png": 3})", R"({"missing.png": "x"})"}) {
    text("photos/captions.json", broken);
    EXPECT_THROW(FolderSource(config, job), Error) << broken;
  }
}

}  // namespace
}  // namespace vane
