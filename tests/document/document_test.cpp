// SPDX-License-Identifier: Apache-2.0
// Oracle: hashes of stacks before and after; the text of files; the program's own reader of flags.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "cli/flags.h"
#include "editing/document/commands.h"
#include "editing/document/document_file.h"
#include "editing/document/history.h"
#include "editing/document/journal.h"
#include "editing/document/render.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/config/config_writer.h"
#include "engine/image/codec.h"
#include "tests/support/fake_services/fake_services.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

Edit of_kind(EditKind kind, const std::string& phrase = "warm light") {
  Edit edit;
  edit.kind = kind;
  edit.develop.to = edit.face.to = edit.region.text = edit.scene.text = phrase;
  return edit;
}

class DocumentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ("document_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    Image image;
    image.width = 24;
    image.height = 16;
    image.u8.assign(image.sample_count(), 100);
    write_image(folder_ / "photo.png", image);
    places_ = document_places(folder_ / "photo.png");
  }
  void TearDown() override { fs::remove_all(folder_); }

  static uint8_t first_sample(const fs::path& path) { return read_image(path).u8.front(); }
  static uint8_t last_sample(const fs::path& path) { return read_image(path).u8.back(); }

  fs::path folder_;
  DocumentPlaces places_;
};

TEST_F(DocumentTest, UndoAndRedoOfARandomSessionGiveTheSameHashes) {
  Rng rng(7);
  const auto below = [&](size_t n) { return rng.below(static_cast<uint32_t>(n)); };
  History history;
  std::vector<uint64_t> hashes{history.current().hash()};
  for (int i = 0; i < 500; ++i) {
    const EditStack& stack = history.current();
    EditStack next = stack;
    if (stack.size() < 3 || below(4) == 0) {
      next = stack.with_added(of_kind(static_cast<EditKind>(below(4))));
    } else {
      Edit edit = *stack.edits()[below(stack.size())];
      switch (below(4)) {
        case 0:
          edit.strength = static_cast<double>(below(100)) / 50;
          next = stack.with_changed(edit);
          break;
        case 1:
          edit.enabled = !edit.enabled;
          next = stack.with_changed(edit);
          break;
        case 2:
          next = stack.moved(edit.id, below(stack.size()));
          break;
        default:
          next = stack.without(edit.id);
      }
    }
    if (history.commit("step", next)) hashes.push_back(history.current().hash());
  }
  ASSERT_EQ(history.states().size(), hashes.size());
  const uint64_t last = history.current().hash();
  for (size_t i = hashes.size(); i-- > 0;) {
    EXPECT_EQ(history.current().hash(), hashes[i]);
    history.undo();
  }
  EXPECT_FALSE(history.can_undo());
  EXPECT_TRUE(history.current().empty());
  while (history.can_redo()) history.redo();
  EXPECT_EQ(history.current().hash(), last);
}

TEST_F(DocumentTest, StepsOfOneDragAreOneState) {
  History history(EditStack().with_added(of_kind(EditKind::enhance)));
  for (const double strength : {1.1, 1.3, 1.7}) {
    Edit edit = *history.current().edits().front();
    edit.strength = strength;
    history.commit("Strength", history.current().with_changed(edit), "strength 1");
  }
  EXPECT_EQ(history.states().size(), 2u);
  history.undo();
  EXPECT_EQ(history.current().edits().front()->strength, 1);
  history.redo();
  // A drag that ends where it began leaves nothing.
  history.end_merge();
  for (const double strength : {1.2, 1.7}) {
    Edit edit = *history.current().edits().front();
    edit.strength = strength;
    history.commit("Strength", history.current().with_changed(edit), "strength 1");
  }
  EXPECT_EQ(history.states().size(), 2u);
  EXPECT_EQ(history.current().edits().front()->strength, 1.7);
}

TEST_F(DocumentTest, ANumberIsNeverGivenTwice) {
  const EditStack two =
      EditStack().with_added(of_kind(EditKind::enhance)).with_added(of_kind(EditKind::develop));
  EXPECT_EQ(two.without(2).with_added(of_kind(EditKind::face)).edits().back()->id, 3);
}

TEST_F(DocumentTest, TheSidecarKeepsEverything) {
  Edit face = of_kind(EditKind::face, "a \"smiling\" person: #1 — ü");
  face.face.gain = 2.5;
  face.strength = -0.75;
  face.mask = "#1";
  face.found = "face-2-1.yaml";
  face.enabled = false;
  Edit mask = of_kind(EditKind::mask, "the sky");
  mask.region.negative = {"a wall", "grass"};
  Document document{"photo.png", "abc", "my notes\nof two lines", {}};
  document.stack = EditStack()
                       .with_added(mask)
                       .with_added(face)
                       .with_added(of_kind(EditKind::develop))
                       .with_added(of_kind(EditKind::enhance));
  document.stack = document.stack.without(3);
  DocumentFile file(places_.sidecar);
  EXPECT_EQ(file.load(), std::nullopt);
  EXPECT_EQ(file.save(document), places_.sidecar);
  const auto back = DocumentFile(places_.sidecar).load();
  ASSERT_TRUE(back);
  EXPECT_EQ(document_text(*back), document_text(document));
  EXPECT_EQ(back->stack.hash(), document.stack.hash());
  EXPECT_EQ(back->notes, document.notes);
  EXPECT_EQ(back->stack.next_id(), 5);
  EXPECT_EQ(back->stack.find(2)->face.to, face.face.to);
  EXPECT_EQ(back->stack.find(1)->region.negative, mask.region.negative);
}

TEST_F(DocumentTest, FaultyFilesAreRefusedWhereTheyAreFaulty) {
  const auto message = [](const std::string& text) {
    try {
      parse_document(text, "d.yaml");
    } catch (const Error& problem) {
      EXPECT_EQ(problem.code(), ErrorCode::config);
      return std::string(problem.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(message("edits:\n  - id: 1\n    kind: develop\n    tow: warm\n").find("d.yaml:4:5"),
            std::string::npos);
  EXPECT_NE(message("edits:\n  - id: 1\n    kind: devlop\n").find("no kind of edit"),
            std::string::npos);
  EXPECT_NE(
      message("edits:\n  - {id: 1, kind: enhance}\n  - {id: 1, kind: enhance}\n").find("taken"),
      std::string::npos);
  EXPECT_NE(message("edits:\n  - {id: 1, kind: enhance, version: 99}\n").find("version"),
            std::string::npos);
  EXPECT_NE(message("edits:\n  - {id: 1, kind: face, found: ../../etc/passwd}\n").find("outside"),
            std::string::npos);
  EXPECT_EQ(message("edits:\n  - {id: 1, kind: enhance}\n"), "accepted");
}

TEST_F(DocumentTest, WhatAnotherProgramWroteSinceIsNotOverwritten) {
  DocumentFile file(places_.sidecar);
  file.load();
  Document document;
  document.stack = EditStack().with_added(of_kind(EditKind::enhance));
  file.save(document);
  file.save(document);
  std::ofstream(places_.sidecar) << "notes: theirs\n";
  const fs::path other = file.save(document);
  EXPECT_NE(other, places_.sidecar);
  EXPECT_EQ(DocumentFile(places_.sidecar).load()->notes, "theirs");
  EXPECT_EQ(DocumentFile(other).load()->stack.hash(), document.stack.hash());
  EXPECT_EQ(file.save(document), other);
}

TEST_F(DocumentTest, AJournalGivesBackWhatWasDone) {
  const fs::path path = places_.folder / "journal.jsonl";
  History history;
  {
    Journal journal(path);
    journal.begin(history);
    EXPECT_FALSE(Journal::recover(path));
    const auto commit = [&](const EditStack& stack, const std::string& key = {}) {
      const size_t before = history.states().size();
      if (!history.commit("step", stack, key)) return;
      journal.note_commit(history, history.states().size() <= before);
    };
    commit(history.current().with_added(of_kind(EditKind::enhance)));
    for (const double strength : {0.5, 0.7, 0.9}) {
      Edit edit = *history.current().edits().front();
      edit.strength = strength;
      commit(history.current().with_changed(edit), "drag");
    }
    commit(history.current().with_added(of_kind(EditKind::develop)));
    history.undo();
    journal.note_position(history);
  }
  const auto same = [&](const History& back) {
    ASSERT_EQ(back.states().size(), history.states().size());
    EXPECT_EQ(back.position(), history.position());
    for (size_t i = 0; i < back.states().size(); ++i) {
      EXPECT_EQ(back.states()[i].stack.hash(), history.states()[i].stack.hash());
      EXPECT_EQ(back.states()[i].label, history.states()[i].label);
    }
  };
  const auto back = Journal::recover(path);
  ASSERT_TRUE(back);
  same(*back);
  // The program died while it wrote the next line.
  std::ofstream(path, std::ios::app) << "{\"do\":\"commit\",\"label\":\"to";
  same(Journal::recover(path).value());
  Journal again(path);
  again.begin(*back);
  same(Journal::recover(path).value());
  again.remove();
  EXPECT_FALSE(fs::exists(path));
}

template <class Request>
void expect_same_request(const Request& request, const std::string& command) {
  std::vector<std::string> words = command_words(request);
  ASSERT_EQ(words.front(), command);
  words.erase(words.begin());
  Request back;
  // --seed is an option of all commands.
  uint64_t seed = 0;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] != "--seed") continue;
    seed = std::stoull(words[i + 1]);
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    break;
  }
  const Fields fields = fields_of(back);
  const std::array<const Fields*, 1> groups{&fields};
  apply_flags(split_command_line(words, groups), fields, nullptr);
  Request copy = request;
  EXPECT_EQ(content_hash(fields_of(copy)), content_hash(fields)) << shell_line(words);
  if constexpr (requires { request.seed; }) {
    EXPECT_EQ(request.seed, seed);
  }
}

TEST_F(DocumentTest, CommandsSayWhatServicesAreAsked) {
  EditRequest edit;
  edit.input = "in/a b.jpg";
  edit.output = "out.png";
  edit.to = "it's \"warm\" — light";
  edit.strength = -0.7f;
  edit.audit = true;
  edit.mask = "the sky";
  edit.seed = 17;
  edit.beta = 0.125;
  edit.also = {"a hat", "glasses"};
  expect_same_request(edit, "edit");
  EnhanceRequest enhance;
  enhance.inputs = {"in/a.jpg", "in/b.jpg"};
  enhance.output = "out";
  enhance.auto_strength = false;
  enhance.strength = 0.3;
  enhance.exclude = {"*_old*", "x"};
  expect_same_request(enhance, "enhance");
  SegmentRequest segment;
  segment.image = "in/a.jpg";
  segment.output = "masks";
  segment.texts = {"the sky", "a house"};
  segment.negatives = {"grass"};
  expect_same_request(segment, "segment");
  EXPECT_EQ(shell_line({"edit", "a b", "it's"}), "vane edit 'a b' 'it'\\''s'");
}

TEST_F(DocumentTest, ExportedBytesAreThoseOfTheCommands) {
  testing::FakeServices services;
  DocumentRenderer renderer(services);
  QuietJob job;
  EditStack stack = EditStack().with_added(of_kind(EditKind::enhance));
  stack = stack.with_added(of_kind(EditKind::mask, "left"));
  Edit develop = of_kind(EditKind::develop);
  develop.mask = "#2";
  stack = stack.with_added(develop);
  const Found mask = renderer.search(stack, places_, 2, job);
  Edit found = *stack.find(2);
  found.found = mask.file;
  stack = stack.with_changed(found);
  develop = *stack.find(3);
  develop.found = renderer.search(stack, places_, 3, job).file;
  develop.strength = 2;
  stack = stack.with_changed(develop);

  const fs::path output = folder_ / "out.png";
  testing::FakeServices::forget_calls();
  renderer.export_picture(stack, places_, output, job);
  EXPECT_EQ(first_sample(output), 100 + 16 + 32);  // in the mask
  EXPECT_EQ(last_sample(output), 100 + 16);        // outside
  // The enhanced picture was made for the search already.
  EXPECT_EQ(testing::FakeServices::calls(), (std::map<std::string, int>{{"edit", 1}}));
  // Another strength of the first edit makes both again; the same stack only the last.
  Edit enhance = *stack.find(1);
  enhance.strength = 0.5;
  renderer.export_picture(stack.with_changed(enhance), places_, output, job);
  EXPECT_EQ(last_sample(output), 108);
  enhance.enabled = false;
  renderer.export_picture(stack.with_changed(enhance), places_, output, job);
  EXPECT_EQ(last_sample(output), 100);
  EXPECT_EQ(first_sample(output), 132);

  const std::vector<Step> steps = picture_steps(stack, places_, output);
  ASSERT_EQ(steps.size(), 2u);
  const std::string script = shell_script(steps);
  EXPECT_EQ(script, "vane enhance " + places_.photo.string() + " -o " +
                        (places_.folder / "step-1.png").string() + " --overwrite &&\nvane edit " +
                        (places_.folder / "step-1.png").string() + " --strength 2 --mask " +
                        (places_.folder / mask.file).string() + " --apply " +
                        (places_.folder / develop.found).string() + " -o " + output.string() +
                        "\n");
}

TEST_F(DocumentTest, APhotographWithoutEditsIsExportedAsItIs) {
  testing::FakeServices services;
  DocumentRenderer renderer(services);
  QuietJob job;
  renderer.export_picture({}, places_, folder_ / "copy.png", job);
  std::ifstream a(places_.photo, std::ios::binary), b(folder_ / "copy.png", std::ios::binary);
  EXPECT_TRUE(
      std::equal(std::istreambuf_iterator<char>(a), {}, std::istreambuf_iterator<char>(b), {}));
  renderer.export_picture({}, places_, folder_ / "copy.jpg", job);
  EXPECT_EQ(read_image(folder_ / "copy.jpg").width, 24);
  EXPECT_THROW(renderer.export_picture({}, places_, places_.photo, job), Error);
}

TEST_F(DocumentTest, WithoutItsMaskAnEditIsEverywhere) {
  EditStack stack = EditStack().with_added(of_kind(EditKind::mask, "left"));
  Edit enhance = of_kind(EditKind::enhance);
  enhance.mask = "#1";
  stack = stack.with_added(enhance);
  EXPECT_EQ(stack.without(1).find(2)->mask, "");
}

TEST_F(DocumentTest, AFaceGoesTowardsAPortraitOrAlongADirection) {
  Edit edit;
  edit.id = 1;
  edit.kind = EditKind::face;
  edit.face.toward = "other.jpg";
  edit.face.rows = "4-6";
  EXPECT_EQ(edit_title(edit), "Face: like other.jpg");
  const Search mix = search_step(edit, {}, places_, "photo.png");
  const auto words = command_words(mix.step.request);
  const auto has = [&](const std::string& flag, const std::string& value) {
    const auto at = std::find(words.begin(), words.end(), flag);
    return at != words.end() && at + 1 != words.end() && *(at + 1) == value;
  };
  EXPECT_TRUE(has("--toward", "other.jpg"));
  EXPECT_TRUE(has("--rows", "4-6"));
  // Without a phrase there is nothing to come from.
  EXPECT_EQ(std::find(words.begin(), words.end(), "--from"), words.end());

  edit.face = {};
  edit.face.direction = "smile.safetensors";
  EXPECT_EQ(edit_title(edit), "Face: smile");
  const auto direction_of = [&] {
    return std::get<EditRequest>(search_step(edit, {}, places_, "photo.png").step.request)
        .direction;
  };
  EXPECT_EQ(direction_of(), "smile.safetensors");
  // The document's own files are named without their folder.
  fs::create_directories(places_.folder);
  std::ofstream(places_.folder / "smile.safetensors") << "x";
  EXPECT_EQ(direction_of(), places_.folder / "smile.safetensors");
}

}  // namespace
}  // namespace vane
