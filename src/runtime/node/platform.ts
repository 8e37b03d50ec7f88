/** @file What Node.js gives to the runtime's core. */

import { fileURLToPath } from 'node:url';
import { UsageError } from '../../common/errors.js';
import { nodePictures } from '../../inference/nodePictures.js';
import { fetchedFolder } from '../browser/fetchedFolder.js';
import type { ExportedFolder } from '../exportedFolder.js';
import type { FolderOptions, Platform } from '../platform.js';
import { localFolder } from './localFolder.js';
import { createNodeEngine } from './nodeEngine.js';

export const nodePlatform: Platform = {
  ...nodePictures,
  name: 'node',
  openFolder,
  createEngine: createNodeEngine,
};

async function openFolder(source: string, { signal }: FolderOptions): Promise<ExportedFolder> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined) return await localFolder(source, signal);
  if (scheme === 'file') return await localFolder(fileURLToPath(source), signal);
  if (scheme === 'http' || scheme === 'https') return fetchedFolder(source, { cache: false, signal });
  throw new UsageError(
    `'${source}' should be a folder's path, or a URL that begins with https:, http: or file:.`,
  );
}
