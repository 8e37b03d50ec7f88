/** @file Reading and decoding pictures in Node.js. */

import { sha256Of } from '../formats/hashes/sha256.js';
import { decodeImage } from '../vision/decodeImage.js';
import { readPicture } from '../vision/pictureFile.js';
import type { PictureReader } from './pictureRegions.js';

export const nodePictures: PictureReader = {
  readPicture: (path) => readPicture(path),
  decode: decodeImage,
  sha256: async (bytes) => sha256Of(bytes),
};
