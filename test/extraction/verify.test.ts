/** @file Comparing pictures with the features that a file has for them. */

import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { agreementLine, renderVerification } from '../../src/cli/pictures/agreementText.js';
import { extractFeatures } from '../../src/extraction/extract.js';
import { verifyFeatures } from '../../src/extraction/verify.js';
import { plainRegions } from '../support/plainRegions.mjs';
import { imagesIn, paint, paintFolder, pictureFile, pictureId, temporaryFolder } from './pictures.js';

const folder = temporaryFolder('verify');
const photos = path.join(folder, 'photos');
const outputs = [path.join(folder, 'store'), path.join(folder, 'rows.tsv')];

beforeAll(async () => {
  await paintFolder(photos, 4);
  for (const out of outputs) {
    await extractFeatures({
      images: await imagesIn(photos),
      detector: plainRegions(),
      out,
      dtype: 'float32',
    });
  }
  // One picture has changed since, one is new, one is broken.
  await paint(pictureFile(photos, 2), [90, 10, 10], 14);
  await paint(pictureFile(photos, 9), [90, 10, 10]);
});

it.each([0, 1])('says which pictures agree (output %i)', async (which) => {
  const lines: string[] = [];
  const result = await verifyFeatures({
    images: await imagesIn(photos),
    detector: plainRegions(),
    reference: outputs[which] as string,
    onImage: (agreement) => lines.push(agreementLine(agreement)),
  });
  expect(result).toMatchObject({ numAgreeing: 3, numWithoutRow: 1, skipped: [], wasInterrupted: false });
  expect(result.images.map(({ agrees }) => agrees)).toEqual([true, true, false, true]);
  expect(lines[0]).toBe(
    `agrees  ${pictureId(0)}: 2 of 2 boxes found again, IoU 1.000, features on them off by 0 (most 0), on the file's boxes by 0 (most 0), objects 100.00 % the same`,
  );
  expect(lines[2]).toMatch(/^DIFFERS picture-002: 2 of 2 boxes found again.*off by \d+\.\d\d %/);
  expect(renderVerification(result)).toMatch(
    /4 images of .*, 3 in agreement \(at least 90.00 %.*\n1 picture has no row there/s,
  );
});

it('refuses a file that has none of the pictures', async () => {
  const images = (await imagesIn(photos)).slice(-1);
  await expect(
    verifyFeatures({ images, detector: plainRegions(), reference: outputs[0] as string }),
  ).rejects.toThrow(
    /has a row for none of the pictures: the first picture's id is picture-009, the first row's picture-000/,
  );
});
