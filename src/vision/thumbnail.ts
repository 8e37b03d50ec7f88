/** @file A small copy of a picture to stand inside a web page. */

import { LxmertError, messageOf } from '../common/errors.js';
import { openPicture, readPicture } from './pictureFile.js';

/** Twice the width of a panel, for screens with fine pixels. */
const PANEL_WIDTH = 680;

/**
 * The picture as `data:image/webp;base64,...`, upright, at most `maxWidth` pixels wide (and `maxHeight` high). It is decoded and encoded anew, so
 * that nothing else a file may carry (such as where it was taken) goes into the page.
 *
 * @throws LxmertError when the file is no picture, is damaged or has more than 64 megapixels
 */
export async function thumbnailDataUri(
  file: string,
  maxWidth = PANEL_WIDTH,
  maxHeight?: number,
): Promise<string> {
  try {
    const { image } = await openPicture(await readPicture(file), { name: file });
    const webp = await image
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .resize({
        width: maxWidth,
        ...(maxHeight === undefined ? {} : { height: maxHeight, fit: 'inside' as const }),
        withoutEnlargement: true,
      })
      .webp({ quality: 85 })
      .toBuffer();
    return `data:image/webp;base64,${webp.toString('base64')}`;
  } catch (cause) {
    if (cause instanceof LxmertError) throw cause;
    throw new LxmertError(`Cannot read ${file} as a picture: ${messageOf(cause)}. Remove or replace it.`, {
      cause,
    });
  }
}
