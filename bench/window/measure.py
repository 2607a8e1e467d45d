#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The window's promises, measured in the real program under Xvfb with software GL: our own work for a frame while a job
runs, the time from Escape to the end of the work, from a moved slider to its picture, memory over many edits, and the
processor time of a window left alone. Prints the table of docs/window/README.md."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
SCREEN = ["xvfb-run", "-a", "-s", "-screen 0 1920x1080x24"]
SEARCH = ['click: "##phrase"', "type: warmer, softer light", "key: Enter"]
ENHANCE = ["click: Enhance light"]
FACE = ["click: Face", "type: a person with a closed mouth", "key: Enter"]
QUESTION = ['click: "##thing"', "type: a mushroom", "key: Enter"]


def script(lines):
    return "steps:\n" + "".join(f"  - {line}\n" for line in lines)


def children(pid):
    """Processes that `pid` started and those that they started."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children(int(child))]
    return found


def program_of(run):
    """The window's process under the one of xvfb-run."""
    for _ in range(200):
        for pid in children(run.pid):
            try:
                if Path(f"/proc/{pid}/comm").read_text().strip() == "vane":
                    return pid
            except FileNotFoundError:
                pass
        time.sleep(0.05)
    raise SystemExit("the window did not open")


def resident(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


class Window:
    def __init__(self, vane, folder):
        self.vane, self.folder = vane, folder
        self.words = open(folder / "words", "w+", encoding="utf-8")

    def command(self, arguments):
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "XDG_DATA_HOME": tempfile.mkdtemp(dir=self.folder)}
        return subprocess.Popen(SCREEN + [str(self.vane), "gui", *arguments], stdout=subprocess.PIPE,
                                stderr=self.words, env=environment, text=True)

    def run(self, lines, sample=False):
        """What the program reports, and its memory once a quarter of a second."""
        file = self.folder / "script.yaml"
        file.write_text(script(["size: [1920, 1080]", *lines]))
        run = self.command(["--script", str(file), "--json"])
        memory = []
        if sample:
            pid = program_of(run)
            while run.poll() is None:
                try:
                    memory.append(resident(pid))
                except FileNotFoundError:
                    break
                time.sleep(0.25)
        out = run.communicate()[0]
        if run.returncode != 0:
            self.words.seek(0)
            raise SystemExit(f"the session failed with exit code {run.returncode}: {self.words.read()[-500:]}")
        return json.loads(out), memory

    def idle_share(self, photograph, seconds):
        run = self.command([str(photograph)])
        pid = program_of(run)
        time.sleep(8)

        def ticks():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        before = ticks()
        time.sleep(seconds)
        share = (ticks() - before) / TICKS / seconds
        os.kill(pid, 15)
        run.wait()
        return share


def milliseconds(values):
    return f"{statistics.median(values):.0f} ms, at most {max(values):.0f} ms of {len(values)}"


def line_of(lines, text):
    """Line of the first step that is `text`: after `steps:` and the size."""
    return str(lines.index(text) + 3)


def stops(window, open_it, begin, label):
    times = []
    for frames in (2, 10, 30, 60, 100, 150):
        lines = [open_it, "wait: jobs", *begin, f"wait: {frames}", "key: Escape", "wait: jobs "]
        report, _ = window.run(lines)
        times += [1000 * seconds for seconds in report["waits"][line_of(lines, "wait: jobs ")]]
    return f"| Escape to the end of {label} | {milliseconds(times)} | 250 ms or one step |"


def slides(window, open_it, begin, label, count):
    places = [0.15 + 0.7 * (i * 0.618 % 1) for i in range(8)]
    lines = [open_it, "wait: jobs", *begin, "wait: jobs"]
    first = len(lines)
    for place in places:
        lines += [f'slide: {{label: "##strength", to: {place:.3f}}}', "wait: jobs"]
    report, _ = window.run(lines[:first] + [
        "repeat: {times: %d, steps: [%s]}" % (count, ", ".join("{" + line + "}" for line in lines[first:]))])
    last = max(report["waits"], key=int)
    whole = milliseconds([1000 * seconds for seconds in report["waits"][last]])
    return [f"| a slider's every move to its first picture, {label} | {milliseconds(report['answers_ms'][last])} | 150 ms |",
            f"| a released slider to its last picture, {label} | {whole} | |"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--photograph", type=Path, help="a large one whose edits are slid as well")
    parser.add_argument("--scene", type=Path, help="with a field beside it, to ask where things are")
    parser.add_argument("--no-faces", action="store_true", help="the face generator is not installed")
    parser.add_argument("--edits", type=int, default=500, help="edits between the two looks at memory")
    args = parser.parse_args()
    rows = []
    coffee, rocket = "click: Sample coffee", "click: Sample rocket"
    with tempfile.TemporaryDirectory() as name:
        window = Window((args.build / "vane").resolve(), Path(name))
        report, _ = window.run([coffee, "wait: jobs", *SEARCH, "wait: jobs"])
        rows.append(f"| our own work for a frame while a search runs, {report['frames']} frames of 1920 x 1080 | median "
                    f"{report['frame_ms']:.2f} ms, 99th percentile {report['frame_ms_p99']:.1f} ms | 16 ms |")
        rows.append(stops(window, coffee, SEARCH, "a search"))
        rows.append(stops(window, rocket, ENHANCE, "enhancing"))
        if not args.no_faces:
            rows.append(stops(window, "click: Sample astronaut", FACE, "a search of a face"))
        if args.scene:
            rows.append(stops(window, f"drop: {args.scene.resolve()}", QUESTION, "a question to a scene"))
        rows += slides(window, coffee, SEARCH, "a phrase", 5)
        rows += slides(window, rocket, [*ENHANCE, "wait: jobs", "click: Auto strength"], "light", 5)
        if args.photograph:
            # A copy each, for edits are kept beside a photograph.
            large = []
            for number in (1, 2):
                copy = Path(name) / f"large-{number}{args.photograph.suffix}"
                shutil.copy(args.photograph, copy)
                large.append(f"drop: {copy}")
            rows += slides(window, large[0], SEARCH, "a phrase, the large photograph", 3)
            rows += slides(window, large[1], [*ENHANCE, "wait: jobs", "click: Auto strength"],
                           "light, the large photograph", 3)
        half = max(1, args.edits // 2)
        pair = "repeat: {times: %d, steps: [%s]}" % (half, ", ".join(
            '{slide: {label: "##strength", to: %s}}, {wait: jobs}' % place for place in (0.3, 0.7)))
        _, memory = window.run([coffee, "wait: jobs", *SEARCH, "wait: jobs", pair], sample=True)
        # After a fifth of the session everything has been made once.
        early, late = memory[len(memory) // 5:len(memory) // 4], memory[-len(memory) // 20:-2]
        rows.append(f"| memory, {2 * half} edits | {statistics.median(early):.0f} MB near the beginning, "
                    f"{statistics.median(late):.0f} MB at the end | flat |")
        photograph = Path("assets/samples/coffee.jpg")
        rows.append(f"| a window left alone for 20 s | {100 * window.idle_share(photograph, 20):.2f} % of a core | 2 % |")
    print("| what | measured | wanted |\n|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
