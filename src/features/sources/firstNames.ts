/** @file What the first names in a folder tell of it: a folder of features may hold a file for each of a hundred thousand pictures. */

import { opendirSync } from 'node:fs';

/** Names among the first of a folder tell what it is of. */
const NUM_LOOKED_AT = 64;

/** Whether one of the first names in a folder, in no order, is as asked. */
export function someFirstName(folder: string, isMeant: (name: string) => boolean): boolean {
  const directory = opendirSync(folder);
  try {
    for (let i = 0; i < NUM_LOOKED_AT; i++) {
      const entry = directory.readSync();
      if (entry === null) return false;
      if (isMeant(entry.name)) return true;
    }
    return false;
  } finally {
    directory.closeSync();
  }
}
