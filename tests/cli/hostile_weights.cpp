// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <fstream>

#include "tests/cli/hostile_files.h"
#include "tests/weights/file_bytes.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<HostileFile>;

const std::string kTwoFloats("\0\0\x80\x3f\0\0\0\x40", 8);

std::string entry(const std::string& name, const std::string& facts) {
  return "{\"" + name + "\":{" + facts + "}}";
}
std::string fine() { return R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"; }
std::string safetensors(const std::string& header, size_t data = 8) {
  return safetensors_bytes(header, std::string(data, '\0'));
}
std::string good_safetensors() { return safetensors(entry("w", fine())); }

void add_safetensors(Files& files) {
  const auto add = [&](std::string name, std::string says, std::string bytes) {
    files.push_back(
        {name + ".safetensors", std::move(says), [bytes = std::move(bytes)] { return bytes; }});
  };
  const auto one = [](const std::string& facts) { return safetensors(entry("w", facts)); };
  add("short", "starts with an 8-byte header length", "abc");
  add("header-2^63", "over the limit", safetensors_bytes("{}", "", 1ull << 63));
  add("header-beyond", "does not fit into the file", safetensors_bytes("{}", "", 3));
  add("not-utf8", "UTF-8", safetensors("{\"\xff\":{" + fine() + "}}"));
  add("array", "does not start with '{'", safetensors("[]"));
  add("after-object", "malformed JSON", safetensors(entry("w", fine()) + " x"));
  add("no-json", "JSON ends too early", safetensors("{\"w\""));
  add("shape-text", "expected an array, found a string",
      one(R"("dtype":"F32","shape":"2","data_offsets":[0,8])"));
  add("negative", "between 0 and 2^53, found -8",
      one(R"("dtype":"F32","shape":[2],"data_offsets":[-8,0])"));
  add("fraction", "found a fractional number",
      one(R"("dtype":"F32","shape":[2.5],"data_offsets":[0,8])"));
  add("no-dtype", "key \"dtype\" is missing", one(R"("shape":[2],"data_offsets":[0,8])"));
  add("unknown-field", "unknown field \"strides\"", one(fine() + R"(,"strides":[1])"));
  add("duplicate", "duplicate key \"w\"",
      safetensors("{\"w\":{" + fine() + "},\"w\":{" + fine() + "}}"));
  add("hole", "leave a hole", one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"));
  add("overlap", "overlap",
      safetensors("{\"w\":{" + fine() +
                  R"(},"v":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"));
  add("backwards", "end before they begin",
      one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"));
  add("overflow", "overflows 64 bits",
      one(R"("dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8])"));
  add("wrong-size", "need 12 bytes, data_offsets give 8",
      one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"));
  add("four-bits", "F4", one(R"("dtype":"F4","shape":[16],"data_offsets":[0,8])"));
  add("trailing", "bytes after the last tensor", good_safetensors() + "x");
  add("deep", "nested deeper than", safetensors("{\"w\":" + std::string(100'000, '[')));
  files.push_back({"spaces.safetensors", "malformed JSON",
                   [] { return safetensors("{}" + std::string(99'000'000, ' ') + "x"); }});
  files.push_back({"many-tensors.safetensors", "holds more than 200000 tensors", [] {
                     std::string header = "{";
                     for (int i = 0; i <= 200'000; ++i) {
                       header += (i ? ",\"" : "\"") + std::to_string(i) +
                                 R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
                     }
                     return safetensors_bytes(header + "}");
                   }});
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void add_shards(Files& files) {
  const auto index = [](const std::string& shard) {
    return [shard] { return R"({"weight_map":{"w":")" + shard + "\"}}"; };
  };
  const std::string ending = ".safetensors.index.json";
  files.push_back({"parent" + ending, "not a bare file name", index("../x.safetensors")});
  files.push_back({"missing" + ending, "no such file", index("absent.safetensors")});
  files.push_back({"itself" + ending, "", index("itself" + ending)});
  files.push_back({"link" + ending, "symbolic link", index("linked"), [](const fs::path& folder) {
                     write_file(folder / "target", good_safetensors());
                     fs::create_symlink("target", folder / "linked");
                   }});
  files.push_back({"pipe" + ending, "not a regular file", index("fifo"),
                   [](const fs::path& folder) { ::mkfifo((folder / "fifo").c_str(), 0600); }});
  files.push_back(
      {"lacking" + ending, "lacks this tensor",
       [] { return R"({"weight_map":{"w":"shard","v":"shard"}})"; },
       [](const fs::path& folder) { write_file(folder / "shard", good_safetensors()); }});
}

ZipItem item(const std::string& name, const std::string& content) {
  ZipItem made;
  made.name = name;
  made.content = content;
  return made;
}

// A state dict {"w": tensor of two floats}.
std::string state_dict(bool is_legacy = false) {
  PickleWriter writer;
  writer.raw("}(").text("w").tensor("0", 2, {2}, {1}, 0, is_legacy);
  return writer.raw("u").done();
}

// The good archive with its storage changed.
template <class Change>
std::string zip_with(Change change) {
  ZipItem storage = item("archive/data/0", kTwoFloats);
  change(storage);
  return zip_bytes({item("archive/data.pkl", state_dict()), storage});
}

std::string fake_end() {
  ZipEnds ends;
  ends.comment = std::string("PK\x05\x06", 4) + std::string(18, '\0');
  return zip_bytes({item("archive/data.pkl", state_dict())}, ends);
}

std::string overlapping_zip() {
  ZipItem inner = item("archive/data/0", kTwoFloats);
  ZipItem outer = item("archive/data.pkl", zip_bytes({inner}).substr(0, 30 + 14 + 8));
  inner.header_offset = 30 + outer.name.size();
  return zip_bytes({outer, inner});
}

void add_zips(Files& files) {
  const auto add = [&](std::string name, std::string says, std::string bytes) {
    files.push_back(
        {"zip-" + name + ".pt", std::move(says), [bytes = std::move(bytes)] { return bytes; }});
  };
  const std::string good = torch_zip_bytes(state_dict(), {kTwoFloats});
  add("no-end", "no zip end record", good.substr(0, good.size() - 30));
  add("second-end", "second end record", fake_end());
  add("overlap", "overlaps another one", overlapping_zip());
  add("beyond", "beyond the end",
      zip_with([](ZipItem& i) { i.size = i.packed_size = 0x70000000; }));
  add("two-names", "same name", zip_bytes({item("a/data.pkl", "x"), item("a/data.pkl", "y")}));
  add("parent", "unsafe name", zip_with([](ZipItem& i) { i.name = "archive/../data/0"; }));
  add("encrypted", "encrypted", zip_with([](ZipItem& i) { i.flags = 1; }));
  add("disagrees", "another name", zip_with([](ZipItem& i) { i.local_name = "archive/data/1"; }));
  add("method", "method 12", zip_with([](ZipItem& i) { i.method = 12; }));
  add("checksum", "checksum", zip_with([](ZipItem& i) { i.crc = 1; }));
  add("big-endian", "byte order is", torch_zip_bytes(state_dict(), {kTwoFloats}, "big"));
  add("no-storage", "storage is missing", torch_zip_bytes(state_dict(), {}));
  add("no-pickle", "without data.pkl", zip_bytes({item("archive/readme", "x")}));
  files.push_back({"zip-bomb.pt", "over the limit", [] {
                     ZipItem bomb = item("archive/data/0", std::string(64 << 20, '\0'));
                     bomb.is_deflated = true;
                     return zip_bytes({item("archive/data.pkl", state_dict()), bomb});
                   }});
}

std::string memo_bomb() {
  // Forty tuples, each holding the one before it twice: 2^40 paths.
  PickleWriter writer;
  writer.raw("}(").text("w").raw(std::string("]q\0", 3));
  for (char level = 1; level <= 40; ++level) {
    writer.raw(std::string{'h', static_cast<char>(level - 1), '\x86', 'q', level});
  }
  return writer.raw("u").done();
}

void add_pickles(Files& files, const fs::path& marker) {
  const auto add = [&](std::string name, std::string says, const PickleWriter& pickle,
                       std::vector<std::string> storages = {kTwoFloats}) {
    files.push_back({"pickle-" + name + ".pt", std::move(says),
                     [bytes = torch_zip_bytes(pickle.done(), storages)] { return bytes; }});
  };
  const std::string command = "touch '" + marker.string() + "'";
  const auto in_dict = [](PickleWriter pickle = PickleWriter()) {
    return pickle.raw("}(").text("w");
  };
  add("os-system", "os.system, which Vane never runs",
      in_dict().global("os", "system").text(command).raw("\x85Ru"));
  add("root", "the root is made by posix.system",
      PickleWriter().global("posix", "system").text(command).raw("\x85R"));
  add("eval", "builtins.eval",
      in_dict(PickleWriter(4)).text("builtins").text("eval").raw("\x93").text("1").raw("\x85Ru"));
  add("inst", "opcode 0x69 is not allowed",
      PickleWriter().raw("(").text(command).raw("ios\nsystem\n"));
  add("more-than-stored", "the pickle says", in_dict().tensor("0", 3, {3}, {1}).raw("u"));
  add("broadcast-bomb", "is a view of only 8 bytes",
      in_dict().tensor("0", 2, {1 << 20, 1 << 20}, {0, 0}).raw("u"));
  add("negative-stride", "stride is negative", in_dict().tensor("0", 2, {2}, {-1}, 1).raw("u"));
  add("beyond-storage", "reaches beyond its storage",
      in_dict().tensor("0", 2, {2}, {1}, 1).raw("u"));
  add("huge-shape", "tensor size overflows 64 bits",
      in_dict().tensor("0", 2, {1ll << 40, 1ll << 40}, {1, 1}).raw("u"));
  add("memo-miss", "memo has nothing at index 7", PickleWriter().raw("h\7"));
  add("memo-far", "is too large", PickleWriter().raw("}r\xff\xff\xff\x7f"));
  add("underflow", "empty stack", PickleWriter().raw("\x87"));
  add("long-string", "over the limit", PickleWriter().raw("X\xff\xff\xff\x7f"));
  add("cyclic-list", "holds a list", PickleWriter().raw(std::string("]q\0h\0a", 6)));
  add("cyclic-dict", "its keys are",
      PickleWriter().raw(std::string("}q\0(", 4)).text("state_dict").raw(std::string("h\0u", 3)));
  files.push_back(
      {"pickle-memo-bomb.pt", "", [] { return torch_zip_bytes(memo_bomb(), {kTwoFloats}); }});
  files.push_back({"pickle-deep.pt", "nested deeper than 256", [] {
                     PickleWriter deep;
                     deep.raw(")").raw(std::string(1'000'000, '\x85'));
                     return torch_zip_bytes(deep.done(), {});
                   }});
  files.push_back(
      {"pickle-groups.pt", "too many groups",
       [] { return torch_zip_bytes(PickleWriter().raw(std::string(2'000'000, '(')).done(), {}); }});
  files.push_back({"bare.pkl", "os.popen, which Vane never runs", [command] {
                     return PickleWriter()
                         .raw("}(")
                         .text("w")
                         .global("os", "popen")
                         .text(command)
                         .raw("\x85Ru")
                         .done();
                   }});
}

std::string script(const PickleWriter& pickle) {
  return zip_bytes({item("m/data.pkl", pickle.done()), item("m/data/0", kTwoFloats),
                    item("m/code/__torch__.py", "import os\nos.system('true')\n"),
                    item("m/constants.pkl", PickleWriter().raw(")").done())});
}

void add_older_files(Files& files) {
  const auto add = [&](std::string name, std::string says, std::string bytes) {
    files.push_back(
        {std::move(name), std::move(says), [bytes = std::move(bytes)] { return bytes; }});
  };
  const std::string tail = little_endian(2, 8) + kTwoFloats, good = state_dict(true);
  add("legacy-cut.pth", "goes beyond the end of the file",
      torch_legacy_bytes(good, {"0"}, tail.substr(0, 12)));
  add("legacy-trailing.pth", "bytes follow the last storage",
      torch_legacy_bytes(good, {"0"}, tail + "x"));
  add("legacy-huge.pth", "the pickle says 2",
      torch_legacy_bytes(good, {"0"}, little_endian(1ull << 61, 8) + kTwoFloats));
  add("legacy-negative.pth", "has -1 elements",
      torch_legacy_bytes(good, {"0"}, little_endian(~0ull, 8) + kTwoFloats));
  add("legacy-no-storage.pth", "storage is missing", torch_legacy_bytes(good, {}, ""));
  PickleWriter itself;
  itself.global("__torch__", "M").raw(std::string(")\x81q\0}(", 6)).text("self");
  itself.raw(std::string("h\0", 2)).text("w").tensor("0", 2, {2}, {1}).raw("ub");
  add("script-itself.pt", "too deep or holds itself", script(itself));
}

void add_mistakes(Files& files) {
  const auto add = [&](std::string name, std::string says, std::string bytes) {
    files.push_back(
        {std::move(name), std::move(says), [bytes = std::move(bytes)] { return bytes; }});
  };
  add("empty.pt", "is empty", "");
  add("pointer.safetensors", "Git LFS pointer", "version https://git-lfs.github.com/spec/v1\n");
  add("page.pt", "is a web page", "<!DOCTYPE html><html></html>");
  add("model.gguf", "GGUF", "GGUF\3");
  add("model.h5", "HDF5", "\x89HDF\r\n\x1a\n");
  add("noise.pt", "not a weights file", std::string(1000, '\x7f'));
  files.push_back({"pipe.pt", "is not a regular file", {}, [](const fs::path& folder) {
                     ::mkfifo((folder / "pipe.pt").c_str(), 0600);
                   }});
  files.push_back({"circle.pt", "symbolic link", {}, [](const fs::path& folder) {
                     fs::create_symlink("circle.pt", folder / "circle.pt");
                   }});
}

}  // namespace

std::vector<HostileFile> hostile_weights(const std::filesystem::path& marker) {
  Files files;
  add_safetensors(files);
  add_shards(files);
  add_zips(files);
  add_pickles(files, marker);
  add_older_files(files);
  add_mistakes(files);
  return files;
}

}  // namespace vane::testing
