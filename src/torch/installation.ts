/** @file Which libtorch the bridge was built against, as scripts/build-native.mjs left it beside the addon. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { hasErrorCode, LxmertError } from '../common/errors.js';
import { packageRoot } from '../common/version.js';

const schema = z.object({
  /** The installation's folder: `/usr`, an unpacked libtorch, or a Python package's folder. */
  root: z.string(),
  version: z.string(),
  /** Where its shared libraries lie. */
  libdir: z.string(),
  /** How it was found: `LIBTORCH` in the environment, an importable Python `torch`, or the system's package. */
  kind: z.enum(['env', 'python', 'system']),
  cuda: z.boolean(),
});

export type Installation = z.output<typeof schema>;

/** The folder that holds the built addon and the record of its libtorch. */
export function nativeBuildFolder(): string {
  return path.join(packageRoot(), 'build', 'native');
}

/**
 * The libtorch that the addon was built against, or null when nothing has been built.
 *
 * @throws LxmertError when the record is there but not readable as one.
 */
export function readInstallation(folder: string = nativeBuildFolder()): Installation | null {
  const file = path.join(folder, 'libtorch.json');
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw new LxmertError(`${file} is not the record of a finished build. Run ./setup again.`, {
      cause: error,
    });
  }
}
