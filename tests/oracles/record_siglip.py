# SPDX-License-Identifier: Apache-2.0
"""Records what transformers and SentencePiece compute for small models of SigLIP's kind.

    python tests/oracles/record_siglip.py

Writes tests/clip/fixtures/siglip* (outputs of a SiglipModel with named weights) and
tests/text/data/siglip*: two tokenizers trained here, because a published one is too large to keep,
and their ids. Columns of siglip.tsv.gz: text bytes in hexadecimal, then for each tokenizer the ids
of SiglipTokenizer without the end token and those of SentencePiece for the raw text.
"""
import gzip
import io
import json
import os
import pathlib
import tempfile

import sentencepiece
import torch
import transformers
from safetensors.torch import save_file

from named_values import values, weight
from tokenizer_corpus import Corpus, SENTENCES

TESTS = pathlib.Path(__file__).resolve().parents[1]
CLIP, TEXT = TESTS / "clip" / "fixtures", TESTS / "text" / "data"
SEED, PER_KIND = 20261125, 130

# The ids of the special pieces are those of the published tokenizer.
COMMON = dict(hard_vocab_limit=False, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, num_threads=1, minloglevel=2,
              max_sentence_length=20000)
TOKENIZERS = {
    # As published: unigram, nmt_nfkc, unknown characters stay unknown.
    "siglip": dict(COMMON, model_type="unigram", vocab_size=1500, character_coverage=0.98,
                   normalization_rule_name="nmt_nfkc"),
    # What the format allows besides: bytes for unknown characters, pieces defined by hand, rules of
    # one's own, spaces kept.
    "siglip_bytes": dict(COMMON, model_type="unigram", vocab_size=1500, character_coverage=0.98,
                         byte_fallback=True, remove_extra_whitespaces=False,
                         user_defined_symbols=["photo of", "ing", "水彩"]),
}
RULES = "61\t62 63\n64 65\t66\n41 20\t20\nE9\t65 301\n"

EDGES = ["", " ", "▁", "▁▁ a", "a▁b", "</s>", "<unk>", "a</s>b", " a </s> <unk> b ", "</s></s>",
         "<unk>x", "<UNK>", "</S>", "<pad>", "<s>", "＜s＞", "﹤/s﹥", "\u3000x\u3000", "\x1ca\x1f",
         "ΑΣ ΟΔΟΣ", "İstanbul", "ﬁn ﬀ ㎏ ①", "e\u0301", "\u200bzero\u200d", "a\u00a0b", "\x00a\x00",
         "%$#@!", "don't stop", "a" * 200, "word " * 100, "日本語" * 30, "\ufffd", "ß ẞ", "photo of ingots",
         "photo  of", "水彩画"]


def texts():
    corpus = Corpus(SEED)
    rows = [text.encode("utf-8") for text in EDGES + SENTENCES]
    for kind in Corpus.KINDS:
        rows += [corpus.draw(kind) for _ in range(PER_KIND)]
    return rows


def train(name, options, folder):
    options = dict(options)
    if name == "siglip_bytes":
        (folder / "rules.tsv").write_text(RULES, encoding="utf-8")
        options["normalization_rule_tsv"] = "rules.tsv"
    os.chdir(folder)  # paths become part of the model
    corpus = Corpus(SEED + 1)
    kinds = ("caption", "sentence", "quoted")
    lines = [corpus.draw(kind).decode("utf-8", "replace") for _ in range(1500) for kind in kinds]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line.lower() for line in lines if "\0" not in line),
        model_prefix=name, **options)
    return folder / f"{name}.model"


def write_gzip(path, data):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(data)
    path.write_bytes(buffer.getvalue())
    print(path.name, len(buffer.getvalue()), "bytes")


def record_tokenizers():
    columns = []
    rows = texts()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for kind, options in TOKENIZERS.items():
            model = train(kind, options, folder)
            if kind == "siglip":
                write_gzip(TEXT / "siglip.model.gz", model.read_bytes())
            else:
                (TEXT / f"{kind}.model").write_bytes(model.read_bytes())
            tokenizer = transformers.SiglipTokenizer(str(model))
            raw = sentencepiece.SentencePieceProcessor(model_file=str(model))
            strings = [row.decode("utf-8", "replace") for row in rows]
            columns.append([tokenizer.encode(s, add_special_tokens=False) for s in strings])
            columns.append([[raw.piece_to_id(p) for p in raw.encode(s, out_type=str)]
                            for s in strings])
            whole = tokenizer(strings, padding="max_length", truncation=True)["input_ids"]
            for ids, row in zip(columns[-2], whole):
                ids = ids[:63]
                if not ids or ids[-1] != 1:
                    ids = ids + [1]
                assert row == ids + [1] * (64 - len(ids)), "the layout of a row"
        # Of another kind, to be refused.
        pair = train("pair", dict(COMMON, model_type="bpe", vocab_size=900, character_coverage=0.98,
                                  normalization_rule_name="identity"), folder)
        (TEXT / "siglip_pair.model").write_bytes(pair.read_bytes())
    lines = [f"# transformers {transformers.__version__}, sentencepiece "
             f"{sentencepiece.__version__}, seed {SEED}"]
    for row, *ids in zip(rows, *columns):
        lines.append("\t".join([row.hex()] + [" ".join(map(str, part)) for part in ids]))
    write_gzip(TEXT / "siglip.tsv.gz", "\n".join(lines).encode("ascii") + b"\n")
    print(len(rows), "texts")


def named_model(image_size):
    tower = dict(hidden_size=48, intermediate_size=80, num_attention_heads=3)
    config = transformers.SiglipConfig(
        text_config=dict(tower, num_hidden_layers=2, max_position_embeddings=16, vocab_size=1200),
        vision_config=dict(tower, num_hidden_layers=3, image_size=image_size, patch_size=8))
    model = transformers.SiglipModel(config).eval()
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            tensor.copy_(weight(key, tensor.shape))
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def record_model():
    model = named_model(40)
    config = model.config
    pixels = values("siglip.image", (2, 3, 40, 40)).requires_grad_(True)
    image = model.vision_model(pixel_values=pixels).pooler_output
    probe = values("siglip.probe", image.shape)
    (gradient,) = torch.autograd.grad((image * probe).sum(), pixels)
    ids = torch.ones(3, 16, dtype=torch.int64)
    for row, length in enumerate((1, 7, 15)):
        ids[row, :length] = torch.tensor([3 + (37 * row + 11 * i) % 1190 for i in range(length)])
    with torch.no_grad():
        text = model.text_model(input_ids=ids).pooler_output
        whole = model(input_ids=ids, pixel_values=pixels)
        # The same tensors at a size that is no multiple of the patches, as so400m-patch14-384 is.
        odd = named_model(44).vision_model(pixel_values=values("siglip.image44", (1, 3, 44, 44)))
    save_file({"ids": ids, "image_embedding": image.detach().contiguous(),
               "pixel_gradient": gradient, "text_embedding": text.contiguous(),
               "logits": whole.logits_per_image.contiguous(),
               "embedding_at_44": odd.pooler_output.contiguous()}, str(CLIP / "siglip.safetensors"),
              {"shapes": json.dumps({k: list(v.shape) for k, v in model.state_dict().items()})})
    (CLIP / "siglip_config.json").write_text(json.dumps(config.to_dict(), indent=1) + "\n")


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    record_model()
    record_tokenizers()
