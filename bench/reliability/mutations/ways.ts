/** @file How readers are given a damaged file: as a command a person would type, or as a function of the package. */

import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { LxmertError } from '../../../src/common/errors.js';
import { faultsOfMessage } from '../messages.js';
import type { ByteMutation } from './bytes.js';
import { type Kit, type Outcome, ReaderFault } from './kit.js';

/** One whole file, and what is done with it once it is damaged. */
export interface Case {
  /** In the folder of whole files. */
  readonly file: string;
  readonly mutate: ByteMutation;
  /** @param file the damaged one, in `kit.work`, by its own name */
  read(kit: Kit, file: string): Promise<Outcome>;
}

export interface Reader {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** A way of reading that is no command: what it throws must be for a person. */
export function direct(
  read: (file: string) => Promise<unknown>,
): (kit: Kit, file: string) => Promise<Outcome> {
  return async (_, file) => {
    try {
      await read(file);
      return 'accepted';
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
      // What a terminal would obey is written out where it is printed.
      const faults = faultsOfMessage(error.message).filter(
        (fault) => !fault.startsWith('a control character'),
      );
      if (faults.length > 0) throw new ReaderFault(`${faults.join('; ')}: ${error.message}`);
      return 'refused';
    }
  };
}

/** Several ways one after the other; refused where one refuses. */
export function all(...ways: Case['read'][]): Case['read'] {
  return async (kit, file) => {
    let outcome: Outcome = 'accepted';
    for (const way of ways) if ((await way(kit, file)) === 'refused') outcome = 'refused';
    return outcome;
  };
}

/** A command whose words are made for the damaged file. */
export function command(words: (file: string, kit: Kit) => string[]): Case['read'] {
  return (kit, file) => kit.run(...words(file, kit));
}

export async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

export const out = (kit: Kit, name: string): string => path.join(kit.work, 'out', name);
export const whole = (kit: Kit, ...parts: string[]): string => path.join(kit.whole, ...parts);

/** A file of a folder of others, which come along. */
export function inFolder(kit: Kit, file: string, folder: string): string {
  const copy = path.join(kit.work, 'folder');
  cpSync(whole(kit, folder), copy, { recursive: true });
  const [name] = readdirSync(copy).filter((each) => each === path.basename(file));
  cpSync(
    file,
    name === undefined ? path.join(copy, 'snapshots', path.basename(file)) : path.join(copy, name),
  );
  return copy;
}

/** Into a store. */
export const convertFeatures = command((file, kit) => ['features', 'convert', file, out(kit, 'store')]);
