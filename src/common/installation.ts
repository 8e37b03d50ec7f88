/** @file How this package came to where it is: as a clone that is worked on, or installed by npm. */

import path from 'node:path';
import { packageRoot } from './version.js';

/** True for a package in some `node_modules`, which is npm's to write. */
export function isInstalled(root = packageRoot()): boolean {
  return root.split(path.sep).includes('node_modules');
}

/** What a person runs to make this machine ready, or ready again. */
export function setupCommand(root = packageRoot()): string {
  return isInstalled(root) ? 'npx lxmert setup' : './setup';
}
