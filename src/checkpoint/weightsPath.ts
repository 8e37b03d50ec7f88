/** @file `FILE#KEY`: a weights file, and which of several models in it is meant. */

import { existsSync } from 'node:fs';

export interface WeightsPath {
  readonly file: string;
  /** The dictionary, or the beginning of the names, of the model that is meant; undefined when the name does not say. */
  readonly key: string | undefined;
}

/** Takes a name apart. A file whose own name has the sign in it is that file. */
export function splitWeightsPath(path: string): WeightsPath {
  const sign = path.lastIndexOf('#');
  if (sign < 1 || existsSync(path) || !existsSync(path.slice(0, sign))) return { file: path, key: undefined };
  return { file: path.slice(0, sign), key: path.slice(sign + 1) };
}
