# SPDX-License-Identifier: Apache-2.0
"""Writes small pictures of many kinds with Pillow and records how Pillow decodes them:
tests/image/data/pictures/ and pictures.txt beside it.

Each line: file width height channels depth CRC-32 of the samples (16 bit little-endian), in stored
order. The picture is a smooth ramp with some noise, so that lossy codecs have something to do.
"""
import pathlib
import zlib

import numpy
import PIL
from PIL import Image, ImageCms, TiffImagePlugin

FOLDER = pathlib.Path(__file__).parent.parent / "image" / "data" / "pictures"


def ramp(width, height, channels, seed=7):
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [(x * (3 + c) + y * (5 - c) + 40 * c) % 256 for c in range(channels)]
    pixels = numpy.stack(planes, axis=-1) + random.integers(0, 12, (height, width, channels))
    pixels = numpy.clip(pixels, 0, 255).astype(numpy.uint8)
    return pixels[..., 0] if channels == 1 else pixels


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "Vane"
    block[0x0132] = "2026:11:25 01:02:03"
    block.get_ifd(0x8769)[0x9003] = "2026:11:24 00:00:00"
    block.get_ifd(0x8769)[0x829A] = TiffImagePlugin.IFDRational(1, 125)
    block.get_ifd(0x8825)[1] = "N"
    block.get_ifd(0x8825)[2] = (52.0, 30.0, 15.5)
    return block


def save(name, image, **options):
    path = FOLDER / name
    image.save(path, **options)
    return name


def samples_of(name):
    """Samples of a file as the engine presents them, and their depth."""
    with Image.open(FOLDER / name) as image:
        if image.mode in ("P", "PA"):
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        elif image.mode == "1":
            image = image.convert("L")
        elif image.mode == "CMYK":
            image = image.convert("RGB")
        elif image.mode in ("L", "RGB") and "transparency" in image.info:
            image = image.convert("RGBA" if image.mode == "RGB" else "LA")
        if image.mode.startswith("I"):
            return numpy.asarray(image).astype("<u2"), 16
        return numpy.asarray(image), 8


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    rgb, grey = Image.fromarray(ramp(33, 17, 3)), Image.fromarray(ramp(33, 17, 1))
    rgba = Image.fromarray(ramp(33, 17, 4))
    grey_alpha = Image.merge("LA", [grey, rgba.getchannel("A")])
    cmyk = Image.merge("CMYK", [Image.fromarray(ramp(33, 17, 1, seed)) for seed in (1, 2, 3, 4)])
    palette = rgb.quantize(16)
    deep = Image.fromarray((ramp(33, 17, 1).astype(numpy.uint16) * 251 + 3))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
           b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
           b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>')
    names = [
        save("baseline_444.jpg", rgb, quality=90, subsampling=0),
        save("baseline_420.jpg", rgb, quality=85, subsampling=2),
        save("baseline_422.jpg", rgb, quality=85, subsampling=1),
        save("progressive_420.jpg", rgb, quality=85, progressive=True),
        save("restart.jpg", rgb, quality=85, restart_marker_rows=1),
        save("grey.jpg", grey, quality=90),
        save("cmyk.jpg", cmyk, quality=95),
        save("column.jpg", rgb.resize((1, 23)), quality=90),
        save("metadata.jpg", rgb, quality=90, exif=exif(6), icc_profile=profile, xmp=xmp),
        save("bits.png", grey.convert("1")),
        save("grey.png", grey), save("grey_alpha.png", grey_alpha), save("rgb.png", rgb),
        save("rgba.png", rgba), save("deep_grey.png", deep),
        save("palette_4.png", palette, bits=4), save("palette_2.png", rgb.quantize(4), bits=2),
        save("palette_1.png", rgb.quantize(2), bits=1),
        save("palette_transparent.png", palette, transparency=bytes(range(0, 160, 10))),
        save("grey_key.png", grey, transparency=int(ramp(33, 17, 1)[3, 3])),
        save("rgb_key.png", rgb, transparency=tuple(int(v) for v in ramp(33, 17, 3)[3, 3])),
        save("metadata.png", rgb, exif=exif(8), icc_profile=profile),
        save("plain.tif", rgb), save("lzw.tif", rgb, compression="tiff_lzw"),
        save("deflate.tif", rgba, compression="tiff_adobe_deflate"),
        save("packbits.tif", grey, compression="packbits"),
        save("group4.tif", grey.convert("1"), compression="group4"),
        save("group3.tif", grey.convert("1"), compression="group3"),
        save("jpeg.tif", rgb, compression="jpeg", quality=90),
        save("cmyk.tif", cmyk), save("palette.tif", palette), save("deep.tif", deep),
        save("grey_alpha.tif", grey_alpha),
        save("metadata.tif", rgb, exif=exif(3), icc_profile=profile),
        save("lossy.webp", rgb, quality=90), save("lossless.webp", rgba, lossless=True, exact=True),
        save("lossy_alpha.webp", rgba, quality=90),
        save("metadata.webp", rgb, lossless=True, exif=exif(5), icc_profile=profile, xmp=xmp),
    ]
    for orientation in range(1, 9):
        names.append(save(f"orientation_{orientation}.jpg", Image.fromarray(ramp(21, 13, 3)),
                          quality=90, exif=exif(orientation)))
    lines = [f"# Pillow {PIL.__version__}; recorded by tests/oracles/record_pictures.py"]
    for name in names:
        pixels, depth = samples_of(name)
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        lines.append(f"{name} {pixels.shape[1]} {pixels.shape[0]} {channels} {depth} "
                     f"{zlib.crc32(pixels.tobytes()):08x}")
    second = Image.fromarray(ramp(33, 17, 3, 9))
    rgb.save(FOLDER / "animated.webp", save_all=True, append_images=[second], lossless=True)
    (FOLDER.parent / "pictures.txt").write_text("\n".join(lines) + "\n")
    (FOLDER / "profile.icc").write_bytes(profile)
    print(f"{len(names)} pictures, {sum(f.stat().st_size for f in FOLDER.iterdir())} bytes")


if __name__ == "__main__":
    main()
