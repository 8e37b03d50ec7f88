/** @file Files that were published in pieces: finding the pieces, and joining them by a stream. */

import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { withAtomicFile } from '../../common/atomicFile.js';
import { hasErrorCode, LxmertError } from '../../common/errors.js';
import { type Progress, silentProgress } from '../../common/progress.js';
import { type Expected, findFileProblem } from './checks.js';
import { requireSpace } from './diskSpace.js';

export interface JoinOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
  /** Free bytes on the disk of a folder; for tests. */
  readonly freeBytes?: ((folder: string) => Promise<number>) | undefined;
}

/**
 * Writes the bytes of `parts`, in this order, to `target`, and removes the parts once the target is whole: right in
 * size and checksum as far as these are known, and otherwise in form (a zip archive must have its directory).
 *
 * @returns bytes of the target.
 * @throws LxmertError when the result is not right; parts and target are then as they were.
 */
export async function joinParts(
  parts: readonly string[],
  target: string,
  expected: Expected,
  options: JoinOptions = {},
): Promise<number> {
  const { signal, progress = silentProgress } = options;
  const sizes = await Promise.all(parts.map(async (part) => (await stat(part)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const name = path.basename(target);
  if (expected.size !== undefined && total !== expected.size)
    throw new LxmertError(
      `The ${parts.length} parts of ${target} have ${total} bytes together instead of ${expected.size}. ` +
        'One is missing or cut; fetch it again.',
    );
  await requireSpace(path.dirname(target), total, `Joining ${name}`, options.freeBytes);
  await withAtomicFile(target, async (file) => {
    let done = 0;
    for (const part of parts) {
      for await (const chunk of createReadStream(part, { highWaterMark: 1 << 20 })) {
        signal?.throwIfAborted();
        await file.handle.writeFile(chunk as Buffer);
        done += (chunk as Buffer).length;
        progress.update(done, total);
      }
    }
    const problem = await findFileProblem(file.temporaryPath, name, expected, signal);
    if (problem !== undefined)
      throw new LxmertError(
        `The ${parts.length} parts of ${target} do not make the file: what they make ${problem}. ` +
          'The parts are left as they are; one is missing, cut or damaged.',
      );
  });
  for (const part of parts) await rm(part, { force: true });
  return total;
}

/** How the common tools number pieces: `split` (aa, ab ...), `split -d` and others (00, 01 or 001 ...). */
const NUMBERINGS: readonly { first: RegExp; next: (suffix: string) => string }[] = [
  { first: /^a{2,4}$/, next: nextLetters },
  { first: /^(0{1,3}[01]|0{1,3})$/, next: (suffix) => nextNumber(suffix) },
  { first: /^z0{1,2}1$/, next: (suffix) => `z${nextNumber(suffix.slice(1))}` },
];

/**
 * Pieces of `target` that lie beside it: `x.zip.aa`, `x.zip.ab` ..., `x.zip.001` ..., or `x.z01`, `x.z02` ...
 * Unfinished downloads are no pieces.
 *
 * @returns their paths in order, none when there are none.
 * @throws LxmertError when one in the middle is missing.
 */
export async function findParts(target: string): Promise<string[]> {
  const folder = path.dirname(target);
  const names = await readdir(folder).catch((error): string[] => {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  });
  const base = path.basename(target);
  const stems = [base, base.replace(/\.zip$/i, '')];
  for (const [i, stem] of stems.entries()) {
    const suffixes = names
      .filter((name) => name.startsWith(`${stem}.`))
      .map((name) => name.slice(stem.length + 1))
      .filter((suffix) => (i === 0 ? /^([a-z]{2,4}|\d{2,4})$/ : /^z\d{2,3}$/).test(suffix))
      .sort();
    const first = suffixes[0];
    const numbering = NUMBERINGS.find((each) => first !== undefined && each.first.test(first));
    if (first === undefined || numbering === undefined) continue;
    const found: string[] = [];
    for (let suffix = first; suffixes.includes(suffix); suffix = numbering.next(suffix)) found.push(suffix);
    const last = suffixes.filter((suffix) => suffix.length === first.length).at(-1)!;
    if (found.at(-1) !== last)
      throw new LxmertError(
        `A part of ${target} is missing: there are ${stem}.${found.at(-1)} and ${stem}.${last}, but not ` +
          `${stem}.${numbering.next(found.at(-1)!)}.`,
      );
    return found.map((suffix) => path.join(folder, `${stem}.${suffix}`));
  }
  return [];
}

/** `az` is followed by `ba`. */
function nextLetters(suffix: string): string {
  const letters = [...suffix].map((letter) => letter.charCodeAt(0) - 97);
  for (let i = letters.length - 1; i >= 0; i--) {
    letters[i] = ((letters[i] as number) + 1) % 26;
    if (letters[i] !== 0) break;
  }
  return String.fromCharCode(...letters.map((letter) => letter + 97));
}

function nextNumber(suffix: string): string {
  return String(Number(suffix) + 1).padStart(suffix.length, '0');
}
