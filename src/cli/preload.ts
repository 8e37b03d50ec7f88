/**
 * @file Loads the files of a command one after the other. `import` opens all files of a program's graph at once, some 200,
 * which fails where a process may have few open; `require` of the same modules opens one at a time, and is faster. What is
 * imported later is then there already.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** A command's file has its name: `features info` is commands/featuresInfo.js; tasks share one for each verb. */
const FOLDERS = ['commands', 'tasks'];

/** @param words what follows `lxmert`; words that name no command load none */
export function preload(words: readonly string[]): void {
  // The one version whose `require` of modules prints a warning.
  if (process.versions.node.startsWith('22.12.')) return;
  require('./program.js');
  const [first = '', second = ''] = words;
  for (const name of new Set([camelCase(first), camelCase(`${first} ${second}`)])) {
    if (!/^[A-Za-z0-9]+$/.test(name)) continue;
    for (const folder of FOLDERS) {
      const file = new URL(`./${folder}/${name}.js`, import.meta.url);
      if (existsSync(file)) tryRequire(fileURLToPath(file));
    }
  }
}

/** What cannot be loaded, such as a bridge that is not built, fails again where its command is begun and told in words. */
function tryRequire(file: string): void {
  try {
    require(file);
  } catch {}
}

function camelCase(words: string): string {
  return words.trim().replace(/[ -]+(.)/g, (_, letter: string) => letter.toUpperCase());
}
