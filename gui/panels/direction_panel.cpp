// SPDX-License-Identifier: Apache-2.0
// The direction workbench: phrases, pictures, folders and files put together to one direction, and
// what it says in words.

#include <fmt/format.h>
#include <misc/cpp/imgui_stdlib.h>

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "gui/panels/app.h"
#include "gui/widgets/controls.h"

namespace vane {
namespace {

struct SourceKind {
  DirectionSource source;
  const char *name, *doc;
};
constexpr std::array kSources = {
    SourceKind{DirectionSource::phrases, "Phrases", "From what it is to what it should become"},
    SourceKind{DirectionSource::pictures, "Example picture",
               "From this photograph, or another one, to the look of a picture"},
    SourceKind{DirectionSource::folders, "Two folders",
               "From the pictures of one folder to those of another (residual vector)"},
    SourceKind{DirectionSource::file, "Direction file", "Made before (vane direction … -o)"},
};

const SourceKind& kind_of(const DirectionPart& part) {
  return *std::find_if(kSources.begin(), kSources.end(),
                       [&](const SourceKind& kind) { return kind.source == part.source; });
}

bool is_without(const DirectionRecipe& recipe, const std::string& word) {
  return std::find(recipe.without.begin(), recipe.without.end(), word) != recipe.without.end();
}

}  // namespace

void App::draw_path_input(const char* label, std::string& path, const std::string& purpose,
                          bool folders) {
  ImGui::PushID(label);
  const float browse = em(2.2f);
  ImGui::SetNextItemWidth(-browse - ImGui::GetStyle().ItemSpacing.x);
  ImGui::InputTextWithHint("##path", label, &path);
  ImGui::SameLine();
  if (ImGui::Button("…##choose", {browse, 0})) {
    // Sources may have gone or moved when the answer comes.
    choose_file(
        purpose, path.empty() ? session_.places().photo.parent_path() : std::filesystem::path(path),
        [this, wanted = &path](const std::filesystem::path& chosen) {
          for (DirectionPart& part : direction_.parts) {
            for (std::string* place : {&part.from, &part.to}) {
              if (place == wanted) *place = chosen.string();
            }
          }
        },
        folders);
  }
  hint(purpose);
  ImGui::PopID();
}

void App::draw_direction_part(DirectionPart& part, size_t number) {
  ImGui::PushID(static_cast<int>(number));
  const SourceKind& kind = kind_of(part);
  const float remove = ImGui::GetFrameHeight();
  ImGui::SetNextItemWidth(-remove - em(0.3f));
  if (ImGui::BeginCombo("##source", kind.name)) {
    for (const SourceKind& other : kSources) {
      if (ImGui::Selectable(other.name, other.source == part.source)) {
        part = {other.source, {}, {}, part.weight};
      }
      hint(other.doc);
    }
    ImGui::EndCombo();
  }
  hint(kind.doc);
  ImGui::SameLine(0, em(0.3f));
  if (ImGui::Button("x##remove", {remove, 0})) part.weight = -1;
  hint("Leave this source out");
  switch (part.source) {
    case DirectionSource::phrases:
      ImGui::SetNextItemWidth(-1);
      ImGui::InputTextWithHint("##from", "from: a photo", &part.from);
      ImGui::SetNextItemWidth(-1);
      ImGui::InputTextWithHint("##to", "to: a warm, soft photo", &part.to);
      break;
    case DirectionSource::pictures:
      draw_path_input("from: this photograph", part.from, "Picture to start from", false);
      draw_path_input("to: a picture", part.to, "Picture to move towards", false);
      break;
    case DirectionSource::folders:
      draw_path_input("from: a folder", part.from, "Pictures to move away from", true);
      draw_path_input("to: a folder", part.to, "Pictures to move towards", true);
      break;
    case DirectionSource::file:
      draw_path_input("a direction", part.to, "Direction file", false);
      break;
  }
  if (direction_.parts.size() > 1) {
    number_slider("##weight", part.weight, 0, 1, 1, "Weight of this source in the mixture");
  }
  ImGui::PopID();
}

void App::draw_direction_words(const MadeDirection& made) {
  heading("What it says");
  small_label(printable(recipe_title(made.recipe), 200).c_str());
  if (ImGui::BeginTable("Words", 2)) {
    ImGui::TableSetupColumn("Towards");
    ImGui::TableSetupColumn("Away from");
    ImGui::TableHeadersRow();
    const bool again = !made.words.toward_after.empty() || !made.words.away_after.empty();
    const auto& toward = again ? made.words.toward_after : made.words.toward;
    const auto& away = again ? made.words.away_after : made.words.away;
    const auto word = [&](const std::vector<ExplainedWord>& words, size_t row) {
      ImGui::TableNextColumn();
      if (row >= words.size()) return;
      ImGui::PushID(static_cast<int>(row));
      const std::string& text = words[row].word;
      const bool out = is_without(direction_, text);
      if (ImGui::Selectable(printable(text, 60).c_str(), out)) {
        if (out) {
          std::erase(direction_.without, text);
        } else {
          direction_.without.push_back(text);
        }
      }
      hint(
          fmt::format("{:+.1f} deviations from the mean word. A click takes its meaning out of the "
                      "next direction.",
                      words[row].deviations));
      ImGui::PopID();
    };
    for (size_t row = 0; row < std::max(toward.size(), away.size()); ++row) {
      ImGui::TableNextRow();
      ImGui::PushID("towards");
      word(toward, row);
      ImGui::PopID();
      ImGui::PushID("away");
      word(away, row);
      ImGui::PopID();
    }
    ImGui::EndTable();
  }
}

void App::draw_direction() {
  if (std::exchange(show_direction_, false)) ImGui::SetNextWindowFocus();
  if (!ImGui::Begin("Direction")) {
    ImGui::End();
    return;
  }
  if (!session_.is_open() || in_scene() || workspace_ == Workspace::batch) {
    dim_text("Open a photograph to put a direction together for it.");
    ImGui::End();
    return;
  }
  if (direction_.parts.empty()) direction_.parts.emplace_back();
  for (size_t i = 0; i < direction_.parts.size(); ++i) {
    draw_direction_part(direction_.parts[i], i);
    ImGui::Dummy({0, em(0.2f)});
  }
  std::erase_if(direction_.parts, [](const DirectionPart& part) { return part.weight < 0; });
  if (plain_button("Add a source", true, -1)) direction_.parts.emplace_back();
  hint("Sources are mixed by their weights, along the great circle between them");
  for (size_t i = 0; i < direction_.without.size(); ++i) {
    ImGui::PushID(static_cast<int>(i));
    const std::string text = "without " + printable(direction_.without[i], 40) + "  x";
    const bool removed = ImGui::Button(text.c_str(), {-1, 0});
    hint("Its meaning is taken out of the direction; a click leaves it in");
    ImGui::PopID();
    if (removed) {
      direction_.without.erase(direction_.without.begin() + static_cast<ptrdiff_t>(i));
      break;
    }
  }
  if (primary_button("Make direction", !session_.busy(), -1)) session_.make_direction(direction_);
  hint("Makes it, and tells which words it pulls towards and away from");
  if (const std::optional<MadeDirection>& made = session_.made_direction()) {
    const bool face = workspace_ == Workspace::face;
    if (plain_button(face ? "Move the face along it" : "Develop along it", !session_.busy(), -1)) {
      add_direction_edit(face ? EditKind::face : EditKind::develop);
    }
    hint("Adds an edit that goes this way");
    draw_direction_words(*made);
  }
  ImGui::End();
}

void App::add_direction_edit(EditKind kind) {
  const std::optional<MadeDirection>& made = session_.made_direction();
  if (!made || !session_.is_open() || session_.busy()) return;
  Edit edit;
  edit.kind = kind;
  const std::filesystem::path own = made->file.lexically_relative(session_.places().folder);
  const bool inside = !own.empty() && *own.begin() != "..";
  (kind == EditKind::face ? edit.face.direction : edit.develop.direction) =
      inside ? own : made->file;
  selected_ = session_.add(edit);
  session_.search(selected_);
}

}  // namespace vane
