/** @file From a picture and a question to an answer, and from a picture and sentences to those that fit it. */

import { UsageError } from '../common/errors.js';
import { programName } from '../common/version.js';
import { sequentialBatches } from '../data/epochSampler.js';
import {
  batchFromRows,
  type Provenance,
  type ProvenancedFeatures,
  unknownProvenance,
} from '../features/index.js';
import type { AnsweringPrecision } from '../model/index.js';
import {
  type ImageSentence,
  matchProbabilities,
  type RankedAnswer,
  type RegionSource,
  rankAnswers,
  withProbabilities,
} from '../tasks/index.js';
import { isCut } from '../text/index.js';
import {
  type Device,
  type DeviceChoice,
  int8Warnings,
  requirePrecision,
  ThreadAdapter,
  useDevice,
} from '../torch/index.js';
import { DETECTOR_NAME } from '../vision/detector/detectionRules.js';
import {
  DETECTOR_PROFILES,
  type DetectorArchitecture,
  type DetectorPrecision,
  RegionDetector,
} from '../vision/detector/index.js';
import { loadLabelNames, loadPublishedNames } from '../vision/detector/labelFiles.js';
import { disposeModels, loadEnsemble } from './ensemble.js';
import { FeatureCheck } from './featureCheck.js';
import type { ImageRegion, ImageRegions } from './imageRegions.js';
import { LxmertImage } from './lxmertImage.js';
import { type LoadedModel, requireAnswering, requireMatching } from './modelFolder.js';
import { findNamedDetector, findNamedModel, type HubOptions } from './namedModel.js';
import { nodePictures } from './nodePictures.js';
import { PictureRegions } from './pictureRegions.js';
import { RegionCache } from './regionCache.js';
import { detectorFinder, pixelFinder, type RegionFinder } from './regionFinder.js';
import {
  type AnswerOptions,
  DEFAULT_TOP_K,
  requireChoices,
  requireTopK,
  requireWords,
  SENTENCES_AT_ONCE,
} from './requests.js';

export interface LxmertSource {
  /**
   * A run folder, a folder of Hugging Face, a weights file or a name on the hub (`org/name`, `org/name@revision`); of several
   * the probabilities are averaged. Of a file that holds several models, `FILE#KEY` names one.
   */
  readonly model: string | readonly string[];
  /** Weights of a run folder. Default `BEST`. */
  readonly weights?: 'BEST' | 'LAST' | undefined;
  /** BERT's vocab.txt; for a weights file, a run folder has its own. */
  readonly vocabulary?: string | undefined;
  /** Answer table (label2ans JSON); for a weights file. */
  readonly answers?: string | undefined;
  /** Attention heads; for a weights file. Default: what a config.json beside it says, else hidden size / 64. */
  readonly numAttentionHeads?: number | undefined;
  /** A config.json of Hugging Face or of a run, in place of the one beside a weights file. */
  readonly modelConfig?: string | undefined;
  /** Format of the numbers between the model's layers, or `int8`: weights in 8 bits, on the processor. Default float32. */
  readonly precision?: AnsweringPrecision | undefined;
  /** What computes, such as `cuda`; `auto` takes a GPU where there is one. Default: the processor. */
  readonly device?: DeviceChoice | undefined;
  /** How models and detectors that are named on a hub are found and fetched. */
  readonly hub?: HubOptions | undefined;
  /** The region detector's weights, or their name on the hub. Without it, only a model of the sample world can find the regions of a bare picture. */
  readonly detector?: string | undefined;
  /** Name of the detector's profile. Default: that of its weights. */
  readonly profile?: string | undefined;
  readonly minBoxes?: number | undefined;
  readonly maxBoxes?: number | undefined;
  /** Format of the detector's last stage, on a GPU of all its convolutions. Default float32. */
  readonly detectorPrecision?: DetectorPrecision | undefined;
  /** Names of objects and attributes. Default: `objects_vocab.txt` and `attributes_vocab.txt` beside the detector, else Visual Genome's. */
  readonly objectNames?: string | undefined;
  readonly attributeNames?: string | undefined;
  /** Go on with a detector other than the one that the model was trained with. Default false. */
  readonly allowOtherFeatures?: boolean | undefined;
  /** Images whose regions are cached, since detection takes seconds: about 0.3 MB each. Default 16. */
  readonly numCachedImages?: number | undefined;
  /** For detectors of other sizes than the published one. */
  readonly architecture?: DetectorArchitecture | undefined;
}

export interface LxmertAnswer {
  readonly question: string;
  /** True when it is longer than the model reads: its end counted for nothing. */
  readonly isCut: boolean;
  readonly answers: readonly RankedAnswer[];
  /** What the answer was found in, in the model's order. */
  readonly regions: readonly ImageRegion[];
  /** Of the picture, in pixels; boxes are in the same. */
  readonly width: number;
  readonly height: number;
}

/** Whether a sentence belongs to a picture. */
export interface LxmertMatch {
  readonly sentence: string;
  /** True when it is longer than the model reads: its end counted for nothing. */
  readonly isCut: boolean;
  /** That it belongs to the picture, 0 to 1. */
  readonly probability: number;
}

interface LxmertParts {
  readonly model: LoadedModel<string>;
  readonly detector: RegionDetector | undefined;
  readonly regions: PictureRegions;
  readonly check: FeatureCheck;
  readonly howRead: readonly string[];
  readonly threads: ThreadAdapter;
}

/**
 * A model that answers or matches, with the detector that it sees with.
 *
 * ```ts
 * using lxmert = await Lxmert.load({ model: 'runs/vqa', detector: 'resnet101.caffemodel' });
 * const { answers, regions } = await lxmert.answer('photo.jpg', 'What colour is the cat?', { topK: 3 });
 * console.log(answers[0].answer, answers[0].probability, regions[0].object?.name);
 * ```
 */
export class Lxmert implements Disposable {
  readonly #model: LoadedModel<string>;
  readonly #detector: RegionDetector | undefined;
  readonly #regions: PictureRegions;
  readonly #check: FeatureCheck;
  readonly #howRead: readonly string[];
  /** What this process spent and others did since the weights began to be loaded. */
  readonly #threads: ThreadAdapter;

  private constructor({ model, detector, regions, check, howRead, threads }: LxmertParts) {
    this.#model = model;
    this.#detector = detector;
    this.#regions = regions;
    this.#check = check;
    this.#howRead = howRead;
    this.#threads = threads;
  }

  /**
   * What a person should know: how the weights were read where that is not plain, what could not be compared between model
   * and features, or differs and was allowed.
   */
  get warnings(): readonly string[] {
    return [...this.#howRead, ...this.#check.warnings];
  }

  /**
   * @throws as `findNamedModel` for names on a hub; UsageError when something is missing that has to be named, for an unknown profile, and for a model that reads
   * two images; CheckpointError when weights are not whole; LxmertError when the detector is not the one that the model
   * was trained with
   */
  static async load(named: LxmertSource): Promise<Lxmert> {
    const howRead: string[] = [];
    const say = (line: string): void => void howRead.push(line);
    const source = await withPlaces(named, say);
    const { model, allowOtherFeatures = false } = source;
    const cache = new RegionCache(source.numCachedImages);
    const threads = new ThreadAdapter();
    const device = useDevice(source.device ?? 'cpu');
    requirePrecision(source.precision ?? 'float32', device);
    if (source.precision === 'int8') howRead.push(...int8Warnings());
    const loaded = await loadEnsemble(model, {
      ...source,
      device,
      say,
    });
    let detector: RegionDetector | undefined;
    try {
      if (loaded.models[0]?.imagesPerExample !== 1) {
        throw new UsageError(
          `${loaded.weightsFiles[0]} judges statements about two images; this is for sentences about one. Use predict nlvr2.`,
        );
      }
      detector = await loadDetector(source, device);
      const { trainedOn } = loaded;
      const featureSize = loaded.models[0].config.visualFeatureSize;
      const check = new FeatureCheck({ featureSize, trainedOn }, allowOtherFeatures);
      if (detector !== undefined)
        check.requireOrigin(source.detector ?? '', detector.featureSize, detector.provenance);
      const { objectNames: objects, attributeNames: attributes } = source;
      const names = await loadLabelNames({ objects, attributes }, source.detector, source.architecture);
      const isNamed = [source.detector, objects, attributes].some((each) => each !== undefined);
      const namesOfExtracted = isNamed ? names : await loadPublishedNames();
      const regions = new PictureRegions({
        reader: nodePictures,
        finder: finderOf(detector, loaded),
        cache,
        check,
        namesFor: (provenance) => (provenance?.detector === DETECTOR_NAME ? namesOfExtracted : names),
      });
      howRead.push(...loaded.notes);
      return new Lxmert({ model: loaded, detector, regions, check, howRead, threads });
    } catch (error) {
      detector?.[Symbol.dispose]();
      disposeModels(loaded);
      throw error;
    }
  }

  /**
   * The model by itself, for work that needs more than answers.
   *
   * @throws UsageError for a model whose answers have to be named, LxmertError for one that has no answer head
   */
  get answering(): LoadedModel {
    return requireAnswering(this.#model);
  }

  /**
   * The same for matching.
   *
   * @throws LxmertError for a model that has no matching head
   */
  get matching(): LoadedModel<'match'> {
    return requireMatching(this.#model);
  }

  /** Undefined without a detector. */
  get detectorProvenance(): Provenance | undefined {
    return this.#detector?.provenance;
  }

  /**
   * Computes from now on with as many threads as other programs leave processors free; called by itself before each answer.
   * Answers do not depend on it. A number of threads that was chosen (`OMP_NUM_THREADS`, `setNumThreads`) stays.
   */
  adaptThreads(): void {
    this.#threads.adapt();
  }

  /** What features the regions have that this finds, or was trained on, for another model that is to read them. */
  get features(): ProvenancedFeatures {
    const { models, pixelRegions, trainedOn, weightsFiles } = this.#model;
    const provenance =
      this.detectorProvenance ??
      (pixelRegions === undefined ? trainedOn : pixelFinder(pixelRegions, programName()).provenance) ??
      unknownProvenance;
    const featureSize = models[0]?.config.visualFeatureSize ?? 0;
    return { featureSize, origins: [{ path: `The regions of ${weightsFiles[0]}`, provenance }] };
  }

  /**
   * For a model that is to read the regions that another one finds.
   *
   * @throws LxmertError when it was trained on features of another size or, unless allowed, of another origin
   */
  requireFeatures(found: ProvenancedFeatures): void {
    this.#check.require(found);
  }

  /**
   * Finds the regions of a picture. Those of a file whose regions are cached are not detected again.
   *
   * @param image the path of a file, or what {@link LxmertImage} makes of something else
   * @throws UsageError when there is no such picture, or nothing to find regions with; LxmertError when it cannot be
   * decoded, or has no region
   */
  async detectRegions(image: string | LxmertImage): Promise<ImageRegions> {
    return await this.#regions.of(typeof image === 'string' ? LxmertImage.fromFile(image) : image);
  }

  /**
   * The most probable answers to a question about a picture; with `choices` those alone.
   *
   * @throws UsageError for a question without words, and as {@link detectRegions}; LxmertError for a model without answers
   * ({@link answering}), and when the features are not of the model's size
   */
  async answer(
    image: string | LxmertImage,
    question: string,
    options: AnswerOptions = {},
  ): Promise<LxmertAnswer> {
    return (await this.answerAll(image, [question], options))[0] as LxmertAnswer;
  }

  /** The same for several questions about one picture, whose regions are detected and encoded once. */
  async answerAll(
    image: string | LxmertImage,
    questions: readonly string[],
    { topK = DEFAULT_TOP_K, choices }: AnswerOptions = {},
  ): Promise<LxmertAnswer[]> {
    requireTopK(topK);
    requireChoices(choices);
    requireWords(questions, 'question');
    const { answering } = this;
    const imageRegions = await this.detectRegions(image);
    this.#regions.requireAlive();
    this.adaptThreads();
    const ranked = inParts(imageRegions, questions, (source, examples) =>
      rankAnswers(answering, source, examples, { topK, choices }),
    );
    const { regions, width, height } = imageRegions;
    return ranked.map((answers, i) => ({
      question: questions[i] as string,
      isCut: isCut(answering, questions[i] as string),
      answers,
      regions,
      width,
      height,
    }));
  }

  /**
   * The probability that each sentence belongs to a picture, by the cross-modality matching head of pre-training. Each is
   * judged by itself: several may fit, or none.
   *
   * ```ts
   * using lxmert = await Lxmert.load({ model: 'model_LXRT.pth', vocabulary: 'vocab.txt', detector: 'resnet101.caffemodel' });
   * const matches = await lxmert.match('photo.jpg', ['A cat on a sofa.', 'Two men play chess.']);
   * const [best] = matches.toSorted((a, b) => b.probability - a.probability);
   * console.log(best.sentence, best.probability);
   * ```
   *
   * @returns one for each sentence, in their order
   * @throws UsageError for a sentence without words, and as {@link detectRegions}; LxmertError for a model without a matching
   * head ({@link matching}), and when the features are not of the model's size
   */
  async match(image: string | LxmertImage, sentences: readonly string[]): Promise<LxmertMatch[]> {
    requireWords(sentences, 'sentence');
    const { matching } = this;
    const imageRegions = await this.detectRegions(image);
    this.#regions.requireAlive();
    this.adaptThreads();
    const probabilities = inParts(imageRegions, sentences, (source, examples) =>
      withProbabilities(matching, source, examples, ({ match }) => matchProbabilities(match)),
    );
    return sentences.map((sentence, i) => ({
      sentence,
      isCut: isCut(matching, sentence),
      probability: probabilities[i] as number,
    }));
  }

  /** Ends the weights. */
  dispose(): void {
    if (!this.#regions.dispose()) return;
    this.#detector?.[Symbol.dispose]();
    disposeModels(this.#model);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What finds the regions of a bare picture; undefined for a model that reads a detector's and has none. */
function finderOf(
  detector: RegionDetector | undefined,
  { pixelRegions }: LoadedModel<string>,
): RegionFinder | undefined {
  if (detector !== undefined) return detectorFinder(detector);
  return pixelRegions === undefined ? undefined : pixelFinder(pixelRegions, programName());
}

/** Does the work for sentences about one picture, some at a time. */
function inParts<T>(
  { row }: ImageRegions,
  sentences: readonly string[],
  work: (source: RegionSource, examples: readonly ImageSentence[]) => readonly T[],
): T[] {
  const source: RegionSource = { gather: (ids) => batchFromRows(ids.map(() => row)) };
  return sequentialBatches(sentences.length, SENTENCES_AT_ONCE).flatMap((part) =>
    work(
      source,
      part.map((i) => ({ imageIds: [row.imageId], sentence: sentences[i] ?? '' })),
    ),
  );
}

/** Every name on a hub in place of where it lies. */
async function withPlaces(
  source: LxmertSource,
  say: (line: string) => void,
): Promise<LxmertSource & { readonly model: readonly string[] }> {
  const { hub } = source;
  const model: string[] = [];
  for (const each of [source.model].flat()) model.push(await findNamedModel(each, hub));
  if (source.detector === undefined) return { ...source, model };
  return { ...source, model, detector: await findNamedDetector(source.detector, hub, say) };
}

async function loadDetector(source: LxmertSource, device: Device): Promise<RegionDetector | undefined> {
  if (source.detector === undefined) return undefined;
  const { profile, detectorPrecision, minBoxes, maxBoxes, architecture } = source;
  const found = DETECTOR_PROFILES.find(({ name }) => name === profile);
  if (profile !== undefined && found === undefined) {
    const names = DETECTOR_PROFILES.map(({ name }) => name).join(', ');
    throw new UsageError(`There is no profile '${profile}'; there are ${names}.`);
  }
  return await RegionDetector.load(source.detector, {
    device,
    ...(found === undefined ? {} : { profile: found }),
    ...(detectorPrecision === undefined ? {} : { precision: detectorPrecision }),
    ...(minBoxes === undefined ? {} : { minBoxes }),
    ...(maxBoxes === undefined ? {} : { maxBoxes }),
    ...(architecture === undefined ? {} : { architecture }),
  });
}
