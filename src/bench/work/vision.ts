/** @file The region detector: from the bytes of a photo to the features of its regions. */

import path from 'node:path';
import sharp from 'sharp';
import { Random } from '../../common/random.js';
import { decodeImage } from '../../vision/decodeImage.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture } from '../../vision/detector/architecture.js';
import { type PreparedImage, RegionDetector } from '../../vision/detector/index.js';
import { detectorOperations } from '../detectorOperations.js';
import { measure } from '../measure.js';
import { type BenchResult, type BenchSettings, timedProducts } from '../result.js';
import { writeRandomDetector } from './randomDetector.js';

const [WIDTH, HEIGHT] = [640, 480];
const NUM_PROPOSALS = 300;
/** A picture takes seconds: fewer repetitions, after one that warms up. */
const FEWER = 3;

export async function vision(settings: BenchSettings): Promise<BenchResult[]> {
  const architecture = settings.isSmall ? smallDetector() : BOTTOM_UP_ATTENTION;
  const file = path.join(settings.folder, 'detector.safetensors');
  await writeRandomDetector(file, architecture);
  const photo = await encodePhoto();
  const { precision } = settings;
  using detector = await RegionDetector.load(file, { architecture, precision });
  const prepare = async (): Promise<PreparedImage> => detector.prepare(await decodeImage(photo));
  const prepared = await prepare();
  const { height, width } = prepared.input;
  const numRegions = Math.min(NUM_PROPOSALS, numAnchorsOf(architecture, height, width));
  const result = await timedProducts(
    { ...settings, repetitions: Math.ceil(settings.repetitions / FEWER) },
    detectorOperations(architecture, height, width, numRegions),
    async () => {
      detector.detect(await decodeImage(photo));
    },
    1,
  );
  const preparing = await measure(async () => void (await prepare()), { repetitions: 5, warmUp: 1 });
  return [
    {
      name: 'vision',
      description:
        `regions and features of one ${WIDTH} x ${HEIGHT} JPEG, ${numRegions} proposals at most; the share of the limit is of ` +
        'the operations of all of them going through the whole last stage, of which fewer are computed',
      rate: 1 / result.minSeconds,
      rateUnit: 'images/s',
      ...result,
      details: {
        secondsOfDecodingAndResizing: preparing.minSeconds,
        ...(precision === 'float32'
          ? {}
          : { relativeFeatureError: await featureError(file, architecture, prepared, detector) }),
      },
    },
  ];
}

/**
 * Over the boxes that float32 finds: the length of the features' difference as a share of their own, in the mean. Boxes
 * are the same for both, since which are found is another matter.
 */
async function featureError(
  file: string,
  architecture: DetectorArchitecture,
  prepared: PreparedImage,
  rounded: RegionDetector,
): Promise<number> {
  using exact = await RegionDetector.load(file, { architecture });
  const [found] = exact.detectBatch([prepared]);
  if (found === undefined) return Number.NaN;
  const { features } = rounded.describeBoxes(prepared, found.boxes);
  const reference = exact.describeBoxes(prepared, found.boxes).features;
  const size = reference.length / found.numBoxes;
  let sum = 0;
  for (let box = 0; box < found.numBoxes; box++) {
    const own = reference.subarray(box * size, (box + 1) * size);
    const difference = own.map((value, i) => value - (features[box * size + i] as number));
    sum += Math.hypot(...difference) / Math.hypot(...own);
  }
  return sum / found.numBoxes;
}

/** Smooth shapes and some noise, so that the JPEG is of a photo's size. */
async function encodePhoto(): Promise<Buffer> {
  const random = new Random(5);
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      for (let c = 0; c < 3; c++) {
        const shape = Math.sin((x * (c + 1)) / 60) * Math.cos((y * (3 - c)) / 45);
        pixels[(y * WIDTH + x) * 3 + c] = Math.max(
          0,
          Math.min(255, 128 + 90 * shape + 20 * (random.uniform() - 0.5)),
        );
      }
    }
  }
  return await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

function numAnchorsOf({ anchors }: DetectorArchitecture, height: number, width: number): number {
  const cells = (side: number): number => Math.ceil(side / anchors.stride);
  return cells(height) * cells(width) * anchors.ratios.length * anchors.scales.length;
}

/** A thirty-second of the channels, and few blocks. */
export function smallDetector(): DetectorArchitecture {
  const narrow = (channels: number): number => channels / 32;
  const stage = (of: DetectorArchitecture['regionStage']): DetectorArchitecture['regionStage'] => ({
    ...of,
    blocks: of.blocks.slice(0, 1),
    middleChannels: narrow(of.middleChannels),
    outputChannels: narrow(of.outputChannels),
  });
  const full = BOTTOM_UP_ATTENTION;
  return {
    ...full,
    stemChannels: narrow(full.stemChannels),
    imageStages: full.imageStages.map(stage),
    regionStage: stage(full.regionStage),
    rpnChannels: narrow(full.rpnChannels),
  };
}
