// SPDX-License-Identifier: Apache-2.0
// Right and below: the parameters of the selected edit, the history, and what is going on.

#include <fmt/format.h>
#include <imgui_internal.h>
#include <implot.h>

#include "engine/base/text.h"
#include "gui/panels/app.h"
#include "gui/widgets/controls.h"

namespace vane {
namespace {

Fields fields_of_kind(Edit& edit) {
  switch (edit.kind) {
    case EditKind::enhance:
      return fields_of(edit.enhance);
    case EditKind::develop:
      return fields_of(edit.develop);
    case EditKind::face:
      return fields_of(edit.face);
    case EditKind::mask:
      return fields_of(edit.region);
    case EditKind::scene:
      return fields_of(edit.scene);
  }
  return {};
}

void draw_plot(const JobView& job) {
  const ImVec2 size{ImGui::GetContentRegionAvail().x, ImGui::GetContentRegionAvail().y};
  if (size.y < em(3) || job.values.size() < 2) return;
  constexpr ImPlotFlags kFlags = ImPlotFlags_NoMouseText | ImPlotFlags_NoMenus |
                                 ImPlotFlags_NoBoxSelect | ImPlotFlags_NoLegend;
  if (!ImPlot::BeginPlot("##loss", size, kFlags)) return;
  // Where there is little room the line alone is left.
  const ImPlotAxisFlags flags =
      ImPlotAxisFlags_AutoFit | (size.y < em(7) ? ImPlotAxisFlags_NoDecorations : 0);
  ImPlot::SetupAxes("step", job.metric.c_str(), flags, flags);
  ImPlot::PlotLine(job.metric.c_str(), job.steps.data(), job.values.data(),
                   static_cast<int>(job.values.size()));
  ImPlot::EndPlot();
}

}  // namespace

void App::draw_properties() {
  if (!ImGui::Begin("Properties")) {
    ImGui::End();
    return;
  }
  const Edit* edit = workspace_ == Workspace::batch ? nullptr : selected();
  if (!edit) {
    dim_text(workspace_ == Workspace::batch
                 ? "The batch enhances every photograph of a folder with the same settings."
             : in_scene() ? "Select a thing to see what was asked."
                          : "Select an edit to see what it is made of.");
    ImGui::End();
    return;
  }
  ImGui::PushID(static_cast<int>(edit->id));
  heading(edit_title(*edit).c_str());
  if (edit->kind == EditKind::enhance && session_.after().chosen_strength >= 0) {
    const double chosen = session_.after().chosen_strength;
    dim_text(chosen == 0 && edit->strength > 0
                 ? "The method finds that this photograph is well lit: nothing is added."
                 : fmt::format("The method adds {:.0f} % of the light that it finds missing.",
                               100 * chosen));
  }
  Edit changed = *edit, standard;
  standard.kind = edit->kind;
  const Fields fields = fields_of_kind(changed);
  const Fields defaults = fields_of_kind(standard);
  const Change change = field_controls(fields, defaults);
  if (change.changed) {
    document().change(changed, "Change " + edit_title(*edit), "field");
  }
  if (change.finished) document().end_drag();
  if (needs_search(changed.kind)) {
    ImGui::Dummy({0, em(0.2f)});
    const bool ready = !session_.busy();
    if (primary_button(changed.found.empty() ? "Search" : "Search again", ready, -1)) {
      session_.search(changed.id);
    }
    hint("Looks for it with these values; what was found before stays in the history  (Ctrl+R)");
  }
  if (changed.kind == EditKind::mask && !changed.found.empty()) {
    dim_text("Shown from");
    double threshold = static_cast<double>(canvas_.mask_threshold);
    number_slider("##shown", threshold, 0, 1, 0,
                  "Hides less likely places of the overlay, to find a threshold");
    canvas_.mask_threshold = static_cast<float>(threshold);
  }
  ImGui::PopID();
  ImGui::End();
}

void App::draw_history() {
  if (!ImGui::Begin("History")) {
    ImGui::End();
    return;
  }
  DocumentSession& session = document();
  const auto& states = session.history().states();
  if (!session.is_open()) {
    dim_text("Every step is kept here and can be gone back to.");
  } else {
    const size_t now = session.history().position();
    size_t wanted = now;
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(states.size()));
    while (clipper.Step()) {
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
        const auto at = static_cast<size_t>(i);
        const bool undone = at > now;
        if (undone) ImGui::PushStyleColor(ImGuiCol_Text, colours().dim);
        const std::string label = fmt::format("{}##{}", states[at].label, i);
        if (ImGui::Selectable(label.c_str(), at == now)) wanted = at;
        if (undone) ImGui::PopStyleColor();
        hint(states[at].label);
      }
    }
    if (session.history().can_redo() && wanted == now) {
      dim_text("Grey: undone, Ctrl+Shift+Z brings it back");
    }
    if (wanted != now) session.go_to(wanted);
  }
  ImGui::End();
}

void App::draw_job_picture(const JobView& job) {
  if (job.picture != shown_job_picture_) {
    shown_job_picture_ = job.picture;
    if (!job_picture_) job_picture_ = std::make_unique<Texture>(textures_);
    if (job.picture) {
      job_picture_->set(*job.picture);
    } else {
      job_picture_->clear();
    }
  }
  if (!job_picture_ || job_picture_->empty()) return;
  const float height = ImGui::GetContentRegionAvail().y;
  const float width = height * static_cast<float>(job_picture_->width()) /
                      static_cast<float>(job_picture_->height());
  if (height < em(3) || width > ImGui::GetContentRegionAvail().x / 2) return;
  ImGui::Image(job_picture_->ref(), {width, height});
  hint("Where the search is now");
  ImGui::SameLine(0, em(0.8f));
}

void App::draw_activity() {
  if (!ImGui::Begin("Activity")) {
    ImGui::End();
    return;
  }
  DocumentSession& session = document();
  const JobView job = session.job();
  if (job.running) {
    draw_job_picture(job);
    ImGui::BeginGroup();
    const float button = em(5.5f);
    ImGui::AlignTextToFramePadding();
    const std::string what =
        fmt::format("{}  -  {}", job.title, job.stopping ? "stopping" : job.stage);
    ImGui::PushTextWrapPos(0);
    ImGui::TextUnformatted(what.c_str());
    ImGui::PopTextWrapPos();
    std::string text = fmt::format("{:.0f} s", job.seconds);
    if (job.total > 0) text = fmt::format("{} of {}   {}", job.done, job.total, text);
    const float share = job.total > 0 ? static_cast<float>(job.done) / static_cast<float>(job.total)
                                      : -static_cast<float>(ImGui::GetTime() * 0.5);
    ImGui::ProgressBar(share, {ImGui::GetContentRegionAvail().x - button - em(0.5f), 0},
                       text.c_str());
    ImGui::SameLine(0, em(0.5f));
    if (plain_button("Stop", !job.stopping, button)) session.stop();
    hint("Ends at the next step  (Escape)");
    draw_plot(job);
    ImGui::EndGroup();
    ImGui::End();
    return;
  }
  const auto& notices = session.notices();
  if (notices.empty()) {
    dim_text("What is computed is shown here.");
  }
  const float plot = job.values.size() >= 2 ? ImGui::GetContentRegionAvail().x * 0.42f : 0;
  if (ImGui::BeginChild("Log", {plot > 0 ? -plot : 0, 0})) {
    ImGui::PushTextWrapPos(0);
    for (const Notice& notice : notices) {
      const Palette& p = colours();
      const ImVec4& colour = notice.kind == Notice::Kind::error     ? p.bad
                             : notice.kind == Notice::Kind::warning ? p.warning
                             : notice.kind == Notice::Kind::good    ? p.good
                                                                    : p.dim;
      const char* const prefix = notice.kind == Notice::Kind::error     ? "Error: "
                                 : notice.kind == Notice::Kind::warning ? "Note: "
                                                                        : "";
      ImGui::PushStyleColor(ImGuiCol_Text, colour);
      ImGui::TextUnformatted((prefix + notice.text).c_str());
      ImGui::PopStyleColor();
    }
    ImGui::PopTextWrapPos();
    if (session.notice_version() != seen_notices_) {
      seen_notices_ = session.notice_version();
      ImGui::SetScrollHereY(1);
    }
  }
  ImGui::EndChild();
  if (plot > 0) {
    ImGui::SameLine();
    draw_plot(job);
  }
  ImGui::End();
}

}  // namespace vane
