/** @file Archives: what they hold, by their directory or their first bytes, without unpacking them. */

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../common/errors.js';
import { contentKindOf } from '../../formats/contentKind.js';
import { shellWord } from '../../formats/forms/index.js';
import { formatBytes, formatNumber } from '../../formats/numbers.js';
import { listZipMembers } from '../../formats/zip/zipMembers.js';
import { type FileReport, report, someOf } from '../fileReport.js';
import { examineWeights } from './weights.js';

/** A zip archive is official files, features, NumPy arrays, or weights of torch. */
export async function examineZip(file: string): Promise<FileReport> {
  let names: string[];
  let numBytes = 0;
  try {
    const members = await listZipMembers(file);
    names = members.map(({ name }) => name);
    numBytes = members.reduce((sum, member) => sum + member.numBytes, 0);
  } catch (error) {
    return report(file, 'a zip archive', { problems: [messageOf(error)] });
  }
  const ends = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (ends(/(^|\/)data\.pkl$/)) return await examineWeights(file, 'weights of torch (zip layout)');
  const facts = [`${formatNumber(names.length)} files, ${formatBytes(numBytes)} unpacked: ${someOf(names)}`];
  const word = shellWord(file);
  if (names.length > 0 && names.every((name) => name.endsWith('.npy'))) {
    return report(file, 'NumPy arrays (.npz)', { facts, wayOn: `${NUMPY}` });
  }
  if (ends(/\.tsv(\.\d+)?$/i)) {
    return report(file, 'a zip archive with a TSV file', {
      facts,
      wayOn: `As region features it is read as it is: lxmert features convert ${word} features/mine`,
    });
  }
  return report(file, 'a zip archive', { facts, wayOn: zipWayOn(names, word) });
}

const NUMPY =
  'It is not read here. docs/reference/features.md says how a few lines of Python make a feature store of such files.';

function zipWayOn(names: readonly string[], word: string): string | undefined {
  const all = names.join('\n');
  if (/mscoco_.*(questions|annotations)\.json/i.test(all)) {
    return `The official files are read as they are, questions and annotations together: lxmert prepare vqa ${word} OTHER.zip --output data/vqa`;
  }
  if (/_(balanced|all)_questions/.test(all)) {
    return `The official files are read as they are: lxmert prepare gqa ${word} --output data/gqa`;
  }
  if (/\.(jpe?g|png|webp)$/im.test(all)) {
    return 'Unpack the pictures; their regions are then found with: lxmert extract FOLDER --detector resnet101.caffemodel --out features/mine';
  }
  return undefined;
}

/** A gzip archive, by what its first bytes unpack to. */
export async function examineGzip(file: string): Promise<FileReport> {
  try {
    const head = await unpackedHead(file);
    const { kind, name } = contentKindOf(head);
    const line = head.toString('latin1').split('\n', 1)[0]!;
    if (kind === 'text' && line.includes('\t')) {
      return report(file, 'a gzip archive of a TSV file', {
        wayOn: `As region features it is read by: lxmert features convert ${shellWord(file)} features/mine`,
      });
    }
    return report(file, `a gzip archive of ${kind === 'text' ? 'text' : name}`, {
      wayOn: `Unpack it first: gunzip --keep ${shellWord(file)}`,
    });
  } catch (error) {
    return report(file, 'a gzip archive', { problems: [`${file} cannot be unpacked: ${messageOf(error)}.`] });
  }
}

async function unpackedHead(file: string): Promise<Buffer> {
  const source = createReadStream(file, { end: 1 << 20 });
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const piece of source.pipe(gunzip)) return (piece as Buffer).subarray(0, 1024);
    return Buffer.alloc(0);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}
