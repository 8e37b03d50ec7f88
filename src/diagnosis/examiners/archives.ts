/** @file Archives: what they hold, by their directory or their first bytes, without unpacking them. */

import { createReadStream, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../common/errors.js';
import { formOfRaw, openRawFiles } from '../../data/prepare/rawFiles.js';
import { contentKindOf } from '../../formats/contentKind.js';
import { shellWord } from '../../formats/forms/index.js';
import { formatBytes, formatCount } from '../../formats/numbers.js';
import { isTarFile, listTarFile, passTarMembers } from '../../formats/tar/tarFile.js';
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
  const facts = [`${formatCount(names.length, 'file')}, ${formatBytes(numBytes)} unpacked: ${someOf(names)}`];
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
  if (names.length === 1 && ends(/\.(txt|csv)(\.\d+)?$/i)) {
    return report(file, 'a zip archive with one file of text', {
      facts,
      wayOn: `If that is a table of region features, it is read as it is: lxmert features convert ${word} features/mine`,
    });
  }
  return report(file, 'a zip archive', {
    facts,
    wayOn: zipWayOn(names, word) ?? (await questionsWayOn(file)),
  });
}

const NUMPY =
  "If it holds a picture's region features, lxmert features convert makes a store of it, or of the folder of all (docs/reference/feature-formats.md).";

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

/** Files of an archive whose form is looked at. */
const MAX_RECOGNISED = 3;

/** The preparation that takes the questions of an archive; undefined where it has none of a known form. */
async function questionsWayOn(archive: string): Promise<string | undefined> {
  for (const raw of (await openRawFiles([archive])).slice(0, MAX_RECOGNISED)) {
    const form = await formOfRaw(raw);
    const verb = form?.form.startsWith('vizWiz')
      ? 'vizwiz'
      : /^lxmert prepare (\w+)/.exec(form?.command ?? '')?.[1];
    if (form === undefined || verb === undefined) continue;
    return `It holds ${form.title}, which are read as they are: lxmert prepare ${verb} ${shellWord(archive)} --output data/${verb}`;
  }
  return undefined;
}

/** A tar archive has no directory and is read through to be listed; questions are a small one. */
const MAX_LISTED_BYTES = 64 * 2 ** 20;

/** A tar archive, plain or packed by gzip. */
export async function examineTar(file: string): Promise<FileReport> {
  const { size } = statSync(file);
  const word = shellWord(file);
  const unpack = `Unpack it first: tar xf ${word}`;
  const features = `As region features it is read as it is: lxmert features convert ${word} features/mine`;
  try {
    const first = await firstNames(file);
    const isFeatures = first.some((name) => /\.(npz|tsv(\.\d+)?)$/i.test(name));
    if (size > MAX_LISTED_BYTES) {
      const facts = [formatBytes(size), `it begins with ${someOf(first)}`];
      return report(file, 'a tar archive', { facts, wayOn: isFeatures ? features : unpack });
    }
    const members = await listTarFile(file);
    const numBytes = members.reduce((sum, member) => sum + member.numBytes, 0);
    const names = members.map(({ name }) => name);
    return report(file, 'a tar archive', {
      facts: [`${formatCount(names.length, 'file')}, ${formatBytes(numBytes)} unpacked: ${someOf(names)}`],
      wayOn: isFeatures ? features : ((await questionsWayOn(file)) ?? unpack),
    });
  } catch (error) {
    return report(file, 'a tar archive', { problems: [`${file} cannot be unpacked: ${messageOf(error)}.`] });
  }
}

/** Files whose names tell what an archive is of. */
const NUM_FIRST = 16;

async function firstNames(file: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of passTarMembers(file)) {
    names.push(name);
    if (names.length === NUM_FIRST) break;
  }
  return names;
}

/** A gzip archive, by what its first bytes unpack to. */
export async function examineGzip(file: string): Promise<FileReport> {
  if (await isTarFile(file)) return await examineTar(file);
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
