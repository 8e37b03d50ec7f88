/** @file A picture that is asked about: a file whose regions a detector finds, or an id whose regions `--features` has. */

import { UsageError } from '../../common/errors.js';
import { readRow } from '../../features/files.js';
import { LxmertImage } from '../../inference/lxmertImage.js';

interface RegionSources {
  readonly features?: string | undefined;
  readonly detector?: string | undefined;
}

/** @throws UsageError for both at once */
export function refuseTwoSources({ features, detector }: RegionSources): void {
  if (features === undefined || detector === undefined) return;
  throw new UsageError(
    '--features has the regions already and --detector would find them: give one of the two.',
  );
}

/** What a model is asked about. @throws as `readRow` */
export async function askedPicture(
  image: string,
  { features }: Pick<RegionSources, 'features'>,
): Promise<string | LxmertImage> {
  return features === undefined ? image : LxmertImage.fromRow(await readRow(features, image));
}
