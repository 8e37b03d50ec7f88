/** @file Names in archives, which are looked at and never used as paths. */

import { LxmertError } from '../common/errors.js';

/** Whether a name is absolute, has a backslash, or leads out of the folder that it is unpacked to. */
export function leadsOut(name: string): boolean {
  return /^\/|\\|(^|\/)\.\.(\/|$)/.test(name);
}

/** @param what the name, or what is wrong with it */
export function leadsOutError(archive: string, what: string): LxmertError {
  return new LxmertError(
    `${archive} has a member whose name would lead out of its folder (${what}). No honest archive has; it is not read.`,
  );
}

/** Whether a file is what macOS adds to archives for another one, of attributes that other systems do not have. */
export function isShadow(name: string): boolean {
  return /(^|\/)\._[^/]*$/.test(name) || name.startsWith('__MACOSX/');
}
