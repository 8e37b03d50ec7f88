/** @file Builds the page that the server shows: dist/web/app. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { explanationParts } from './explanationParts.js';
import { houseStyle } from './houseStyle.js';
import { precompressed } from './precompressed.js';

const folder = path.dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  root: folder,
  // A proxy may serve the page under any path.
  base: './',
  plugins: [houseStyle(), explanationParts(), precompressed()],
  build: {
    outDir: path.join(folder, '../dist/web/app'),
    emptyOutDir: true,
    target: 'es2022',
    // The page's security policy forbids scripts in the document, and nothing is loaded ahead.
    modulePreload: { polyfill: false, resolveDependencies: () => [] },
    // A picture inside a style sheet would be one more thing for the policy to allow.
    assetsInlineLimit: 0,
  },
  // `npm run dev:web` beside a running `lxmert serve`.
  server: { proxy: { '/v1': 'http://127.0.0.1:8080' } },
});
