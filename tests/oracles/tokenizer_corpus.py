# SPDX-License-Identifier: Apache-2.0
"""Seeded strings that exercise a caption tokenizer: the corpus of record_tokenizer.py."""
import html.entities
import random
import unicodedata

import ftfy.bad_codecs  # noqa: F401  (registers the "sloppy" code pages)

SUBJECTS = """dog cat woman man child robot castle lake mountain street market bicycle train violin
lighthouse portrait cathedral teapot hummingbird astronaut glacier orchard sculpture skyline
mid-century chair T-shirt rock'n'roll poster 1950s diner mother-in-law""".split("\n")
SUBJECTS = " ".join(SUBJECTS).split()
STYLES = """oil painting|pencil sketch|low-poly render|photo|macro shot|watercolour|film still|3D model
|black & white picture|double exposure|blueprint|cross-stitch|8-bit sprite|long exposure""".split("|")
LIGHT = """at golden hour|backlit by a window|under street lights|in thick fog|in the rain|at night
|with rim light|in hard noon sun|underexposed|overexposed|by candlelight|on an overcast day""".split("|")
TAILS = ["", ".", "!", ", f/1.8, ISO 3200", " (4k, highly detailed)", " -- 35mm", " #nofilter",
         " @ 24fps", "; it's 5 o'clock", " – don't blink…", " $19.99", " 50% off", ' "untitled"',
         " they've seen, we'll see, I'd say, I'm sure", " <b>bold</b>", " https://a.example/x?y=1&z=2"]
SENTENCES = """Ein kleiner Hund schläft unter dem großen Apfelbaum.
Élodie a peint cette toile à la lumière d'été, près de l'île.
El niño pequeño comió una piña en la montaña; ¿dónde está?
A criança não viu o avião às três da manhã.
Perché la città è così bella al crepuscolo?
Żółta łódź płynie przez spokojne jezioro o świcie.
Příliš žluťoučký kůň pěje ďábelské ódy.
Árvíztűrő tükörfúrógép a régi műhelyben.
Şişli'de ıslak sokaklar, İstanbul'da gün doğumu.
Þetta er gamalt hús við sjóinn á Íslandi.
Mėlynas dviratis šalia raudonos sienos.
Zaļā māja pie ezera ar ziediem.
Ο σκύλος τρέχει στη θάλασσα. ΟΔΥΣΣΕΥΣ ΚΑΙ ΠΗΝΕΛΟΠΗ
Старый маяк на берегу моря; фотография ночью.
Маленька дівчинка ґрає на скрипці, її усмішка.
Стари град изнад реке Ђердап, љубав и њива.
שלום עולם, כלב קטן על הדשא
صورة قديمة لمدينة جميلة عند الغروب
یک گربهٔ سیاه روی دیوار می‌نشیند
पहाड़ों के ऊपर सूर्योदय की तस्वीर
পাহাড়ের উপর সূর্যোদয়ের ছবি
மலைகள் மீது சூரிய உதயம்
పర్వతాల మీద సూర్యోదయం
ಬೆಟ್ಟದ ಮೇಲೆ ಸೂರ್ಯೋದಯ
മലകൾക്ക് മുകളിൽ സൂര്യോദയം
ภาพถ่ายแมวดำบนกำแพงเก่า
ພາບຖ່າຍຂອງແມວດໍາ
တောင်ပေါ်နေထွက်ချိန်
រូបភាពថ្ងៃរះលើភ្នំ
ཉི་མ་རི་ལ་ཤར།
მთებზე მზის ამოსვლა
Արեւածագ լեռների վրա
የፀሐይ መውጫ ፎቶ በተራራ ላይ
夕暮れの湖に浮かぶ小さな船、ピアノの音。
가을 하늘 아래 작은 배 한 척
黄昏时分湖面上的一只小船，“静”。
Một bức ảnh chụp con mèo đen trên bức tường cũ
Уулын дээрх нар мандах ᠮᠣᠩᠭᠣᠯ
ᎣᏏᏲ ᎡᎶᎯ ᏣᎳᎩ
ⴰⵣⵓⵍ ⴰⵎⴰⴹⴰⵍ""".split("\n")
SCRIPTS = [(0x41, 0x5A), (0x61, 0x7A), (0xA0, 0xFF), (0x100, 0x17F), (0x180, 0x24F), (0x250, 0x2AF),
           (0x2B0, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x531, 0x58F), (0x590, 0x5FF),
           (0x600, 0x6FF), (0x700, 0x7BF), (0x800, 0x8FF), (0x900, 0x97F), (0x980, 0x9FF),
           (0xA00, 0xAFF), (0xB00, 0xBFF), (0xC00, 0xCFF), (0xD00, 0xDFF), (0xE00, 0xEFF),
           (0xF00, 0xFFF), (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x139F),
           (0x13A0, 0x13FF), (0x1780, 0x17FF), (0x1800, 0x18AF), (0x1B00, 0x1BFF),
           (0x1C80, 0x1CBF), (0x1D00, 0x1DBF), (0x1DC0, 0x1DFF), (0x1E00, 0x1EFF),
           (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20CF),
           (0x2100, 0x218F), (0x2190, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x27BF),
           (0x2C00, 0x2DFF), (0x2E80, 0x2FDF), (0x3000, 0x30FF), (0x3130, 0x318F),
           (0x3200, 0x33FF), (0x4E00, 0x9FFF), (0xA640, 0xA69F), (0xA720, 0xA7FF),
           (0xAB70, 0xABBF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFB00, 0xFDFF),
           (0xFE00, 0xFEFF), (0xFF00, 0xFFEF), (0x10400, 0x1044F), (0x10C80, 0x10CFF),
           (0x11000, 0x114DF), (0x118A0, 0x118FF), (0x1D000, 0x1D24F), (0x1D400, 0x1D7FF),
           (0x1E900, 0x1E95F), (0x1F100, 0x1F1FF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF),
           (0x2F800, 0x2FA1F), (0xE0000, 0xE01EF)]
EMOJI = ["😀", "👨‍👩‍👧‍👦", "👩🏽‍🚀", "🏳️‍🌈", "🇫🇷🇯🇵", "1️⃣#️⃣", "❤️", "☀", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "🤷🏿‍♂️", "✔", "©️®", "🧑‍🎄", "♥", "🫠"]
ENCODINGS = ["latin-1", "cp1252", "sloppy-windows-1252", "sloppy-windows-1251",
             "sloppy-windows-1250", "sloppy-windows-1253", "sloppy-windows-1254",
             "sloppy-windows-1257", "iso-8859-2", "macroman", "cp437"]
SPECIAL = ["<|startoftext|>", "<|endoftext|>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<|ſtartoftext|>",
           "<|startoftext", "|>", "<start_of_text>", "'s", "'S", "'ſ", "'RE", "'ve", "'LL", "'d", "'M",
           "’s", "ʼn", "İ", "ı", "Σ", "ΑΣ", "ΑΣ.", "ΑΣΒ", "Σ́", "Α\u00adΣ", "\u0345", "ᾳ\u0345", "K", "Å",
           "ẞ", "ŉ", "ǅ", "ﬃ", "ﬅ", "Ⅷ", "ⅷ", "Ⓐ", "½", "²", "٣", "①", "_", "__", "\u200b", "\u2060",
           "\u00ad", "</w>", "&nbsp;", "&amp;amp;", "\ufeff", "Ç\u0327", "a\u0301\u0323", "q\u0307\u0323"]


class Corpus:
    """Strings (or raw bytes) by kind; every kind is a method that returns one."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = sorted(html.entities.html5)
        self.assigned = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF
                         and unicodedata.category(chr(c)) not in ("Cn", "Co")]

    def caption(self):
        r = self.random
        text = f"a {r.choice(STYLES)} of a {r.choice(SUBJECTS)} {r.choice(LIGHT)}{r.choice(TAILS)}"
        text = " ".join(text.split())
        return r.choice([text, text.capitalize(), text.upper(), text.title(), "  " + text + "\n"])

    def sentence(self):
        words = self.random.choice(SENTENCES).split()
        if self.random.random() < 0.5:
            self.random.shuffle(words)
        text = " ".join(words)
        return self.random.choice([text, text.upper(), text.lower(), text.title()])

    def script(self):
        words = []
        for _ in range(self.random.randint(1, 5)):
            low, high = self.random.choice(SCRIPTS)
            words.append("".join(chr(self.random.randint(low, high))
                                 for _ in range(self.random.randint(1, 8))))
        return " ".join(words)

    def emoji(self):
        parts = [self.random.choice(EMOJI) for _ in range(self.random.randint(1, 4))]
        return self.random.choice(["", " "]).join(parts + [self.caption()[:12]])

    def html(self):
        r, parts = self.random, []
        for _ in range(r.randint(1, 5)):
            name = r.choice(self.names)
            if r.random() < 0.2:
                name = r.choice([name.upper(), name.lower(), name[:-1], name + "x", name + ";"])
            number = r.choice([r.randint(0, 300), r.randint(0, 0x11FFFF), 10 ** r.randint(3, 15)])
            parts.append(r.choice([f"&{name}", f"&{name}", f"&amp;{name}", f"&#{number};",
                                   f"&#{number}", f"&#x{number:x};", f"&#X{number:X}", "&", "&#",
                                   "&#x", "&;", "<i>", "a<b", " ", "text", "é", "&am", "AT&T",
                                   "&amp;#38;", "&#59;", "&lt;", "&" + "z" * r.randint(20, 40) + ";"]))
        return r.choice(["", " "]).join(parts)

    def mojibake(self):
        r = self.random
        text = r.choice([self.sentence, self.sentence, self.quoted, self.emoji, self.script])()
        for _ in range(r.choice([1, 1, 1, 2])):
            data = text.encode("utf-8", "replace")
            text = data.decode(r.choice(ENCODINGS), r.choice(["replace", "ignore", "replace"]))
        if r.random() < 0.3:
            text = text.replace("\u00a0", " ")
        if r.random() < 0.15:
            text = text.replace("\ufffd", "?")
        if r.random() < 0.25:
            text = self.sentence() + r.choice([" ", ", ", "\n"]) + text
        if r.random() < 0.15:
            start = r.randrange(len(text) + 1)
            text = text[start:start + r.randint(1, 30)]
        return text

    def quoted(self):
        return self.random.choice(["“{}”", "‘{}’", "„{}“", "«{}»", "…{}—", "{}™ 20°", "£{} €5"]).format(
            self.random.choice([self.caption(), self.sentence()]))

    def clues(self):
        """Characters of the mojibake classes side by side."""
        pool = "ÂÃÎÐØÙàâãåäéèêëïîðñœŒŠšŸž€‚ƒ„…†‡ˆ‰‹›•–—˜™¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿×÷√∂∑≤≥≈β€ΆΒΓвЂВГРСўāĀ█▌░║╔"
        return "".join(self.random.choice(pool + "  aZz.?1\u0081\u008d\u0099\u00a0\ufffd\x1a")
                       for _ in range(self.random.randint(1, 12)))

    def normal_forms(self):
        form = self.random.choice(["NFC", "NFD", "NFKC", "NFKD"])
        text = self.random.choice([self.sentence, self.script])()
        text = unicodedata.normalize(form, text)
        if self.random.random() < 0.3:
            at = self.random.randrange(len(text) + 1)
            marks = "".join(self.random.choice("\u0300\u0301\u0316\u0323\u0327\u0328\u0345\u05b0\u3099")
                            for _ in range(self.random.randint(1, 4)))
            text = text[:at] + marks + text[at:]
        return text

    def width(self):
        text = self.random.choice([self.caption(), self.quoted()])
        wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
        half = "".join(chr(self.random.randint(0xFF61, 0xFFEE)) for _ in range(8))
        return self.random.choice([wide, wide.replace(" ", "\u3000"), half, half + wide[:9]])

    def controls(self):
        r, text = self.random, list(self.caption())
        for _ in range(r.randint(1, 6)):
            piece = r.choice([chr(r.randint(0, 0x20)), chr(r.randint(0x7F, 0xA0)), "\r\n", "\r", "\x1b[0m",
                              "\x1b[1;31m", "\x1b[", "\u2028", "\u2029", "\ufeff", "\u206b", "\ufffc",
                              "\u200d", "\u200e", "\u3000", "\u1680", "\u180e", "\x85", "\x1c"])
            text.insert(r.randrange(len(text) + 1), piece)
        return "".join(text)

    def special(self):
        parts = [self.random.choice(SPECIAL + ["a", "Z", "é", "7", "!", "日"])
                 for _ in range(self.random.randint(1, 7))]
        return self.random.choice(["", " "]).join(parts)

    def random_text(self):
        r = self.random
        count = r.randint(1, 12)
        kind = r.randrange(4)
        if kind == 0:
            return "".join(chr(r.choice(self.assigned)) for _ in range(count))
        if kind == 1:
            return "".join(chr(r.randint(0, 0x24F)) for _ in range(count))
        if kind == 2:
            return "".join(chr(r.choice([r.randint(0, 0xD7FF), r.randint(0xE000, 0x10FFFF)]))
                           for _ in range(count))
        return "".join(chr(r.randint(0x20, 0x7E)) for _ in range(3 * count))

    def raw_bytes(self):
        r = self.random
        data = bytearray(self.sentence().encode("utf-8"))
        for _ in range(r.randint(1, 6)):
            at = r.randrange(len(data) + 1)
            data[at:at + r.randint(0, 1)] = bytes([r.choice([r.randint(0x80, 0xFF), 0xED, 0xF0, 0xC0])])
        return bytes(data)

    KINDS = ["caption", "sentence", "script", "emoji", "html", "mojibake", "quoted", "clues",
             "normal_forms", "width", "controls", "special", "random_text", "raw_bytes"]

    def draw(self, kind):
        text = getattr(self, kind)()
        return text if isinstance(text, bytes) else text.encode("utf-8", "replace")
