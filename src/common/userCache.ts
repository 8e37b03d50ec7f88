/** @file Where this program keeps what can be made again: `~/.cache/lxmert`, or as XDG_CACHE_HOME says. */

import os from 'node:os';
import path from 'node:path';

export function userCacheFolder(): string {
  // Relative paths in this variable are to be ignored (XDG Base Directory Specification).
  const named = process.env.XDG_CACHE_HOME ?? '';
  const caches = path.isAbsolute(named) ? named : path.join(os.homedir(), '.cache');
  return path.join(caches, 'lxmert');
}
