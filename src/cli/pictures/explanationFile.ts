/** @file The page that `answer --explain` and `explain` write. */

import { statSync } from 'node:fs';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { UsageError } from '../../common/errors.js';
import { version } from '../../common/version.js';
import type { Explanation } from '../../explain/explanation.js';
import type { ExplanationOrigin } from '../../explain/explanationPage.js';
import type { ExplanationMethod } from '../../explain/removal.js';
import { renderExplanation } from '../../explain/renderExplanation.js';
import { lacksSizes } from '../../features/files.js';
import type { ImageRegions } from '../../inference/imageRegions.js';
import { openPicture, readPicture } from '../../vision/pictureFile.js';
import { thumbnailDataUri } from '../../vision/thumbnail.js';

/** Pixels of the longer side: about as wide as the page draws a picture, for screens with fine pixels. */
const PICTURE_SIDE = 1300;
/** How far the shape of a picture may be from that of the regions' picture: sides are whole pixels. */
const SHAPE_TOLERANCE = 0.02;

export interface ExplanationFile {
  readonly file: string;
  readonly imageRegions: ImageRegions;
  /** @param method in place of the one that was asked for */
  readonly explain: (imageRegions: ImageRegions, method?: ExplanationMethod) => Promise<Explanation>;
  readonly origin: Pick<ExplanationOrigin, 'model' | 'picture' | 'command'>;
  /** The picture to draw on; without it, boxes are drawn on an empty field. */
  readonly picture: string | undefined;
}

/** @throws UsageError where the page would take the picture's place, for a picture that the regions cannot be of, and what `explain` throws */
export async function writeExplanation(options: ExplanationFile): Promise<Explanation> {
  const { file, explain, picture, origin } = options;
  if (picture !== undefined) refuseToReplace(picture, file);
  const imageRegions = await placedRegions(options.imageRegions, picture);
  const explanation = await explain(imageRegions);
  const drawn =
    picture === undefined ? undefined : await thumbnailDataUri(picture, PICTURE_SIDE, PICTURE_SIDE);
  // What an answer is found in, and what it becomes without each part, are read side by side.
  const removal =
    explanation.method === 'relevance'
      ? (await explain(imageRegions, 'removal')).removal
      : explanation.removal;
  const page = await renderExplanation({ ...explanation, removal }, drawn, {
    ...origin,
    version: version(),
    date: new Date().toISOString(),
  });
  await writeFileAtomic(file, page);
  return explanation;
}

function refuseToReplace(picture: string, page: string): void {
  const [there, asked] = [page, picture].map((file) => statSync(file, { throwIfNoEntry: false }));
  if (there === undefined || there.ino !== asked?.ino || there.dev !== asked.dev) return;
  throw new UsageError(`The page would take the place of the picture ${picture}. Name another file for it.`);
}

/** The regions where they are to be drawn: in a picture of their shape, or of which they are shares. */
async function placedRegions(given: ImageRegions, file: string | undefined): Promise<ImageRegions> {
  const isOfShares = given.provenance !== undefined && lacksSizes(given.provenance);
  if (file === undefined) {
    if (isOfShares)
      throw new UsageError(
        'The features come without the sizes of their pictures, so that boxes cannot be drawn. Give the picture, which has its size: --picture FILE.',
      );
    return given;
  }
  const picture = await openPicture(await readPicture(file), { name: file });
  if (isOfShares) return scaledTo(given, picture);
  requireShape(file, picture, given);
  return given;
}

interface Sides {
  readonly width: number;
  readonly height: number;
}

/** Regions of a picture of 1 x 1 as those of one of a known size. */
function scaledTo(given: ImageRegions, { width, height }: Sides): ImageRegions {
  const { regions, row } = given;
  return {
    ...given,
    width,
    height,
    row: {
      ...row,
      width,
      height,
      boxes: row.boxes.map((value, i) => value * (i % 2 === 0 ? width : height)),
    },
    regions: regions.map(({ box, ...rest }) => ({
      ...rest,
      box: { x1: box.x1 * width, y1: box.y1 * height, x2: box.x2 * width, y2: box.y2 * height },
    })),
  };
}

function requireShape(file: string, picture: Sides, { width, height }: Sides): void {
  const difference = (picture.width * height) / (picture.height * width) - 1;
  if (Math.abs(difference) <= SHAPE_TOLERANCE) return;
  throw new UsageError(
    `${file} is ${picture.width} x ${picture.height} pixels, and the regions are of a picture of ${width} x ${height}: it is another picture.`,
  );
}
