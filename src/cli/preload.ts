/** @file Loads the files of a command before it is begun, one after the other. */

import { loadInTurn } from '../common/loadInTurn.js';

/** A command's file has its name: `features info` is commands/featuresInfo.js; tasks share one for each verb. */
const FOLDERS = ['commands', 'tasks'];

/** @param words what follows `lxmert`; words that name no command load none */
export function preload(words: readonly string[]): void {
  loadInTurn(new URL('./program.js', import.meta.url));
  const [first = '', second = ''] = words;
  for (const name of new Set([camelCase(first), camelCase(`${first} ${second}`)])) {
    if (!/^[A-Za-z0-9]+$/.test(name)) continue;
    for (const folder of FOLDERS) loadInTurn(new URL(`./${folder}/${name}.js`, import.meta.url));
  }
}

function camelCase(words: string): string {
  return words.trim().replace(/[ -]+(.)/g, (_, letter: string) => letter.toUpperCase());
}
