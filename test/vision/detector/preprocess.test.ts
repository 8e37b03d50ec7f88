import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../../src/common/rgbImage.js';
import { decodeImage } from '../../../src/vision/decodeImage.js';
import { preprocessImage } from '../../../src/vision/detector/preprocess.js';
import {
  CAFFE_PREPROCESS_RULE,
  DETECTRON2_PREPROCESS_RULE,
  detectorInputSize,
  type PreprocessRule,
} from '../../../src/vision/detector/preprocessRule.js';
import { fixtureJson, goldenPhotos, sha256 } from '../support.js';

/** Of each photo, or picture of `height x width`, the inputs by OpenCV and by Pillow. */
const { sha256: digests } = fixtureJson<{ sha256: Record<string, [string, string]> }>('preprocess.json');

/** The picture that makeFixtures.py makes for a size. */
function syntheticPicture(height: number, width: number): RgbImage {
  const data = Uint8Array.from(
    { length: height * width * 3 },
    (_, i) => Math.floor((i * i * 31 + i * 7) / 8) % 256,
  );
  return { height, width, data };
}

/** Bilinear sampling of one value by the definition, in float64. */
function sampleAt(
  image: RgbImage,
  rule: PreprocessRule,
  scale: number,
  c: number,
  y: number,
  x: number,
): number {
  const clamp = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
  const sy = clamp((y + 0.5) / scale - 0.5, image.height);
  const sx = clamp((x + 0.5) / scale - 0.5, image.width);
  const at = (row: number, column: number) =>
    (image.data[
      (clamp(row, image.height) * image.width + clamp(column, image.width)) * 3 + 2 - c
    ] as number) - (rule.channelMeans[c] as number);
  const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
  const [fy, fx] = [sy - y0, sx - x0];
  return (
    (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x0 + 1)) +
    fy * ((1 - fx) * at(y0 + 1, x0) + fx * at(y0 + 1, x0 + 1))
  );
}

describe('the input of the detector for photos is that of OpenCV', () => {
  it.each(goldenPhotos())('$name', async (photo) => {
    const input = preprocessImage(await decodeImage(photo.file));
    const { height, width } = input;
    expect([height, width, input.scale]).toEqual([photo.inputHeight, photo.inputWidth, photo.scale]);
    expect(input.imageInfo).toEqual(Float32Array.of(height, width, photo.scale));
    expect(input.data.length).toBe(3 * height * width);
    for (const { at, value } of photo.samples) {
      const [c, y, x] = at;
      expect(input.data[(c * height + y) * width + x], `channel ${c}, row ${y}, column ${x}`).toBe(value);
    }
    photo.means.forEach((mean, c) => {
      const plane = input.data.subarray(c * height * width, (c + 1) * height * width);
      const found = plane.reduce((sum, value) => sum + value, 0) / plane.length;
      expect(Math.abs(found - mean)).toBeLessThan(1e-6 * Math.abs(mean));
    });
    expect(sha256(input.data).slice(0, 16)).toBe(digests[photo.name]?.[0]);
  });

  it.each(goldenPhotos())('$name, and of Pillow by the rule of the port', async (photo) => {
    const input = preprocessImage(await decodeImage(photo.file), DETECTRON2_PREPROCESS_RULE);
    expect(sha256(input.data).slice(0, 16)).toBe(digests[photo.name]?.[1]);
  });
});

describe('resizing', () => {
  const synthetic = Object.entries(digests).filter(([name]) => / x /.test(name));
  it.each(synthetic)('of %s is that of OpenCV and Pillow in every bit', (name, [openCv, pillow]) => {
    const [height, width] = name.split(' x ').map(Number) as [number, number];
    const image = syntheticPicture(height, width);
    expect(sha256(preprocessImage(image).data).slice(0, 16)).toBe(openCv);
    expect(sha256(preprocessImage(image, DETECTRON2_PREPROCESS_RULE).data).slice(0, 16)).toBe(pillow);
  });

  it.each([
    [1, 1],
    [2, 3],
    [37, 23],
    [90, 1],
    [150, 400],
  ])('of %d x %d keeps to the definition, with another rule too', (height, width) => {
    const rule: PreprocessRule = {
      shorterSide: 50,
      maxLongerSide: 120,
      channelMeans: [100, 50.5, 7.25],
      resampling: 'opencv',
    };
    const image = syntheticPicture(height, width);
    const input = preprocessImage(image, rule);
    expect(Math.max(input.height, input.width)).toBeLessThanOrEqual(120);
    let largest = 0;
    for (let c = 0, i = 0; c < 3; c++) {
      for (let y = 0; y < input.height; y++) {
        for (let x = 0; x < input.width; x++, i++) {
          const expected = sampleAt(image, rule, input.scale, c, y, x);
          largest = Math.max(largest, Math.abs((input.data[i] as number) - expected));
        }
      }
    }
    expect(largest).toBeLessThan(1e-4);
  });

  it('leaves a picture of the right size as it is, planes in the order blue, green, red', () => {
    const picture = { width: 2, height: 1, data: Uint8Array.of(10, 20, 30, 40, 50, 60) };
    for (const resampling of ['opencv', 'pillow'] as const) {
      const input = preprocessImage(picture, {
        shorterSide: 1,
        maxLongerSide: 2,
        channelMeans: [1, 2, 3],
        resampling,
      });
      expect([...input.data]).toEqual([29, 59, 18, 48, 7, 37]);
    }
  });
});

describe('size of the input', () => {
  it.each([
    [640, 480, 800, 600],
    // 562.5 goes down to the even number.
    [640, 360, 1000, 562],
    [603, 400, 904, 600],
    // 1000.4 is rounded to 1000 and so is within the limit.
    [16674, 10000, 1000, 600],
    [5000, 2, 1000, undefined],
  ])('%d x %d', (width, height, inputWidth, inputHeight) => {
    if (inputHeight === undefined) {
      expect(() => detectorInputSize(width, height, CAFFE_PREPROCESS_RULE)).toThrow(
        /5000 x 2 pixels is too long and thin for the detector: .* Cut it into parts\./,
      );
      return;
    }
    const size = detectorInputSize(width, height, CAFFE_PREPROCESS_RULE);
    expect([size.width, size.height]).toEqual([inputWidth, inputHeight]);
  });

  it('rounds halves up and holds the limit against unrounded sides by the rule of the port', () => {
    expect(detectorInputSize(603, 400, DETECTRON2_PREPROCESS_RULE)).toMatchObject({
      width: 905,
      height: 600,
    });
    expect(detectorInputSize(16674, 10000, DETECTRON2_PREPROCESS_RULE)).toMatchObject({
      width: 1000,
      height: 600,
    });
    expect(detectorInputSize(333, 333, DETECTRON2_PREPROCESS_RULE)).toMatchObject({
      width: 600,
      height: 600,
    });
    expect(() => detectorInputSize(5000, 2, DETECTRON2_PREPROCESS_RULE)).toThrow('too long and thin');
  });

  it('refuses a picture without pixels, or with fewer bytes than its size calls for', () => {
    expect(() => detectorInputSize(0, 5, CAFFE_PREPROCESS_RULE)).toThrow('has no pixels');
    expect(() => preprocessImage({ width: 4, height: 4, data: new Uint8Array(47) })).toThrow(
      'A picture of 4 x 4 pixels must have 48 bytes of RGB; it has 47.',
    );
  });
});
