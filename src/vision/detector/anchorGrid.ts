/** @file The boxes that the region proposal network starts from, around every cell of its map. */

/**
 * The anchors of every cell of a map: y slowest, then x, then the anchor's number. (height, width, numAnchors, 4)
 *
 * @param base those around cell (0, 0), (numAnchors, 4)
 * @param stride pixels of the scaled image from one cell to the next
 */
export function anchorGrid(base: Float32Array, stride: number, height: number, width: number): Float32Array {
  const grid = new Float32Array(height * width * base.length);
  let target = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let i = 0; i < base.length; i++, target++) {
        grid[target] = (base[i] as number) + (i % 2 === 0 ? x : y) * stride;
      }
    }
  }
  return grid;
}
