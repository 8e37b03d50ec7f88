/** @file The page as `npm run build:web` made it, and what an export writes into its parts. */

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { LxmertError } from '../../common/errors.js';
import { packageRoot } from '../../common/version.js';
import { sha256Of } from '../../formats/hashes/sha256.js';
import type { SiteDescription, SiteFile } from './description.js';

/** What `npm run build:web` made of web/site, by path. */
export async function builtPage(): Promise<ReadonlyMap<string, Buffer>> {
  const folder = path.join(packageRoot(), 'dist', 'web', 'site');
  if (!existsSync(path.join(folder, 'index.html'))) {
    throw new LxmertError(
      `The page is not built: ${folder} has no index.html. Run ./setup, or npm run build:web.`,
    );
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  return new Map(
    await Promise.all(
      files.map(
        async (file): Promise<[string, Buffer]> => [
          path.relative(folder, file).split(path.sep).join('/'),
          await readFile(file),
        ],
      ),
    ),
  );
}

/** The page under another title. */
export function titled(page: Buffer, title: string): string {
  const safe = title.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return page.toString().replace(/<title>[^<]*<\/title>/, () => `<title>${safe}</title>`);
}

/**
 * The worker with what it keeps for visits without a connection: everything small. Weights and engines are kept by the
 * page under their checksums. It changes with any file, which is what tells a browser that there is something new.
 */
export function serviceWorker(
  script: Buffer,
  files: readonly SiteFile[],
  { engines }: SiteDescription,
): string {
  const large = new Set(Object.values(engines).map((file) => file.path));
  const kept = files.filter(({ path: file }) => !large.has(file) && !isGraph(file));
  const content = sha256Of(JSON.stringify(files)).slice(0, 16);
  const list = JSON.stringify({ content, files: kept.map((file) => file.path) });
  return `self.lxmertSite = ${list};\n${script.toString()}`;
}

/** Files of weights, which the page keeps itself. */
export function isGraph(file: string): boolean {
  return /\.(onnx|onnx_data)$/.test(file);
}
