/** @file Pictures, alone or many of a folder. */

import path from 'node:path';
import { messageOf } from '../../common/errors.js';
import { shellWord } from '../../formats/forms/index.js';
import { formatCount } from '../../formats/numbers.js';
import { type FileReport, report } from '../fileReport.js';

/** Pictures of a folder that are decoded. */
const MAX_DECODED = 5;

const wayOn = (source: string): string =>
  `Find their regions with: lxmert extract ${shellWord(source)} --detector resnet101.caffemodel --out features/mine`;

export async function examinePicture(file: string, what: string): Promise<FileReport> {
  try {
    return report(file, what, { facts: [await sizeOf(file)], wayOn: wayOn(file) });
  } catch (error) {
    return report(file, what, { problems: [messageOf(error)] });
  }
}

/** Many pictures of one folder: some of them are decoded. */
export async function examinePictures(folder: string, files: readonly string[]): Promise<FileReport> {
  const step = Math.max(1, Math.floor(files.length / MAX_DECODED));
  const chosen = files.filter((_, i) => i % step === 0).slice(0, MAX_DECODED);
  const sizes = new Set<string>();
  const problems: string[] = [];
  for (const file of chosen) {
    try {
      sizes.add(await sizeOf(file));
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return report(folder, formatCount(files.length, 'picture'), {
    facts: [
      `${chosen.length} looked at: ${[...sizes].join(', ') || 'none can be read'}; such as ${path.basename(files[0]!)}`,
    ],
    problems,
    wayOn: wayOn(folder),
  });
}

async function sizeOf(file: string): Promise<string> {
  // Only here: the library that decodes is large.
  const { decodeImage } = await import('../../vision/decodeImage.js');
  const { width, height } = await decodeImage(file);
  return `${width} x ${height} pixels`;
}
