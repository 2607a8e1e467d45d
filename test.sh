#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up what is missing, builds, and passes the tests. Arguments go to ctest (for example -R clip).
set -euo pipefail
cd "$(dirname "$0")"

./setup.sh --dev
# Two tests at once want the same cores: waiting threads must sleep, not spin.
export OMP_WAIT_POLICY=passive
exec ctest --test-dir build --output-on-failure -j "$(nproc)" "$@"
