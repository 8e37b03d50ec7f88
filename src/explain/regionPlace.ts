/** @file Where in a picture a region lies, in words. Runs in browsers too. */

/** A region this large, of both sides, is the picture itself. */
const WHOLE = 0.9;

const ROWS = ['upper', '', 'lower'] as const;
const COLUMNS = ['left', '', 'right'] as const;

/**
 * `upper left`, `top`, `upper right`, `left`, `middle`, `right`, `lower left`, `bottom`, `lower right`, by the third of the
 * picture that the box's middle lies in; `the whole picture` for a box of nearly its size.
 *
 * @param box x1, y1, x2, y2
 * @param size of the picture, in the unit of the box
 */
export function placeOf(
  box: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
  if (x2 - x1 >= WHOLE * width && y2 - y1 >= WHOLE * height) return 'the whole picture';
  const row = ROWS[thirdOf((y1 + y2) / 2 / height)] as string;
  const column = COLUMNS[thirdOf((x1 + x2) / 2 / width)] as string;
  if (row !== '' && column !== '') return `${row} ${column}`;
  if (column !== '') return column;
  return { upper: 'top', lower: 'bottom' }[row] ?? 'middle';
}

function thirdOf(share: number): 0 | 1 | 2 {
  if (share < 1 / 3) return 0;
  return share > 2 / 3 ? 2 : 1;
}
