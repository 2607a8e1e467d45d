#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the arrows of the design: who may include whom.

cli, gui -> editing -> enhance -> generators, guidance -> engine; a layer may include any lower one.
generators and guidance never include each other. Only engine/raw knows LibRaw and only
engine/video/opencv OpenCV. Folders without torch stay so. Inside engine a
folder may include those listed before it. Run in the repository, or give its path.
"""
import re
import sys
from pathlib import Path

LAYERS = {
    "engine": {"engine"},
    "guidance": {"guidance", "engine"},
    "generators": {"generators", "engine"},
    "enhance": {"enhance", "generators", "guidance", "engine"},
    "editing": {"editing", "enhance", "generators", "guidance", "engine"},
    "gui": {"gui", "editing", "enhance", "generators", "guidance", "engine"},
    "cli": {"cli", "editing", "enhance", "generators", "guidance", "engine"},
}
# Lower folders of engine first; a folder may include itself and those of the lines above.
ENGINE_LEVELS = [
    {"base"},
    {"config", "text", "weights", "raw"},
    {"image"},
    {"data", "regions", "scene", "video"},
    {"tensor"},
    {"clip", "run"},
]
TORCH_FREE = ["engine/base", "engine/config", "engine/text", "engine/weights", "engine/raw",
              "engine/image", "engine/data", "engine/regions", "engine/scene", "engine/video",
              "generators/language", "generators/splats", "generators/toybox", "editing/document",
              "editing/scenes", "gui", "cli"]
TORCH_INCLUDE = re.compile(r"<(torch|ATen|c10|caffe2)/")
TORCH_FOLDERS = re.compile(r"(engine/(tensor|clip|run)|guidance|generators(?!/(language|splats|toybox))|enhance|editing(?!/(document|scenes|services)))/")
RAW_INCLUDE = re.compile(r"[<\"]libraw/")
OPENCV_INCLUDE = re.compile(r"[<\"]opencv2/")
WINDOW_INCLUDE = re.compile(r"[<\"](imgui|implot|GLFW)")
INCLUDE = re.compile(r"^\s*#\s*include\s+([<\"][^>\"]+[>\"])", re.M)
SUFFIXES = {".h", ".cpp", ".cu", ".cuh"}


def engine_level(folder):
    for level, names in enumerate(ENGINE_LEVELS):
        if folder in names:
            return level
    return None


def problems_of(path, relative):
    layer = relative.parts[0]
    text = path.read_text(encoding="utf-8", errors="replace")
    # Headers of services are the door to the front: they promise to need no torch.
    torch_free = any(str(relative).startswith(f + "/") for f in TORCH_FREE) or (
        str(relative).startswith("editing/services/") and path.suffix == ".h")
    for found in INCLUDE.finditer(text):
        include = found.group(1)
        line = text.count("\n", 0, found.start(1)) + 1
        target = include[1:-1]
        place = f"{relative}:{line}: includes {include}"
        if include[0] == '"':
            top = target.split("/")[0]
            if "/" not in target or top not in LAYERS:
                yield f"{place}: paths are rooted at the repository"
                continue
            if top not in LAYERS[layer]:
                yield f"{place}: {layer} may include {', '.join(sorted(LAYERS[layer]))} only"
            if layer == "engine" and top == "engine":
                own, other = engine_level(relative.parts[1]), engine_level(target.split("/")[1])
                if own is None or other is None:
                    yield f"{place}: give the folder a level in cmake/check_includes.py"
                elif other > own:
                    yield f"{place}: it lies above engine/{relative.parts[1]}"
            if torch_free and TORCH_FOLDERS.match(target):
                yield f"{place}: this folder stays free of torch"
        if torch_free and TORCH_INCLUDE.match(include):
            yield f"{place}: this folder stays free of torch"
        if path.suffix in {".cu", ".cuh"} and TORCH_INCLUDE.match(include):
            yield f"{place}: device sources include no torch"
        if RAW_INCLUDE.match(include) and not str(relative).startswith("engine/raw/"):
            yield f"{place}: only engine/raw/ may use LibRaw"
        if OPENCV_INCLUDE.match(include) and not str(relative).startswith("engine/video/opencv/"):
            yield f"{place}: only engine/video/opencv/ may use OpenCV"
        if layer != "gui" and WINDOW_INCLUDE.match(include):
            yield f"{place}: only gui/ may open windows"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    count, problems = 0, []
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*")):
            if path.suffix in SUFFIXES:
                count += 1
                problems += problems_of(path, path.relative_to(root))
    for problem in problems:
        print(problem)
    if count == 0:
        print(f"no sources in {root}")
    if problems or count == 0:
        return 1
    print(f"{count} files include in the right direction")
    return 0


if __name__ == "__main__":
    sys.exit(main())
