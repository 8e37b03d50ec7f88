/** @file `lxmert extract`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import {
  checkGivenBoxes,
  type ExtractionResult,
  extractFeatures,
  GivenBoxes,
  type ImageAgreement,
  type Verification,
  verifyFeatures,
} from '../../extraction/index.js';
import {
  BOX_FORMATS,
  BOX_UNITS,
  type BoxFormat,
  type BoxUnit,
  DEFAULT_SHARD_IMAGES,
  MAX_SHARD_IMAGES,
  PIXEL_CORNERS,
  parseFeatureRange,
} from '../../features/files.js';
import { formatCount, formatNumber } from '../../formats/numbers.js';
import { processShare } from '../../train/distributed/index.js';
import type { ImageFile } from '../../vision/imageFiles.js';
import { defineCommand } from '../command.js';
import { existingFile, existingPath, outputPath } from '../options.js';
import { agreementLine, renderVerification, skippedLines } from '../pictures/agreementText.js';
import { type ListedPictures, listPictures } from '../pictures/listedPictures.js';
import { detectorOptions, loadDetectorOf } from '../sharedOptions/detectorOptions.js';
import { deviceOf, deviceOptions } from '../sharedOptions/deviceOptions.js';
import { isFromPixels, PIXELS, pixelOptions, pixelWorkersOf } from '../sharedOptions/pixelOptions.js';

/** What was passed over on the way to the pictures. */
type PassedOver = Pick<ListedPictures, 'doubles' | 'otherFiles' | 'numHidden'> & {
  readonly maxSkipped: number;
};
type Result =
  | ({ readonly did: 'extract' } & ExtractionResult & PassedOver)
  | ({ readonly did: 'verify' } & Verification & PassedOver);

export const command = defineCommand({
  description:
    'Finds the regions of pictures with the bottom-up-attention Faster R-CNN, or from their pixels alone, and writes their features as a store or, when ' +
    'the name ends with .tsv, as an obj36 TSV file. A picture has its file name up to the first dot as its id. What is done is ' +
    'kept in OUT.extracting and not done again; the same command goes on after an interruption, adds to an output that is ' +
    'there, and shares the work with others that run it at the same time. A picture that cannot be read is skipped and listed, by what it is; files that are no pictures are counted.',
  examples: [
    {
      command: 'lxmert extract photos --detector resnet101.caffemodel --out features/photos',
      does: 'makes a store of all pictures in a folder',
    },
    {
      command: 'lxmert extract drawings --detector pixels --out features/drawings',
      does: 'describes drawings, icons and plots without a detector, by shape and color, on all cores',
    },
    {
      command:
        "find val2014 -name '*.jpg' | lxmert extract - --detector resnet101.caffemodel --out val2014_obj36.tsv",
      does: 'makes a TSV file of a list of pictures',
    },
    {
      command:
        'lxmert extract VG_100K --detector resnet101.caffemodel --boxes objects.jsonl --out features/vg',
      does: 'describes boxes that are given',
    },
    {
      command: 'lxmert extract photos --detector resnet101.caffemodel --verify train2014_obj36.tsv',
      does: 'says how well features agree with those of a file',
    },
  ],
  needsLibtorch: ({ detector }) => detector !== PIXELS,
  arguments: z.strictObject({
    images: z
      .array(z.string().min(1).meta({ pathKind: 'either' }))
      .min(1)
      .describe('Pictures and folders of pictures; - reads a list from standard input, one path a line'),
  }),
  options: z.strictObject({
    out: outputPath().optional().describe('Folder of the store, or a TSV file, to make or to add to'),
    ...detectorOptions,
    ...pixelOptions,
    ...deviceOptions,
    verify: existingPath()
      .optional()
      .describe('Write nothing; compare with this TSV file or store instead, picture by picture'),
    boxes: existingFile()
      .optional()
      .describe(
        'Describe these boxes instead of finding some: JSON lines {"image": ID, "boxes": [[x1, y1, x2, y2], ...]} in pixels, or an obj36 TSV file',
      ),
    boxFormat: z
      .enum(BOX_FORMATS)
      .optional()
      .describe(
        'Order of the numbers in --boxes: corners; corner and sizes; corners with y first; middle and sizes [default: xyxy, unless the numbers tell of another]',
      ),
    boxUnit: z
      .enum(BOX_UNITS)
      .optional()
      .describe(
        "Unit of the numbers in --boxes: pixels, or shares, per cent or thousandths of the picture's sides [default: pixel, unless the numbers tell of another]",
      ),
    dtype: z.enum(['float16', 'float32']).default('float16').describe('How a store keeps feature values'),
    shardImages: z
      .int()
      .min(1)
      .max(MAX_SHARD_IMAGES)
      .default(DEFAULT_SHARD_IMAGES)
      .describe('Images in one shard of a store'),
    batchSize: z
      .int()
      .min(1)
      .max(256)
      .optional()
      .describe(
        'Pictures of one size that are detected in one batch; features are the same [default: 1 on the processor, 8 on a GPU]',
      ),
    featureRange: z
      .string()
      .optional()
      .describe(
        'The values that the detector can give, where -1000 to 1000 is too wide or too narrow, such as =-30,30',
      )
      .meta({ valueName: 'LOW,HIGH' }),
    maxSkipped: z.int().min(0).default(0).describe('End with 1 when more pictures than this were skipped'),
  }),
  async run({
    arguments: { images: sources },
    options,
    progress,
    notice,
    out: print,
    signal,
  }): Promise<Result> {
    const { out, verify, featureRange } = options;
    if ((out === undefined) === (verify === undefined)) {
      throw new UsageError(
        out === undefined
          ? '--out is missing: the store or TSV file to write. Or give --verify with one to compare with.'
          : '--out writes features and --verify compares them: give one of the two.',
      );
    }
    const fromPixels = isFromPixels(options);
    const { images, unreadable, ...passedOver } = await listPictures(sources, notice);
    const facts = { ...passedOver, maxSkipped: options.maxSkipped };
    if (verify !== undefined) {
      if (options.boxes !== undefined) {
        throw new UsageError("--verify compares with the file's own boxes: leave --boxes out.");
      }
      using detector = await loadDetectorOf(options, notice, deviceOf(options));
      const display = progress('comparing', 'images');
      try {
        const onImage = (agreement: ImageAgreement): void => print(agreementLine(agreement));
        const settings = { images, detector, reference: verify, onImage, progress: display, signal };
        const result = await verifyFeatures(settings);
        return { did: 'verify', ...facts, ...result, skipped: [...unreadable, ...result.skipped] };
      } finally {
        display.stop();
      }
    }
    const boxes = await boxesOf(options, images, notice);
    const share = processShare();
    const sharing = { numImages: images.length, numProcesses: share?.worldSize ?? 1 };
    using detector = fromPixels
      ? pixelWorkersOf(options, sharing, notice)
      : await loadDetectorOf(options, notice, deviceOf(options));
    const display = progress('extracting', 'images');
    const assembly = progress('writing', 'images');
    try {
      const result = await extractFeatures({
        images,
        detector,
        out: out as string,
        dtype: options.dtype,
        shardImages: options.shardImages,
        ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
        ...(boxes === undefined ? {} : { boxes }),
        ...(featureRange === undefined ? {} : { featureRange: parseFeatureRange(featureRange) }),
        ...(share === undefined ? {} : { share }),
        progress: display,
        assemblyProgress: {
          update(done, total) {
            // Two bars would take the same line.
            display.stop();
            assembly.update(done, total);
          },
        },
        onSkip: ({ reason }) => notice(`Skipped: ${reason}`),
        signal,
      });
      return { did: 'extract', ...facts, ...result, skipped: [...unreadable, ...result.skipped] };
    } finally {
      display.stop();
      assembly.stop();
    }
  },
  render: (result) => (result.did === 'verify' ? renderVerification(result) : renderResult(result)),
  exitCode: (result) => {
    const { did, skipped, maxSkipped } = result;
    if (did === 'verify' && result.numAgreeing < result.images.length) return 1;
    const isOver = did === 'verify' ? !result.wasInterrupted : result.isComplete;
    return isOver && skipped.length > maxSkipped ? 1 : 0;
  },
});

/** @throws UsageError for a form without boxes, and as {@link checkGivenBoxes} */
async function boxesOf(
  { boxes: file, boxFormat: format, boxUnit: unit }: BoxOptions,
  images: readonly ImageFile[],
  notice: (line: string) => void,
): Promise<GivenBoxes | undefined> {
  const stated = { ...(format === undefined ? {} : { format }), ...(unit === undefined ? {} : { unit }) };
  if (file === undefined) {
    if (format === undefined && unit === undefined) return undefined;
    throw new UsageError(
      '--box-format and --box-unit say how --boxes is read: give it too, or leave them out.',
    );
  }
  const boxes = await GivenBoxes.read(file, { ...PIXEL_CORNERS, ...stated });
  for (const line of await checkGivenBoxes(boxes, images, stated)) notice(line);
  return boxes;
}

interface BoxOptions {
  readonly boxes?: string | undefined;
  readonly boxFormat?: BoxFormat | undefined;
  readonly boxUnit?: BoxUnit | undefined;
}

function renderResult(result: ExtractionResult): string {
  return [headline(result), ...skippedLines(result.skipped)].join('\n');
}

function headline(result: ExtractionResult): string {
  const { out, numListed, numExtracted, numLeft, numImages, numShort } = result;
  if (numImages === null) {
    const done = `${formatCount(numListed - numLeft, 'image')} of ${formatNumber(numListed)} done, in ${out}.extracting`;
    if (result.wasInterrupted) return `Stopped: ${done}. Give the same command again to go on.`;
    if (numLeft === 0) return `${done}; another process is putting ${out} together.`;
    return `${done}; other processes have the rest, and the last of them writes ${out}. If they were stopped, give the same command again.`;
  }
  const short =
    numShort === null || numShort === 0
      ? ''
      : `; ${formatCount(numShort, 'image')} with fewer regions than the profile asks for, since the detector proposed no more`;
  const news = numExtracted === 0 ? 'nothing was to be done' : `${formatNumber(numExtracted)} new`;
  return `${out}: ${formatCount(numImages, 'image')}, ${news}${short}`;
}
