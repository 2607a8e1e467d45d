#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a bare Debian 12 machine able to build and run Vane, then builds build/vane.
# Can be called again at any time; does only what is missing.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'EOF'
Usage: ./setup.sh [--headless] [--cuda] [--nvcc] [--dev] [--no-build] [--offline DIR]
       ./setup.sh --get NAME [--offline DIR]

  --headless     leave out what only the window needs
  --cuda         also fetch what a CUDA build needs (5.5 GB) and build it
  --nvcc         fetch only the CUDA compiler, when there is none on the PATH
  --dev          also install what the tests and CI need (GoogleTest, clang, clang-format)
  --no-build     install only
  --offline DIR  take Python wheels from DIR instead of the network
  --get NAME     only fetch a model of others into models/ (faces: the face generator
                 and the face landmarks, 140 MB)

Downloads are kept in ${VANE_DEPS:-~/.cache/vane/deps}; delete that folder to start afresh.
EOF
}

cuda=0 nvcc=0 dev=0 build=1 window=1 offline="" get=""
while [ $# -gt 0 ]; do
  case "$1" in
    --headless) window=0 ;;
    --cuda) cuda=1 nvcc=1 ;;
    --nvcc) nvcc=1 ;;
    --dev) dev=1 ;;
    --no-build) build=0 ;;
    --offline) offline="${2:?--offline needs a folder}"; shift ;;
    --get) get="${2:?--get needs a name}"; shift ;;
    -h|--help) usage; exit 0 ;;
    *) echo "setup.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

say() { printf '\033[1m%s\033[0m\n' "setup: $*" >&2; }

# Downloads one Python package into a new folder below models/ and prints the folder.
download_package() {  # requirement, more options of pip
  mkdir -p models
  local folder; folder="$(mktemp -d models/.download.XXXXXX)"
  local source=()
  if [ -n "$offline" ]; then source=(--no-index --find-links "$offline"); fi
  python3 -m pip download -q --no-deps "${source[@]}" -d "$folder" "$@" >&2 || {
    rm -rf "$folder"
    echo "setup.sh: could not download $1; with no network, give --offline DIR holding the package" >&2
    exit 1
  }
  echo "$folder"
}

# The published MobileStyleGAN for faces (Apache-2.0) inside PyPI's random-face wheel, and dlib's
# landmarks and face embedding (CC0 and public domain; the landmarks' training pictures were for
# research only) inside face-recognition-models. Never committed nor passed on; models/ is ignored
# by git.
get_faces() {
  local target=models/faces folder
  if [ ! -e "$target/SynthesisNetwork.bin" ]; then
    say "fetching the face generator (38 MB)"
    folder="$(download_package random-face==2021.7.21.1 --only-binary=:all:)"
    unzip -q -j "$folder"/*.whl 'random_face/data/*' '*/LICENSE' -d "$folder/faces"
    mkdir -p "$target"
    # The file that the test above looks for comes last.
    mv "$folder"/faces/[!S]* "$target"
    mv "$folder"/faces/S*.xml "$folder"/faces/S*.bin "$target"
    rm -rf "$folder"
  fi
  if [ ! -e "$target/shape_predictor_68_face_landmarks.dat" ]; then
    say "fetching what finds and compares faces (100 MB)"
    # Only a source archive is published; pip asks its setuptools for its name, nothing is built. With
    # --offline the folder needs wheels of setuptools and wheel too.
    folder="$(download_package face-recognition-models==0.3.0)"
    tar -xzf "$folder"/*.tar.gz -C "$folder" --strip-components=3 --wildcards \
      '*/models/dlib_face_recognition_resnet_model_v1.dat' \
      '*/models/shape_predictor_68_face_landmarks.dat'
    mv "$folder"/dlib_*.dat "$target"
    mv "$folder"/shape_*.dat "$target"
    rm -rf "$folder"
  fi
  say "the face generator is in $target"
}
if [ -n "$get" ]; then
  case "$get" in
    faces) get_faces ;;
    *) echo "setup.sh: there is no model $get to fetch; known: faces" >&2; exit 2 ;;
  esac
  exit 0
fi

torch_version=2.14.1
deps="${VANE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/vane/deps}"
mkdir -p "$deps"

packages=(g++ cmake ninja-build ccache lld python3 python3-pip unzip
  libyaml-cpp-dev libcli11-dev libpugixml-dev libdlib-dev libfmt-dev nlohmann-json3-dev zlib1g-dev
  libzstd-dev libjpeg-dev libpng-dev libtiff-dev libwebp-dev liblcms2-dev libraw-dev
  libopencv-videoio-dev)
if [ "$dev" = 1 ]; then
  packages+=(libgtest-dev libbenchmark-dev clang libclang-rt-14-dev clang-format unicode-data)
fi
if [ "$window" = 1 ]; then
  packages+=(libglfw3-dev libgl1 libgl1-mesa-dri)
  # The tests run the real window on a display in memory.
  if [ "$dev" = 1 ]; then packages+=(xvfb xauth); fi
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
fi

# Downloads one wheel (and nothing it depends on) and unpacks the paths that match.
fetch_wheel() {  # requirement pattern...
  local requirement="$1"; shift
  local stamp="$deps/.${requirement//[=]/_}.done"
  [ -e "$stamp" ] && return 0
  local folder; folder="$(mktemp -d "$deps/.download.XXXXXX")"
  say "fetching $requirement"
  local source=()
  if [ -n "$offline" ]; then source=(--no-index --find-links "$offline"); fi
  python3 -m pip download -q --no-deps --only-binary=:all: "${source[@]}" -d "$folder" "$requirement" \
    || { rm -rf "$folder"; echo "setup.sh: could not download $requirement; with no network, give --offline DIR holding the wheels" >&2; exit 1; }
  unzip -q -o "$folder"/*.whl "$@" -d "$deps/site" || { rm -rf "$folder"; exit 1; }
  rm -rf "$folder"
  touch "$stamp"
}

fetch_wheel "torch==$torch_version" 'torch/lib/libtorch_cpu.so' 'torch/lib/libc10.so' \
  'torch/lib/libgomp*' 'torch/include/*' 'torch/share/*'
# The wheel carries headers of another fmt, which would hide the installed one from our sources;
# no header of LibTorch that is used here includes it.
rm -rf "$deps/site/torch/include/fmt"
fetch_wheel "nvidia-cuda-runtime==13.0.96" 'nvidia/*'
fetch_wheel "nvidia-cuda-cupti==13.0.85" 'nvidia/*'

# Dear ImGui with docking, ImPlot and the Dear ImGui Test Engine: sources inside PyPI's source archive of
# imgui-bundle, of which nothing else is used. The Test Engine is for the tests only. pip asks the
# archive's own build system for its name, nothing is built; with --offline the folder needs a wheel of
# scikit-build-core and what that names, too.
fetch_window_sources() {
  local version=1.93.0
  local stamp="$deps/.imgui-bundle-$version.done"
  [ -e "$stamp" ] && return 0
  local folder; folder="$(mktemp -d "$deps/.download.XXXXXX")"
  say "fetching the sources of the window's widgets (54 MB)"
  local source=()
  if [ -n "$offline" ]; then source=(--no-index --find-links "$offline"); fi
  python3 -m pip download -q --no-deps --no-binary=imgui-bundle "${source[@]}" -d "$folder" "imgui-bundle==$version" || {
    rm -rf "$folder"
    echo "setup.sh: could not download imgui-bundle; with no network, give --offline DIR holding its source archive, or build without the window: --headless" >&2
    exit 1
  }
  rm -rf "$deps/window"
  mkdir "$folder/window"
  tar -xzf "$folder"/imgui_bundle-*.tar.gz -C "$folder/window" --strip-components=3 --wildcards \
    '*/external/imgui/imgui/*' '*/external/implot/implot/*' \
    '*/external/imgui_test_engine/imgui_test_engine/*'
  mv "$folder/window" "$deps/window"
  rm -rf "$folder"
  touch "$stamp"
}
if [ "$window" = 1 ]; then fetch_window_sources; fi

# The compiler comes from PyPI when the machine has none; it unpacks beside the run-time headers.
if [ "$nvcc" = 1 ] && ! command -v nvcc >/dev/null; then
  for wheel in nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 \
               nvidia-cuda-cccl==13.0.85; do
    fetch_wheel "$wheel" 'nvidia/*'
  done
  chmod +x "$deps"/site/nvidia/cu13/bin/* "$deps"/site/nvidia/cu13/nvvm/bin/* 2>/dev/null || true
fi

# LibTorch's CUDA half and the libraries that it loads.
if [ "$cuda" = 1 ]; then
  unpacked="$deps/.torch-cuda-$torch_version.done"
  if [ ! -e "$unpacked" ]; then
    say "fetching the CUDA half of LibTorch (5.5 GB)"
    folder="$(mktemp -d "$deps/.download.XXXXXX")"
    source=()
    if [ -n "$offline" ]; then source=(--no-index --find-links "$offline"); fi
    python3 -m pip download -q --only-binary=:all: "${source[@]}" -d "$folder" "torch==$torch_version"
    unzip -q -o "$folder"/torch-*.whl 'torch/lib/*' -d "$deps/site"
    for wheel in "$folder"/nvidia_*.whl; do
      # A few of them carry nothing but a list of others.
      unzip -q -o "$wheel" 'nvidia/*' -d "$deps/site" 2>/dev/null || [ $? -eq 11 ]
    done
    rm -rf "$folder"
    touch "$unpacked"
  fi
fi

if [ "$build" = 1 ]; then
  say "building (a first build takes several minutes)"
  cmake --preset release -DVANE_DEPS="$deps" \
    -DVANE_GUI=$([ "$window" = 1 ] && echo ON || echo OFF) \
    -DVANE_BUILD_TESTS=$([ "$dev" = 1 ] && echo ON || echo OFF) \
    -DVANE_CUDA=$([ "$cuda" = 1 ] && echo ON || echo OFF) >&2
  cmake --build build >&2
  # The launcher compares this stamp with setup.sh to see whether the set-up is current.
  touch build/.setup-done
fi
