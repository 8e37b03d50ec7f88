/** @file Exported folders that are to answer together, loaded. */

import type { LoadOptions } from '../loadModel.js';
import { Lxmert } from '../node.js';
import { RuntimeEnsemble } from './ensemble.js';

/**
 * The first of the folders finds the regions for all.
 *
 * @throws as `Lxmert.load`, and for models that do not go together; then nothing stays loaded
 */
export async function loadEnsemble(
  folders: readonly string[],
  options: LoadOptions = {},
): Promise<RuntimeEnsemble> {
  const loaded: Lxmert[] = [];
  try {
    for (const folder of folders) {
      const seeing = loaded.length === 0 ? options : { ...options, detector: undefined };
      loaded.push(await Lxmert.load(folder, seeing));
    }
    return new RuntimeEnsemble(loaded);
  } catch (error) {
    for (const lxmert of loaded) await lxmert.dispose();
    throw error;
  }
}
