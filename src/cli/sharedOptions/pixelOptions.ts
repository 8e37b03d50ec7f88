/** @file Options of `lxmert extract` for regions from pixels, in place of a detector's. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { kebabCase } from '../../common/kebabCase.js';
import { numComputeThreads } from '../../common/usableProcessors.js';
import { PixelWorkers } from '../../extraction/index.js';
import { DEFAULT_GRID, MAX_GRID, MIN_GRID } from '../../vision/pixelFeatures.js';

/** What `--detector` says in place of weights. */
export const PIXELS = 'pixels';

const DEFAULT_NUM_BOXES = 36;

export const pixelOptions = {
  numBoxes: z
    .int()
    .min(1)
    .max(300)
    .optional()
    .describe(
      `With --detector pixels: regions of each picture, what stands out first, then windows [default: ${DEFAULT_NUM_BOXES}]`,
    ),
  grid: z
    .int()
    .min(MIN_GRID)
    .max(MAX_GRID)
    .optional()
    .describe(
      `With --detector pixels: number of cells across and down each region, 32 values each [default: ${DEFAULT_GRID}, 2048 values]`,
    ),
};

/** Flags that have a meaning for a detector alone, with the value that says nothing. */
const DETECTOR_FLAGS = [
  ['profile', undefined],
  ['minBoxes', undefined],
  ['maxBoxes', undefined],
  ['precision', 'float32'],
  ['batchSize', undefined],
  ['verify', undefined],
] as const;

export interface GivenOptions extends Partial<Record<(typeof DETECTOR_FLAGS)[number][0], unknown>> {
  readonly detector: string;
  readonly numBoxes?: number | undefined;
  readonly grid?: number | undefined;
}

/** True for regions from pixels. @throws UsageError for flags of the other kind */
export function isFromPixels(options: GivenOptions): boolean {
  const fromPixels = options.detector === PIXELS;
  const wrong = fromPixels
    ? DETECTOR_FLAGS.filter(([key, silent]) => options[key] !== silent).map(([key]) => key)
    : (['numBoxes', 'grid'] as const).filter((key) => options[key] !== undefined);
  const [first] = wrong;
  if (first === undefined) return fromPixels;
  const flag = `--${kebabCase(first)}`;
  throw new UsageError(
    fromPixels
      ? `${flag} is for a detector with weights. For regions from pixels, --num-boxes says how many and --grid how finely each is described.`
      : `${flag} is for --detector pixels. With weights, --min-boxes and --max-boxes say how many regions.`,
  );
}

/**
 * Threads that describe pictures: one for each core, this process's part of them where several share the work.
 *
 * @param numProcesses that share the machine
 */
export function pixelWorkersOf(
  { numBoxes = DEFAULT_NUM_BOXES, grid = DEFAULT_GRID }: Pick<GivenOptions, 'numBoxes' | 'grid'>,
  { numImages, numProcesses }: { readonly numImages: number; readonly numProcesses: number },
  notice: (line: string) => void,
): PixelWorkers {
  const numThreads = Math.max(1, Math.min(Math.floor(numComputeThreads() / numProcesses), numImages));
  const workers = new PixelWorkers({ numBoxes, grid }, numThreads);
  notice(
    `Regions from pixels: ${numBoxes} in each picture, a grid of ${grid} x ${grid} cells and ${grid * grid * 32} numbers each. They tell shapes and colors apart, not what things are.`,
  );
  return workers;
}
