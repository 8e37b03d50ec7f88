/** @file The one in-memory form of a picture that the rooms hand to each other. */

/** A picture of 8-bit RGB values without alpha. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Rows from the top, pixels from the left, three bytes each: length is height * width * 3. */
  readonly data: Uint8Array;
}
