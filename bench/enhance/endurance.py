#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a batch promises, tried on the real program: 200 mixed files of which 10 are broken, the same bytes for any number
of jobs, kills at random moments and `--resume`, a full disk and a read-only folder (both as root only: they need small
file systems of their own). Compares no speeds; prints a line for each promise and ends at the first that is broken."""
import argparse
import hashlib
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib
from pathlib import Path

PARTIAL, CANNOT_WRITE = 6, 8


def png(path, width, height, channels, depth, rng):
    """A ground in the shade under a bright sky, with some noise."""
    kind = {1: 0, 3: 2, 4: 6}[channels]
    horizon = rng.uniform(0.3, 0.6) * height
    tint = [rng.uniform(0.6, 1) for _ in range(channels)]
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            light = 0.85 if y < horizon else 0.12 + 0.08 * ((x // 9 + y // 7) % 2)
            for c in range(channels):
                value = 1.0 if c == 3 else min(1, light * tint[c] * rng.uniform(0.95, 1.05))
                rows += struct.pack(">H", int(65535 * value)) if depth == 16 else bytes([int(255 * value)])

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows), 1)) +
                     chunk(b"IEND", b""))


def make_tree(folder, samples, count, broken, rng):
    photographs = sorted(samples.glob("*.jpg"))
    for number in range(count):
        inside = folder / ["", "spring", "spring/garden", "autumn"][number % 4]
        inside.mkdir(parents=True, exist_ok=True)
        kind = number % 5
        if kind == 0:
            shutil.copy(rng.choice(photographs), inside / f"{number:03}.jpg")
        else:
            channels, depth = [(3, 8), (1, 8), (3, 16), (4, 8)][kind - 1]
            png(inside / f"{number:03}.png", rng.randrange(40, 160), rng.randrange(40, 160), channels, depth, rng)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for number, path in enumerate(rng.sample(files, broken)):
        data = path.read_bytes()
        path.write_bytes([data[:len(data) // 2], b"", b"no picture\n", data[:20] + b"\xff" * 8 + data[28:],
                          rng.randbytes(500)][number % 5])


def hashes(folder):
    """Of everything that is not the program's own: journals and locks begin with a dot."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")}


def expect(holds, text):
    print(("holds:  " if holds else "BROKEN: ") + text, flush=True)
    if not holds:
        raise SystemExit(1)


class Batch:
    def __init__(self, vane, source):
        self.vane, self.source = vane, source

    def start(self, output, *options):
        return subprocess.Popen([self.vane, "enhance", self.source, "-r", "-o", output, "-q", *options],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, "OMP_WAIT_POLICY": "passive"})

    def run(self, output, *options):
        run = self.start(output, *options)
        words = run.communicate()[1]
        return run.returncode, words


def kills(batch, folder, expected, count, length, rng):
    killed = whole = 0
    while killed < count:
        output = folder / "killed"
        run = batch.start(output, "--resume")
        try:
            run.wait(timeout=rng.uniform(0.05, 0.6 * length))
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            killed += 1
        if not output.exists():
            continue
        there = hashes(output)
        wrong = [name for name, digest in there.items() if expected.get(name) != digest]
        if wrong:
            expect(False, f"after kill {killed} there is a wrong {wrong[0]}")
        if len(there) == len(expected):
            whole += 1
            shutil.rmtree(output)
    batch.run(folder / "killed", "--resume")
    expect(hashes(folder / "killed") == expected,
           f"killed at {killed} random moments, {whole} trees finished between them: every output that was there was whole, "
           "and the last tree is the same to the byte")


def mounted(place, options):
    place.mkdir()
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


def full_disk(batch, folder, expected):
    place = folder / "small"
    size = sum((folder / "one" / name).stat().st_size for name in expected)
    if not mounted(place, f"size={size // 2}"):
        print("left out: a full disk (no file system can be mounted)")
        return
    try:
        code, words = batch.run(place / "out", "--resume")
        there = hashes(place / "out")
        expect(code == CANNOT_WRITE and 0 < len(there) < len(expected) and
               all(expected[name] == digest for name, digest in there.items()),
               f"a full disk ends the batch with {code}; {len(there)} outputs, all whole; it says: {words.strip().splitlines()[-1]}")
        subprocess.run(["mount", "-o", f"remount,size={4 * size}", place], check=True)
        batch.run(place / "out", "--resume")
        expect(hashes(place / "out") == expected, "with room again --resume completes the same tree")
    finally:
        subprocess.run(["umount", place], check=True)


def read_only(batch, folder):
    place = folder / "sealed"
    if not mounted(place, "ro,size=1m"):
        print("left out: a read-only folder (no file system can be mounted)")
        return
    try:
        code, words = batch.run(place / "out")
        expect(code == CANNOT_WRITE, f"a read-only folder ends it with {code}; it says: {words.strip().splitlines()[-1]}")
    finally:
        subprocess.run(["umount", place], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    broken = max(1, args.files // 20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "archive"
        make_tree(source, Path(__file__).resolve().parents[2] / "assets/samples", args.files, broken, rng)
        before = hashes(source)
        batch = Batch((args.build / "vane").resolve(), source)
        start = time.monotonic()
        code, _ = batch.run(folder / "one", "--jobs", "1")
        length = time.monotonic() - start
        expected = hashes(folder / "one")
        expect(code == PARTIAL and len(expected) == args.files - broken,
               f"{args.files} files, {broken} broken: {len(expected)} outputs, exit code {code}, {length:.1f} s")
        for jobs in ("2", "4"):
            batch.run(folder / jobs, "--jobs", jobs)
            expect(hashes(folder / jobs) == expected, f"the same bytes with --jobs {jobs}")
        kills(batch, folder, expected, args.kills, length, rng)
        full_disk(batch, folder, expected)
        read_only(batch, folder)
        expect(hashes(source) == before, "the archive is as it was")


if __name__ == "__main__":
    main()
