// SPDX-License-Identifier: Apache-2.0
// Oracle: Python's pickletools for what each opcode means; the robustness sheet, 2.2, for what is
// refused.
#include "engine/weights/pickle_reader.h"

#include <gtest/gtest.h>

#include <bit>
#include <filesystem>

#include "tests/weights/file_bytes.h"
#include "tests/weights/refusal.h"

namespace vane {
namespace {

Pickle read(const std::string& bytes, const Limits& limits = {}) {
  return read_pickle(std::as_bytes(std::span(bytes)), limits, "test.pkl");
}

std::string refused(const std::string& bytes, const Limits& limits = {}) {
  return refusal(bytes.size(), [&] { read(bytes, limits); });
}

std::string body(std::string_view opcodes) { return PickleWriter().raw(opcodes).done(); }

TEST(PickleReader, ScalarsHaveTheirValues) {
  const auto integer = [](const std::string& bytes) {
    const Pickle pickle = read(bytes);
    EXPECT_EQ(pickle.arena.kind(pickle.root), PickleKind::integer);
    return pickle.arena.integer(pickle.root);
  };
  EXPECT_EQ(integer(body("K\xff")), 255);
  EXPECT_EQ(integer(body("M\x01\xff")), 0xff01);
  EXPECT_EQ(integer(body("J\xfe\xff\xff\xff")), -2);
  EXPECT_EQ(integer(body(std::string("\x8a\x00", 2))), 0);
  EXPECT_EQ(integer(body("\x8a\x01\xff")), -1);
  EXPECT_EQ(integer(body(std::string("\x8a\x02\xff\x00", 4))), 255);
  EXPECT_EQ(integer(body(std::string("\x8a\x08\0\0\0\0\0\0\0\x80", 10))), INT64_MIN);
  const std::string text = PickleWriter().text("héllo").done();
  const Pickle word = read(text);
  EXPECT_EQ(word.arena.text(word.root), "héllo");
  const std::string number = body(std::string("G\x40\x09\x21\xfb\x54\x44\x2d\x18", 9));
  const Pickle pi = read(number);
  EXPECT_EQ(std::bit_cast<double>(pi.arena.integer(pi.root)), 3.141592653589793);
  EXPECT_EQ(read(body("N")).root, PickleArena::kNone);
  EXPECT_EQ(read(body("\x88")).root, PickleArena::kTrue);
  const Pickle big =
      read(body("\x8a\x09"
                "123456789"));
  EXPECT_EQ(big.arena.kind(big.root), PickleKind::opaque);
}

TEST(PickleReader, ContainersKeepTheirOrder) {
  const std::string bytes =
      PickleWriter().raw("}(").text("b").integer(1).text("a").raw("](K\x02K\x03").raw("eu").done();
  const Pickle pickle = read(bytes);
  const auto& entries = pickle.arena.dict(pickle.root);
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(pickle.arena.text(entries[0]), "b");
  EXPECT_EQ(pickle.arena.list(entries[3]).size(), 2u);
  EXPECT_EQ(pickle.size, bytes.size());
  const Pickle nested = read(body("K\x01\x85K\x02\x86"));
  EXPECT_EQ(nested.arena.tuple(nested.root).size(), 2u);
}

TEST(PickleReader, Python2OrderedDictsOfListsAreRead) {
  PickleWriter writer;
  writer.global("collections", "OrderedDict").raw("](](").text("w").integer(1).raw("e](");
  writer.text("v").integer(2).raw("ee\x85R");
  const std::string bytes = writer.done();
  const Pickle pickle = read(bytes);
  ASSERT_EQ(pickle.arena.kind(pickle.root), PickleKind::dict);
  EXPECT_EQ(pickle.arena.integer(*pickle.arena.find(pickle.root, "v")), 2);
}

TEST(PickleReader, UnknownNamesAreKeptAndNeverRun) {
  for (const auto& [module, name] : {std::pair{"os", "system"},
                                     {"posix", "system"},
                                     {"builtins", "eval"},
                                     {"subprocess", "Popen"}}) {
    const std::string bytes =
        PickleWriter().global(module, name).text("touch vane-was-here").raw("\x85R").done();
    const Pickle pickle = read(bytes);
    ASSERT_EQ(pickle.arena.kind(pickle.root), PickleKind::opaque);
    EXPECT_EQ(pickle.arena.opaque_name(pickle.root), std::string(module) + "." + name);
  }
  const std::string stacked =
      PickleWriter(4).text("builtins").text("eval").raw("\x93").text("1+1").raw("\x85R").done();
  const Pickle pickle = read(stacked);
  EXPECT_EQ(pickle.arena.opaque_name(pickle.root), "builtins.eval");
  EXPECT_FALSE(std::filesystem::exists("vane-was-here"));
}

TEST(PickleReader, CyclicContainersDoNotTrapIt) {
  const Pickle list = read(body(std::string("]q\0h\0a", 6)));
  EXPECT_EQ(list.arena.list(list.root).at(0), list.root);
  const std::string dict =
      PickleWriter().raw(std::string("}q\0", 3)).text("me").raw(std::string("h\0s", 3)).done();
  const Pickle loop = read(dict);
  EXPECT_EQ(*loop.arena.find(loop.root, "me"), loop.root);
}

TEST(PickleReader, EveryFaultHasItsOwnMessage) {
  struct Fault {
    std::string bytes;
    const char* message;
  };
  const auto of = [](std::string_view opcodes) { return body(opcodes); };
  const std::vector<Fault> faults = {
      {"", "ends too early"},
      {"N.", "not a pickle of protocol 2"},
      {std::string("\x80\x01N.", 4), "protocol 1 is not"},
      {std::string("\x80\x06N.", 4), "protocol 6 is not"},
      {of("N\x80\x02"), "protocol 2 is not supported here"},
      {std::string("\x80\x02N", 3), "ends too early"},
      {of(""), "with 0 values"},
      {of("NN"), "with 2 values"},
      {of("(N"), "with 1 values"},
      {of("R"), "empty stack"},
      {of("N(a"), "empty stack"},
      {of("t"), "did not begin"},
      {of("h\x05"), "nothing at index 5"},
      {of("Nj\xff\xff\xff\x7f"), "nothing at index"},
      {of("Nr\xff\xff\xff\x7f"), "memo index 2147483647 is too large"},
      {of("i"), "opcode 0x69 is not allowed"},
      {of("(o"), "opcode 0x6f is not allowed"},
      {of("\x82\x01"), "opcode 0x82 is not allowed"},
      {of("P1\n"), "opcode 0x50 is not allowed"},
      {of("\x92"), "opcode 0x92 is not allowed"},
      {of("\x90"), "opcode 0x90 is not allowed"},
      {of("\x91"), "opcode 0x91 is not allowed"},
      {of("\x96"), "opcode 0x96 is not allowed"},
      {of("\x97"), "opcode 0x97 is not allowed"},
      {of("](NNu"), "keys are set on a list"},
      {of("N(Ne"), "appended to None"},
      {of("}(Nu"), "a key has no value"},
      {of("NNNs"), "keys are set on None"},
      {of("]Nb"), "a state is set on a list"},
      {of("}Nb"), "a state is set on a dict"},
      {of("N)R"), "a call of None"},
      {PickleWriter().global("torch", "device").raw("NR").done(), "arguments of a call"},
      {PickleWriter().global("os", "system").raw("N\x81").done(), "arguments of a new object"},
      {of("N)\x81"), "an object of type None"},
      {of("NQ"), "not a tuple"},
      {of("N\x85Q"), "does not name a storage"},
      {of("cnever"), "name has no end"},
      {of("NN\x93"), "not two short strings"},
      {of(std::string("\x95\xff\0\0\0\0\0\0\0N", 10)), "frame goes beyond"},
      {of("X\xff\xff\xff\x03"
          "abc"),
       "ends too early"},
      {of("X\xff\xff\xff\xff"
          "abc"),
       "over the limit"},
      {of("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
          "abc"),
       "over the limit"},
  };
  for (const Fault& fault : faults) {
    const std::string text = refused(fault.bytes);
    EXPECT_NE(text.find(fault.message), std::string::npos) << fault.message << ": " << text;
    EXPECT_NE(text.find("(byte "), std::string::npos) << text;
  }
}

TEST(PickleReader, TensorsThatLieAreRefused) {
  struct Fault {
    std::string bytes;
    const char* message;
  };
  const auto tensor = [](std::vector<int64_t> size, std::vector<int64_t> stride, int64_t offset = 0,
                         int64_t numel = 6) {
    return PickleWriter().tensor("0", numel, size, stride, offset).done();
  };
  const int64_t huge = int64_t{1} << 40;
  const std::vector<Fault> faults = {
      {tensor({2, 3}, {3, 1}, 1), "beyond its storage"},
      {tensor({7}, {1}), "beyond its storage"},
      {tensor({2}, {6}), "beyond its storage"},
      {tensor({1}, {1}, 6), "beyond its storage"},
      {tensor({}, {}, 6), "beyond its storage"},
      {tensor({1}, {1}, 0, 0), "beyond its storage"},
      {tensor({2, 3}, {3}), "differ in rank"},
      {tensor({2}, {-1}), "stride is negative"},
      {tensor({-2}, {1}), "size is negative"},
      {tensor({2}, {1}, -1), "offset is negative"},
      {tensor({2}, {1}, 0, -6), "storage size is negative"},
      {tensor({huge, huge}, {0, 0}), "overflows 64 bits"},
      {tensor({0, huge, huge}, {1, 1, 1}), "overflows 64 bits"},
      {tensor({2, 2}, {INT64_MAX, INT64_MAX}), "beyond its storage"},
      {tensor({1 << 20, 1 << 20}, {0, 0}), "is a view of only 24 bytes"},
      {tensor({1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}), "rank 9"},
      {tensor({1}, {1}, 0, INT64_MAX), "overflows 64 bits"},
      {PickleWriter().storage("../x", 1).done(), "not a plain word"},
      {PickleWriter().storage("", 1).done(), "not a plain word"},
      {PickleWriter().storage(std::string(65, 'a'), 1).done(), "not a plain word"},
      {PickleWriter().storage("0", 1, "float32").done(), "of type torch.float32"},
      {PickleWriter().global("torch._utils", "_rebuild_tensor_v2").raw(")R").done(),
       "too few parts"},
      {PickleWriter().global("torch._utils", "_rebuild_tensor").raw("(NNNNtR").done(),
       "instead of a storage"},
      {PickleWriter().global("torch._utils", "_rebuild_parameter").raw("N\x85R").done(),
       "a parameter is made of None"},
      {PickleWriter().global("torch", "Size").raw("N\x85R").done(), "needs one tuple"},
      {PickleWriter().global("collections", "OrderedDict").raw("N\x85R").done(), "made of None"},
  };
  for (const Fault& fault : faults) {
    const std::string text = refused(fault.bytes);
    EXPECT_NE(text.find(fault.message), std::string::npos) << fault.message << ": " << text;
  }
  // A broadcast view of up to four times its storage is what torch.expand makes of small tables.
  EXPECT_NO_THROW(read(tensor({4, 6}, {0, 1})));
  EXPECT_NE(refused(tensor({5, 6}, {0, 1})).find("is a view of only"), std::string::npos);
}

TEST(PickleReader, DeepNestingIsRefused) {
  std::string deep = ")";
  for (int i = 0; i < 1'000'000; ++i) deep += '\x85';
  EXPECT_NE(refused(body(deep)).find("nested deeper than 256"), std::string::npos);
  std::string lists;
  for (int i = 0; i < 1000; ++i) lists += ']';
  for (int i = 1; i < 1000; ++i) lists += 'a';
  EXPECT_NE(refused(body(lists)).find("nested deeper than 256"), std::string::npos);
}

TEST(PickleReader, LimitsHold) {
  Limits limits;
  limits.pickle_ops = 10;
  EXPECT_NE(refused(body("]NaNaNaNaNaNa"), limits).find("more than 10 operations"),
            std::string::npos);
  limits = {};
  limits.pickle_stack = 4;
  EXPECT_NE(refused(body("(NNNNN"), limits).find("stack is over 4"), std::string::npos);
  EXPECT_NE(refused(body("((((((("), limits).find("too many groups"), std::string::npos);
  limits = {};
  limits.pickle_memo = 8;
  EXPECT_NE(refused(body("(K\1K\1K\1K\1K\1K\1K\1K\1t"), limits).find("more than 8 values"),
            std::string::npos);
  limits = {};
  limits.pickle_string_bytes = 3;
  EXPECT_NE(refused(PickleWriter().text("abcd").done(), limits).find("string of 4 bytes"),
            std::string::npos);
}

TEST(PickleReader, OneListCannotBeCopiedWithoutEnd) {
  // OrderedDict(list of 1000 pairs), again and again: 7 bytes of pickle a copy.
  PickleWriter writer;
  writer.raw("](");
  for (int i = 0; i < 1000; ++i) writer.raw("NN\x86");
  writer.raw(std::string("eq\0\x85q\1", 6)).global("collections", "OrderedDict");
  writer.raw("q\2h\1");
  std::string calls = "](";
  for (int i = 0; i < 100; ++i) calls += "h\2h\1R";
  const std::string bytes = writer.raw("R").raw(calls).raw("e\x87").done();
  Limits limits;
  limits.pickle_memo = 20'000;
  EXPECT_NE(refused(bytes, limits).find("more than 20000 values"), std::string::npos);
  EXPECT_NO_THROW(read(bytes));
}

}  // namespace
}  // namespace vane
