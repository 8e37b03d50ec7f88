/** @file Regions without the size of their picture on the page of an explanation. */

import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeExplanation } from '../../../src/cli/pictures/explanationFile.js';
import { SIZES_SETTING } from '../../../src/features/provenance.js';
import { unknownProvenance } from '../../../src/features/unknownProvenance.js';
import type { ImageRegions } from '../../../src/inference/imageRegions.js';
import { errorOf, makeRow, temporaryFolder } from '../../features/support.js';

const folder = temporaryFolder();
const picture = path.join(folder, 'picture.png');
beforeAll(async () => {
  await sharp({ create: { width: 40, height: 20, channels: 3, background: 'grey' } })
    .png()
    .toFile(picture);
});

const row = makeRow(1, { numBoxes: 1, width: 1, height: 1, boxes: Float32Array.of(0, 0.25, 0.5, 1) });
const shares: ImageRegions = {
  width: 1,
  height: 1,
  regions: [{ box: { x1: 0, y1: 0.25, x2: 0.5, y2: 1 }, object: null, attribute: null }],
  row,
  provenance: { ...unknownProvenance, settings: { [SIZES_SETTING]: 'none' } },
};

/** What would be explained. */
async function explained(given: ImageRegions, file?: string): Promise<ImageRegions | undefined> {
  let found: ImageRegions | undefined;
  const explain = async (regions: ImageRegions): Promise<never> => {
    found = regions;
    throw new Error('enough');
  };
  const page = path.join(folder, 'page.html');
  const error = await errorOf(() =>
    writeExplanation({
      origin: { model: 'run', picture: 'picture', command: 'lxmert explain' },
      file: page,
      imageRegions: given,
      explain,
      picture: file,
    }),
  );
  if (error.message !== 'enough') throw error;
  return found;
}

describe('boxes that are shares of an unknown size', () => {
  it('are those of the picture that is given', async () => {
    const found = await explained(shares, picture);
    expect(found).toMatchObject({
      width: 40,
      height: 20,
      regions: [{ box: { x1: 0, y1: 5, x2: 20, y2: 20 } }],
      row: { width: 40, height: 20, boxes: Float32Array.of(0, 5, 20, 20) },
    });
  });

  it('are not drawn without it', async () => {
    const error = await errorOf(() => explained(shares));
    expect(error).toMatchObject({ exitCode: 2 });
    expect(error.message).toContain('--picture FILE');
  });

  it('leave those of a known size as they are', async () => {
    const known = { ...shares, width: 80, height: 40, provenance: unknownProvenance };
    expect(await explained(known, picture)).toBe(known);
    expect((await errorOf(() => explained({ ...known, width: 40 }, picture))).message).toContain(
      'another picture',
    );
  });
});
