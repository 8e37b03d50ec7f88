/** @file What browsers and workers give to the runtime's core. */

import { UsageError } from '../../common/errors.js';
import type { Platform } from '../platform.js';
import { sha256Of } from './checksum.js';
import { decodeImage } from './decodeImage.js';
import { fetchedFolder } from './fetchedFolder.js';
import { createWebEngine } from './webEngine.js';

export const browserPlatform: Platform = {
  name: 'browser',
  openFolder: async (source, options) => fetchedFolder(source, options),
  createEngine: createWebEngine,
  async decode(bytes, { name, requireSize }) {
    const image = await decodeImage(bytes, name);
    requireSize?.(image.width, image.height);
    return image;
  },
  readPicture: async (path) => {
    throw new UsageError(
      `In a browser a picture is given as a Blob (a File is one) or as bytes; '${path}' is a text. Fetch it first: await (await fetch(url)).blob().`,
    );
  },
  sha256: sha256Of,
};
