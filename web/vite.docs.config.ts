/** @file Builds the page about the API that the server shows: dist/web/docs. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { houseStyle } from './houseStyle.js';

const folder = path.dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  root: path.join(folder, 'docs'),
  // A proxy may serve the page under any path.
  base: './',
  plugins: [houseStyle()],
  build: {
    outDir: path.join(folder, '../dist/web/docs'),
    emptyOutDir: true,
    target: 'es2022',
    // The page's security policy forbids scripts in the document, and nothing is loaded ahead.
    modulePreload: false,
    assetsInlineLimit: 0,
  },
});
