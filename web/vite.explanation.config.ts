/** @file Builds the script and style of pages that hold one explanation: dist/web/explanation. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { houseStyle } from './houseStyle.js';

const folder = path.dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  root: folder,
  plugins: [houseStyle()],
  build: {
    outDir: path.join(folder, '../dist/web/explanation'),
    emptyOutDir: true,
    target: 'es2022',
    lib: {
      entry: path.join(folder, 'explanation.tsx'),
      formats: ['iife'],
      name: 'lxmertExplanation',
      fileName: () => 'explanation.js',
      cssFileName: 'explanation',
    },
  },
});
