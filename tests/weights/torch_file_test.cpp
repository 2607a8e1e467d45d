// SPDX-License-Identifier: Apache-2.0
// Hand-made files of torch.save, each with one lie. Oracle: PyTorch's serialization notes and the
// robustness sheet, 2.2.
#include "engine/weights/torch_file.h"

#include <gtest/gtest.h>

#include <bit>

#include "tests/weights/element_values.h"
#include "tests/weights/file_bytes.h"
#include "tests/weights/refusal.h"

namespace vane {
namespace {

const std::string kTwoFloats("\0\0\x80\x3f\0\0\0\x40", 8);  // 1, 2

TensorTable parse_zip(const std::string& file, std::string_view key = {}) {
  return parse_torch_zip(memory_source(file, "test.pt"), {}, key);
}
TensorTable parse_legacy(const std::string& file) {
  return parse_torch_legacy(memory_source(file, "test.pth"), {}, {});
}
std::string refused_zip(const std::string& file, std::string_view key = {}) {
  return refusal(file.size(), [&] { parse_zip(file, key); });
}
std::string refused_legacy(const std::string& file) {
  return refusal(file.size(), [&] { parse_legacy(file); });
}

PickleWriter& two(PickleWriter& writer, bool is_legacy = false) {
  return writer.tensor("0", 2, {2}, {1}, 0, is_legacy);
}
std::string state_dict(std::string_view name = "w", bool is_legacy = false) {
  PickleWriter writer;
  writer.raw("}(").text(name);
  return two(writer, is_legacy).raw("u").done();
}

TEST(TorchZip, AMinimalFileIsRead) {
  const TensorTable table = parse_zip(torch_zip_bytes(state_dict(), {kTwoFloats}));
  EXPECT_EQ(element_values(*table.find("w")), (std::vector<double>{1, 2}));
  EXPECT_EQ(table.format, "torch zip");
}

TEST(TorchZip, EveryFaultHasItsOwnMessage) {
  const std::string good = state_dict();
  const auto expect = [](const std::string& file, const std::string& part) {
    const std::string text = refused_zip(file);
    EXPECT_NE(text.find(part), std::string::npos) << part << ": " << text;
  };
  expect(torch_zip_bytes(good, {kTwoFloats}, "big"), "byte order is \"big\"");
  expect(torch_zip_bytes(good, {}), "archive/data/0: storage is missing");
  expect(torch_zip_bytes(good, {kTwoFloats + "1234"}), "storage has 12 bytes, the pickle says 8");
  expect(torch_zip_bytes(good, {"1234"}), "storage has 4 bytes, the pickle says 8");
  expect(torch_zip_bytes(good + "x", {kTwoFloats}), "followed by other bytes");
  ZipItem other;
  other.name = "archive/readme";
  expect(zip_bytes({other}), "without data.pkl");
  ZipItem first, second;
  first.name = "a/data.pkl";
  second.name = "b/data.pkl";
  first.content = second.content = good;
  expect(zip_bytes({first, second}), "two data.pkl");
}

TEST(TorchZip, DataIsCheckedAgainstItsChecksum) {
  std::string file = torch_zip_bytes(state_dict(), {kTwoFloats});
  const size_t at = file.find(kTwoFloats);
  file[at] = 1;
  EXPECT_NE(refused_zip(file).find("checksum"), std::string::npos);
}

TEST(TorchZip, NumelOfMoreThanTheStoredDataIsRefused) {  // CVE-2026-24747
  PickleWriter writer;
  writer.raw("}(").text("w").tensor("0", 3, {3}, {1}).raw("u");
  EXPECT_NE(refused_zip(torch_zip_bytes(writer.done(), {kTwoFloats})).find("the pickle says 12"),
            std::string::npos);
}

TEST(TorchZip, AWeightThatOnlyCodeCouldMakeIsRefusedByName) {
  PickleWriter call;
  call.raw("}(").text("w").global("os", "system").text("true").raw("\x85Ru");
  EXPECT_NE(refused_zip(torch_zip_bytes(call.done(), {})).find("os.system, which Vane never runs"),
            std::string::npos);
  PickleWriter beside;
  beside.raw("}(").text("w");
  two(beside).text("v").global("os", "system").text("true").raw("\x85Ru");
  EXPECT_NE(refused_zip(torch_zip_bytes(beside.done(), {kTwoFloats})).find("v: this value is made"),
            std::string::npos);
  PickleWriter root;
  root.global("os", "system").text("true").raw("\x85R");
  EXPECT_NE(refused_zip(torch_zip_bytes(root.done(), {})).find("the root is made by os.system"),
            std::string::npos);
  PickleWriter stacked(4);
  stacked.raw("}(").text("w").text("builtins").text("eval").raw("\x93").text("1").raw("\x85Ru");
  EXPECT_NE(refused_zip(torch_zip_bytes(stacked.done(), {})).find("builtins.eval"),
            std::string::npos);
}

TEST(TorchZip, ObjectsBesideTheStateDictDoNotMatter) {
  PickleWriter writer;
  writer.raw("}(").text("callback").global("os", "system").text("true").raw("\x85R");
  writer.text("state_dict").raw("}(").text("w");
  two(writer).raw("uu");
  EXPECT_TRUE(parse_zip(torch_zip_bytes(writer.done(), {kTwoFloats})).contains("w"));
}

TEST(TorchZip, NamesOfTensorsAreChecked) {
  PickleWriter number, twice, broken;
  two(number.raw("}(").integer(3)).raw("u");
  EXPECT_NE(refused_zip(torch_zip_bytes(number.done(), {kTwoFloats}))
                .find("name of a tensor is an integer"),
            std::string::npos);
  two(two(twice.raw("}(").text("w")).text("w")).raw("u");
  EXPECT_NE(refused_zip(torch_zip_bytes(twice.done(), {kTwoFloats})).find("appears twice"),
            std::string::npos);
  two(broken.raw("}(").text("\xff")).raw("u");
  EXPECT_NE(refused_zip(torch_zip_bytes(broken.done(), {kTwoFloats})).find("not UTF-8"),
            std::string::npos);
}

TEST(TorchZip, TheParallelPrefixIsStrippedOnceAndOnlyWhenCommon) {
  const auto first_name = [](std::string_view name) {
    return parse_zip(torch_zip_bytes(state_dict(name), {kTwoFloats})).tensors.at(0).name;
  };
  EXPECT_EQ(first_name("module.w"), "w");
  EXPECT_EQ(first_name("module.module.w"), "module.w");
  PickleWriter writer;
  two(two(writer.raw("}(").text("module.w")).text("v")).raw("u");
  const TensorTable table = parse_zip(torch_zip_bytes(writer.done(), {kTwoFloats}));
  EXPECT_TRUE(table.contains("module.w"));
  EXPECT_TRUE(table.contains("v"));
}

TEST(TorchZip, RootsWithoutTensorsAreExplained) {
  const auto of = [](std::string_view opcodes) {
    return refused_zip(torch_zip_bytes(PickleWriter().raw(opcodes).done(), {}));
  };
  EXPECT_NE(of("]").find("holds a list, not a state dict"), std::string::npos);
  EXPECT_NE(of("N").find("holds None"), std::string::npos);
  EXPECT_NE(of(std::string("}(X\1\0\0\0aNu", 10)).find("its keys are: a"), std::string::npos);
  EXPECT_NE(of(std::string("]q\0h\0a", 6)).find("holds a list"), std::string::npos);
  EXPECT_TRUE(parse_zip(torch_zip_bytes(PickleWriter().raw("}").done(), {})).tensors.empty());
}

TEST(TorchZip, ModulesThatHoldThemselvesAreRefused) {
  // A TorchScript-like object whose attribute is itself, beside a tensor.
  PickleWriter writer;
  writer.global("__torch__", "M").raw(std::string(")\x81q\0}(", 6)).text("self");
  writer.raw(std::string("h\0", 2)).text("w");
  two(writer).raw("ub");
  EXPECT_NE(refused_zip(torch_zip_bytes(writer.done(), {kTwoFloats})).find("holds itself"),
            std::string::npos);
}

TEST(TorchZip, ManyPathsToOneModuleEndInAnErrorSoon) {
  // Forty levels, each holding the level below twice: 2^40 paths from a few hundred bytes.
  const auto memo = [](std::string_view opcode, int level) {
    return std::string(opcode) + static_cast<char>(level);
  };
  std::string levels = PickleWriter().global("__torch__", "M").raw(")\x81}b").done().substr(2);
  levels.back() = 'q';  // STOP becomes BINPUT
  levels += '\0';
  for (int level = 1; level <= 40; ++level) {
    PickleWriter writer;
    writer.global("__torch__", "M").raw(")\x81}(").text("a").raw(levels).text("b");
    writer.raw(memo("h", level - 1)).raw("ub").raw(memo("q", level));
    levels = writer.done().substr(2);
    levels.pop_back();
  }
  const std::string file = torch_zip_bytes(PickleWriter().raw(levels).done(), {});
  EXPECT_NE(refused_zip(file).find("too deep or holds itself"), std::string::npos);
}

TEST(TorchLegacy, AMinimalFileIsRead) {
  const std::string tail = little_endian(2, 8) + kTwoFloats;
  const TensorTable table = parse_legacy(torch_legacy_bytes(state_dict("w", true), {"0"}, tail));
  EXPECT_EQ(element_values(*table.find("w")), (std::vector<double>{1, 2}));
  EXPECT_EQ(table.format, "torch legacy");
}

TEST(TorchLegacy, ViewsOfAStorageAreRead) {
  PickleWriter writer;
  writer.raw("}(").text("w").global("torch._utils", "_rebuild_tensor_v2").mark();
  writer.mark().text("storage").global("torch", "FloatStorage").text("0").text("cpu").integer(2);
  writer.mark().text("view").integer(1).integer(1).tuple().tuple().raw("Q");
  writer.integer(0).integers({1}).integers({1}).raw("\x89").raw("}").tuple().reduce().raw("u");
  const std::string tail = little_endian(2, 8) + kTwoFloats;
  const TensorTable table = parse_legacy(torch_legacy_bytes(writer.done(), {"0"}, tail));
  EXPECT_EQ(element_values(*table.find("w")), std::vector<double>{2});
}

TEST(TorchLegacy, EveryFaultHasItsOwnMessage) {
  const std::string good = state_dict("w", true), tail = little_endian(2, 8) + kTwoFloats;
  const auto expect = [](const std::string& file, const std::string& part) {
    const std::string text = refused_legacy(file);
    EXPECT_NE(text.find(part), std::string::npos) << part << ": " << text;
  };
  expect("anything else at all", "does not start as torch.save");
  expect(torch_legacy_bytes(good, {"0"}, tail + "x"), "bytes follow the last storage");
  expect(torch_legacy_bytes(good, {"0"}, tail.substr(0, 15)), "goes beyond the end");
  expect(torch_legacy_bytes(good, {"0"}, "1234"), "ends before a storage");
  expect(torch_legacy_bytes(good, {"0"}, little_endian(3, 8) + kTwoFloats + "1234"),
         "storage has 3 elements, the pickle says 2");
  expect(torch_legacy_bytes(good, {"0"}, little_endian(~0ull, 8) + kTwoFloats),
         "storage has -1 elements");
  expect(torch_legacy_bytes(good, {}, ""), "0: storage is missing");
  expect(torch_legacy_bytes(good, {"0", "0"}, tail + tail), "or comes twice");
  expect(torch_legacy_bytes(good, {"1"}, tail), "belongs to no tensor");
  PickleWriter unlike;
  unlike.raw("}(").text("w").tensor("0", 2, {2}, {1}, 0, true).text("v");
  unlike.tensor("0", 1, {1}, {1}, 0, true).raw("u");
  expect(torch_legacy_bytes(unlike.done(), {"0"}, tail), "described twice");
  const std::string magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  expect(magic + PickleWriter().integer(1002).done(), "protocol is not 1001");
  expect(magic + PickleWriter().integer(1001).done() +
             PickleWriter().raw("}(").text("little_endian").raw("\x89u").done() + good,
         "little-endian machine");
}

// A tensor of two floats whose storage is `stream` inside the pickle, as pickle.dump writes it.
std::string bare_pickle(std::string_view stream) {
  PickleWriter writer(3);
  writer.raw("}(").text("w").global("torch._utils", "_rebuild_tensor_v2").mark();
  writer.global("torch.storage", "_load_from_bytes");
  writer.raw("B").raw(little_endian(stream.size(), 4)).raw(stream).raw("\x85R");
  writer.integer(0).integers({2}).integers({1}).raw("\x89").raw("}").tuple().reduce();
  return writer.raw("u").done();
}
std::string storage_stream() {
  return torch_legacy_bytes(PickleWriter().storage("7", 2, "FloatStorage", true).done(), {"7"},
                            little_endian(2, 8) + kTwoFloats);
}
TensorTable parse_bare(const std::string& file) {
  return parse_bare_pickle(memory_source(file, "test.pkl"));
}
std::string refused_bare(const std::string& file) {
  return refusal(file.size(), [&] { parse_bare(file); });
}

TEST(BarePickle, StoragesInsideThePickleAreRead) {
  const TensorTable table = parse_bare(bare_pickle(storage_stream()));
  EXPECT_EQ(element_values(*table.find("w")), (std::vector<double>{1, 2}));
  EXPECT_EQ(table.format, "pickle");
}

TEST(BarePickle, EveryFaultHasItsOwnMessage) {
  const auto expect = [](const std::string& file, const std::string& part) {
    const std::string text = refused_bare(file);
    EXPECT_NE(text.find(part), std::string::npos) << part << ": " << text;
  };
  const std::string stream = storage_stream();
  expect(bare_pickle(stream) + "x", "followed by other bytes");
  expect(bare_pickle(stream.substr(0, stream.size() - 1)), "goes beyond the end");
  expect(bare_pickle(stream + "x"), "bytes follow the last storage");
  expect(bare_pickle("not a stream"), "does not start as torch.save");
  expect(state_dict(), "lies in no file");
  // Streams in streams would nest without end: the inner one stays an opaque value.
  PickleWriter inner;
  inner.global("torch.storage", "_load_from_bytes");
  inner.raw("B").raw(little_endian(stream.size(), 4)).raw(stream).raw("\x85R");
  expect(bare_pickle(torch_legacy_bytes(inner.done(), {}, "")), "_load_from_bytes");
}

TEST(BarePickle, AStreamIsReadOnceHoweverOftenItIsNamed) {
  // One stream whose pickle is 200 kB of numbers, loaded 100,000 times through the memo: 20 GB of
  // opcodes if each were read.
  PickleWriter numbers;
  numbers.raw("](");
  for (int i = 0; i < 100'000; ++i) numbers.raw("K\1");
  const std::string stream = torch_legacy_bytes(numbers.raw("e").done(), {}, "");
  PickleWriter writer(3);
  writer.raw("](").global("torch.storage", "_load_from_bytes").raw("B");
  writer.raw(little_endian(stream.size(), 4)).raw(stream).raw(std::string("\x85q\0", 3)).raw("R");
  for (int i = 0; i < 100'000; ++i) {
    writer.global("torch.storage", "_load_from_bytes").raw(std::string("h\0R", 3));
  }
  EXPECT_NE(refused_bare(writer.raw("e").done()).find("holds a list"), std::string::npos);
}

}  // namespace
}  // namespace vane
