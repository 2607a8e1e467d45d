// SPDX-License-Identifier: Apache-2.0
#pragma once
// A photograph's face as a generator's latent: found, aligned, encoded, refined, measured. What
// `vane invert` does between reading and writing files, for other services too.

#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "editing/faces/face_choice.h"
#include "editing/inversion/picture_term.h"
#include "editing/inversion/refine_w_plus.h"
#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/image/image.h"
#include "generators/stylegan/stylegan2.h"

namespace vane {

enum class InversionMethod {
  encoder,   // one pass, seconds
  optimise,  // rows of W+ from the encoder's, or from the mean without one
  project,   // StyleGAN2's own projector, from the mean, with noise maps where there are any
  pti,       // optimise, then pivotal tuning of the generator
};
/// Throws Error{usage} for another name.
InversionMethod inversion_method(const std::string& name);

struct FaceInversionOptions {
  InversionMethod method = InversionMethod::optimise;
  FaceChoice face;
  /// The picture is a square portrait as FFHQ has it: no face is looked for.
  bool aligned = false;
  /// Empty: the one that comes with the program, where it is of this generator.
  std::filesystem::path encoder;
  /// Latents to start from instead of an encoder's.
  std::filesystem::path start;
  /// A CLIP with a ResNet tower, whose stages compare pictures.
  std::string clip = "clip-mini";
  /// Weights of LPIPS, which then compares instead.
  std::filesystem::path lpips, lpips_linear;
  /// Steps of the method; 0: its own number. Of pti those of the tuning.
  int64_t steps = 0;
  bool projector_rows = false;  // W+ instead of W
  bool locality = false;        // of pti
  RefineConfig refine;
  /// Of the person, by dlib's network, where it is installed (editing/portraits/identity_term.h);
  /// the projector, which is as published, has no such term.
  double identity_weight = 0.5;
  /// Further terms for the picture that is inverted.
  std::function<std::vector<WeightedTerm>(const Tensor& target)> extra_terms;
  uint64_t seed = 0;
  Limits limits;
  /// A stop request ends everything at once, by Cancelled, instead of giving the best so far.
  bool give_up = false;
};

struct InvertedFace {
  Tensor w_plus;    // [1,rows,W]
  NoiseMaps noise;  // of the projector on a StyleGAN2
  /// Where the face is in the photograph; nothing for an aligned picture.
  std::optional<FaceCrop> crop;
  Image target;                           // what was inverted: 8-bit sRGB of the generator's side
  Tensor reconstruction;                  // [1,3,S,S], not clamped
  std::unique_ptr<StyleGenerator> tuned;  // of pti
  std::string started_from;               // "encoder", "mean" or "latent"
  std::string encoder_hash;               // empty without an encoder
  /// PSNR at 256 px in dB; stage distance or LPIPS at 256 px; identity by dlib, NaN where it cannot
  /// be told. All of the reconstruction, with tuning and noise.
  double psnr = 0, distance = 0;
  double identity = std::numeric_limits<double>::quiet_NaN();
  int64_t steps = 0;
  bool cancelled = false;
  /// Sentences for a person; the job was told them too.
  std::vector<std::string> warnings;
};

/// `photo` upright as read, `path` its name in messages. A stop request gives the best so far.
/// Throws Error{input}: no face, or none that can be used; a picture said to be aligned that is
/// not square; method `encoder` where there is none. Error{checkpoint}: an encoder or a start of
/// another generator.
InvertedFace invert_face(const StyleGenerator& generator, const Image& photo,
                         const std::filesystem::path& path, const FaceInversionOptions& options,
                         Job& job);

}  // namespace vane
