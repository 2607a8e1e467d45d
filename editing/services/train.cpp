// SPDX-License-Identifier: Apache-2.0
#include "editing/services/train.h"

#include "editing/faces/face_identity.h"
#include "editing/faces/recognition_weights.h"
#include "editing/language/language_evaluation.h"
#include "editing/services/edit_evaluation.h"
#include "editing/training/clip_evaluation.h"
#include "editing/training/clip_training.h"
#include "editing/training/composite_evaluation.h"
#include "editing/training/delta_training.h"
#include "editing/training/enhance_evaluation.h"
#include "editing/training/enhance_training.h"
#include "editing/training/inversion_training.h"
#include "editing/training/inverter_training.h"
#include "editing/training/mapper_training.h"
#include "editing/training/nada_training.h"
#include "editing/training/preview_training.h"
#include "editing/vocabulary_source.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/clip/clip_encoder.h"
#include "engine/config/config_reader.h"
#include "engine/image/codec.h"
#include "engine/run/device.h"
#include "engine/run/freed_memory.h"
#include "enhance/classical/classical_method.h"

namespace vane {

namespace {

/// Reads the recipe and runs it. `run_training` takes config, run folder, resume and job.
template <class Config, class Run>
TrainResult train_with(const TrainRequest& request, const Run& run_training, Job& job) {
  const auto config = read_config<Config>(request.recipe, request.overrides, request.limits);
  const std::filesystem::path run =
      request.run.empty() ? std::filesystem::path("runs") / config.name : request.run;
  const auto trained = run_training(config, run, request.resume, job);
  TrainResult result;
  result.output = config.output.string();
  result.run = run.string();
  result.steps = trained.steps;
  result.finished = trained.finished;
  result.loss = trained.loss;
  result.seconds = trained.seconds;
  result.evaluation = trained.evaluation;
  return result;
}

/// The training knows no dlib; it takes the weights of its network when they are there, and must
/// have them when its recipe weighs identity.
TrainingResult train_inversion_with_dlib(const InversionTrainingConfig& config,
                                         const std::filesystem::path& run, bool resume, Job& job) {
  std::vector<RecognitionArray> recogniser;
  if (config.loss.identity > 0 || std::filesystem::exists(recognition_file())) {
    recogniser = read_recognition_weights(recognition_file());
  }
  return train_inversion(config, run, resume, recogniser, job);
}

}  // namespace

TrainResult train(const TrainRequest& request, Job& job) {
  if (compute_device() != "cpu") {
    throw Error(ErrorCode::usage, "training computes on the CPU only")
        .at_key("--device " + compute_device());
  }
  keep_freed_memory();
  if (request.component == "delta") {
    return train_with<DeltaTrainingConfig>(request, train_delta, job);
  }
  if (request.component == "enhance") {
    return train_with<EnhanceTrainingConfig>(request, train_enhance, job);
  }
  if (request.component == "inversion") {
    return train_with<InversionTrainingConfig>(request, train_inversion_with_dlib, job);
  }
  if (request.component == "inverter") {
    return train_with<InverterTrainingConfig>(request, train_inverter, job);
  }
  if (request.component == "mapper") {
    return train_with<MapperTrainingConfig>(request, train_mapper, job);
  }
  if (request.component == "nada") {
    return train_with<NadaTrainingConfig>(request, train_nada, job);
  }
  if (request.component == "preview") {
    return train_with<PreviewTrainingConfig>(request, train_preview, job);
  }
  return train_with<ClipTrainingConfig>(request, train_clip, job);
}

namespace {

std::string scores_of(const EvaluateRequest& request, const std::filesystem::path& model,
                      const ClipEncoder& clip, const ClipEvaluationData& data, Job& job) {
  if (request.kind == "clip") return evaluate_clip(clip, data, {}, job).json();
  CompositeEvaluationOptions options;
  options.scenes = request.scenes;
  options.seed = request.seed;
  if (request.kind == "segment") return evaluate_segment(clip, data.library, options, job).json();
  const NamedVocabulary vocabulary = wanted_vocabulary("", model.string(), request.limits);
  return evaluate_diagnose(clip, data.library, vocabulary.words, options, job).json();
}

/// Only what is held out is worth decoding.
PhotoLibraryConfig held_out_of(PhotoLibraryConfig library, int64_t side) {
  std::erase_if(library.photographs, [](const PhotographEntry& entry) { return !entry.held_out; });
  if (library.photographs.empty()) {
    throw Error(ErrorCode::config, "no photograph is held out").at_key("data.library.photographs");
  }
  library.cutouts.clear();
  library.photograph_side = std::max(library.photograph_side, static_cast<int>(side));
  return library;
}

std::vector<EvaluatedMethod> evaluated_methods(const EvaluateRequest& request,
                                               const EnhanceTrainingConfig& config, Job& job) {
  std::vector<EvaluatedMethod> methods;
  for (const std::string& name : classical_method_names()) {
    methods.push_back({name, make_enhance_method(name, {}, request.limits)});
  }
  for (const std::string& network : request.networks) {
    const size_t equals = network.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == network.size()) {
      throw Error(ErrorCode::usage, "\"" + network + "\" is not NAME=FILE").at_key("--network");
    }
    const std::string name = network.substr(0, equals);
    if (std::any_of(methods.begin(), methods.end(),
                    [&](const EvaluatedMethod& other) { return other.name == name; }) ||
        name == config.method) {
      throw Error(ErrorCode::usage, "there is a row \"" + name + "\" already").at_key("--network");
    }
    methods.push_back(
        {name, make_enhance_method("rave", network.substr(equals + 1), request.limits)});
  }
  const std::filesystem::path model =
      request.model.empty() ? config.output : std::filesystem::path(request.model);
  if (request.model.empty() && !std::filesystem::exists(model)) {
    job.warn("not measured: " + config.method + ", as there is no " + model.string());
  } else {
    methods.push_back({config.method, make_enhance_method(config.method, model, request.limits)});
    if (request.refine > 0 && config.method == "vane") {
      EvaluatedMethod refined = methods.back();
      refined.name += "-refined";
      refined.refine_steps = request.refine;
      methods.push_back(std::move(refined));
    }
  }
  return methods;
}

EvaluateResult evaluate_enhancement(const EvaluateRequest& request, Job& job) {
  const auto config =
      read_config<EnhanceTrainingConfig>(request.recipe, request.overrides, request.limits);
  if (!request.output.empty()) check_writable(request.output);
  if (!request.sheet.empty()) {
    format_for_path(request.sheet);
    check_writable(request.sheet);
  }
  const std::vector<EvaluatedMethod> methods = evaluated_methods(request, config, job);
  const PhotoLibrary library =
      load_photo_library(held_out_of(config.data.library, request.side), job);
  for (const std::string& file : library.missing) job.warn("not installed: " + file);
  EnhanceEvaluationOptions options{.photographs = request.photographs,
                                   .side = static_cast<int>(request.side),
                                   .seed = request.seed};
  if (request.sheet.empty()) options.sheet_photographs = 0;
  const EnhanceEvaluation evaluation = evaluate_enhance(library, methods, options, job);
  if (!request.sheet.empty()) {
    if (evaluation.sheet.width == 0) {
      job.warn("no sheet: no photograph became backlit");
    } else {
      write_image(request.sheet, evaluation.sheet);
    }
  }
  EvaluateResult result{evaluation.json(), evaluation.markdown()};
  if (!request.output.empty()) {
    atomic_write(request.output, std::string_view(result.scores + "\n"));
  }
  return result;
}

EvaluateResult evaluate_lifting(const EvaluateRequest& request, Job& job) {
  const auto config =
      read_config<LanguageEvaluationConfig>(request.recipe, request.overrides, request.limits);
  if (!request.output.empty()) check_writable(request.output);
  const std::string model = request.model.empty() ? config.clip : request.model;
  ClipLoadOptions options;
  options.limits = request.limits;
  const std::unique_ptr<ClipEncoder> clip = load_clip(model, options);
  Vocabulary vocabulary;
  if (has_vocabulary(model)) {
    std::vector<VocabularyWord> words = wanted_vocabulary("", model, request.limits).words;
    std::erase_if(words, [](const VocabularyWord& word) { return !names_a_thing(word); });
    vocabulary = embed_vocabulary(*clip, words, job);
  }
  const LanguageEvaluation evaluation = evaluate_language(*clip, vocabulary, config, job);
  EvaluateResult result{evaluation.json(), {}};
  if (!request.output.empty()) {
    atomic_write(request.output, std::string_view(result.scores + "\n"));
  }
  return result;
}

}  // namespace

EvaluateResult evaluate(const EvaluateRequest& request, Job& job) {
  if (request.kind == "enhance") return evaluate_enhancement(request, job);
  if (request.kind == "edit") return evaluate_edit(request, job);
  if (request.kind == "language") return evaluate_lifting(request, job);
  const auto config =
      read_config<ClipTrainingConfig>(request.recipe, request.overrides, request.limits);
  if (!config.folder.empty()) {
    throw Error(ErrorCode::config, "captioned folders have no held-out looks to evaluate")
        .in_file(request.recipe)
        .at_key("folder");
  }
  if (!request.output.empty()) check_writable(request.output);
  ClipLoadOptions options;
  options.limits = request.limits;
  const std::filesystem::path model =
      request.model.empty() ? config.output : std::filesystem::path(request.model);
  const auto clip = load_clip(model, options);
  const auto library =
      std::make_shared<const PhotoLibrary>(load_photo_library(config.procedural.library, job));
  for (const std::string& file : library->missing) job.warn("not installed: " + file);
  ClipEvaluationData data{library, nullptr};
  if (!config.faces.folder.empty() && !std::filesystem::exists(config.faces.folder)) {
    job.warn("no face set in " + config.faces.folder.string() + ": faces are not asked about");
  } else if (!config.faces.folder.empty()) {
    data.faces = std::make_shared<const FaceSet>(FaceSet::load(config.faces.folder, job));
  }
  EvaluateResult result;
  result.scores = scores_of(request, model, *clip, data, job);
  if (!request.output.empty()) {
    atomic_write(request.output, std::string_view(result.scores + "\n"));
  }
  return result;
}

}  // namespace vane
