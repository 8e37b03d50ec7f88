/** @file Parts of the package made into scripts for a real browser, as a bundler makes them. */

import path from 'node:path';
import { build } from 'vite';

/** Bundles one TypeScript file to `FOLDER/NAME.js`, a module with the file's exports, with what it loads later beside it. */
export async function bundleForBrowser(entry: string, folder: string, name: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    root: path.resolve('.'),
    base: './',
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      modulePreload: false,
      assetsInlineLimit: 0,
      rollupOptions: {
        input: { [name]: path.resolve(entry) },
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  });
}
