/** @file Builds the page that needs no server: dist/web/site, which `lxmert export site` copies. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { explanationParts } from './explanationParts.js';
import { houseStyle } from './houseStyle.js';

const folder = path.dirname(fileURLToPath(import.meta.url));

/** The export takes the .wasm files from onnxruntime-web's package, compressed: the package would hold them twice. */
function withoutWasm(): Plugin {
  return {
    name: 'without-wasm',
    generateBundle(_, bundle) {
      for (const name of Object.keys(bundle)) if (name.endsWith('.wasm')) delete bundle[name];
    },
  };
}

export default defineConfig({
  root: path.join(folder, 'site'),
  // Any path of any host may serve the page.
  base: './',
  plugins: [houseStyle(), explanationParts(), withoutWasm()],
  worker: { format: 'es', plugins: () => [withoutWasm()] },
  build: {
    outDir: path.join(folder, '../dist/web/site'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false, resolveDependencies: () => [] },
    // The page's security policy takes scripts, styles and pictures from files only.
    assetsInlineLimit: 0,
    rollupOptions: {
      input: {
        index: path.join(folder, 'site/index.html'),
        sw: path.join(folder, 'site/serviceWorker.ts'),
      },
      output: {
        // A service worker's address stays the same, or browsers would never hear of a new one.
        entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});
