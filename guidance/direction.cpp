// SPDX-License-Identifier: Apache-2.0
#include "guidance/direction.h"

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/text/templates.h"

namespace vane {
namespace {

// Differences of unit vectors shorter than this are rounding, not direction.
constexpr double kShortest = 1e-5;
// Nearer than this to each other (or to opposite), the great circle is not worth its sines.
constexpr double kSmallAngle = 1e-4;

// Makes the difference [D] a direction; `nothing` says why it may be too short.
Direction made(const Tensor& difference, std::string kind, std::string model_hash,
               const std::string& nothing) {
  const Tensor wide = difference.detach().to(at::kDouble).flatten();
  const double length = wide.norm().item<double>();
  if (!std::isfinite(length)) {
    throw Error(ErrorCode::numeric, "the embeddings of a " + kind + " direction are not finite");
  }
  if (length < kShortest) throw Error(ErrorCode::usage, nothing);
  Direction direction;
  direction.vector = (wide / length).to(at::kFloat);
  direction.magnitude = static_cast<float>(length);
  direction.kind = std::move(kind);
  direction.model_hash = std::move(model_hash);
  return direction;
}

Tensor mean_unit(const Tensor& features) {
  return unit(unit(features.detach().to(at::kDouble)).mean(0));
}

void check_features(const Tensor& features, const char* which) {
  if (features.defined() && features.dim() == 2 && features.size(0) > 0) return;
  throw Error(ErrorCode::usage, std::string("no picture features on the '") + which +
                                    "' side of a residual direction")
      .with_hint("give at least one readable picture on each side");
}

// Features of both sides of a residual, checked; returns unit means {from, to}.
std::pair<Tensor, Tensor> residual_means(const Tensor& from, const Tensor& to) {
  check_features(from, "from");
  check_features(to, "to");
  if (from.size(1) != to.size(1)) {
    throw Error(ErrorCode::usage,
                "residual direction: features of " + std::to_string(from.size(1)) + " and " +
                    std::to_string(to.size(1)) + " numbers do not belong together");
  }
  return {mean_unit(from), mean_unit(to)};
}

void describe_residual(Direction& direction, const Tensor& from, const Tensor& to,
                       const std::pair<Tensor, Tensor>& means) {
  direction.from_point = means.first.to(at::kFloat);
  direction.to_point = means.second.to(at::kFloat);
  direction.origin["count_from"] = std::to_string(from.size(0));
  direction.origin["count_to"] = std::to_string(to.size(0));
  direction.tau =
      static_cast<float>(means.second.dot(direction.vector.to(at::kDouble)).item<double>());
}

// Some of the texts are longer than the model reads. Asked of the tokenizer, because asking
// text_embedding() would bypass its cache.
bool is_cut(const ClipEncoder& clip, const std::vector<std::string>& texts) {
  const auto cut = clip.tokenize(texts).truncated;
  return std::find(cut.begin(), cut.end(), true) != cut.end();
}

const char* averaging_name(TemplateAveraging averaging) {
  return averaging == TemplateAveraging::normalise_first ? "normalise_first" : "average_first";
}

}  // namespace

Direction text_direction(const ClipEncoder& clip, const std::string& from, const std::string& to,
                         const std::string& templates, TemplateAveraging averaging) {
  const at::NoGradGuard no_grad;
  const std::vector<std::string> texts_from = templated(templates, from);
  const std::vector<std::string> texts_to = templated(templates, to);
  const Tensor raw_from = clip.text_embedding(texts_from);
  const Tensor raw_to = clip.text_embedding(texts_to);
  const Tensor difference = averaging == TemplateAveraging::normalise_first
                                ? (unit(raw_to) - unit(raw_from)).mean(0)
                                : unit(raw_to.mean(0)) - unit(raw_from.mean(0));
  Direction direction =
      made(difference, "text", clip.info().hash,
           "'" + printable(from) + "' and '" + printable(to) +
               "' give the same embedding, so no direction leads from one to the other");
  direction.origin = {{"from", from}, {"to", to}, {"templates", templates}};
  if (templates != "none") direction.origin["averaging"] = averaging_name(averaging);
  const bool cut_from = is_cut(clip, texts_from), cut_to = is_cut(clip, texts_to);
  if (cut_from || cut_to) {
    direction.origin["truncated"] = cut_from && cut_to ? "from, to" : cut_from ? "from" : "to";
  }
  return direction;
}

Direction image_direction(const ClipEncoder& clip, const Image& from, const Image& to) {
  const at::NoGradGuard no_grad;
  return made(unit(clip.image_embedding_exact(to)) - unit(clip.image_embedding_exact(from)),
              "image", clip.info().hash,
              "the two pictures give the same embedding, so no direction leads from one to the "
              "other");
}

Direction image_direction(const ClipEncoder& clip, const Tensor& from, const Tensor& to) {
  const at::NoGradGuard no_grad;
  return made(
      unit(clip.image_embedding(to)).mean(0) - unit(clip.image_embedding(from)).mean(0), "image",
      clip.info().hash,
      "the two pictures give the same embedding, so no direction leads from one to the other");
}

Direction residual_direction(const Tensor& from_features, const Tensor& to_features,
                             const std::string& model_hash) {
  const at::NoGradGuard no_grad;
  const auto means = residual_means(from_features, to_features);
  Direction direction =
      made(means.second - means.first, "residual", model_hash,
           "both sets of pictures have the same mean embedding, so there is no residual direction");
  describe_residual(direction, from_features, to_features, means);
  return direction;
}

Direction whitened_residual_direction(const Tensor& from_features, const Tensor& to_features,
                                      const std::string& model_hash) {
  const at::NoGradGuard no_grad;
  const auto means = residual_means(from_features, to_features);
  const Tensor from = unit(from_features.to(at::kDouble));
  const Tensor to = unit(to_features.to(at::kDouble));
  const Tensor mu_from = from.mean(0), mu_to = to.mean(0);
  const Tensor centred = at::cat({from - mu_from, to - mu_to});
  const int64_t n = centred.size(0), width = centred.size(1);
  const Tensor scatter = at::mm(centred.t(), centred);  // (n - 1) C
  const double trace =
      scatter.trace().item<double>() / static_cast<double>(std::max<int64_t>(n - 1, 1));
  if (!(trace > 1e-12)) {
    throw Error(ErrorCode::usage,
                "the pictures of each set do not differ from each other, so "
                "there is no covariance to whiten by")
        .with_hint("give several pictures on each side, or leave out --whiten");
  }
  const Tensor shrunk = scatter + trace * at::eye(width, scatter.options());
  const Tensor root = at::linalg_cholesky(shrunk);
  const Tensor solved = at::cholesky_solve((mu_to - mu_from).unsqueeze(1), root).squeeze(1) *
                        static_cast<double>(width);
  Direction direction =
      made(solved, "residual", model_hash,
           "both sets of pictures have the same mean embedding, so there is no residual direction");
  direction.magnitude = static_cast<float>((mu_to - mu_from).norm().item<double>());
  describe_residual(direction, from_features, to_features, means);
  direction.origin["whitened"] = "pooled covariance";
  return direction;
}

Direction mix(const Direction& a, const Direction& b, float t) {
  const at::NoGradGuard no_grad;
  if (a.model_hash != b.model_hash || a.vector.sizes() != b.vector.sizes()) {
    throw Error(ErrorCode::usage, "the directions to mix belong to different CLIP models")
        .with_hint("make both with the same --clip");
  }
  if (!std::isfinite(t)) throw Error(ErrorCode::usage, "the mixing position is not a number");
  const Tensor p = a.vector.to(at::kDouble), q = b.vector.to(at::kDouble);
  // atan2 form: acos of the dot product loses half the digits for near vectors.
  const double angle = 2 * std::atan2((p - q).norm().item<double>(), (p + q).norm().item<double>());
  if (M_PI - angle < kSmallAngle) {
    throw Error(
        ErrorCode::usage,
        "the directions to mix are opposite, so no shortest way leads from one to the other")
        .with_hint("negate one of them, or mix each with a third direction");
  }
  const double u = static_cast<double>(t);
  Direction mixed = a;
  if (t == 1.f) {
    mixed.vector = b.vector.clone();
  } else if (t != 0.f) {
    const Tensor sum =
        angle < kSmallAngle
            ? p * (1 - u) + q * u
            : (p * std::sin((1 - u) * angle) + q * std::sin(u * angle)) / std::sin(angle);
    mixed.vector = unit(sum).to(at::kFloat);
  }
  mixed.magnitude = (1 - t) * a.magnitude + t * b.magnitude;
  mixed.tau = std::numeric_limits<float>::quiet_NaN();
  mixed.from_point = mixed.to_point = Tensor();
  mixed.kind = "mix";
  mixed.origin = {{"at", number_text(u)}, {"a.kind", a.kind}, {"b.kind", b.kind}};
  for (const auto& [key, value] : a.origin) mixed.origin["a." + key] = value;
  for (const auto& [key, value] : b.origin) mixed.origin["b." + key] = value;
  return mixed;
}

Direction negated(const Direction& direction) {
  Direction back = direction;
  back.vector = -direction.vector.detach();
  back.tau = std::numeric_limits<float>::quiet_NaN();
  std::swap(back.from_point, back.to_point);
  for (const auto& [here, there] : {std::pair{"from", "to"}, std::pair{"count_from", "count_to"}}) {
    std::string first, second;
    if (const auto it = direction.origin.find(here); it != direction.origin.end()) {
      first = it->second;
    }
    if (const auto it = direction.origin.find(there); it != direction.origin.end()) {
      second = it->second;
    }
    if (first.empty() && second.empty()) continue;
    back.origin[here] = second;
    back.origin[there] = first;
  }
  return back;
}

Direction scaled(const Direction& direction, float factor) {
  if (!std::isfinite(factor) || factor == 0.f) {
    throw Error(ErrorCode::usage, "a direction cannot be scaled by " +
                                      number_text(static_cast<double>(factor)) +
                                      "; give a number that is not zero");
  }
  Direction result = factor < 0 ? negated(direction) : direction;
  result.magnitude *= std::abs(factor);
  return result;
}

void check_same_model(const Direction& direction, const ClipEncoder& clip) {
  const ClipInfo& info = clip.info();
  if (direction.vector.numel() != info.embed_dim) {
    throw Error(ErrorCode::checkpoint, "the direction has " +
                                           std::to_string(direction.vector.numel()) +
                                           " numbers but embeddings of " + printable(info.name) +
                                           " have " + std::to_string(info.embed_dim))
        .with_hint("make the direction again with this --clip");
  }
  if (!direction.model_hash.empty() && !info.hash.empty() && direction.model_hash != info.hash) {
    throw Error(ErrorCode::checkpoint, "the direction was made with another CLIP model (" +
                                           printable(direction.model_hash) + ") than " +
                                           printable(info.name) + " (" + info.hash + ")")
        .with_hint("make the direction again with this --clip, or use the model it was made with");
  }
}

}  // namespace vane
