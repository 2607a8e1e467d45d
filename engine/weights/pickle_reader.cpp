// SPDX-License-Identifier: Apache-2.0
// Opcodes: Python's pickletools, protocols 2 to 5.
#include "engine/weights/pickle_reader.h"

#include <array>
#include <bit>
#include <cstdio>
#include <unordered_map>
#include <utility>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/pickle_calls.h"
#include "engine/weights/pickle_globals.h"

namespace vane {
namespace {

constexpr size_t kMaxGlobals = 100'000;
constexpr uint64_t kMaxGlobalName = 4096;

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, const Limits& limits, Pickle& pickle,
          bool allows_streams)
      : bytes_(bytes),
        limits_(limits),
        arena_(pickle.arena),
        calls_(pickle.arena, limits, allows_streams),
        pickle_(pickle) {
    arena_.pickle = text_view(bytes);
  }

  /// Byte of the opcode that is being executed.
  uint64_t opcode_byte() const { return opcode_byte_; }
  void run();

 private:
  using Handler = void (Machine::*)();
  struct Opcode {
    uint8_t code;
    Handler handler;
  };
  static const std::array<Handler, 256>& handlers();

  Error fault(std::string message) const {
    return Error(ErrorCode::checkpoint, std::move(message));
  }

  template <class T>
  T take() {
    const auto value = read_le<T>(bytes_, position_);
    if (!value) throw fault("pickle ends too early");
    position_ += sizeof(T);
    return *value;
  }

  // Start of the next `count` bytes, which are skipped.
  uint64_t take_run(uint64_t count) {
    if (count > limits_.pickle_string_bytes) {
      throw fault("pickle string of " + std::to_string(count) + " bytes is over the limit");
    }
    if (!checked_slice(bytes_, position_, count)) throw fault("pickle ends too early");
    return std::exchange(position_, position_ + count);
  }

  std::string_view take_line() {
    const size_t end = arena_.pickle.substr(position_, kMaxGlobalName + 1).find('\n');
    if (end == std::string_view::npos) throw fault("pickle name has no end");
    const std::string_view line = arena_.pickle.substr(position_, end);
    position_ += end + 1;
    return line;
  }

  void push(PickleId id) {
    if (stack_.size() >= limits_.pickle_stack) {
      throw fault("pickle stack is over " + std::to_string(limits_.pickle_stack) + " values");
    }
    stack_.push_back(id);
  }

  // Values below the newest mark belong to a container that is still open.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  PickleId top() const {
    if (stack_.size() <= floor()) throw fault("pickle takes from an empty stack");
    return stack_.back();
  }

  PickleId pop() {
    const PickleId id = top();
    stack_.pop_back();
    return id;
  }

  std::vector<PickleId> pop_marked() {
    if (marks_.empty()) throw fault("pickle ends a group that it did not begin");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleId> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }

  void push_text(PickleKind kind, uint64_t count) {
    const uint64_t begin = take_run(count);
    push(calls_.add(kind, begin, static_cast<uint32_t>(count)));
  }

  void push_integer(int64_t value) {
    push(calls_.add(PickleKind::integer, static_cast<uint64_t>(value)));
  }

  uint32_t global_index(std::string_view module, std::string_view name) {
    PickleGlobal global = pickle_global(module, name);
    const auto [slot, is_new] =
        global_of_.emplace(global.name, static_cast<uint32_t>(arena_.globals.size()));
    if (is_new) {
      if (arena_.globals.size() >= kMaxGlobals) throw fault("pickle uses too many names");
      arena_.globals.push_back(std::move(global));
    }
    return slot->second;
  }

  void push_global(std::string_view module, std::string_view name) {
    const uint32_t index = global_index(module, name);
    if (arena_.globals[index].role == GlobalRole::opaque) {
      push(calls_.add_opaque(index, PickleArena::kNone, PickleArena::kNone));
    } else {
      push(calls_.add(PickleKind::global, index));
    }
  }

  void put(uint64_t index) {
    // Writers number memo slots in order, and each takes at least one byte of the pickle.
    if (index >= limits_.pickle_memo || index >= bytes_.size()) {
      throw fault("pickle memo index " + std::to_string(index) + " is too large");
    }
    if (index >= memo_.size()) memo_.resize(static_cast<size_t>(index) + 1, kUnset);
    memo_[index] = top();
    if (index == memo_next_) ++memo_next_;
  }

  void get(uint64_t index) {
    if (index >= memo_.size() || memo_[index] == kUnset) {
      throw fault("pickle memo has nothing at index " + std::to_string(index));
    }
    push(memo_[index]);
  }

  void tuple_of(size_t count) {
    std::array<PickleId, 3> items{};
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push(calls_.add_tuple(std::span(items).first(count)));
  }

  void op_proto() {
    const auto protocol = take<uint8_t>();
    if (opcode_byte_ != 0 || protocol < 2 || protocol > 5) {
      throw fault("pickle protocol " + std::to_string(protocol) + " is not supported here");
    }
  }
  void op_frame() {
    const auto length = take<uint64_t>();
    if (length > bytes_.size() - position_) throw fault("pickle frame goes beyond the end");
  }
  void op_stop() {
    if (stack_.size() != 1 || !marks_.empty()) {
      throw fault("pickle ends with " + std::to_string(stack_.size()) + " values instead of one");
    }
    pickle_.root = stack_.back();
    pickle_.size = position_;
    is_done_ = true;
  }
  void op_mark() {
    if (marks_.size() >= limits_.pickle_stack) throw fault("pickle opens too many groups");
    marks_.push_back(stack_.size());
  }
  void op_none() { push(PickleArena::kNone); }
  void op_true() { push(PickleArena::kTrue); }
  void op_false() { push(PickleArena::kFalse); }
  void op_int4() { push_integer(take<int32_t>()); }
  void op_int1() { push_integer(take<uint8_t>()); }
  void op_int2() { push_integer(take<uint16_t>()); }
  void op_float() {
    const auto bits = read_be<uint64_t>(bytes_, position_);
    if (!bits) throw fault("pickle ends too early");
    position_ += 8;
    push(calls_.add(PickleKind::real, *bits));
  }
  void op_long() {
    const auto count = take<uint8_t>();
    const uint64_t begin = take_run(count);
    if (count > 8) {  // Random states and hashes hold such numbers; no tensor needs one.
      push(calls_.add_opaque(global_index("an integer", "beyond 64 bits"), PickleArena::kNone,
                             PickleArena::kNone));
      return;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      value |= std::to_integer<uint64_t>(bytes_[begin + i]) << (8 * i);
    }
    const bool is_negative = count > 0 && (value >> (8 * count - 1)) != 0;
    if (is_negative && count < 8) value |= ~uint64_t{0} << (8 * count);
    push_integer(static_cast<int64_t>(value));
  }
  void op_string1() { push_text(PickleKind::string, take<uint8_t>()); }
  void op_string4() { push_text(PickleKind::string, take<uint32_t>()); }
  void op_string8() { push_text(PickleKind::string, take<uint64_t>()); }
  void op_bytes1() { push_text(PickleKind::bytes, take<uint8_t>()); }
  void op_bytes4() { push_text(PickleKind::bytes, take<uint32_t>()); }
  void op_empty_tuple() { push(calls_.add_tuple({})); }
  void op_tuple1() { tuple_of(1); }
  void op_tuple2() { tuple_of(2); }
  void op_tuple3() { tuple_of(3); }
  void op_tuple() { push(calls_.add_tuple(pop_marked())); }
  void op_empty_list() { push(calls_.add_container(PickleKind::list)); }
  void op_empty_dict() { push(calls_.add_container(PickleKind::dict)); }
  void op_append() {
    const PickleId item = pop();
    calls_.append(top(), std::span(&item, 1));
  }
  void op_appends() {
    const std::vector<PickleId> items = pop_marked();
    calls_.append(top(), items);
  }
  void op_set_item() {
    const PickleId value = pop();
    const std::array<PickleId, 2> pair = {pop(), value};
    calls_.set_items(top(), pair);
  }
  void op_set_items() {
    const std::vector<PickleId> items = pop_marked();
    calls_.set_items(top(), items);
  }
  void op_put1() { put(take<uint8_t>()); }
  void op_put4() { put(take<uint32_t>()); }
  void op_memoize() { put(memo_next_); }
  void op_get1() { get(take<uint8_t>()); }
  void op_get4() { get(take<uint32_t>()); }
  void op_global() {
    const std::string_view module = take_line();
    push_global(module, take_line());
  }
  void op_stack_global() {
    const PickleId name = pop(), module = pop();
    if (arena_.kind(name) != PickleKind::string || arena_.kind(module) != PickleKind::string ||
        arena_.text(name).size() > kMaxGlobalName || arena_.text(module).size() > kMaxGlobalName) {
      throw fault("pickle name is not two short strings");
    }
    push_global(arena_.text(module), arena_.text(name));
  }
  void op_reduce() {
    const PickleId args = pop();
    const PickleId callable = pop();
    push(calls_.reduce(callable, args));
  }
  void op_new_object() {
    const PickleId args = pop();
    const PickleId type = pop();
    push(calls_.new_object(type, args));
  }
  void op_build() {
    const PickleId state = pop();
    calls_.build(top(), state);
  }
  void op_persistent() { push(calls_.persistent(pop(), opcode_byte_)); }

  static constexpr PickleId kUnset = UINT32_MAX;

  std::span<const std::byte> bytes_;
  const Limits& limits_;
  PickleArena& arena_;
  PickleCalls calls_;
  Pickle& pickle_;
  uint64_t position_ = 0, opcode_byte_ = 0;
  bool is_done_ = false;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;
  std::vector<PickleId> memo_;
  uint64_t memo_next_ = 0;
  std::unordered_map<std::string, uint32_t> global_of_;
};

const std::array<Machine::Handler, 256>& Machine::handlers() {
  static const std::array<Handler, 256> table = [] {
    constexpr Opcode kOpcodes[] = {
        {0x80, &Machine::op_proto},        {0x95, &Machine::op_frame},
        {'.', &Machine::op_stop},          {'(', &Machine::op_mark},
        {'N', &Machine::op_none},          {0x88, &Machine::op_true},
        {0x89, &Machine::op_false},        {'J', &Machine::op_int4},
        {'K', &Machine::op_int1},          {'M', &Machine::op_int2},
        {'G', &Machine::op_float},         {0x8a, &Machine::op_long},
        {'X', &Machine::op_string4},       {'U', &Machine::op_string1},
        {'T', &Machine::op_string4},       {0x8c, &Machine::op_string1},
        {0x8d, &Machine::op_string8},      {'C', &Machine::op_bytes1},
        {'B', &Machine::op_bytes4},        {')', &Machine::op_empty_tuple},
        {0x85, &Machine::op_tuple1},       {0x86, &Machine::op_tuple2},
        {0x87, &Machine::op_tuple3},       {'t', &Machine::op_tuple},
        {']', &Machine::op_empty_list},    {'}', &Machine::op_empty_dict},
        {0x8f, &Machine::op_empty_list},  // EMPTY_SET: no tensor lives in a set
        {'a', &Machine::op_append},        {'e', &Machine::op_appends},
        {'s', &Machine::op_set_item},      {'u', &Machine::op_set_items},
        {'q', &Machine::op_put1},          {'r', &Machine::op_put4},
        {0x94, &Machine::op_memoize},      {'h', &Machine::op_get1},
        {'j', &Machine::op_get4},          {'c', &Machine::op_global},
        {0x93, &Machine::op_stack_global}, {'R', &Machine::op_reduce},
        {0x81, &Machine::op_new_object},   {'b', &Machine::op_build},
        {'Q', &Machine::op_persistent},
    };
    std::array<Handler, 256> made{};
    for (const Opcode& opcode : kOpcodes) made[opcode.code] = opcode.handler;
    return made;
  }();
  return table;
}

void Machine::run() {
  const std::array<Handler, 256>& table = handlers();
  for (uint64_t count = 0; !is_done_; ++count) {
    opcode_byte_ = position_;
    if (count >= limits_.pickle_ops) {
      throw fault("pickle has more than " + std::to_string(limits_.pickle_ops) + " operations");
    }
    const auto opcode = take<uint8_t>();
    const Handler handler = table[opcode];
    if (handler == nullptr) {
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), "0x%02x", opcode);
      throw fault(std::string("pickle opcode ") + hex.data() + " is not allowed");
    }
    if (count == 0 && opcode != 0x80) throw fault("is not a pickle of protocol 2 or newer");
    (this->*handler)();
  }
}

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes, const Limits& limits, const std::string& file,
                   uint64_t file_offset, bool allows_streams) {
  Pickle pickle;
  Machine machine(bytes, limits, pickle, allows_streams);
  try {
    machine.run();
  } catch (const Error& error) {
    throw Error(error.code(), error.message())
        .in_file(file)
        .at_byte(file_offset + machine.opcode_byte());
  }
  return pickle;
}

}  // namespace vane
