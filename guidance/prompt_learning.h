// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two prompts learned from two sets of pictures (CLIP-LIT, Liang et al. 2023; CoOp, Zhou et al.
// 2022), and their refinement by rank.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "guidance/direction.h"

namespace vane {

struct PromptLearningConfig {
  /// "full": every row of the token embeddings of "X X … X", start, end and padding too (CLIP-LIT);
  /// "context": `tokens` vectors in front of words of their own for each side (CoOp);
  /// "latent": two vectors in the embedding space, no text tower (CLIP-LIT-Latent).
  std::string form = "full";
  int64_t tokens = 16;
  /// What stands behind the context vectors.
  std::string from_word = "bad", to_word = "good";
  int64_t iterations = 1000, batch = 16;
  /// 0: 1/200 of the root mean square of what is learned (form context: of all token embeddings).
  /// CLIP-LIT: 5e-6 for 8000 iterations.
  float learning_rate = 0.f;
  /// Added to the gradient (L2 form), as CLIP-LIT does.
  float weight_decay = 1e-3f;
  /// Every n-th picture is held out and measured; 0: none.
  int64_t hold_out = 5;
  uint64_t seed = 0;
};

/// Two prompts of one CLIP. Row 0 is what to leave, row 1 what to reach; both start equal (form
/// full) so that only the labels tell them apart.
class PromptPair {
 public:
  /// The starting point. Throws Error{usage} when the model has no text tower that takes vectors
  /// (forms full and context), or the words do not fit.
  PromptPair(std::shared_ptr<const ClipEncoder> clip, const PromptLearningConfig& config);

  /// [2,D] unit, differentiable in `learned()`.
  Tensor features() const;
  /// What is learned: [2,T,Dt], [tokens,Dt] or [2,D].
  const Tensor& learned() const { return learned_; }
  Tensor& learned() { return learned_; }
  /// The published key of `learned()`: "embedding_prompt", "ctx" or "guidance_embeddings".
  const char* key() const;
  const ClipEncoder& clip() const { return *clip_; }

 private:
  std::shared_ptr<const ClipEncoder> clip_;
  std::string form_;
  Tensor learned_;
  /// Form context: embedded rows around the context of each side [2,T,Dt], and where it begins.
  Tensor frame_;
  Tensor end_;          // int64 [2]
  int64_t length_ = 0;  // rows that matter
};

/// softmax(100 <e, t>)[0]: how much pictures e [N,D] (unit) look like the first of two prompts
/// [2,D] (unit) -> [N]. The factor is part of the published loss.
Tensor prompt_score(const Tensor& images, const Tensor& prompts);

/// Cross-entropy of the two logits 100 <e, t>; `labels` int64 [N], 0 or 1.
Tensor prompt_loss(const Tensor& images, const Tensor& labels, const Tensor& prompts);

/// The ranking loss of the refinement (enhance sheet 2.3), on batch means of prompt_score:
/// hinge(a,b;m) = max(0, a - b + m). `enhanced` holds results of the network, older first (0, 1 or
/// 2 sets). Without any: hinge(good, bad; 1); with one: margins .9, .9, .2; with two: .9, .9, .1,
/// .1.
Tensor prompt_rank_loss(const Tensor& bad, const Tensor& good, const std::vector<Tensor>& enhanced,
                        const Tensor& prompts);

struct PromptLearningResult {
  Direction direction;  // kind "prompts": n(t_1 - t_0), with both as its points
  double loss = 0;      // mean of the last tenth
  /// Share of pictures on the right side; NaN without held-out ones.
  double accuracy = 0, held_out_accuracy = 0;
  int64_t steps = 0;
};

/// Learns `pair` from unit features of pictures to leave [N,D] and to reach [M,D]. With `enhanced`
/// (unit features of results, older first) it is refined by rank instead of by labels. A stop
/// request ends it early with what was learned. Throws Error{usage} for an empty side
/// and for sets of the same mean, Error{numeric} when the loss is not finite.
PromptLearningResult learn_prompts(PromptPair& pair, const Tensor& from, const Tensor& to,
                                   const std::vector<Tensor>& enhanced,
                                   const PromptLearningConfig& config, Job& job);

}  // namespace vane
