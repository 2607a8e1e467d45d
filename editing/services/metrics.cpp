// SPDX-License-Identifier: Apache-2.0
#include "editing/services/metrics.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "editing/photo_batch.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/edit_metrics.h"
#include "guidance/picture_metrics.h"
#include "guidance/structural_similarity.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

struct Pair {
  fs::path reference, test;
};

struct Metric {
  const char* name;
  void (*measure)(const Tensor& reference, const Tensor& test, MetricValues& values);
};

double one(const Tensor& value) { return value.item<double>(); }

constexpr Metric kMetrics[] = {
    {"psnr", [](const Tensor& a, const Tensor& b,
                MetricValues& out) { out.emplace_back("psnr", psnr_rgb(a, b)); }},
    {"psnr_y", [](const Tensor& a, const Tensor& b,
                  MetricValues& out) { out.emplace_back("psnr_y", psnr_y(a, b)); }},
    {"ssim", [](const Tensor& a, const Tensor& b,
                MetricValues& out) { out.emplace_back("ssim", ssim_luma(a, b)); }},
    {"ssim_rgb", [](const Tensor& a, const Tensor& b,
                    MetricValues& out) { out.emplace_back("ssim_rgb", ssim(a, b)); }},
    {"ms_ssim", [](const Tensor& a, const Tensor& b,
                   MetricValues& out) { out.emplace_back("ms_ssim", one(ms_ssim(a, b))); }},
    {"gmsd", [](const Tensor& a, const Tensor& b,
                MetricValues& out) { out.emplace_back("gmsd", one(gmsd(a, b))); }},
    {"loe", [](const Tensor& a, const Tensor& b,
               MetricValues& out) { out.emplace_back("loe", lightness_order_error(a, b)); }},
    {"deltae",
     [](const Tensor& a, const Tensor& b, MetricValues& out) {
       const ColourDifference difference = delta_e_2000(a, b);
       out.emplace_back("deltae", difference.mean);
       out.emplace_back("deltae_p95", difference.percentile_95);
     }},
    {"chroma", [](const Tensor& a, const Tensor& b,
                  MetricValues& out) { out.emplace_back("chroma", chroma_angle(a, b)); }},
};

std::vector<const Metric*> chosen(const std::vector<std::string>& names) {
  std::vector<const Metric*> metrics;
  for (const std::string& name : split(join(names, ","), ',')) {
    const Metric* found = nullptr;
    std::string known;
    for (const Metric& metric : kMetrics) {
      if (name == metric.name) found = &metric;
      known += (known.empty() ? "" : ", ") + std::string(metric.name);
    }
    if (found == nullptr) {
      throw Error(ErrorCode::usage, "there is no metric \"" + name + "\"")
          .at_key("--metric")
          .with_hint("there are " + known);
    }
    metrics.push_back(found);
  }
  return metrics;
}

MetricValues measured(const Pair& pair, const std::vector<const Metric*>& metrics,
                      const Limits& limits, Job& job) {
  DecodeOptions decode;
  decode.limits = limits;
  const Image reference = read_image(pair.reference, decode), test = read_image(pair.test, decode);
  if (reference.width != test.width || reference.height != test.height) {
    throw Error(ErrorCode::usage, "is " + std::to_string(test.width) + " x " +
                                      std::to_string(test.height) + ", its reference " +
                                      std::to_string(reference.width) + " x " +
                                      std::to_string(reference.height))
        .in_file(pair.test);
  }
  const Tensor right = image_to_tensor(reference), seen = image_to_tensor(test);
  MetricValues values;
  for (const Metric* metric : metrics) {
    job.check_cancelled();
    try {
      metric->measure(right, seen, values);
    } catch (Error& error) {
      error.set_file_if_empty(pair.test);
      throw;
    }
  }
  return values;
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
    nlohmann::ordered_json entry{{"reference", file.reference}, {"test", file.test}};
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
  const nlohmann::ordered_json json{
      {"schema", 1},
      {"counts", {{"ok", count - result.failed}, {"failed", result.failed}}},
      {"mean", mean},
      {"mean_over", over},
      {"files", files}};
  return json.dump(2) + "\n";
}

}  // namespace

MetricsResult metrics(const MetricsRequest& request, Job& job) {
  const std::vector<const Metric*> wanted = chosen(request.metrics);
  if (fs::is_directory(request.reference) != fs::is_directory(request.test)) {
    throw Error(ErrorCode::usage, "a picture is measured against a picture, a folder against one")
        .in_file(request.test);
  }
  if (!request.report.empty()) check_writable(request.report);
  const bool many = fs::is_directory(request.test);
  std::vector<Pair> pairs;
  if (many) {
    for (const fs::path& name : picture_names(request.test, request.recursive)) {
      pairs.push_back({request.reference / name, request.test / name});
    }
    if (pairs.empty()) {
      throw Error(ErrorCode::input, "no picture to measure")
          .in_file(request.test)
          .with_hint("--recursive looks into the folders below as well");
    }
  } else {
    pairs.push_back({request.reference, request.test});
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
  result.report = report_text(result);
  if (!request.report.empty()) atomic_write(request.report, std::string_view(result.report));
  return result;
}

}  // namespace vane
