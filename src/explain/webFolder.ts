/** @file Where the built pages of web/ lie. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { LxmertError } from '../common/errors.js';
import { packageRoot } from '../common/version.js';

/** @throws LxmertError when they were not built */
export function webFolder(): string {
  const folder = path.join(packageRoot(), 'dist', 'web');
  if (!existsSync(path.join(folder, 'app', 'index.html'))) {
    throw new LxmertError(
      `The pages are not built: ${folder} has no app/index.html. Run ./setup, or npm run build:web.`,
    );
  }
  return folder;
}
