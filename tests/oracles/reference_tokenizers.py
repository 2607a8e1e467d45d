# SPDX-License-Identifier: Apache-2.0
"""The two published CLIP tokenizers, built from the merge list of this repository."""
import gzip
import os
import pathlib

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import open_clip.tokenizer  # noqa: E402
import regex  # noqa: E402
import transformers  # noqa: E402

MERGES = pathlib.Path(__file__).resolve().parents[2] / "assets" / "bpe_simple_vocab_16e6.txt.gz"
START, END = "<|startoftext|>", "<|endoftext|>"


def openai_tokenizer():
    """open_clip's SimpleTokenizer with the two special strings of OpenAI's original."""
    tokenizer = open_clip.tokenizer.SimpleTokenizer(bpe_path=str(MERGES))
    for text, token in ((START, 49406), (END, 49407)):
        old = tokenizer.decoder[token]
        del tokenizer.encoder[old], tokenizer.cache[old]
        tokenizer.encoder[text], tokenizer.decoder[token], tokenizer.cache[text] = token, text, text
    special = regex.escape(START) + "|" + regex.escape(END)
    rest = r"|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    tokenizer.pat = regex.compile(special + rest, regex.IGNORECASE)
    return tokenizer


def hugging_face_tokenizer():
    """transformers' fast tokenizer with the published vocabulary."""
    reference = openai_tokenizer()
    lines = gzip.open(MERGES).read().decode("utf-8").split("\n")[1:48895]
    return transformers.CLIPTokenizerFast(vocab=dict(reference.encoder),
                                          merges=[tuple(line.split()) for line in lines])
