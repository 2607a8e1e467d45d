# SPDX-License-Identifier: Apache-2.0
"""Records what the published tokenizers answer for a seeded corpus.

    python tests/oracles/record_tokenizer.py

Writes tests/text/data/tokenizer.tsv.gz. Columns of a line: kind, text bytes in hexadecimal, ids of
the OpenAI tokenizer, ids of the fast tokenizer of transformers ("=" when equal), without start and
end tokens. And tests/text/data/vocabulary.txt: a checksum over the text of every id.
"""
import gzip
import hashlib
import io
import pathlib

import ftfy
import open_clip
import regex
import transformers
from reference_tokenizers import hugging_face_tokenizer, openai_tokenizer
from tokenizer_corpus import Corpus

OUT = pathlib.Path(__file__).resolve().parents[1] / "text" / "data"
PER_KIND = 400
SEED = 20261125


def provenance():
    return (f"# open_clip {open_clip.__version__}, ftfy {ftfy.__version__}, regex {regex.__version__}, "
            f"transformers {transformers.__version__}, seed {SEED}")


def join(ids):
    return " ".join(map(str, ids))


def main():
    corpus, openai, fast = Corpus(SEED), openai_tokenizer(), hugging_face_tokenizer()
    lines = [provenance()]
    for kind in Corpus.KINDS:
        for _ in range(PER_KIND):
            raw = corpus.draw(kind)
            while len(raw) > 80 and kind not in ("caption", "sentence", "raw_bytes", "emoji"):
                raw = corpus.draw(kind)
            text = raw.decode("utf-8", "replace")
            ids, fast_ids = openai.encode(text), fast.encode(text, add_special_tokens=False)
            same = "=" if ids == fast_ids else join(fast_ids)
            lines.append("\t".join([kind, raw.hex(), join(ids), same]))
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write("\n".join(lines).encode("utf-8") + b"\n")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "tokenizer.tsv.gz").write_bytes(buffer.getvalue())
    texts = "".join(openai.decode([i]) + "\n" for i in range(49406))
    (OUT / "vocabulary.txt").write_text(
        hashlib.sha256(texts.encode("utf-8")).hexdigest() + "\n", encoding="ascii")
    print(len(lines) - 1, "strings,", len(buffer.getvalue()), "bytes")


if __name__ == "__main__":
    main()
