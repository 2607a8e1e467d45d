#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Replays the seeds of every fuzz harness, then fuzzes each for a while.
#   tests/fuzz/run.sh [SECONDS] [TARGET...]      SECONDS 0 only replays; default 20, all targets
# A finding is kept in build-fuzz/findings/TARGET; copy it to tests/fuzz/corpus/TARGET under the name
# of its cause before fixing it, so that it stays a regression test.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${VANE_FUZZ_BUILD:-$root/build-fuzz}
seconds=${1:-20}
shift || true
targets=("$@")

if [ ! -f "$build/build.ninja" ]; then
  cmake --preset fuzz -S "$root" -B "$build" > /dev/null
fi
goals=(fuzzers)
if [ ${#targets[@]} -gt 0 ]; then
  goals=("${targets[@]/%/_fuzz}")
fi
if ! ninja -C "$build" -j2 "${goals[@]}" > "$build/build.log" 2>&1; then
  tail -40 "$build/build.log"
  exit 1
fi
if [ ${#targets[@]} -eq 0 ]; then
  for seeds in "$build"/tests/fuzz/*_fuzz.seeds; do
    name=$(basename "$seeds" _fuzz.seeds)
    targets+=("$name")
  done
fi

export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
failed=()
for name in "${targets[@]}"; do
  program=$build/tests/fuzz/${name}_fuzz
  findings=$build/findings/$name
  work=$build/corpus/$name
  mkdir -p "$findings" "$work"
  flags=(-max_len=65536 -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=256
         -artifact_prefix="$findings/" -verbosity=0)
  if [ -f "$root/tests/fuzz/$name.dict" ]; then
    flags+=("-dict=$root/tests/fuzz/$name.dict")
  fi
  mapfile -t seeds < <(grep -v '^$' "${program}.seeds" || true)
  if [ ${#seeds[@]} -gt 0 ]; then
    cp -f "${seeds[@]}" "$work/"
    if ! "$program" "${flags[@]}" "${seeds[@]}" > "$findings/replay.log" 2>&1; then
      tail -25 "$findings/replay.log"
      failed+=("$name (replay)")
      continue
    fi
  fi
  if [ "$seconds" -gt 0 ]; then
    # Leaks are looked for in the replay only: the check after an input stops the process. The seed is
    # fixed so that a check of the same sources walks the same way; VANE_FUZZ_SEED explores others.
    if ! "$program" "${flags[@]}" -detect_leaks=0 -seed="${VANE_FUZZ_SEED:-1}" -use_value_profile=1 -print_final_stats=1 \
        -max_total_time="$seconds" "$work" > "$findings/fuzz.log" 2>&1; then
      tail -40 "$findings/fuzz.log"
      failed+=("$name")
      continue
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/fuzz.log")
    echo "$name: ${#seeds[@]} seeds, ${runs:-0} runs, clean"
  else
    echo "$name: ${#seeds[@]} seeds, clean"
  fi
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "findings in: ${failed[*]}" >&2
  exit 1
fi
