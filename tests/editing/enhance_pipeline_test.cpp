// SPDX-License-Identifier: Apache-2.0
// Oracle: counting from outside what is between load and retire, in the order of events.
#include "editing/enhance_pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/error.h"

namespace vane {
namespace {

class StoppableJob final : public Job {
 public:
  bool stop_requested() const noexcept override { return stopped; }
  int stop_code() const noexcept override { return 143; }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}
  std::atomic<bool> stopped{false};
};

/// Notes which stages every item went through: "LPSR".
class Notes {
 public:
  explicit Notes(size_t count) : ways(count) {}

  PipelineStages stages() {
    return {.load =
                [this](size_t i) {
                  const int now = ++inside;
                  const std::lock_guard lock(mutex);
                  most = std::max(most, now);
                  ways[i] += 'L';
                },
            .process = [this](size_t i) { ways[i] += 'P'; },
            .store =
                [this](size_t i) {
                  const std::lock_guard lock(mutex);
                  ways[i] += 'S';
                },
            .retire =
                [this](size_t i, const std::exception_ptr& error) {
                  ways[i] += error ? 'E' : 'R';
                  --inside;
                }};
  }

  std::mutex mutex;
  std::atomic<int> inside{0};
  int most = 0;
  std::vector<std::string> ways;
};

TEST(EnhancePipeline, TakesEveryItemThroughItsStagesWithinItsBound) {
  const StoppableJob job;
  for (const size_t jobs : {1, 2, 3, 7}) {
    Notes notes(40);
    run_pipeline(40, jobs, notes.stages(), job);
    for (const std::string& way : notes.ways) EXPECT_EQ(way, "LPSR");
    EXPECT_LE(notes.most, static_cast<int>(jobs));
  }
  Notes none(0);
  run_pipeline(0, 3, none.stages(), job);
  EXPECT_THROW(run_pipeline(1, 0, none.stages(), job), Error);
}

// Two items wait for each other: one in `process`, one in `load`. In a queue that takes them one
// after the other neither would be met.
TEST(EnhancePipeline, LoadsWhileAnotherIsProcessed) {
  const StoppableJob job;
  std::atomic<bool> processing{false}, loading{false};
  const auto meets = [](std::atomic<bool>& here, std::atomic<bool>& there) {
    here = true;
    for (int i = 0; i < 20000 && !there; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return there.load();
  };
  bool both = true;
  run_pipeline(2, 2,
               {.load = [&](size_t i) { both = both && (i == 0 || meets(loading, processing)); },
                .process = [&](size_t i) { both = both && (i == 1 || meets(processing, loading)); },
                .store = [](size_t) {},
                .retire = [](size_t, const std::exception_ptr&) {}},
               job);
  EXPECT_TRUE(both);
}

TEST(EnhancePipeline, AFaultEndsTheWayOfItsItemOnly) {
  const StoppableJob job;
  Notes notes(9);
  PipelineStages stages = notes.stages();
  const auto failing = [](std::function<void(size_t)> stage, size_t bad) {
    return [stage = std::move(stage), bad](size_t i) {
      stage(i);
      if (i == bad) throw Error(ErrorCode::input, "bad");
    };
  };
  stages.load = failing(stages.load, 2);
  stages.process = failing(stages.process, 4);
  stages.store = failing(stages.store, 6);
  run_pipeline(9, 3, stages, job);
  EXPECT_EQ(notes.ways, (std::vector<std::string>{"LPSR", "LPSR", "LE", "LPSR", "LPE", "LPSR",
                                                  "LPSE", "LPSR", "LPSR"}));
}

TEST(EnhancePipeline, AStopStoresWhatIsProcessedAndLeavesTheRest) {
  for (const bool inside : {false, true}) {
    StoppableJob job;
    Notes notes(30);
    PipelineStages stages = notes.stages();
    stages.process = [&](size_t i) {
      if (i == 5) job.stopped = true;
      if (inside) job.check_cancelled();
      notes.ways[i] += 'P';
    };
    EXPECT_THROW(run_pipeline(30, 4, stages, job), Cancelled);
    size_t retired = 0;
    for (const std::string& way : notes.ways) {
      retired += way == "LPSR";
      EXPECT_TRUE(way == "LPSR" || way == "L" || way.empty()) << way;
    }
    EXPECT_GE(retired, 5u);
    EXPECT_LE(retired, 9u);
  }
}

TEST(EnhancePipeline, WhatRetireThrowsEndsTheBatch) {
  const StoppableJob job;
  Notes notes(20);
  PipelineStages stages = notes.stages();
  const auto retire = stages.retire;
  stages.retire = [&](size_t i, const std::exception_ptr& error) {
    retire(i, error);
    if (i == 3) throw Error(ErrorCode::resource, "disk full");
  };
  EXPECT_THROW(run_pipeline(20, 2, stages, job), Error);
  EXPECT_EQ(notes.ways[19], "");
  for (const std::string& way : notes.ways) EXPECT_TRUE(way != "LP" && way != "LPS") << way;
}

}  // namespace
}  // namespace vane
