// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/torch_write.h"

#include <bit>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/weights/strided.h"

namespace vane {
namespace {

/// PyTorch maps storages; it pads the names of files until each begins at a multiple of this.
constexpr uint64_t kAlignment = 64;
constexpr uint64_t kMostBytes = std::numeric_limits<uint32_t>::max();

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

}  // namespace

/// Pickle protocol 2 (PEP 307), as torch.save uses it.
class TorchPickle {
 public:
  explicit TorchPickle(const TorchValue& root) {
    text_ = "\x80\x02";
    write(root);
    text_ += '.';
  }
  const std::string& text() const { return text_; }
  const std::vector<std::span<const float>>& storages() const { return storages_; }

 private:
  void write(const TorchValue& value) {
    using Kind = TorchValue::Kind;
    switch (value.kind_) {
      case Kind::none:
        text_ += 'N';
        return;
      case Kind::boolean:
        put_boolean(value.flag_);
        return;
      case Kind::integer:
        put_integer(value.integer_);
        return;
      case Kind::real:
        put_real(value.real_);
        return;
      case Kind::text:
        put_text(value.text_);
        return;
      case Kind::floats:
        put_floats(value);
        return;
      case Kind::tuple:
        text_ += '(';
        for (const TorchValue& item : value.items_) write(item);
        text_ += 't';
        return;
      case Kind::list:
        text_ += "](";
        for (const TorchValue& item : value.items_) write(item);
        text_ += 'e';
        return;
      case Kind::dict:
        text_ += "}(";
        for (size_t i = 0; i < value.items_.size(); ++i) {
          put_text(value.keys_[i]);
          write(value.items_[i]);
        }
        text_ += 'u';
        return;
    }
  }
  void put_boolean(bool value) { text_ += value ? '\x88' : '\x89'; }
  void put_integer(int64_t value) {
    if (value == static_cast<int32_t>(value)) {
      text_ += 'J';
      put(text_, static_cast<int32_t>(value));
    } else {
      text_ += "\x8a\x08";
      put(text_, value);
    }
  }
  void put_real(double value) {
    text_ += 'G';
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int i = 7; i >= 0; --i) text_ += static_cast<char>(bits >> (8 * i) & 0xff);
  }
  void put_text(const std::string& value) {
    text_ += 'X';
    put(text_, static_cast<uint32_t>(value.size()));
    text_ += value;
  }
  void put_floats(const TorchValue& floats) {
    if (floats.flag_) text_ += "ctorch._utils\n_rebuild_parameter\n(";
    text_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    put_text("storage");
    text_ += "ctorch\nFloatStorage\n";
    put_text(std::to_string(storages_.size()));
    put_text("cpu");
    put_integer(std::ssize(floats.values_));
    text_ += "tQ";
    put_integer(0);
    put_sides(floats.shape_);
    put_sides(row_major_strides(floats.shape_));
    put_boolean(false);
    put_hooks();
    text_ += "tR";
    if (floats.flag_) {
      put_boolean(true);
      put_hooks();
      text_ += "tR";
    }
    storages_.push_back(floats.values_);
  }
  void put_sides(const std::vector<int64_t>& sides) {
    text_ += '(';
    for (const int64_t side : sides) put_integer(side);
    text_ += 't';
  }
  void put_hooks() { text_ += "ccollections\nOrderedDict\n)R"; }

  std::string text_;
  std::vector<std::span<const float>> storages_;
};

namespace {

/// A zip of files as they are (APPNOTE 6.3.3, without the 64-bit fields).
class StoredZip {
 public:
  explicit StoredZip(const ByteSink& sink) : sink_(sink) {}

  void add(const std::string& name, std::span<const std::byte> bytes) {
    constexpr uint64_t kHeader = 30, kExtra = 4;
    const uint64_t begin = at_ + kHeader + name.size() + kExtra;
    const auto padding = static_cast<uint16_t>((kAlignment - begin % kAlignment) % kAlignment);
    if (begin + padding + bytes.size() + directory_.size() + (1u << 16) > kMostBytes) {
      throw Error(ErrorCode::usage, "more than 4 GB do not fit into one file");
    }
    const std::string facts = facts_of(name, bytes);
    std::string head = "PK\x03\x04" + facts;
    put(head, static_cast<uint16_t>(kExtra + padding));
    head += name + "FB";
    put(head, padding);
    head.append(padding, 'Z');
    directory_ += std::string("PK\x01\x02", 4) + std::string(2, '\0') + facts;
    // Neither extra field, comment, disk nor attributes.
    directory_.append(12, '\0');
    put(directory_, static_cast<uint32_t>(at_));
    directory_ += name;
    ++count_;
    send(std::as_bytes(std::span(head)));
    send(bytes);
  }

  void finish() {
    std::string end = "PK\x05\x06" + std::string(4, '\0');
    put(end, count_);
    put(end, count_);
    put(end, static_cast<uint32_t>(directory_.size()));
    put(end, static_cast<uint32_t>(at_));
    end.append(2, '\0');
    send(std::as_bytes(std::span(directory_)));
    send(std::as_bytes(std::span(end)));
  }

 private:
  /// What both headers say, from the version that is needed to the length of the name.
  static std::string facts_of(const std::string& name, std::span<const std::byte> bytes) {
    std::string facts(10, '\0');  // version, flags, method 0, time, date
    put(facts, crc32(bytes));
    put(facts, static_cast<uint32_t>(bytes.size()));
    put(facts, static_cast<uint32_t>(bytes.size()));
    put(facts, static_cast<uint16_t>(name.size()));
    return facts;
  }
  void send(std::span<const std::byte> bytes) {
    if (!bytes.empty()) sink_(bytes);
    at_ += bytes.size();
  }

  const ByteSink& sink_;
  std::string directory_;
  uint64_t at_ = 0;
  uint16_t count_ = 0;
};

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

TorchValue TorchValue::boolean(bool value) {
  TorchValue out;
  out.kind_ = Kind::boolean;
  out.flag_ = value;
  return out;
}

TorchValue TorchValue::integer(int64_t value) {
  TorchValue out;
  out.kind_ = Kind::integer;
  out.integer_ = value;
  return out;
}

TorchValue TorchValue::real(double value) {
  TorchValue out;
  out.kind_ = Kind::real;
  out.real_ = value;
  return out;
}

TorchValue TorchValue::text(std::string value) {
  TorchValue out;
  out.kind_ = Kind::text;
  out.text_ = std::move(value);
  return out;
}

TorchValue TorchValue::floats(std::vector<int64_t> shape, std::span<const float> values,
                              bool is_parameter) {
  int64_t count = 1;
  for (const int64_t side : shape) count *= side;
  if (count != std::ssize(values)) {
    throw Error(ErrorCode::usage, "the shape of a tensor does not count its values");
  }
  TorchValue out;
  out.kind_ = Kind::floats;
  out.flag_ = is_parameter;
  out.shape_ = std::move(shape);
  out.values_ = values;
  return out;
}

TorchValue TorchValue::tuple(std::vector<TorchValue> items) {
  TorchValue out;
  out.kind_ = Kind::tuple;
  out.items_ = std::move(items);
  return out;
}

TorchValue TorchValue::list(std::vector<TorchValue> items) {
  TorchValue out = tuple(std::move(items));
  out.kind_ = Kind::list;
  return out;
}

TorchValue TorchValue::dict(std::vector<std::string> keys, std::vector<TorchValue> values) {
  if (keys.size() != values.size()) {
    throw Error(ErrorCode::usage, "a dict has as many keys as values");
  }
  TorchValue out = tuple(std::move(values));
  out.kind_ = Kind::dict;
  out.keys_ = std::move(keys);
  return out;
}

void write_torch(const std::filesystem::path& file, const TorchValue& root) {
  const TorchPickle pickle(root);
  const std::string folder = "archive/";
  atomic_write(file, [&](const ByteSink& sink) {
    StoredZip zip(sink);
    zip.add(folder + "data.pkl", bytes_of(pickle.text()));
    zip.add(folder + "byteorder", bytes_of("little"));
    for (size_t i = 0; i < pickle.storages().size(); ++i) {
      zip.add(folder + "data/" + std::to_string(i), std::as_bytes(pickle.storages()[i]));
    }
    zip.add(folder + "version", bytes_of("3\n"));
    zip.finish();
  });
}

}  // namespace vane
