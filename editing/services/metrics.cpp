// SPDX-License-Identifier: Apache-2.0
#include "editing/services/metrics.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "editing/metric_set.h"
#include "editing/photo_batch.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// `reference` and `before` are empty where there is none.
struct Pair {
  fs::path reference, test, before;
};

/// What is measured when nothing is named.
std::vector<std::string> usual_metrics(bool alone) {
  if (alone) return MetricSet::names_alone();
  return {"psnr", "psnr_y", "ssim",   "ssim_rgb", "ms_ssim",
          "gmsd", "loe",    "deltae", "chroma",   "niqe_local"};
}

Tensor picture(const fs::path& path, const Limits& limits) {
  DecodeOptions decode;
  decode.limits = limits;
  return image_to_tensor(read_image(path, decode));
}

std::string size_text(const Tensor& picture) {
  return std::to_string(picture.size(3)) + " x " + std::to_string(picture.size(2));
}

MetricValues measured(const Pair& pair, const MetricSet& metrics, const Limits& limits, Job& job) {
  MeasuredPictures seen{{}, picture(pair.test, limits), {}};
  if (!pair.reference.empty()) seen.reference = picture(pair.reference, limits);
  if (seen.reference.defined() && seen.reference.sizes() != seen.test.sizes()) {
    throw Error(ErrorCode::usage,
                "is " + size_text(seen.test) + ", its reference " + size_text(seen.reference))
        .in_file(pair.test);
  }
  if (metrics.needs_before()) {
    seen.before = pair.before == pair.reference ? seen.reference : picture(pair.before, limits);
  }
  try {
    return metrics.values(seen, job);
  } catch (Error& error) {
    error.set_file_if_empty(pair.test);
    throw;
  }
}

nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

std::vector<MetricMean> means(const std::vector<MeasuredFile>& files) {
  std::vector<MetricMean> means;
  for (const MeasuredFile& file : files) {
    for (size_t i = 0; i < file.values.size(); ++i) {
      const auto& [name, value] = file.values[i];
      if (i == means.size()) means.push_back({name, value, 0});
      if (!std::isfinite(value)) continue;
      MetricMean& mean = means[i];
      mean.value = mean.files == 0 ? value : mean.value + value;
      ++mean.files;
    }
  }
  for (MetricMean& mean : means) {
    if (mean.files > 0) mean.value /= static_cast<double>(mean.files);
  }
  return means;
}

std::string report_text(const MetricsResult& result) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const MeasuredFile& file : result.files) {
    nlohmann::ordered_json entry = nlohmann::ordered_json::object();
    if (!file.reference.empty()) entry["reference"] = file.reference;
    entry["test"] = file.test;
    if (file.error.empty()) {
      for (const auto& [name, value] : file.values) entry[name] = number(value);
    } else {
      entry["error"] = file.error;
    }
    files.push_back(std::move(entry));
  }
  nlohmann::ordered_json mean = nlohmann::ordered_json::object(), over = mean;
  for (const MetricMean& metric : result.mean) {
    mean[metric.name] = number(metric.value);
    over[metric.name] = metric.files;
  }
  const auto count = static_cast<int64_t>(result.files.size());
  nlohmann::ordered_json json{
      {"schema", 1},
      {"counts", {{"ok", count - result.failed}, {"failed", result.failed}}},
      {"protocol", result.protocol},
      {"mean", mean},
      {"mean_over", over}};
  for (const auto& [name, reason] : result.unavailable) json["unavailable"][name] = reason;
  json["files"] = files;
  return json.dump(2) + "\n";
}

/// A cell as RFC 4180 writes it.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
  return quoted + "\"";
}

/// Empty where a number is not finite or a file failed.
std::string csv_text(const MetricsResult& result) {
  std::string text = "reference,test";
  for (const MetricMean& metric : result.mean) text += "," + metric.name;
  text += ",error\n";
  for (const MeasuredFile& file : result.files) {
    text += cell(file.reference) + "," + cell(file.test);
    for (size_t i = 0; i < result.mean.size(); ++i) {
      text += ",";
      if (i < file.values.size() && std::isfinite(file.values[i].second)) {
        text += number(file.values[i].second).dump();
      }
    }
    text += "," + cell(file.error) + "\n";
  }
  return text;
}

std::vector<std::string> protocol_of(const MetricsResult& result, const MetricSet& metrics) {
  const auto measured = static_cast<int64_t>(result.files.size()) - result.failed;
  std::vector<std::string> lines{
      std::to_string(measured) + (measured == 1 ? " file" : " files, mean over files (not pixels)"),
      "not resized; colours as stored, taken for sRGB; no statistics of the reference used"};
  lines.insert(lines.end(), metrics.protocol().begin(), metrics.protocol().end());
  return lines;
}

}  // namespace

MetricsResult metrics(const MetricsRequest& request, Job& job) {
  const bool alone = request.test.empty();
  const fs::path test = alone ? request.reference : request.test;
  const fs::path reference = alone ? fs::path() : request.reference;
  const fs::path before = request.before.empty() ? reference : request.before;
  const bool many = fs::is_directory(test);
  for (const fs::path& other : {reference, before}) {
    if (!other.empty() && fs::is_directory(other) != many) {
      throw Error(ErrorCode::usage, "a picture is measured against a picture, a folder against one")
          .in_file(test);
    }
  }
  for (const fs::path& output : {request.report, request.csv}) {
    if (!output.empty()) check_writable(output);
  }
  const MetricSet wanted(request.metrics.empty() ? usual_metrics(alone) : request.metrics,
                         {.direction = request.direction,
                          .niqe = request.niqe_model,
                          .lpips = request.lpips,
                          .lpips_linear = request.lpips_linear,
                          .clip = request.clip},
                         request.limits);
  if (alone && !wanted.needs_reference().empty()) {
    throw Error(ErrorCode::usage, wanted.needs_reference() + " compares with a reference")
        .at_key("--metric")
        .with_hint("vane metrics REFERENCE TEST");
  }
  if (before.empty() && wanted.needs_before()) {
    throw Error(ErrorCode::usage, "clip compares with the picture before")
        .at_key("--metric")
        .with_hint("--before PATH says which that is");
  }
  std::vector<Pair> pairs;
  if (many) {
    const auto below = [](const fs::path& folder, const fs::path& name) {
      return folder.empty() ? fs::path() : folder / name;
    };
    for (const fs::path& name : picture_names(test, request.recursive)) {
      pairs.push_back({below(reference, name), test / name, below(before, name)});
    }
    if (pairs.empty()) {
      throw Error(ErrorCode::input, "no picture to measure")
          .in_file(test)
          .with_hint("--recursive looks into the folders below as well");
    }
  } else {
    pairs.push_back({reference, test, before});
  }
  MetricsResult result;
  for (const Pair& pair : pairs) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(result.files.size()), static_cast<int64_t>(pairs.size()),
                 "measuring");
    MeasuredFile& file = result.files.emplace_back();
    file.reference = pair.reference.string();
    file.test = pair.test.string();
    try {
      file.values = measured(pair, wanted, request.limits, job);
    } catch (const Error& error) {
      if (!many) throw;
      file.error = error.what();
      ++result.failed;
      job.warn("failed: " + file.error);
    }
  }
  result.mean = means(result.files);
  result.unavailable = wanted.unavailable();
  result.protocol = protocol_of(result, wanted);
  result.report = report_text(result);
  if (!request.report.empty()) atomic_write(request.report, std::string_view(result.report));
  if (!request.csv.empty()) atomic_write(request.csv, std::string_view(csv_text(result)));
  return result;
}

}  // namespace vane
