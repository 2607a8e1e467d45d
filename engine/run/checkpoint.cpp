// SPDX-License-Identifier: Apache-2.0
#include "engine/run/checkpoint.h"

#include <fstream>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "step-", kSuffix = ".safetensors";

std::string file_name(int64_t step) {
  std::string digits = std::to_string(step);
  digits.insert(0, digits.size() < 9 ? 9 - digits.size() : 0, '0');
  return std::string(kPrefix) + digits + std::string(kSuffix);
}

/// Newest first.
std::vector<fs::path> generations(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) files.push_back(entry.path());
  }
  std::sort(files.rbegin(), files.rend());
  return files;
}

/// Over names, shapes and bytes in order of name.
std::string checksum(const std::map<std::string, Tensor>& tensors) {
  uint64_t hash = 0;
  for (const auto& [name, tensor] : tensors) {
    hash = xxh64(name, hash);
    for (const int64_t size : tensor.sizes()) hash = splitmix64(hash ^ static_cast<uint64_t>(size));
    const Tensor plain = tensor.contiguous();
    hash = xxh64(std::span(static_cast<const std::byte*>(plain.const_data_ptr()),
                           static_cast<size_t>(plain.nbytes())),
                 hash);
  }
  return hex64(hash);
}

Checkpoint read_checkpoint(const fs::path& path, const std::string& config_hash) {
  const TensorTable table = open_weights(path);
  Checkpoint checkpoint;
  checkpoint.facts = table.metadata;
  for (const TensorRecord& record : table.tensors) {
    checkpoint.tensors[record.name] = tensor_from_record(table, record).clone();
  }
  const auto fact = [&](const std::string& key) {
    const auto found = checkpoint.facts.find(key);
    if (found == checkpoint.facts.end()) {
      throw Error(ErrorCode::checkpoint, "is not a checkpoint of a run").in_file(path).at_key(key);
    }
    return found->second;
  };
  if (fact("checksum") != checksum(checkpoint.tensors)) {
    throw Error(ErrorCode::checkpoint, "checksum does not match the tensors").in_file(path);
  }
  const std::optional<long long> step = parse_integer(fact("step"));
  if (!step) throw Error(ErrorCode::checkpoint, "has no step").in_file(path).at_key("step");
  checkpoint.step = *step;
  if (fact("config") != config_hash) {
    throw Error(ErrorCode::config, "belongs to a run with another configuration")
        .in_file(path)
        .with_hint(
            "continue with the configuration it was made with, or choose another run folder");
  }
  return checkpoint;
}

}  // namespace

void restore_tensor(const Checkpoint& checkpoint, const std::string& key, const Tensor& to) {
  const auto found = checkpoint.tensors.find(key);
  if (found == checkpoint.tensors.end() || found->second.sizes() != to.sizes()) {
    throw Error(ErrorCode::checkpoint, "tensor is missing or has another shape").at_key(key);
  }
  const at::NoGradGuard no_grad;
  to.copy_(found->second);
}

std::map<std::string, Tensor> tensors_under(const Checkpoint& checkpoint,
                                            const std::string& prefix) {
  std::map<std::string, Tensor> found;
  for (const auto& [key, tensor] : checkpoint.tensors) {
    if (key.starts_with(prefix)) found[key.substr(prefix.size())] = tensor;
  }
  return found;
}

CheckpointFolder::CheckpointFolder(fs::path folder, std::string config_hash, int keep)
    : folder_(std::move(folder)), config_hash_(std::move(config_hash)), keep_(keep) {}

void CheckpointFolder::save(const Checkpoint& checkpoint) {
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure) {
    throw Error(ErrorCode::resource, "cannot create folder: " + failure.message()).in_file(folder_);
  }
  std::map<std::string, std::string> facts = checkpoint.facts;
  facts["format"] = "vane-checkpoint";
  facts["version"] = "1";
  facts["step"] = std::to_string(checkpoint.step);
  facts["config"] = config_hash_;
  facts["checksum"] = checksum(checkpoint.tensors);
  const std::string name = file_name(checkpoint.step);
  save_tensors(folder_ / name, checkpoint.tensors, facts);
  atomic_write(folder_ / "latest", std::string_view(name));
  // Only now: the pointer is durable.
  const std::vector<fs::path> files = generations(folder_);
  for (size_t i = static_cast<size_t>(keep_); i < files.size(); ++i) fs::remove(files[i], failure);
}

bool CheckpointFolder::empty() const { return generations(folder_).empty(); }

std::optional<Checkpoint> CheckpointFolder::load(Job& job) const {
  std::vector<fs::path> files = generations(folder_);
  if (files.empty()) return std::nullopt;
  std::ifstream pointer(folder_ / "latest");
  std::string name;
  std::getline(pointer, name);
  // The pointer goes first: a newer file without it was never finished being announced.
  const auto latest = std::find(files.begin(), files.end(), folder_ / name);
  if (latest != files.end()) std::rotate(files.begin(), latest, latest + 1);
  std::optional<Error> first;
  for (const fs::path& file : files) {
    try {
      return read_checkpoint(file, config_hash_);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::config) throw;
      job.warn("skipping a damaged checkpoint: " + std::string(error.what()));
      if (!first) first = error;
    }
  }
  throw *first;
}

}  // namespace vane
