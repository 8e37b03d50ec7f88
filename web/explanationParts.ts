/** @file A plugin that gives a page the built script and style of saved explanations, as texts. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** What pages import. */
const NAME = 'virtual:explanation-parts';
const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), '../dist/web/explanation');

/** Built before the pages that import it. */
export function explanationParts(): Plugin {
  return {
    name: 'explanation-parts',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: async (id) => {
      if (id !== `\0${NAME}`) return undefined;
      const read = async (name: string): Promise<string> => readFile(path.join(FOLDER, name), 'utf8');
      const [script, style] = [await read('explanation.js'), await read('explanation.css')];
      return `export const script = ${JSON.stringify(script)}; export const style = ${JSON.stringify(style)};`;
    },
  };
}
