// SPDX-License-Identifier: Apache-2.0
// Oracle: the contract of the command line (design, section 5; style sheet, sections 6 and 14).
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/run_program.h"

namespace vane::testing {
namespace {

using nlohmann::json;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

int lines_of(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

// The names in the list of commands of `vane --help`.
std::vector<std::string> command_names() {
  std::istringstream help(run_vane({"--help"}).out);
  std::vector<std::string> names;
  bool inside = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "Commands") {
      inside = true;
    } else if (line.empty()) {
      inside = false;
    } else if (inside && line.size() > 2 && line[2] != ' ') {
      names.push_back(line.substr(2, line.find("  ", 2) - 2));
    }
  }
  return names;
}

std::vector<std::string> words_of(const std::string& name) {
  std::istringstream stream(name);
  return {std::istream_iterator<std::string>(stream), {}};
}

// One line on stderr, nothing on stdout, the promised exit code.
void expect_refused(const std::vector<std::string>& arguments, int code, const std::string& words) {
  const Outcome outcome = run_vane(arguments);
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(lines_of(outcome.err), 1) << outcome.err;
  EXPECT_EQ(outcome.err.rfind("vane: error: ", 0), 0u) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, words)) << outcome.err;
}

TEST(Program, WithoutArgumentsShowsHelpAndFails) {
  const Outcome outcome = run_vane({});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(contains(outcome.err, "Commands"));
}

TEST(Program, EveryCommandExplainsItself) {
  const auto names = command_names();
  ASSERT_GE(names.size(), 2u);
  for (const std::string& name : names) {
    auto arguments = words_of(name);
    arguments.push_back("--help");
    const Outcome outcome = run_vane(arguments);
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_EQ(outcome.err, "") << name;
    const size_t example = outcome.out.find("\n  vane " + name);
    EXPECT_NE(example, std::string::npos) << name << " has no example";
    EXPECT_LT(example, outcome.out.find("\nUsage\n")) << name << ": examples come first";
    EXPECT_TRUE(contains(outcome.out, "--json")) << name;
    // Help is answered before anything else is looked at.
    arguments.push_back("--no-such-option");
    EXPECT_EQ(run_vane(arguments).code, 0) << name;
  }
}

TEST(Program, EveryCommandRefusesUnknownOptions) {
  for (const std::string& name : command_names()) {
    auto arguments = words_of(name);
    arguments.push_back("--no-such-option");
    const Outcome outcome = run_vane(arguments);
    EXPECT_EQ(outcome.code, 2) << name;
    EXPECT_TRUE(contains(outcome.err, "unknown option --no-such-option")) << outcome.err;
  }
}

TEST(Program, TellsItsVersion) {
  const Outcome outcome = run_vane({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out.rfind("vane ", 0), 0u);
  for (const char* part : {"\nbuild   ", "\nengine  there", "libvane_cuda.so is "}) {
    EXPECT_TRUE(contains(outcome.out, part)) << outcome.out;
  }
  // Two libraries of torch's size would take longer to load than this.
  EXPECT_LT(outcome.cpu_seconds, 0.1);
  EXPECT_LT(outcome.peak_bytes, 64'000'000);
}

TEST(Program, HelpNeedsNoTorch) {
  // The dynamic linker lists what the program itself is linked to, and does not run it.
  const Outcome outcome = run_vane({"--help"}, {{{"LD_TRACE_LOADED_OBJECTS", "1"}}, "", ""});
  EXPECT_TRUE(contains(outcome.out, "libstdc++")) << outcome.out;
  EXPECT_FALSE(contains(outcome.out, "torch")) << outcome.out;
  EXPECT_FALSE(contains(outcome.out, "opencv")) << outcome.out;
}

TEST(Program, SuggestsTheNearestWord) {
  expect_refused({"edti"}, 2, "did you mean vane edit?");
  expect_refused({"doctor", "--thread", "2"}, 2, "did you mean --threads?");
  expect_refused({"doctor", "--device", "cpuu"}, 2, "did you mean cpu?");
  expect_refused({"doctor", "--set", "size=[64]"}, 2, "did you mean sizes?");
  expect_refused({"doctor", "--limit", "image.pixls=3"}, 2, "did you mean image.pixels?");
  expect_refused({"--quiet"}, 2, "options stand after the command");
}

TEST(Program, RefusesBadValues) {
  expect_refused({"doctor", "--threads", "many"}, 2,
                 "--threads: expected a whole number from 0 to 1024, got \"many\"");
  expect_refused({"doctor", "--threads"}, 2, "--threads");
  expect_refused({"doctor", "--sizes", "--quiet"}, 2, "--sizes");
  expect_refused({"doctor", "surplus"}, 2, "unexpected argument \"surplus\"");
  expect_refused({"edit"}, 2, "IMAGE|SCENE|LATENT is missing");
  expect_refused({"edit", "a.jpg", "--to", "b"}, 2, "--output FILE is missing");
  expect_refused({"edit", "a.jpg", "-o", "b.jpg"}, 2, "nothing says where to go");
  expect_refused({"edit", "a.jpg", "--to", "b", "-o", "c.jpg", "--strength", "99"}, 2,
                 "--strength: expected a number from -4 to 4");
  expect_refused({"edit", "a.jpg", "--to", "--strength", "2", "-o", "c.jpg"}, 2, "--to");
}

TEST(Program, EscapesControlBytesInMessages) {
  const Outcome outcome = run_vane({"doctor", "--\x1b[31mred"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_FALSE(contains(outcome.err, "\x1b"));
  EXPECT_TRUE(contains(outcome.err, "\\x1b[31mred"));
}

TEST(Program, ErrorsAreOneJsonDocumentUnderJson) {
  const Outcome outcome = run_vane({"doctor", "--json", "--threads", "many"});
  EXPECT_EQ(outcome.code, 2);
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["error"]["code"], 2);
  EXPECT_EQ(document["error"]["key"], "--threads");
  EXPECT_TRUE(contains(outcome.err, "vane: error: "));
}

TEST(Program, ConfigurationErrorsNameEveryPlace) {
  const TemporaryFolder folder;
  const std::string file = folder.file("c.yaml", "size: [64]\nsizes: [64, big]\n");
  const Outcome outcome = run_vane({"doctor", "--config", file, "--json"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(contains(outcome.err, file + ":1:1: unknown key \"size\"; did you mean sizes?"))
      << outcome.err;
  EXPECT_TRUE(contains(outcome.err, file + ":2:13: sizes.1: expected a whole number"))
      << outcome.err;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document["error"]["line"], 1);
  ASSERT_EQ(document["errors"].size(), 2u);
  EXPECT_EQ(document["errors"][1]["column"], 13);
  expect_refused({"doctor", "--config", folder.path() / "missing.yaml"}, 4, "missing.yaml");
}

TEST(Program, TextsOverTheLimitAreRefusedEverywhereInOneLine) {
  const TemporaryFolder folder;
  const std::string out = folder.path() / "o.safetensors", x(70'000, 'x');
  const std::string picture = VANE_TEST_DATA "/../assets/samples/coffee.jpg";
  const std::vector<std::vector<std::string>> runs = {
      {"edit", picture, "--to", x, "-o", out},
      {"edit", picture, "--to", "a", "--from", x, "-o", out},
      {"edit", picture, "--to", "a", "--mask", x, "-o", out},
      {"embed", "--text", x, "-o", out},
      {"score", picture, "--text", x},
      {"segment", picture, "--text", x, "-o", folder.path() / "masks"},
      {"segment", picture, "--text", "a", "--negative", x, "-o", folder.path() / "masks"},
      {"diagnose", picture, "--text", x},
      {"direction", "text", x, "a", "-o", out},
      {"direction", "text", "a", x, "-o", out},
      {"direction", "prompts", "from", "to", "--from-word", x, "-o", out},
      {"direction", "prompts", "from", "to", "--to-word", x, "-o", out},
      {"direction", "explain", "none.safetensors", "--text", x}};
  for (auto run : runs) {
    SCOPED_TRACE(run[0] + " " + run[1]);
    run.push_back("--quiet");
    expect_refused(run, 2, "70000 bytes, the limit text.prompt_bytes is 65536");
  }
  const Outcome raised =
      run_vane({"embed", "--text", x, "-o", out, "--limit", "text.prompt_bytes=70000"});
  EXPECT_EQ(raised.code, 0) << raised.err;
  std::string yaml = "- {directional: {to: " + x + "}}\n";
  const std::string guidance = folder.file("g.yaml", yaml);
  expect_refused({"edit", picture, "--guidance", guidance, "-o", out, "--quiet"}, 3,
                 guidance + ":1:");
}

std::vector<int> measured_sizes(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_vane(arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const json document = json::parse(outcome.out);
  std::vector<int> sizes;
  for (const json& speed : document["speed"]) sizes.push_back(speed["size"]);
  return sizes;
}

TEST(Program, LaterLayersOfConfigurationWin) {
  const TemporaryFolder folder;
  const std::string low = folder.file("low.yaml", "sizes: [32]\n");
  const std::string high = folder.file("high.yaml", "sizes: [48]\n");
  using Sizes = std::vector<int>;
  EXPECT_EQ(measured_sizes({"doctor", "--json", "--config", low}), Sizes{32});
  EXPECT_EQ(measured_sizes({"doctor", "--config", low, "--config", high, "--json"}), Sizes{48});
  EXPECT_EQ(measured_sizes({"doctor", "--sizes", "64", "80", "--config", low, "--json"}),
            (Sizes{64, 80}));
  EXPECT_EQ(measured_sizes({"doctor", "--json", "--config", low, "--set", "sizes.1=96"}),
            (Sizes{32, 96}));
}

TEST(Program, DoctorMeasuresThisMachine) {
  const Outcome outcome = run_vane({"doctor", "--json", "--threads", "1", "--sizes", "64"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document["threads"], 1);
  EXPECT_GT(document["speed"][0]["gflops"], 0.01);
  EXPECT_FALSE(document["torch"].get<std::string>().empty());
}

TEST(Program, ADeviceThatIsNotThereIsAUsageError) {
  expect_refused({"doctor", "--device", "cuda", "--quiet"}, 2, "--device cuda");
}

TEST(Program, NumbersDoNotFollowTheLocale) {
  Surroundings german;
  german.environment = {{"LC_ALL", "de_DE.UTF-8"}, {"LANG", "de_DE.UTF-8"}};
  const TemporaryFolder folder;
  const std::string out = folder.path() / "o.jpg";
  const Outcome comma =
      run_vane({"edit", "no.jpg", "--to", "x", "-o", out, "--strength", "0,5"}, german);
  EXPECT_EQ(comma.code, 2);
  EXPECT_TRUE(contains(comma.err, "got \"0,5\"")) << comma.err;
  const Outcome help = run_vane({"edit", "--help", "--strength", "0.5"}, german);
  EXPECT_TRUE(contains(help.out, "-4 to 4"));
  const Outcome doctor = run_vane({"doctor", "--json", "--sizes", "64"}, german);
  EXPECT_NO_THROW(json::parse(doctor.out)["speed"][0]["gflops"].get<double>());
}

TEST(Program, StdoutThatCannotBeWrittenIsAnError) {
  const Outcome closed = run_vane({"--help"}, {{}, "closed", ""});
  EXPECT_EQ(closed.code, 8) << closed.err;
  EXPECT_TRUE(contains(closed.err, "standard output")) << closed.err;
  const Outcome full = run_vane({"edit", "--help"}, {{}, "/dev/full", ""});
  EXPECT_EQ(full.code, 8) << full.err;
  EXPECT_TRUE(contains(full.err, "No space left")) << full.err;
}

TEST(Program, AClosedPipeIsLeftQuietly) {
  const Outcome outcome = run_vane({"--help"}, {{}, "broken pipe", ""});
  EXPECT_EQ(outcome.code, 141);
  EXPECT_EQ(outcome.err, "");
}

TEST(Program, OutputThatCannotBeWrittenIsSeenBeforeAnyModelIsLoaded) {
  const Outcome outcome = run_vane({"edit", "no.jpg", "--to", "x", "-o", "/no/such/folder/o.jpg"});
  EXPECT_EQ(outcome.code, 8) << outcome.err;
}

// Long enough to be interrupted on any machine.
std::vector<std::string> long_run() {
  std::vector<std::string> arguments{"doctor", "--json", "--sizes"};
  for (int i = 0; i < 400; ++i) arguments.push_back("1024");
  return arguments;
}

TEST(Signals, InterruptStopsTheJobWith130) {
  RunningVane running(long_run());
  ASSERT_TRUE(running.wait_for_stderr("measuring"));
  running.send(SIGINT);
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 130);
  EXPECT_TRUE(contains(outcome.err, "stopping and saving"));
  EXPECT_TRUE(contains(outcome.err, "vane: interrupted"));
}

TEST(Signals, TerminateAndHangUpStopTheJobWith143) {
  for (const int number : {SIGTERM, SIGHUP}) {
    RunningVane running(long_run());
    ASSERT_TRUE(running.wait_for_stderr("measuring"));
    running.send(number);
    EXPECT_EQ(running.wait().code, 143);
  }
}

TEST(Signals, ASecondInterruptLeavesAtOnce) {
  // One step of this takes long, so the first signal is still waiting when the second comes.
  RunningVane running({"doctor", "--sizes", "8192", "8192", "--threads", "1"});
  ASSERT_TRUE(running.wait_for_stderr("measuring"));
  running.send(SIGINT);
  ASSERT_TRUE(running.wait_for_stderr("stopping and saving"));
  running.send(SIGINT);
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 130);
  EXPECT_FALSE(contains(outcome.err, "vane: interrupted"));
}

TEST(Signals, UserSignalPrintsProgressAsJson) {
  RunningVane running(long_run());
  ASSERT_TRUE(running.wait_for_stderr("measuring"));
  running.send(SIGUSR1);
  ASSERT_TRUE(running.wait_for_stderr("{\"stage\":\"measuring\""));
  running.send(SIGTERM);
  const Outcome outcome = running.wait();
  const size_t start = outcome.err.find("{\"stage\"");
  const json line = json::parse(outcome.err.substr(start, outcome.err.find('\n', start) - start));
  EXPECT_EQ(line["total"], 400);
}

}  // namespace
}  // namespace vane::testing
