/** @file The recipes that come with the package, by the names that the documentation gives them. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../common/version.js';

/** The recipe that is known by its name alone: it names no files, so it fits anywhere. */
export const SMALL = 'small';

/**
 * The file of a recipe that comes with the package: of `small`, and of `configs/vqa.toml` and the like where there is no file
 * of that name. It is read as if it lay there, so that `../data` in it is `data` of the user's folder.
 *
 * @returns undefined for a file of the user's own, and for what is no recipe
 */
export function recipeFile(name: string): string | undefined {
  if (name === SMALL) return path.join(packageRoot(), 'configs', `${SMALL}.toml`);
  const inPackage = path.join(packageRoot(), path.normalize(name));
  const isRecipe = /^configs\/([a-z0-9]+\/)?[a-z0-9]+\.toml$/.test(path.normalize(name));
  return isRecipe && !existsSync(name) && existsSync(inPackage) ? inPackage : undefined;
}
