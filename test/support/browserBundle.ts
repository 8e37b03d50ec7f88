/** @file Parts of the package made into a script for a real browser, as a bundler makes them. */

import path from 'node:path';
import { build } from 'vite';

/**
 * Bundles one TypeScript file to `FOLDER/NAME.js`, a module with the file's exports.
 */
export async function bundleForBrowser(entry: string, folder: string, name: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry: path.resolve(entry), formats: ['es'], fileName: () => `${name}.js` },
    },
  });
}
