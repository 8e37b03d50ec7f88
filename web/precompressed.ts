/** @file A plugin that writes every script and style compressed as well: servers send that to browsers that take it. */

import { constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

export function precompressed(): Plugin {
  return {
    name: 'precompressed',
    enforce: 'post',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (!/\.(js|css|svg)$/.test(file.fileName)) continue;
        const text = file.type === 'chunk' ? file.code : file.source;
        const source = gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
        this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source });
      }
    },
  };
}
