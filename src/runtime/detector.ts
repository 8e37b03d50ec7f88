/** @file The region detector from an exported folder: its two graphs, and between them the rules of the main path. */

import { LxmertError, UsageError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';
import type { Provenance } from '../features/portable.js';
import {
  type DetectedRegions,
  detectorProvenance,
  prepareImage,
  proposeRegions,
  requireDetectableSize,
  selectRegions,
} from '../vision/detector/detectionRules.js';
import type { RegionOutputs } from '../vision/detector/labelledRegions.js';
import {
  DETECTOR_PROFILES,
  type DetectorProfile,
  profileFor,
  withNumBoxes,
} from '../vision/detector/profiles.js';
import { portableSuppression } from '../vision/detector/suppression.js';
import { type DetectorFields, detectorFieldsOf, type ExportedDetectorPrecision } from './detectorManifest.js';
import type { Engine, EngineSession, EngineTensor } from './engine.js';
import type { ExportedFolder, LoadProgress } from './exportedFolder.js';
import { openGraph } from './loadModel.js';
import { chooseWeights, type DetectorManifest, MANIFEST_FILE } from './manifest.js';

/** How regions are found; as the main path's `--profile`, `--min-boxes` and `--max-boxes`. */
export interface DetectionOptions {
  /** Absent: float32, else float16. */
  readonly precision?: ExportedDetectorPrecision | undefined;
  /** Name of the rules. Absent: those of the weights, with 36 regions. */
  readonly profile?: string | undefined;
  readonly minBoxes?: number | undefined;
  readonly maxBoxes?: number | undefined;
}

/** Regions that go through the last stage at once: about 5 MB of memory each at full size. */
const REGIONS_AT_ONCE = 32;

const BACKBONE_OUTPUTS = ['feature_map', 'objectness', 'deltas'] as const;
const HEAD_OUTPUTS = ['features', 'class_probabilities', 'attribute_probabilities'] as const;

/** What the graphs of a folder give, by the names that the rules know them by. */
const OUTPUT_PARTS = {
  features: 'features',
  class_probabilities: 'classProbabilities',
  attribute_probabilities: 'attributeProbabilities',
  box_deltas: 'boxDeltas',
} as const;
type HeadOutput = keyof typeof OUTPUT_PARTS;

/** The bottom-up-attention detector on an engine. */
export class ExportedDetector {
  /** Labels of its regions mean something. */
  readonly hasLabels = true;

  private constructor(
    readonly profile: DetectorProfile,
    readonly fields: DetectorFields,
    /** What decides the numbers: the main path's for the same weights and profile, and the engine beside it. */
    readonly provenance: Provenance,
    private readonly backbone: EngineSession,
    private readonly head: EngineSession,
  ) {}

  /**
   * @param onProgress told of the weights as they are read
   * @throws LxmertError for a damaged folder, or for graphs that the engine cannot run; UsageError for a profile of other
   * weights' rules and for impossible numbers of regions
   */
  static async load(
    folder: ExportedFolder,
    manifest: DetectorManifest,
    engine: Engine,
    { onProgress, ...options }: DetectionOptions & { readonly onProgress?: LoadProgress | undefined } = {},
  ): Promise<ExportedDetector> {
    const fields = detectorFieldsOf(manifest, `${folder.name}/${MANIFEST_FILE}`);
    const profile = profileOf(folder, fields, options);
    const weights = chooseWeights(fields, options.precision, folder.name);
    const totalBytes = detectorBytes(manifest, weights);
    let before = 0;
    const open = async (file: string, inputs: readonly string[], outputs: readonly string[]) => {
      const session = await openGraph(engine, folder, manifest, { file, externalData: null }, (state) =>
        onProgress?.({ file, numBytes: before + state.numBytes, totalBytes }),
      );
      before += manifest.files[file]?.numBytes ?? 0;
      try {
        requireNames(`${folder.name}/${file}`, session, inputs, outputs);
        return session;
      } catch (error) {
        await session.dispose();
        throw error;
      }
    };
    const backbone = await open(weights.backbone, ['image'], BACKBONE_OUTPUTS);
    try {
      const head = await open(weights.regionHead, ['feature_map', 'boxes'], headOutputs(profile));
      const { name, version } = engine.info;
      const provenance = detectorProvenance(profile, {
        weightsSha256: fields.weightsSha256,
        precision: 'float32',
        ...(weights.precision === 'float32' ? {} : { weights: weights.precision }),
        engine: `${name} ${version}`,
        createdBy: manifest.createdBy,
      });
      return new ExportedDetector(profile, fields, provenance, backbone, head);
    } catch (error) {
      await backbone.dispose();
      throw error;
    }
  }

  /** Values of a region's feature vector. */
  get featureSize(): number {
    return this.fields.featureSize;
  }

  /**
   * Refuses a picture by its sides alone, before it is decoded.
   *
   * @throws LxmertError for a picture that is too long and thin
   */
  requireSize(width: number, height: number): void {
    requireDetectableSize(width, height, this.profile.preprocess);
  }

  /**
   * The picture's regions. Boxes are in its own pixels, features are at least 0.
   *
   * @throws LxmertError for a picture that is too narrow, or when the network gives what is no number
   */
  async detect(image: RgbImage): Promise<DetectedRegions> {
    const prepared = prepareImage(image, this.profile.preprocess);
    const { input } = prepared;
    const { height, width } = input;
    const found = await this.backbone.run(
      { image: { type: 'float32', data: input.data, dims: [1, 3, height, width] } },
      BACKBONE_OUTPUTS,
    );
    const map = found.feature_map as EngineTensor;
    const objectness = numbersOf(found, 'objectness');
    const [, , mapHeight = 0, mapWidth = 0] = (found.objectness as EngineTensor).dims;
    const boxes = proposeRegions(
      this.profile.rules,
      { height: mapHeight, width: mapWidth, scores: objectness, deltas: numbersOf(found, 'deltas') },
      input,
      this.fields.anchors,
      portableSuppression,
    );
    return selectRegions(prepared, await this.#describe(map, boxes), this.profile, portableSuppression);
  }

  /** Frees the weights. */
  async dispose(): Promise<void> {
    await this.backbone.dispose();
    await this.head.dispose();
  }

  /** What is said of boxes (n, 4) in pixels of the network's input, some after others. */
  async #describe(map: EngineTensor, boxes: Float32Array): Promise<RegionOutputs> {
    const numRegions = boxes.length / 4;
    const sizes = rowSizes(this.fields, this.profile);
    const names = Object.keys(sizes) as HeadOutput[];
    const parts = Object.fromEntries(
      names.map((name) => [OUTPUT_PARTS[name], new Float32Array(numRegions * (sizes[name] as number))]),
    ) as unknown as Omit<RegionOutputs, 'numRegions' | 'boxes'>;
    for (let first = 0; first < numRegions; first += REGIONS_AT_ONCE) {
      const data = boxes.slice(first * 4, (first + REGIONS_AT_ONCE) * 4);
      const feeds = {
        feature_map: map,
        boxes: { type: 'float32', data, dims: [data.length / 4, 4] },
      } as const;
      const found = await this.head.run(feeds, names);
      for (const name of names) {
        parts[OUTPUT_PARTS[name]]?.set(numbersOf(found, name), first * (sizes[name] as number));
      }
    }
    return { numRegions, boxes, ...parts };
  }
}

/** Of both graphs' files. */
export function detectorBytes(
  { files }: DetectorManifest,
  { backbone, regionHead }: Pick<DetectorFields['weights'][number], 'backbone' | 'regionHead'>,
): number {
  return (files[backbone]?.numBytes ?? 0) + (files[regionHead]?.numBytes ?? 0);
}

function headOutputs({ rules }: DetectorProfile): readonly HeadOutput[] {
  return rules === 'caffe' ? HEAD_OUTPUTS : [...HEAD_OUTPUTS, 'box_deltas'];
}

/** Values of one region in each output. */
function rowSizes(
  { featureSize, numClasses, numAttributes }: DetectorFields,
  profile: DetectorProfile,
): { readonly [output in HeadOutput]?: number } {
  const sizes = {
    features: featureSize,
    class_probabilities: numClasses,
    attribute_probabilities: numAttributes,
    box_deltas: 4 * numClasses,
  };
  return Object.fromEntries(headOutputs(profile).map((name) => [name, sizes[name]]));
}

/** @throws UsageError for a name that no profile has, and for one of other weights' rules */
function profileOf(
  { name }: ExportedFolder,
  { family }: DetectorFields,
  { profile, minBoxes, maxBoxes }: DetectionOptions,
): DetectorProfile {
  const asked = DETECTOR_PROFILES.find((each) => each.name === profile);
  if (profile !== undefined && asked === undefined) {
    const names = DETECTOR_PROFILES.map((each) => each.name).join(', ');
    throw new UsageError(`There is no profile of regions called '${profile}'; there are ${names}.`);
  }
  return withNumBoxes(profileFor(name, family, asked), {
    ...(minBoxes === undefined ? {} : { minBoxes }),
    ...(maxBoxes === undefined ? {} : { maxBoxes }),
  });
}

/** @throws LxmertError for a graph of something else */
function requireNames(
  file: string,
  session: EngineSession,
  inputs: readonly string[],
  outputs: readonly string[],
): void {
  const lacking = [
    ...inputs.filter((name) => !session.inputNames.includes(name)),
    ...outputs.filter((name) => !session.outputNames.includes(name)),
  ];
  if (lacking.length === 0) return;
  throw new LxmertError(
    `${file} is not a part of the region detector: its graph has no ${lacking.join(' and no ')}. Export the detector again.`,
  );
}

/** @throws LxmertError for an output of another type than the export's */
function numbersOf(found: Readonly<Record<string, EngineTensor>>, name: string): Float32Array {
  const tensor = found[name];
  if (tensor?.type === 'float32') return tensor.data;
  throw new LxmertError(`The detector's graph gave ${name} as something else than float32. Export it again.`);
}
