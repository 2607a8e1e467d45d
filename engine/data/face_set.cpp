// SPDX-License-Identifier: Apache-2.0
#include "engine/data/face_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/base/error.h"
#include "engine/weights/safetensors.h"

namespace vane {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kPoints = 68;

std::string column_names() {
  std::string names;
  for (int i = 0; i < kFaceMeasureCount; ++i) {
    names += (i ? "," : "") + std::string(face_measure_name(static_cast<FaceMeasure>(i)));
  }
  return names;
}

TensorRecord record(const std::string& name, DType dtype, std::vector<int64_t> shape,
                    const void* data) {
  TensorRecord out;
  out.name = name;
  out.dtype = dtype;
  out.shape = std::move(shape);
  out.strides.assign(out.shape.size(), 1);
  for (size_t i = out.shape.size(); i-- > 1;) out.strides[i - 1] = out.strides[i] * out.shape[i];
  out.bytes = {static_cast<const std::byte*>(data),
               static_cast<size_t>(out.numel()) * dtype_bytes(dtype)};
  return out;
}

/// A tensor of the file that must be there with this type and this shape (-1: any size).
const TensorRecord& wanted(const TensorTable& table, const char* name, DType dtype,
                           std::vector<int64_t> shape) {
  const TensorRecord* found = table.find(name);
  bool fits = found && found->dtype == dtype && found->shape.size() == shape.size() &&
              found->is_contiguous();
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    fits = shape[i] == -1 || shape[i] == found->shape[i];
  }
  if (fits) return *found;
  throw Error(ErrorCode::checkpoint, "is not a file of a face set: it lacks a fitting tensor")
      .in_file(table.path)
      .at_key(name);
}

std::string metadata_of(const TensorTable& table, const std::string& key) {
  const auto found = table.metadata.find(key);
  return found == table.metadata.end() ? "" : found->second;
}

struct Sizes {
  int64_t faces = 0, side = 0;
};

Sizes check_pictures(const TensorTable& table) {
  if (metadata_of(table, "kind") != "faces") {
    throw Error(ErrorCode::checkpoint, "holds no faces").in_file(table.path);
  }
  const TensorRecord& pictures = wanted(table, "pictures", DType::u8, {-1, -1, -1, 3});
  const Sizes sizes{pictures.shape[0], pictures.shape[1]};
  if (pictures.shape[2] != sizes.side || sizes.side < 8 || sizes.side > 4096) {
    throw Error(ErrorCode::checkpoint, "holds pictures that are not square").in_file(table.path);
  }
  return sizes;
}

Sizes check_file(const TensorTable& table) {
  const Sizes sizes = check_pictures(table);
  if (metadata_of(table, "measures") != column_names()) {
    throw Error(ErrorCode::checkpoint, "holds faces with other measurements than these")
        .in_file(table.path)
        .with_hint("measure them again: vane faces dataset --from " +
                   table.path.parent_path().string() + " -o NEW");
  }
  wanted(table, "measures", DType::f32, {sizes.faces, kFaceMeasureCount});
  wanted(table, "landmarks", DType::f32, {sizes.faces, kPoints, 2});
  wanted(table, "w", DType::f32, {sizes.faces, -1});
  return sizes;
}

/// Row `i` of a contiguous tensor.
template <class T>
std::vector<T> row(const TensorRecord& tensor, int64_t i) {
  const auto width = static_cast<size_t>(tensor.numel() / tensor.shape[0]);
  std::vector<T> values(width);
  std::memcpy(values.data(), tensor.bytes.data() + static_cast<size_t>(i) * width * sizeof(T),
              width * sizeof(T));
  return values;
}

}  // namespace

fs::path face_file(const fs::path& folder, int64_t number) {
  return folder / fmt::format("faces-{:05}.safetensors", number);
}

void write_face_file(const fs::path& path, int size, const std::string& origin,
                     std::span<const FaceRecord> faces) {
  std::vector<uint8_t> pictures;
  std::vector<float> measures, landmarks, latents;
  const auto append = [](auto& all, const auto& part) {
    all.insert(all.end(), part.begin(), part.end());
  };
  for (const FaceRecord& face : faces) {
    if (face.rgb.size() != static_cast<size_t>(size) * static_cast<size_t>(size) * 3 ||
        face.landmarks.size() != 2 * kPoints || face.w.size() != faces.front().w.size()) {
      throw Error(ErrorCode::internal, "faces of one file differ in size").in_file(path);
    }
    append(pictures, face.rgb);
    append(measures, face.measures);
    append(landmarks, face.landmarks);
    append(latents, face.w);
  }
  const auto n = static_cast<int64_t>(faces.size());
  const int64_t width = faces.empty() ? 0 : static_cast<int64_t>(faces.front().w.size());
  write_safetensors(path,
                    {record("pictures", DType::u8, {n, size, size, 3}, pictures.data()),
                     record("measures", DType::f32, {n, kFaceMeasureCount}, measures.data()),
                     record("landmarks", DType::f32, {n, kPoints, 2}, landmarks.data()),
                     record("w", DType::f32, {n, width}, latents.data())},
                    {{"kind", "faces"}, {"measures", column_names()}, {"origin", origin}});
}

FaceFile read_face_file(const fs::path& path, const Limits& limits) {
  const TensorTable table = open_weights(path, limits);
  const Sizes sizes = check_pictures(table);
  const std::string columns = metadata_of(table, "measures");
  const auto commas = std::count(columns.begin(), columns.end(), ',');
  const TensorRecord& measures = wanted(table, "measures", DType::f32, {sizes.faces, commas + 1});
  const std::string_view first = face_measure_name(FaceMeasure::detected);
  if (!columns.starts_with(std::string(first) + ",")) {
    throw Error(ErrorCode::checkpoint, "does not say where a face was detected").in_file(path);
  }
  const TensorRecord& landmarks = wanted(table, "landmarks", DType::f32, {sizes.faces, kPoints, 2});
  const TensorRecord& latents = wanted(table, "w", DType::f32, {sizes.faces, -1});
  const TensorRecord& pictures = *table.find("pictures");
  FaceFile file;
  file.size = static_cast<int>(sizes.side);
  file.origin = metadata_of(table, "origin");
  for (int64_t i = 0; i < sizes.faces; ++i) {
    FaceRecord face;
    face.rgb = row<uint8_t>(pictures, i);
    face.landmarks = row<float>(landmarks, i);
    face.w = row<float>(latents, i);
    face.measures[static_cast<size_t>(FaceMeasure::detected)] = row<float>(measures, i)[0];
    file.faces.push_back(std::move(face));
  }
  return file;
}

int64_t faces_in_file(const fs::path& path, int size, const std::string& origin) {
  if (!fs::exists(path)) return 0;
  const TensorTable table = open_weights(path);
  const Sizes sizes = check_file(table);
  if (sizes.side != size || metadata_of(table, "origin") != origin) {
    throw Error(ErrorCode::usage, "belongs to another face set: other size, seed or generator")
        .in_file(path)
        .with_hint("write to another folder");
  }
  return sizes.faces;
}

int64_t write_face_set(const fs::path& folder, int64_t count, int size, const std::string& origin,
                       const std::function<FaceRecord(int64_t)>& make, Job& job) {
  const int64_t files = (count + kFacesPerFile - 1) / kFacesPerFile, total = files * kFacesPerFile;
  int64_t kept = 0;
  for (int64_t number = 0; number < files; ++number) {
    const fs::path path = face_file(folder, number);
    if (faces_in_file(path, size, origin) == kFacesPerFile) {
      kept += kFacesPerFile;
      continue;
    }
    std::vector<FaceRecord> faces;
    for (int64_t i = number * kFacesPerFile; i < (number + 1) * kFacesPerFile; ++i) {
      job.check_cancelled();
      job.progress(i, total, "making faces");
      faces.push_back(make(i));
    }
    write_face_file(path, size, origin, faces);
  }
  job.progress(total, total, "making faces");
  return kept;
}

FaceSet FaceSet::load(const fs::path& folder, Job& job, const Limits& limits) {
  FaceSet set;
  for (int64_t number = 0; fs::exists(face_file(folder, number)); ++number) {
    job.check_cancelled();
    job.progress(number, 0, "reading faces");
    const TensorTable table = open_weights(face_file(folder, number), limits);
    const Sizes sizes = check_file(table);
    if (set.size_ != 0 && sizes.side != set.size_) {
      throw Error(ErrorCode::checkpoint, "holds pictures of another size than the files before it")
          .in_file(table.path);
    }
    set.size_ = static_cast<int>(sizes.side);
    const auto bytes = static_cast<size_t>(sizes.side * sizes.side * 3);
    const std::byte* pictures = table.find("pictures")->bytes.data();
    const std::byte* measures = table.find("measures")->bytes.data();
    set.origin_ = metadata_of(table, "origin");
    for (int64_t i = 0; i < sizes.faces; ++i) {
      Image picture;
      picture.width = picture.height = set.size_;
      picture.u8.resize(bytes);
      std::memcpy(picture.u8.data(), pictures + static_cast<size_t>(i) * bytes, bytes);
      FaceMeasures numbers{};
      std::memcpy(numbers.data(), measures + static_cast<size_t>(i) * sizeof(FaceMeasures),
                  sizeof(FaceMeasures));
      set.pictures_.push_back(std::move(picture));
      set.measures_.push_back(numbers);
      set.truths_.push_back(face_truth(numbers));
      set.latents_.push_back(row<float>(*table.find("w"), i));
      set.landmarks_.push_back(row<float>(*table.find("landmarks"), i));
    }
  }
  if (set.pictures_.empty()) {
    throw Error(ErrorCode::input, "holds no face set")
        .in_file(folder)
        .with_hint("make one: vane faces dataset -n 3000 -o " + folder.string());
  }
  return set;
}

}  // namespace vane
