// SPDX-License-Identifier: Apache-2.0
#include "editing/services/direction.h"

#include "editing/picture_folder.h"
#include "engine/base/atomic_file.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/text/phrase.h"
#include "guidance/direction.h"
#include "guidance/prompt_learning.h"
#include "guidance/textual_inversion.h"
#include "guidance/visual_inversion.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

void check_output(const fs::path& output) {
  if (output.extension() != ".safetensors") {
    throw Error(ErrorCode::usage, "a direction is written as .safetensors")
        .in_file(output)
        .with_hint("end the name in .safetensors");
  }
  check_writable(output);
}

std::unique_ptr<ClipEncoder> load(const std::string& name, const Limits& limits) {
  ClipLoadOptions options;
  options.limits = limits;
  return load_clip(name, options);
}

DirectionResult saved(const Direction& direction, const fs::path& output, std::string clip,
                      const std::map<std::string, Tensor>& more = {}) {
  save_direction(output, direction, more);
  DirectionResult result;
  result.output = output.string();
  result.kind = direction.kind;
  result.clip = std::move(clip);
  result.model_hash = direction.model_hash;
  result.embed_dim = direction.vector.numel();
  result.magnitude = static_cast<double>(direction.magnitude);
  result.tau = static_cast<double>(direction.tau);
  if (const auto cut = direction.origin.find("truncated"); cut != direction.origin.end()) {
    result.truncated = cut->second;
  }
  return result;
}

DecodeOptions decode_options(const Limits& limits) {
  DecodeOptions options;
  options.limits = limits;
  return options;
}

double angle_degrees(const Direction& a, const Direction& b) {
  const Tensor p = a.vector.to(at::kDouble), q = b.vector.to(at::kDouble);
  return 2 * std::atan2((p - q).norm().item<double>(), (p + q).norm().item<double>()) * 180 / M_PI;
}

DirectionResult invert_phrase(const DirectionInvertRequest& request, Job& job) {
  check_phrase(request.text, "--text");
  check_phrase(request.from, "--from");
  const auto clip = load(request.clip, request.limits);
  check_has_patches(*clip);
  const Tensor features = clip->text_features({request.from, request.text});
  if ((features[0] - features[1]).norm().item<double>() < 1e-5) {
    throw Error(ErrorCode::usage,
                "--from and --text give the same embedding, so no direction "
                "leads from one to the other");
  }
  VisualInversionConfig config;
  if (request.iterations > 0) config.iterations = request.iterations;
  config.learning_rate = request.learning_rate;
  config.seed = request.seed;
  const VisualInversion from = invert_to_picture(*clip, features[0], config, job);
  const VisualInversion to = invert_to_picture(*clip, features[1], config, job);
  Direction direction = inversion_direction(*clip, from, to);
  direction.origin = {{"from", request.from}, {"to", request.text}};
  DirectionResult result =
      saved(direction, request.output, clip->info().name,
            {{"pseudo_patches", at::stack({from.pseudo_patch, to.pseudo_patch})}});
  result.similarity = to.similarity;
  return result;
}

}  // namespace

DirectionResult direction_text(const DirectionTextRequest& request, Job& job) {
  check_phrase_bytes(request.from, "--from", request.limits);
  check_phrase_bytes(request.to, "--to", request.limits);
  check_phrase(request.from, "the first phrase");
  check_phrase(request.to, "the second phrase");
  check_output(request.output);
  const auto clip = load(request.clip, request.limits);
  job.check_cancelled();
  const Direction direction =
      text_direction(*clip, request.from, request.to, request.templates,
                     request.averaging == "average_first" ? TemplateAveraging::average_first
                                                          : TemplateAveraging::normalise_first);
  DirectionResult result = saved(direction, request.output, clip->info().name);
  if (!result.truncated.empty()) {
    job.warn("longer than the " + std::to_string(clip->info().context_length) +
             " tokens that the model reads, the rest was cut: " + result.truncated);
  }
  return result;
}

DirectionResult direction_image(const DirectionImageRequest& request, Job& job) {
  check_output(request.output);
  const Image from = read_image(request.from, decode_options(request.limits));
  const Image to = read_image(request.to, decode_options(request.limits));
  const auto clip = load(request.clip, request.limits);
  job.check_cancelled();
  Direction direction = image_direction(*clip, from, to);
  direction.origin = {{"from", request.from.filename().string()},
                      {"to", request.to.filename().string()}};
  DirectionResult result = saved(direction, request.output, clip->info().name);
  result.count_from = result.count_to = 1;
  return result;
}

DirectionResult direction_residual(const DirectionResidualRequest& request, Job& job) {
  check_output(request.output);
  const auto clip = load(request.clip, request.limits);
  std::vector<std::string> skipped;
  const Tensor from = folder_features(*clip, request.from, request.limits, skipped, job);
  const Tensor to = folder_features(*clip, request.to, request.limits, skipped, job);
  const std::string& hash = clip->info().hash;
  Direction direction = request.whiten ? whitened_residual_direction(from, to, hash)
                                       : residual_direction(from, to, hash);
  direction.origin["from"] = folder_name(request.from);
  direction.origin["to"] = folder_name(request.to);
  DirectionResult result = saved(direction, request.output, clip->info().name);
  result.count_from = from.size(0);
  result.count_to = to.size(0);
  result.skipped = std::move(skipped);
  return result;
}

DirectionResult direction_prompts(const DirectionPromptsRequest& request, Job& job) {
  check_phrase_bytes(request.from_word, "--from-word", request.limits);
  check_phrase_bytes(request.to_word, "--to-word", request.limits);
  if (request.form == "context") {
    check_phrase(request.from_word, "--from-word");
    check_phrase(request.to_word, "--to-word");
  }
  check_output(request.output);
  if (request.enhanced.size() > 2) {
    throw Error(ErrorCode::usage,
                "--enhanced takes at most two folders: an older and a newer result");
  }
  const std::shared_ptr<const ClipEncoder> clip = load(request.clip, request.limits);
  std::vector<std::string> skipped;
  const auto features = [&](const fs::path& folder) {
    return folder_features(*clip, folder, request.limits, skipped, job);
  };
  const Tensor from = features(request.from), to = features(request.to);
  std::vector<Tensor> enhanced;
  for (const fs::path& folder : request.enhanced) enhanced.push_back(features(folder));
  PromptLearningConfig config;
  config.form = request.form;
  config.tokens = request.tokens;
  config.from_word = request.from_word;
  config.to_word = request.to_word;
  config.iterations = request.iterations;
  config.batch = request.batch;
  config.learning_rate = request.learning_rate;
  config.seed = request.seed;
  PromptPair pair(clip, config);
  PromptLearningResult learned = learn_prompts(pair, from, to, enhanced, config, job);
  learned.direction.origin["from"] = folder_name(request.from);
  learned.direction.origin["to"] = folder_name(request.to);
  DirectionResult result = saved(learned.direction, request.output, clip->info().name,
                                 {{pair.key(), pair.learned().to(at::kFloat)}});
  result.count_from = from.size(0);
  result.count_to = to.size(0);
  result.skipped = std::move(skipped);
  result.loss = learned.loss;
  result.accuracy = learned.accuracy;
  result.held_out_accuracy = learned.held_out_accuracy;
  return result;
}

DirectionResult direction_invert(const DirectionInvertRequest& request, Job& job) {
  if (request.image.empty() == request.text.empty()) {
    throw Error(ErrorCode::usage, "give either a picture or --text PHRASE to invert");
  }
  check_phrase_bytes(request.text, "--text", request.limits);
  check_phrase_bytes(request.from, "--from", request.limits);
  check_output(request.output);
  if (!request.text.empty()) return invert_phrase(request, job);
  const Image image = read_image(request.image, decode_options(request.limits));
  const auto clip = load(request.clip, request.limits);
  TextualInversionConfig config;
  config.tokens = request.tokens;
  if (request.iterations > 0) config.iterations = request.iterations;
  config.learning_rate = request.learning_rate;
  config.seed = request.seed;
  const TextualInversion inversion =
      invert_to_text(*clip, unit(clip->image_embedding_exact(image)), config, job);
  Direction direction = inversion_direction(*clip, inversion);
  direction.origin = {{"image", request.image.filename().string()},
                      {"tokens", std::to_string(request.tokens)}};
  DirectionResult result = saved(direction, request.output, clip->info().name,
                                 {{"pseudo_tokens", inversion.pseudo_tokens}});
  result.similarity = inversion.similarity;
  result.count_to = 1;
  return result;
}

DirectionResult direction_mix(const DirectionMixRequest& request, Job& job) {
  check_output(request.output);
  std::unique_ptr<ClipEncoder> clip;
  if (!request.clip.empty()) clip = load(request.clip, request.limits);
  job.check_cancelled();
  const Direction a = load_direction(request.a, clip.get());
  const Direction b = load_direction(request.b, clip.get());
  DirectionResult result =
      saved(mix(a, b, request.at), request.output, clip ? clip->info().name : std::string());
  result.angle = angle_degrees(a, b);
  return result;
}

}  // namespace vane
