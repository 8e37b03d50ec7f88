/** @file Where the shared reference material lies, for tests that compare against it. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../shared');

/** False on a checkout without the reference material beside it; such tests skip and say so. */
export const hasShared = existsSync(path.join(root, 'golden', 'index.json'));

if (!hasShared) {
  console.warn(`Skipped: tests that compare with reference material need it in ${root}.`);
}

export function sharedPath(...parts: string[]): string {
  return path.join(root, ...parts);
}
