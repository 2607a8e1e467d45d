// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/weights/legacy_magic.h"
#include "engine/weights/npy.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/tensor_table.h"
#include "engine/weights/torch_file.h"

namespace vane {
namespace {

bool looks_like_safetensors(const ByteSource& source, const Limits& limits) {
  const auto length = read_le<uint64_t>(source.view(), 0);
  return length && *length <= limits.weights_header_bytes && *length <= source.size() - 8;
}

struct Refusal {
  std::string message, hint;
};

// What people hand over by mistake, and what to do instead.
std::optional<Refusal> known_mistake(std::string_view text) {
  if (text.empty()) return Refusal{"is empty", "the download may have failed; fetch it again"};
  if (text.starts_with("version https://git-lfs")) {
    return Refusal{"is a Git LFS pointer, not the weights",
                   "run `git lfs pull` where it came from"};
  }
  if (text.starts_with("<")) {
    return Refusal{"is a web page, not the weights",
                   "fetch the file itself; the page may ask for a login"};
  }
  const std::string other = "safetensors and PyTorch .pt, .pth, .bin and .ckpt files are read";
  if (text.starts_with("GGUF")) return Refusal{"is a GGUF file, which is not supported", other};
  if (text.starts_with("\x89HDF")) {
    return Refusal{"is an HDF5 file (Keras), which is not supported", other};
  }
  if (text.size() > 262 && text.substr(257, 5) == "ustar") {
    return Refusal{"is a tar file (PyTorch before 0.1.10), which is not supported", other};
  }
  return std::nullopt;
}

}  // namespace

TensorTable open_weights(const std::filesystem::path& path, const Limits& limits,
                         std::string_view state_dict_key) {
  const auto source =
      MappedFile::open(path, limits.weights_file_bytes, static_cast<int>(ErrorCode::checkpoint));
  const std::string_view text = text_view(source->view());
  if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06")) {
    return parse_torch_zip(source, limits, state_dict_key);
  }
  if (text.starts_with("\x93NUMPY")) return parse_npy(source, limits);
  if (has_legacy_magic(source->view())) return parse_torch_legacy(source, limits, state_dict_key);
  if (looks_like_safetensors(*source, limits)) return parse_safetensors(source, limits);
  if (text.starts_with("\x80")) return parse_bare_pickle(source, limits, state_dict_key);
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    return open_sharded_safetensors(path, limits);
  }
  const std::optional<Refusal> mistake = known_mistake(text);
  // A damaged file is described best by the reader that its name asks for.
  if (!mistake && path.extension() == ".safetensors") return parse_safetensors(source, limits);
  const Refusal refusal =
      mistake.value_or(Refusal{"is not a weights file that Vane knows",
                               "safetensors and PyTorch .pt, .pth, .bin and .ckpt files are read"});
  throw Error(ErrorCode::checkpoint, refusal.message).in_file(path).with_hint(refusal.hint);
}

}  // namespace vane
