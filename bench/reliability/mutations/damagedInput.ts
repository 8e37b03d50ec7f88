/** @file The damaged input of a number: the same for the same seed, reader and number, on every machine. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Random } from '../../../src/common/random.js';
import type { Kit, Outcome } from './kit.js';
import type { Reader } from './ways.js';

export interface DamagedInput {
  /** The whole file that it was made of; the damaged one has the same name, in `kit.work`. */
  readonly file: string;
  read(): Promise<Outcome>;
}

/** Makes it in `kit.work`, which is emptied before: one to three changes to one of the reader's files. */
export function damagedInput(kit: Kit, { name, cases }: Reader, seed: number, number: number): DamagedInput {
  const random = Random.derive(seed, `${name}/${number}`);
  const { file, mutate, read } = random.pick(cases);
  for (const left of readdirSync(kit.work))
    rmSync(path.join(kit.work, left), { recursive: true, force: true });
  mkdirSync(path.join(kit.work, 'out'));
  let bytes: Buffer = readFileSync(path.join(kit.whole, file));
  const numChanges = random.pick([1, 1, 2, 3]);
  for (let i = 0; i < numChanges; i++) bytes = mutate(bytes, random);
  const damaged = path.join(kit.work, path.basename(file));
  writeFileSync(damaged, bytes);
  return { file, read: () => read(kit, damaged) };
}
