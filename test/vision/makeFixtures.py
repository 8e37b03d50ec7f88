"""Makes test/vision/fixtures: small pictures of every kind, and what OpenCV and Pillow make of them.

    python3 -m venv ENV && ENV/bin/pip install 'opencv-python-headless==5.0.0.*' pillow==13.0.0
    ENV/bin/python test/vision/makeFixtures.py test/vision/fixtures test/published/images

The second folder holds the photos; those in its folder cut/ are made here from the others, and photos.json with what
OpenCV makes of all of them is written into it. The pictures come from a fixed seed; their bytes depend on the versions
of the encoders, so the JSON files are always written along with them.
"""

import hashlib
import json
import pathlib
import struct
import sys
import zlib

import cv2
import numpy as np
import PIL
from PIL import Image, ImageCms

out = pathlib.Path(sys.argv[1])
photos = pathlib.Path(sys.argv[2])
random = np.random.default_rng(0)
height, width = 11, 16
ys, xs = np.mgrid[0:height, 0:width]
pixels = np.stack([xs * 15, ys * 22, (xs + ys) * 9], -1).astype(np.uint8)
picture = Image.fromarray(pixels)


def noise(*shape, top=256, kind=np.uint8):
    return random.integers(0, top, shape).astype(kind)


def exif(orientation):
    data = Image.Exif()
    data[0x112] = orientation
    return data


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# JPEG
for orientation in range(2, 10):  # 9 is no orientation and must be passed over
    picture.convert("L").save(out / f"orientation{orientation}.jpg", exif=exif(orientation), quality=60)
picture.save(out / "progressive.jpg", progressive=True)
picture.save(out / "halved.jpg", subsampling=2)
picture.convert("L").save(out / "grey.jpg")
ink = np.concatenate([noise(height, width, 3) // 8 * 4 + pixels // 2, (ys * 20)[..., None].astype(np.uint8)], -1)
Image.fromarray(ink, "CMYK").save(out / "cmyk.jpg", quality=95)
cmyk = (out / "cmyk.jpg").read_bytes()
marker = cmyk.index(b"Adobe")
(out / "ycck.jpg").write_bytes(cmyk[: marker + 11] + b"\x02" + cmyk[marker + 12 :])
length = struct.unpack(">H", cmyk[marker - 2 : marker])[0]
(out / "cmykWithoutAdobe.jpg").write_bytes(cmyk[: marker - 4] + cmyk[marker - 2 + length :])

# PNG
rgba = np.concatenate([pixels, noise(height, width, 1)], -1)
Image.fromarray(rgba, "RGBA").save(out / "alpha.png")
Image.fromarray(rgba[..., 2:], "LA").save(out / "greyAlpha.png")
picture.convert("L").save(out / "grey.png")
picture.save(out / "orientation6.png", exif=exif(6))
picture.convert("L").point(lambda value: 255 * (value > 100)).convert("1").save(out / "oneBit.png")
cv2.imwrite(str(out / "rgb16.png"), noise(5, 7, 3, top=65536, kind=np.uint16))
cv2.imwrite(str(out / "alpha16.png"), noise(5, 7, 4, top=65536, kind=np.uint16))
cv2.imwrite(str(out / "grey16.png"), noise(height, width, top=65536, kind=np.uint16))
palette = picture.quantize(16)
palette.save(out / "palette.png")
palette.save(out / "paletteAlpha.png", transparency=bytes(range(0, 256, 16)))
picture.save(out / "transparentColor.png", transparency=(0, 0, 0))
picture.save(out / "gamma.png")
png = (out / "gamma.png").read_bytes()
(out / "gamma.png").write_bytes(png[:33] + chunk(b"gAMA", struct.pack(">I", 100000)) + png[33:])

# A profile with red and blue exchanged: whoever converts by it changes every pixel.
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
profile = profile.replace(b"rXYZ", b"tmpX", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tmpX", b"bXYZ", 1)
picture.save(out / "profile.jpg", icc_profile=profile)
picture.save(out / "profile.png", icc_profile=profile)

# WebP
picture.save(out / "lossy.webp", quality=70)
picture.save(out / "orientation6.webp", exif=exif(6), lossless=True)
Image.fromarray(rgba, "RGBA").save(out / "alpha.webp", lossless=True, exact=True)
Image.fromarray(rgba, "RGBA").save(out / "alphaLossy.webp", quality=70)


def sha256(array):
    """The first 16 hexadecimal digits."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


means = np.array([[[102.9801, 115.9465, 122.7717]]])


def scale_of(sides):
    scale = 600 / min(sides)
    return 1000 / max(sides) if np.round(scale * max(sides)) > 1000 else scale


def preprocess(image):
    centred = image.astype(np.float32, copy=True)
    centred -= means
    scale = scale_of(image.shape[:2])
    resized = cv2.resize(centred, None, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    return resized.transpose(2, 0, 1)


def preprocess_detectron2(image):
    """ResizeShortestEdge((600, 600), 1000) and the port's subtraction of means, both by their definitions."""
    rows, columns = image.shape[:2]
    scale = 600 * 1.0 / min(rows, columns)
    if rows < columns:
        new_rows, new_columns = 600, scale * columns
    else:
        new_rows, new_columns = scale * rows, 600
    if max(new_rows, new_columns) > 1000:
        scale = 1000 * 1.0 / max(new_rows, new_columns)
        new_rows, new_columns = new_rows * scale, new_columns * scale
    size = (int(new_columns + 0.5), int(new_rows + 0.5))
    resized = np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize(size, Image.BILINEAR))
    return (resized.astype(np.float32) - means.astype(np.float32)).transpose(2, 0, 1)


decoded = {}
for file in sorted(out.iterdir()):
    if file.suffix == ".json":
        continue
    image = cv2.imread(str(file))
    decoded[file.name] = {"height": image.shape[0], "width": image.shape[1], "bgrSha256": sha256(image)}
(out / "pictures.json").write_text(json.dumps({"openCv": cv2.__version__, "pictures": decoded}, indent=2) + "\n")

# Photos as cameras and the web give them: half colours, progressive, upright, and too wide for the longest side.
(photos / "cut").mkdir(exist_ok=True)
names = ["coffee.png", "chelsea.png", "rocket.jpg"]
coffee, chelsea, rocket = (Image.open(photos / "cc0" / name).convert("RGB") for name in names)
coffee.crop((100, 33, 600, 366)).save(photos / "cut/coffee.jpg", quality=85, subsampling=2)
chelsea.crop((90, 0, 330, 299)).save(photos / "cut/chelsea.jpg", quality=90, subsampling=1, progressive=True)
rocket.crop((1, 100, 640, 329)).save(photos / "cut/rocket.jpg", quality=75, subsampling=0)

golden = []
blobs = {}
for file in sorted(photos.glob("*/*.*")):
    name = file.relative_to(photos).as_posix()
    image = cv2.imread(str(file))
    blob = preprocess(image)
    rows, columns = blob.shape[1:]
    sides = image.shape[:2]
    scale = scale_of(sides)
    corners = [(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)]
    places = [*corners, (rows // 2, columns // 2), (rows // 3, columns // 5), (7, 13), (rows - 3, columns // 2)]
    golden.append(
        {
            "name": name,
            "height": sides[0],
            "width": sides[1],
            "bgrSha256": hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest(),
            "scale": scale,
            "inputHeight": rows,
            "inputWidth": columns,
            "means": [float(blob[c].mean(dtype=np.float64)) for c in range(3)],
            "samples": [{"at": [c, y, x], "value": float(blob[c, y, x])} for y, x in places for c in range(3)],
        }
    )
    blobs[name] = [sha256(blob), sha256(preprocess_detectron2(image))]
(photos / "photos.json").write_text(json.dumps({"openCv": cv2.__version__, "photos": golden}, indent=1) + "\n")

# Pictures that both sides can make: byte i is (i * i * 31 + i * 7) >> 3, its lowest 8 bits.
for size in [(1500, 1000), (601, 799), (50, 31), (600, 800), (1200, 700), (900, 1400)]:
    i = np.arange(size[0] * size[1] * 3, dtype=np.int64)
    bgr = (((i * i * 31 + i * 7) >> 3) & 255).astype(np.uint8).reshape(*size, 3)[..., ::-1]
    blobs[f"{size[0]} x {size[1]}"] = [sha256(preprocess(bgr)), sha256(preprocess_detectron2(bgr))]
versions = {"openCv": cv2.__version__, "pillow": PIL.__version__}
(out / "preprocess.json").write_text(json.dumps({**versions, "sha256": blobs}, indent=2) + "\n")
