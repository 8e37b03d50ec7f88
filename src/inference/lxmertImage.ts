/** @file A picture, by what is at hand of it: its file, the file's bytes, its pixels, its regions, or a row of features. */

import type { RgbImage } from '../common/rgbImage.js';
import type { StatedRow } from '../features/index.js';
import type { ImageRegions } from './imageRegions.js';

/** What {@link LxmertImage}'s constructors make; each kind says itself what it is. */
export type LxmertImage =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'pixels'; readonly pixels: RgbImage }
  | { readonly kind: 'regions'; readonly regions: ImageRegions }
  | ({ readonly kind: 'row' } & StatedRow);

export const LxmertImage = {
  /** @param path of a JPEG, PNG, WebP, GIF or TIFF file */
  fromFile: (path: string): LxmertImage => ({ kind: 'file', path }),
  /** @param bytes of such a file */
  fromBytes: (bytes: Uint8Array): LxmertImage => ({ kind: 'bytes', bytes }),
  /** @param pixels RGB, 8 bits each, (height, width, 3) row-major */
  fromPixels: (pixels: RgbImage): LxmertImage => ({ kind: 'pixels', pixels }),
  /** @param regions as `Lxmert.detectRegions` gave them: nothing is detected again */
  fromRegions: (regions: ImageRegions): LxmertImage => ({ kind: 'regions', regions }),
  /**
   * @param row with what its file states of the detector, as `readRow` gives it, so that it can be checked against the
   * model's; one whose `provenance` is undefined is taken as it is
   */
  fromRow: ({ row, provenance }: StatedRow): LxmertImage => ({ kind: 'row', row, provenance }),
} as const;
