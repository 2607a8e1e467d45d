// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether an edit is one, or only speaks to the encoder that guided it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"
#include "guidance/direction.h"

namespace vane {

struct AuditConfig {
  /// Random crops, 0.4 to 0.9 of the shorter side, each brought to 0.4 to 1 of its size first:
  /// views that nothing guided, from a random stream that no objective uses.
  int64_t crops = 24;
  uint64_t seed = 0;
};

/// An encoder together with the direction in its own space.
struct AuditEncoder {
  const ClipEncoder* clip = nullptr;
  Direction direction;
};

/// Gain <n(I_edit) - n(I_source), d> as one encoder sees it.
struct AuditGain {
  /// On the whole picture, as a guide looks at it.
  double whole = 0;
  /// Mean and standard deviation over the crops, and the share of crops that gain at all.
  double crops = 0, spread = 0, positive = 0;
};

enum class AuditVerdict {
  real,         // what the guide sees, the crops and the other encoder see too
  doubtful,     // one of them sees little of it
  adversarial,  // the guide alone sees it: a change of pixels, not of the picture
  none,         // the guide sees no gain either
};
/// "real", "doubtful", "adversarial", "none".
std::string_view audit_verdict_name(AuditVerdict verdict);

struct EditAudit {
  AuditGain guide;
  /// Absent without a second encoder.
  std::optional<AuditGain> auditor;
  /// Share of the guide's gain that its own crops keep, and that the auditor sees on crops. Near 1
  /// for edits of the picture; NaN for no gain, or no auditor.
  double crop_share = 0, auditor_share = 0;
  AuditVerdict verdict = AuditVerdict::none;
  /// The verdict in words, one sentence.
  std::string reason;
};

/// Judges an edit [1,3,H,W] of a source of the same size, both in [0,1] (a reduced copy is enough).
/// `auditor` must be another model than the guide; null: judged by the crops alone, which can call
/// an edit doubtful but not adversarial when it was guided by crops as well.
/// Throws Error{usage} for different shapes, Error{checkpoint} for a direction of another model.
EditAudit audit_edit(const AuditEncoder& guide, const AuditEncoder* auditor, const Tensor& source,
                     const Tensor& edited, const AuditConfig& config = {});

/// The judgement alone: from the gains that were measured.
void judge(EditAudit& audit);

}  // namespace vane
