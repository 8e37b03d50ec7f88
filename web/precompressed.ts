/** @file A plugin that writes every script and style compressed as well: servers send that to browsers that take it. */

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

export function precompressed(): Plugin {
  return {
    name: 'precompressed',
    // Of files as they are written: until then they may still be changed.
    async writeBundle({ dir = '' }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const file = path.join(dir, name);
        const level = constants.Z_BEST_COMPRESSION;
        await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level }));
      }
    },
  };
}
