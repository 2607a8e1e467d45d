// SPDX-License-Identifier: Apache-2.0
// From files to inversion encoders.
#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "generators/inversion/inversion_encoder.h"

namespace vane {
namespace {

constexpr std::string_view kEncoder = "encoder.", kDecoder = "decoder.";

Error fault(const TensorTable& table, std::string message) {
  return Error(ErrorCode::checkpoint, std::move(message)).in_file(table.path);
}

/// "encoder_type" of a training's options, or of safetensors metadata; empty when it is not said.
std::string option(const TensorTable& table, const std::string& name) {
  for (const std::string& key : {"opts." + name, name}) {
    const auto found = table.metadata.find(key);
    if (found != table.metadata.end()) return found->second;
  }
  return {};
}

EncoderKind kind_of(const TensorTable& table) {
  const std::string type = option(table, "encoder_type");
  if (type == "Encoder4Editing") return EncoderKind::e4e;
  if (type == "GradualStyleEncoder") return EncoderKind::psp;
  if (!type.empty()) {
    throw fault(table, "holds an encoder of type \"" + printable(type, 40) +
                           "\"; GradualStyleEncoder (pSp) and Encoder4Editing (e4e) are supported")
        .at_key("opts.encoder_type");
  }
  throw fault(table,
              "does not say whether it is a pSp or an e4e encoder, whose tensors have the "
              "same names")
      .at_key("opts.encoder_type");
}

/// The mean latent lies beside the state dict in PyTorch files and among the others in safetensors.
void bring_in_latent_avg(TensorTable& table) {
  for (const TensorRecord& record : table.beside) {
    if (record.name == "latent_avg" && !table.contains(record.name)) {
      table.tensors.push_back(record);
      table.reindex();
      return;
    }
  }
}

int64_t count_rows(const Weights& encoder) {
  int64_t rows = 0;
  while (encoder.contains("styles." + std::to_string(rows) + ".linear.weight")) ++rows;
  if (rows == 0) {
    throw fault(encoder.table(), "holds no pSp or e4e encoder: this tensor is missing")
        .at_key("encoder.styles.0.linear.weight");
  }
  return rows;
}

Tensor latent_avg_of(const Weights& weights, int64_t rows, int64_t width) {
  if (option(weights.table(), "start_from_latent_avg") == "False") {
    weights.ignore("latent_avg");
    return {};
  }
  if (!weights.contains("latent_avg")) {
    throw fault(weights.table(), "has no latent_avg, the mean that the encoder's rows start from")
        .at_key("latent_avg");
  }
  const std::vector<int64_t> shape = weights.shape("latent_avg");
  const bool is_one_row =
      shape == std::vector<int64_t>{width} || shape == std::vector<int64_t>{1, width};
  if (!is_one_row) return weights.take("latent_avg", {rows, width});
  return weights.take("latent_avg", shape).view({1, width}).expand({rows, width}).contiguous();
}

}  // namespace

InversionEncoder load_inversion_encoder(const std::filesystem::path& path,
                                        std::optional<EncoderKind> kind, const Limits& limits) {
  TensorTable table = open_weights(path, limits);
  bring_in_latent_avg(table);
  const Weights weights(std::move(table));
  const Weights encoder = weights.under(kEncoder);
  const int64_t rows = count_rows(encoder);
  const IrSeBackbone shape = make_ir_se_backbone(encoder);
  InversionEncoder result = make_inversion_encoder(kind ? *kind : kind_of(weights.table()), rows,
                                                   shape.widths, shape.channels);
  take_parameters(result, encoder);
  result.latent_avg = latent_avg_of(weights, rows, shape.widths[3]);
  for (const std::string& name : weights.under(kDecoder).names()) {
    weights.ignore(std::string(kDecoder) + name);  // the generator that it was trained for
  }
  weights.finish();
  fold_norms(result.backbone);
  result.content_hash = weights.table().content_hash();
  return result;
}

}  // namespace vane
