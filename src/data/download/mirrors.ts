/** @file Mirrors: folders on the web, of one's own perhaps, that hold the published files under their paths. */

import { UsageError } from '../../common/errors.js';

/**
 * The addresses of a file: those at the mirrors first, then the published ones.
 *
 * @param file its path in the list, such as `vqa/train.json`.
 * @throws UsageError for a mirror that is no http or https address.
 */
export function withMirrors(
  urls: readonly string[],
  file: string,
  mirrors: readonly string[] = [],
): readonly string[] {
  return [...mirrors.map((mirror) => addressAt(mirror, file)), ...urls];
}

function addressAt(mirror: string, file: string): string {
  const base = URL.canParse(mirror) ? new URL(mirror) : undefined;
  if (base === undefined || !['http:', 'https:'].includes(base.protocol) || base.search + base.hash !== '')
    throw new UsageError(`A mirror is the http or https address of a folder; found '${mirror}'.`);
  return new URL(file, base.href.endsWith('/') ? base : `${base.href}/`).href;
}
