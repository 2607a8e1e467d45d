// SPDX-License-Identifier: Apache-2.0
#include "guidance/catalog.h"

#include "guidance/clip_contrastive.h"
#include "guidance/clip_directional.h"
#include "guidance/clip_global.h"
#include "guidance/clip_identity.h"
#include "guidance/clip_prompt_pair.h"
#include "guidance/clip_residual.h"
#include "guidance/edge_structure.h"
#include "guidance/feature_identity.h"
#include "guidance/lpips.h"
#include "guidance/objective_stack.h"
#include "guidance/pixel_l2.h"
#include "guidance/relevancy_preserve.h"
#include "guidance/structural_similarity.h"
#include "guidance/total_variation.h"

namespace vane {
namespace {

// What every entry of a list has besides its own fields.
template <class Config>
struct Listed : Config {
  float weight = 1.f;
  std::string name;

  template <class V>
  static void fields(V& v) {
    v.field("weight", &Listed::weight, "multiplier of this term", {.min = -1e6, .max = 1e6});
    v.field("name", &Listed::name, "what reports call it; its kind by default");
    Config::fields(v);
  }
};

struct PlainConfig {
  template <class V>
  static void fields(V&) {}
};

// Where a directional term takes its direction from.
struct DirectionalEntry : ClipDirectionalConfig {
  std::string from, to;
  std::string templates = "none";
  std::filesystem::path direction;

  template <class V>
  static void fields(V& v) {
    using C = DirectionalEntry;
    v.field("from", &C::from, "what the picture shows now");
    v.field("to", &C::to, "what it should show");
    v.field("templates", &C::templates, "sentences around the phrases, averaged",
            {.choices = {"none", "subset7", "nada79", "imagenet80"}});
    v.field("direction", &C::direction, "a saved direction instead of phrases");
    ClipDirectionalConfig::fields(v);
  }
};

struct GlobalEntry : ClipGlobalConfig {
  std::vector<std::string> prompts;
  std::string templates = "none";

  template <class V>
  static void fields(V& v) {
    using C = GlobalEntry;
    v.field("prompts", &C::prompts, "TEXT, TEXT:WEIGHT or TEXT:WEIGHT:STOP", {.required = true});
    v.field("templates", &C::templates, "sentences around the phrases, averaged",
            {.choices = {"none", "subset7", "nada79", "imagenet80"}});
    ClipGlobalConfig::fields(v);
  }
};

struct IdentityEntry {
  ViewConfig views;

  template <class V>
  static void fields(V& v) {
    v.field("views", &IdentityEntry::views, "which views are compared");
  }
};

struct ResidualEntry {
  std::filesystem::path direction;
  ViewConfig views;

  template <class V>
  static void fields(V& v) {
    using C = ResidualEntry;
    v.field("direction", &C::direction, "a direction made by `vane direction residual`",
            {.required = true});
    v.field("views", &C::views, "which views are looked at");
  }
};

struct ContrastiveEntry : ClipContrastiveConfig {
  std::string positive;
  std::vector<std::string> negatives;
  std::string templates = "none";

  template <class V>
  static void fields(V& v) {
    using C = ContrastiveEntry;
    v.field("positive", &C::positive, "what the picture should show", {.required = true});
    v.field("negatives", &C::negatives, "what it should rather not show", {.required = true});
    v.field("templates", &C::templates, "sentences around the phrases, averaged",
            {.choices = {"none", "subset7", "nada79", "imagenet80"}});
    ClipContrastiveConfig::fields(v);
  }
};

struct PromptPairEntry {
  std::string from, to;
  std::filesystem::path direction;
  ViewConfig views;

  template <class V>
  static void fields(V& v) {
    using C = PromptPairEntry;
    v.field("from", &C::from, "prompt to leave");
    v.field("to", &C::to, "prompt to reach");
    v.field("direction", &C::direction, "a pair made by `vane direction prompts` instead");
    v.field("views", &C::views, "which views are looked at");
  }
};

struct LpipsEntry {
  std::filesystem::path weights, linear;

  template <class V>
  static void fields(V& v) {
    using C = LpipsEntry;
    v.field("weights", &C::weights, "AlexNet or VGG16 in the layout of lpips or torchvision",
            {.required = true});
    v.field("linear", &C::linear, "linear layers of lpips, when `weights` is a bare trunk");
  }
};

std::unique_ptr<Objective> contrastive(const ContrastiveEntry& config,
                                       const GuidanceContext& context) {
  const auto features = [&](const ClipEncoder& clip, const std::vector<std::string>& texts) {
    std::vector<WeightedPrompt> prompts;
    for (const std::string& text : texts) prompts.push_back({text});
    std::vector<Tensor> rows;
    for (const GlobalTarget& target : text_targets(clip, prompts, config.templates)) {
      rows.push_back(target.feature);
    }
    return at::stack(rows);
  };
  if (config.negatives.empty()) {
    throw Error(ErrorCode::config, "clip_contrastive needs at least one negative");
  }
  std::vector<ClipContrastive::Guide> guides;
  for (const WeightedEncoder& encoder : context.encoders) {
    guides.push_back({encoder, features(*encoder.clip, {config.positive})[0],
                      features(*encoder.clip, config.negatives)});
  }
  return std::make_unique<ClipContrastive>(std::move(guides), config);
}

std::unique_ptr<Objective> prompt_pair(const PromptPairEntry& config,
                                       const GuidanceContext& context) {
  const bool phrases = !config.from.empty() || !config.to.empty();
  if (phrases != config.direction.empty() || config.from.empty() != config.to.empty()) {
    throw Error(ErrorCode::config, "clip_prompt_pair takes either from and to, or direction");
  }
  const auto learned = [&](const ClipEncoder& clip) {
    const Direction direction = load_direction(config.direction, &clip);
    if (direction.kind != "prompts" || !direction.from_point.defined() ||
        !direction.to_point.defined()) {
      throw Error(ErrorCode::config, "the direction holds no pair of prompts")
          .in_file(config.direction)
          .with_hint("use one made by `vane direction prompts`");
    }
    return at::stack({direction.from_point, direction.to_point});
  };
  std::vector<ClipPromptPair::Guide> guides;
  for (const WeightedEncoder& encoder : context.encoders) {
    guides.push_back({encoder, phrases ? encoder.clip->text_features({config.from, config.to})
                                       : learned(*encoder.clip)});
  }
  return std::make_unique<ClipPromptPair>(std::move(guides), config.views);
}

std::unique_ptr<Objective> directional(const DirectionalEntry& config,
                                       const GuidanceContext& context) {
  const bool phrases = !config.from.empty() || !config.to.empty();
  if (phrases != config.direction.empty() || config.from.empty() != config.to.empty()) {
    throw Error(ErrorCode::config, "clip_directional takes either from and to, or direction");
  }
  std::vector<DirectionalGuide> guides;
  for (const WeightedEncoder& encoder : context.encoders) {
    DirectionalGuide& guide = guides.emplace_back();
    guide.encoder = encoder;
    guide.direction = phrases
                          ? text_direction(*encoder.clip, config.from, config.to, config.templates)
                          : load_direction(config.direction, encoder.clip.get());
  }
  return std::make_unique<ClipDirectional>(std::move(guides), config);
}

std::unique_ptr<Objective> global(const GlobalEntry& config, const GuidanceContext& context) {
  std::vector<WeightedPrompt> prompts;
  for (const std::string& prompt : config.prompts) prompts.push_back(parse_prompt(prompt));
  std::vector<GlobalGuide> guides;
  for (const WeightedEncoder& encoder : context.encoders) {
    GlobalGuide& guide = guides.emplace_back();
    guide.encoder = encoder;
    guide.targets = text_targets(*encoder.clip, prompts, config.templates);
  }
  return std::make_unique<ClipGlobal>(std::move(guides), config);
}

std::unique_ptr<Objective> residual(const ResidualEntry& config, const GuidanceContext& context) {
  std::vector<ClipResidual::Guide> guides;
  for (const WeightedEncoder& encoder : context.encoders) {
    ClipResidual::Guide& guide = guides.emplace_back();
    guide.encoder = encoder;
    guide.direction = load_direction(config.direction, encoder.clip.get());
  }
  return std::make_unique<ClipResidual>(guides, config.views);
}

// Adds an objective whose entry is weighted and named.
template <class Config, class Make>
void add(ObjectiveRegistry& registry, const std::string& kind, const std::string& summary,
         const std::string& source, Make make) {
  registry.add<Listed<Config>>(
      kind, summary, source,
      [kind, make](const Listed<Config>& config, const GuidanceContext& context) {
        auto stack = std::make_unique<ObjectiveStack>();
        stack->add(config.name.empty() ? kind : config.name, make(config, context), config.weight);
        return stack;
      });
}

// Entries are stacks of one, so the scores add up as they are; only repeated names change.
class ObjectiveList : public Objective {
 public:
  explicit ObjectiveList(std::vector<std::unique_ptr<Objective>> entries)
      : entries_(std::move(entries)) {}

  Score evaluate(const Evaluation& evaluation) override {
    Score sum;
    std::map<std::string, int> seen;
    for (const auto& entry : entries_) {
      Score part = entry->evaluate(evaluation);
      sum.total = sum.total.defined() ? sum.total + part.total : part.total;
      for (Term& term : part.terms) {
        const int times = ++seen[term.name];
        if (times > 1) term.name += "_" + std::to_string(times);
        sum.terms.push_back(std::move(term));
      }
    }
    return sum;
  }
  bool needs_source() const override {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const auto& entry) { return entry->needs_source(); });
  }

 private:
  std::vector<std::unique_ptr<Objective>> entries_;
};

}  // namespace

ObjectiveRegistry objective_registry() {
  ObjectiveRegistry registry;
  add<DirectionalEntry>(registry, ClipDirectional::kName, "moves as a direction points",
                        "Gal et al. 2021 (StyleGAN-NADA)", directional);
  add<GlobalEntry>(registry, ClipGlobal::kName, "comes near to phrases",
                   "Patashnik et al. 2021 (StyleCLIP)", global);
  add<IdentityEntry>(registry, ClipIdentity::kName, "keeps the embedding of the source",
                     "Patashnik et al. 2021 (StyleCLIP), with CLIP in place of ArcFace",
                     [](const IdentityEntry& config, const GuidanceContext& context) {
                       return std::make_unique<ClipIdentity>(context.encoders, config.views);
                     });
  add<ResidualEntry>(registry, ClipResidual::kName, "reaches the threshold of a residual vector",
                     "Gaintseva et al. 2024 (RAVE)", residual);
  add<ContrastiveEntry>(registry, ClipContrastive::kName,
                        "comes nearer to one phrase than to others",
                        "van den Oord et al. 2018; Wang et al. 2023 (NeRF-Art)", contrastive);
  add<PromptPairEntry>(registry, ClipPromptPair::kName, "looks like one prompt rather than another",
                       "Liang et al. 2023 (CLIP-LIT)", prompt_pair);
  add<FeatureIdentityConfig>(
      registry, FeatureIdentity::kName, "keeps what the stages of a ResNet CLIP see",
      "Liang et al. 2023 (CLIP-LIT)",
      [](const FeatureIdentityConfig& config, const GuidanceContext& context) {
        return std::make_unique<FeatureIdentity>(context.encoders, config);
      });
  add<RelevancyPreserveConfig>(
      registry, RelevancyPreserve::kName, "leaves alone what a phrase does not name",
      "this project, after Kerr et al. 2023 (LERF)",
      [](const RelevancyPreserveConfig& config, const GuidanceContext& context) {
        return std::make_unique<RelevancyPreserve>(context.encoders, config);
      });
  add<PlainConfig>(
      registry, MsSsim::kName, "keeps structure on several scales", "Wang et al. 2003",
      [](const PlainConfig&, const GuidanceContext&) { return std::make_unique<MsSsim>(); });
  add<PlainConfig>(
      registry, Gmsd::kName, "keeps gradients alike everywhere", "Xue et al. 2014",
      [](const PlainConfig&, const GuidanceContext&) { return std::make_unique<Gmsd>(); });
  add<LpipsEntry>(
      registry, LpipsObjective::kName, "keeps what a trained network sees", "Zhang et al. 2018",
      [](const LpipsEntry& config, const GuidanceContext&) {
        return std::make_unique<LpipsObjective>(Lpips::load(config.weights, config.linear));
      });
  add<EdgeStructureConfig>(registry, EdgeStructure::kName, "keeps edges where they are",
                           "this project",
                           [](const EdgeStructureConfig& config, const GuidanceContext&) {
                             return std::make_unique<EdgeStructure>(config);
                           });
  add<PlainConfig>(
      registry, PixelL2::kName, "keeps the pixels of the source", "mean squared error",
      [](const PlainConfig&, const GuidanceContext&) { return std::make_unique<PixelL2>(); });
  add<TotalVariationConfig>(registry, TotalVariation::kName, "stays smooth",
                            "Rudin et al. 1992; norms: Kwon & Ye 2022 (CLIPstyler)",
                            [](const TotalVariationConfig& config, const GuidanceContext&) {
                              return std::make_unique<TotalVariation>(config);
                            });
  return registry;
}

std::unique_ptr<Objective> objective_stack(const ObjectiveRegistry& registry, const YamlNode& list,
                                           const std::filesystem::path& file,
                                           const GuidanceContext& context) {
  if (list.kind != YamlNode::Kind::sequence || list.items.empty()) {
    throw Error(ErrorCode::config, "a list of objectives is expected")
        .in_file(file)
        .at_line(list.line, list.column)
        .with_hint("each entry starts with `- kind: …`");
  }
  std::vector<std::unique_ptr<Objective>> entries;
  for (const auto& item : list.items) {
    try {
      entries.push_back(registry.make(*item, file, context));
    } catch (Error& error) {
      error.set_file_if_empty(file);
      throw;
    }
  }
  return std::make_unique<ObjectiveList>(std::move(entries));
}

}  // namespace vane
