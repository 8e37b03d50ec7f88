/** @file Region features in other programs' files: HDF5, LMDB, NumPy, VinVL's tables, PyTorch's dictionaries, Arrow. */

import { statSync } from 'node:fs';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import { type FeatureFileInfo, formatFeatureRanges, sourceInfo } from '../../features/fileInfo.js';
import type { ContentKindName } from '../../formats/contentKind.js';
import { shellWord } from '../../formats/forms/index.js';
import { formatBytes, formatCount } from '../../formats/numbers.js';
import { type FileReport, report } from '../fileReport.js';

/** A file's content, or that it is a folder, and what that is called. */
interface GivenContent {
  readonly kind: ContentKindName | 'folder';
  readonly name: string;
}

/** What files are called by how their rows' format begins. */
const TITLES: readonly (readonly [format: RegExp, title: string])[] = [
  [/^hdf5/, 'region features in HDF5'],
  [/^lmdb/, 'an LMDB database of region features'],
  [/^npz/, 'region features in NumPy archives (.npz), one a picture'],
  [/^npy/, 'region features in NumPy files (.npy with _info.npy), one a picture'],
  [/^vinvl/, "a TSV file of region features as VinVL's and Oscar's programs write them"],
  [/^torch/, 'region features as a dictionary of tensors of torch'],
  [/^arrow/, 'an Arrow table of region features'],
];

/** Flags that name what a file does not say itself. */
const STATED = { '--sizes-from': 'SIZES.json', '--row-ids': 'IDS.pkl' };

/**
 * @param file a file or folder that a format of features recognises
 * @param content its content, by which it is called where it turns out to hold something else
 * @returns undefined for archives and pickles of something else, of which other examiners know more
 */
export async function examineForeignFeatures(
  file: string,
  { kind, name }: GivenContent,
): Promise<FileReport | undefined> {
  const convert = `lxmert features convert ${shellWord(file)} features/mine`;
  let info: FeatureFileInfo;
  try {
    info = await sourceInfo(file);
  } catch (error) {
    if (!(error instanceof LxmertError)) throw error;
    if (kind === 'pickle' || kind === 'zip') return undefined;
    const [lacking] = Object.entries(STATED).filter(([flag]) => error.message.includes(flag));
    if (lacking !== undefined)
      return report(file, called(kind, name), {
        facts: [sizeOf(file), error.message],
        wayOn: `What it lacks is named with: ${convert} ${lacking.join(' ')}`,
      });
    // Of another form: nothing is wrong with it.
    if (error instanceof UsageError)
      return report(file, called(kind, name), { facts: [sizeOf(file)], wayOn: error.message });
    return report(file, called(kind, name), {
      facts: [sizeOf(file)],
      problems: [messageOf(error)],
    });
  }
  const [fewest, most] = info.numBoxes;
  const boxes = fewest === most ? formatCount(most, 'box') : `${fewest} to ${most} boxes`;
  const images = formatCount(info.numImages, 'image');
  return report(
    file,
    TITLES.find(([format]) => format.test(info.format))?.[1] ?? `region features (${info.format})`,
    {
      facts: [
        `${info.isEstimate ? 'about ' : ''}${images}; ${formatBytes(info.numBytes)}; ${info.numLookedAt} looked at`,
        `${boxes} of ${formatCount(info.featureSize, 'value')}; images such as ${info.sampleIds[0] ?? '(none)'}`,
        formatFeatureRanges(info),
        ...info.notes,
        ...(info.detector === null ? [] : [`detector ${info.detector}`]),
      ],
      problems: info.problem === undefined ? [] : [info.problem],
      wayOn: `Make a store of it with: ${convert}`,
      traits: {
        featureImages: {
          names: new Set(info.sampleIds),
          isAll: !info.isEstimate && info.sampleIds.length === info.numImages,
        },
        featureSize: info.featureSize,
      },
    },
  );
}

/** A format that is found for text is that of VinVL's tables. */
function called(kind: string, name: string): string {
  return kind === 'text' ? 'a TSV file in the form of VinVL and Oscar' : name;
}

function sizeOf(file: string): string {
  const found = statSync(file);
  return found.isDirectory() ? 'a folder' : formatBytes(found.size);
}
