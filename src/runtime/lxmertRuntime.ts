/** @file Answers and matches from an exported model: what is the same in Node.js and in browsers. */

import { LxmertError, UsageError } from '../common/errors.js';
import { sequentialBatches } from '../data/epochSampler.js';
import type { ExplainOptions, Explanation } from '../explain/explanation.js';
import type { ExplanationMethod } from '../explain/removal.js';
import type { FeatureRow, Provenance, ProvenancedFeatures } from '../features/portable.js';
import { FeatureCheck } from '../inference/featureCheck.js';
import type { ImageRegions } from '../inference/imageRegions.js';
import type { LxmertAnswer, LxmertMatch } from '../inference/lxmert.js';
import { LxmertImage } from '../inference/lxmertImage.js';
import { PictureRegions } from '../inference/pictureRegions.js';
import { RegionCache } from '../inference/regionCache.js';
import {
  type AnswerOptions,
  DEFAULT_TOP_K,
  requireChoices,
  requireTopK,
  requireWords,
  SENTENCES_AT_ONCE,
} from '../inference/requests.js';
import {
  activate,
  matchProbabilities,
  type ProbabilityRows,
  probabilityRows,
  wantedAnswers,
} from '../tasks/portable.js';
import { isCut } from '../text/index.js';
import type { EngineInfo, EngineTensor } from './engine.js';
import { explanationMethodsOf, explanationOf, requireMethod } from './explain.js';
import { type GraphInputs, outputRows, regionInputs, wordInputs } from './graphInputs.js';
import type { LoadOptions, RuntimeModel } from './loadModel.js';
import type { Platform } from './platform.js';
import type { RuntimeRegionFinder } from './regionFinder.js';

/** A sentence and the regions of its picture, or of its two pictures. */
export interface SentenceAboutRows {
  readonly sentence: string;
  readonly rows: readonly FeatureRow[];
}

/** Probabilities of the heads that a model has, (B, size) each, by the names that tasks give them. */
export interface HeadProbabilities {
  readonly answer?: ProbabilityRows;
  readonly match?: ProbabilityRows;
  /** Of VizWiz's questions: that they can be answered. */
  readonly answerability?: ProbabilityRows;
}

/** The path of a file, a file as browsers give it, or what {@link LxmertImage} makes of something else. */
export type RuntimeImage = string | Blob | LxmertImage;

/** What a `Lxmert` is made of. */
export interface LxmertParts {
  readonly platform: Platform;
  readonly model: RuntimeModel;
  /** Undefined where nothing finds the regions of a bare picture. */
  readonly finder: RuntimeRegionFinder | undefined;
  readonly options: Pick<LoadOptions, 'allowOtherFeatures' | 'numCachedImages'>;
}

const MATCH_SIZE = 2;
const NOT_STATED: Provenance = {
  detector: null,
  weightsSha256: null,
  settings: {},
  source: null,
  createdBy: 'lxmert/runtime',
};

/** An exported model that answers or matches; each entry of the package has its own `load`. */
export class LxmertRuntime {
  readonly #model: RuntimeModel;
  readonly #finder: RuntimeRegionFinder | undefined;
  readonly #regions: PictureRegions;
  readonly #check: FeatureCheck;

  constructor({ platform, model, finder, options }: LxmertParts) {
    this.#model = model;
    this.#finder = finder;
    const cache = new RegionCache(options.numCachedImages);
    const { provenance } = model.manifest.regions;
    this.#check = new FeatureCheck(
      { featureSize: model.manifest.model.visualFeatureSize, trainedOn: provenance ?? undefined },
      options.allowOtherFeatures ?? false,
    );
    if (finder?.hasLabels === true)
      this.#check.requireOrigin(finder.name, finder.featureSize, finder.provenance);
    this.#regions = new PictureRegions({
      reader: platform,
      finder,
      cache,
      check: this.#check,
      namesFor: () => finder?.names ?? model.names,
    });
  }

  /** What computes, and why that and not something else. */
  get engine(): EngineInfo {
    return this.#model.engine.info;
  }

  /** The model's manifest and tables, for work that needs more than answers. */
  get model(): RuntimeModel {
    return this.#model;
  }

  /** What a person should know: what could not be compared between model and features, or differs and was allowed. */
  get warnings(): readonly string[] {
    return this.#check.warnings;
  }

  /** What features the regions have that this finds, or was trained on, for another model that is to read them. */
  get features(): ProvenancedFeatures {
    const { folder, manifest } = this.#model;
    const provenance = this.detectorProvenance ?? manifest.regions.provenance ?? NOT_STATED;
    return {
      featureSize: manifest.model.visualFeatureSize,
      origins: [{ path: `The regions of ${folder}`, provenance }],
    };
  }

  /**
   * For a model that is to read the regions that another one finds.
   *
   * @throws LxmertError when it was trained on features of another size or, unless allowed, of another origin
   */
  requireFeatures(found: ProvenancedFeatures): void {
    this.#check.require(found);
  }

  /** What {@link explain} can do: removal always, attention where the model was exported with it. */
  get explanationMethods(): readonly ExplanationMethod[] {
    return explanationMethodsOf([this]);
  }

  /** Undefined where nothing finds the regions of a bare picture. */
  get detectorProvenance(): Provenance | undefined {
    return this.#finder?.provenance;
  }

  /**
   * Finds the regions of a picture. Those of a file whose regions are cached are not detected again.
   *
   * @throws UsageError when there is no such picture, or nothing to find regions with; LxmertError when it cannot be
   * decoded, or has no region
   */
  async detectRegions(image: RuntimeImage): Promise<ImageRegions> {
    this.#regions.requireAlive();
    return await this.#regions.of(await imageOf(image));
  }

  /**
   * The most probable answers to a question about a picture; with `choices` those alone.
   *
   * @throws UsageError for a question without words, for a model that judges two images, and as {@link detectRegions};
   * LxmertError for a model without answers, and when the features are not of the model's size
   */
  async answer(image: RuntimeImage, question: string, options: AnswerOptions = {}): Promise<LxmertAnswer> {
    return (await this.answerAll(image, [question], options))[0] as LxmertAnswer;
  }

  /** The same for several questions about one picture, whose regions are detected and encoded once. */
  async answerAll(
    image: RuntimeImage,
    questions: readonly string[],
    { topK = DEFAULT_TOP_K, choices }: AnswerOptions = {},
  ): Promise<LxmertAnswer[]> {
    requireTopK(topK);
    requireChoices(choices);
    requireWords(questions, 'question');
    this.requireAnswering();
    const { answerTable } = this.#model;
    const found = await this.detectRegions(image);
    const ranked = await this.#inParts(found, questions, ({ answer }) =>
      answer === undefined ? [] : wantedAnswers(answer, answerTable, { topK, choices }),
    );
    const { regions, width, height } = found;
    return questions.map((question, i) => ({
      question,
      isCut: isCut(this.#model, question),
      answers: ranked[i] ?? [],
      regions,
      width,
      height,
    }));
  }

  /**
   * The probability that each sentence belongs to a picture, by the cross-modality matching head. Each is judged by itself:
   * several may fit, or none.
   *
   * @returns one for each sentence, in their order
   * @throws UsageError for a sentence without words, and as {@link detectRegions}; LxmertError for a model without a matching
   * head, and when the features are not of the model's size
   */
  async match(image: RuntimeImage, sentences: readonly string[]): Promise<LxmertMatch[]> {
    requireWords(sentences, 'sentence');
    this.requireMatching();
    const found = await this.detectRegions(image);
    const probabilities = await this.#inParts(found, sentences, ({ match }) =>
      match === undefined ? [] : matchProbabilities(match),
    );
    return sentences.map((sentence, i) => ({
      sentence,
      isCut: isCut(this.#model, sentence),
      probability: probabilities[i] as number,
    }));
  }

  /**
   * Answers a question about a picture and tells what the answers were found in: what they become without each word and
   * each region, and the attention of every layer where the model was exported with it. What `explain` of `lxmert` gives,
   * but for relevance: that follows gradients, which an exported model has none of.
   *
   * @param options `method` is `removal` unless it says otherwise
   * @throws as {@link answer}; UsageError for relevance, and for attention when the model was exported without
   */
  async explain(
    image: RuntimeImage,
    question: string,
    { topK = DEFAULT_TOP_K, method = 'removal', without }: ExplainOptions = {},
  ): Promise<Explanation> {
    requireMethod([this], method);
    const found = await this.detectRegions(image);
    const answered = await this.answer(LxmertImage.fromRegions(found), question, { topK });
    return await explanationOf([this], found, answered, method, without);
  }

  /**
   * Probabilities of every head for a batch, for files of predictions and measures of one's own: of statements about two
   * images too. Where all sentences are about one and the same row, its regions are encoded once. Of no example it gives (0, size).
   *
   * @throws LxmertError for another number of images than the model reads, and for rows that cannot be used
   */
  async answerBatch(examples: readonly SentenceAboutRows[]): Promise<HeadProbabilities> {
    const { imagesPerExample } = this.#model.manifest;
    const rows = examples.flatMap((example) => example.rows);
    if (rows.length !== examples.length * imagesPerExample) {
      throw new LxmertError(
        `The model reads ${imagesPerExample === 1 ? 'one image' : 'two images'} with each sentence; ${rows.length} were given for ${examples.length}.`,
      );
    }
    const isOne = imagesPerExample === 1 && rows.every((row) => row === rows[0]);
    return await this.#probabilities(
      examples.map(({ sentence }) => sentence),
      isOne ? rows.slice(0, 1) : rows,
    );
  }

  /**
   * Runs the graph as it is, for what needs other outputs than probabilities, or inputs of its own.
   *
   * @returns the outputs asked for, by name
   */
  async runGraph(
    inputs: GraphInputs,
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, EngineTensor>>> {
    this.#regions.requireAlive();
    const { inputNames } = this.#model.session;
    // An input that the graph does not need is not in it.
    const feeds = Object.fromEntries(Object.entries(inputs).filter(([name]) => inputNames.includes(name)));
    try {
      return await this.#model.session.run(feeds, outputs);
    } catch (error) {
      throw notOfOneExport(error, this.#model.folder) ?? error;
    }
  }

  /** @throws as {@link answer}, for a model that does not answer questions about an image */
  requireAnswering(): void {
    this.requireOneImage();
    if (this.#model.manifest.heads.answers === null) throw noHead(this.#model.folder, 'answers');
  }

  /** @throws as {@link match}, for a model that does not match sentences with an image */
  requireMatching(): void {
    this.requireOneImage();
    if (this.#model.manifest.heads.matching === null) throw noHead(this.#model.folder, 'matching');
  }

  /** @throws UsageError for a model that judges statements about two images */
  requireOneImage(): void {
    if (this.#model.manifest.imagesPerExample === 1) return;
    throw new UsageError(
      `${this.#model.folder} judges statements about two images; this is for sentences about one. Use predict nlvr2.`,
    );
  }

  /** Frees the weights. */
  async dispose(): Promise<void> {
    if (!this.#regions.dispose()) return;
    await this.#finder?.dispose?.();
    await this.#model.session.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #probabilities(
    sentences: readonly string[],
    rows: readonly FeatureRow[],
  ): Promise<HeadProbabilities> {
    const { heads, imagesPerExample } = this.#model.manifest;
    const { answers, matching, answerability } = heads;
    if (sentences.length === 0) return this.#noProbabilities();
    const outputs = [answers?.output, matching?.output, answerability?.output].filter(
      (name) => name !== undefined,
    );
    const inputs = { ...wordInputs(this.#model, sentences), ...regionInputs(rows, imagesPerExample) };
    const found = await this.runGraph(inputs, outputs);
    const read = (output: string, size: number, activation: 'sigmoid' | 'softmax'): ProbabilityRows => {
      const logits = outputRows(found[output], output, sentences.length, size);
      return probabilityRows(activate(logits, size, activation), size);
    };
    return {
      ...(answers !== null && { answer: read(answers.output, answers.num, answers.probabilities) }),
      ...(matching !== null && { match: read(matching.output, MATCH_SIZE, 'softmax') }),
      ...(answerability && { answerability: read(answerability.output, 1, answerability.probabilities) }),
    };
  }

  /** Of no sentence: graphs take none of length 0. */
  #noProbabilities(): HeadProbabilities {
    this.#regions.requireAlive();
    const { answers, matching, answerability } = this.#model.manifest.heads;
    const none = (size: number): ProbabilityRows => probabilityRows(new Float32Array(0), size);
    return {
      ...(answers !== null && { answer: none(answers.num) }),
      ...(matching !== null && { match: none(MATCH_SIZE) }),
      ...(answerability && { answerability: none(1) }),
    };
  }

  /** Does the work for sentences about one picture, some at a time. */
  async #inParts<T>(
    { row }: ImageRegions,
    sentences: readonly string[],
    read: (probabilities: HeadProbabilities) => readonly T[],
  ): Promise<T[]> {
    const found: T[] = [];
    for (const part of sequentialBatches(sentences.length, SENTENCES_AT_ONCE)) {
      const some = part.map((i) => sentences[i] as string);
      found.push(...read(await this.#probabilities(some, [row])));
    }
    return found;
  }
}

async function imageOf(image: RuntimeImage): Promise<LxmertImage> {
  if (typeof image === 'string') return LxmertImage.fromFile(image);
  return image instanceof Blob ? LxmertImage.fromBytes(new Uint8Array(await image.arrayBuffer())) : image;
}

function noHead(folder: string, head: 'answers' | 'matching'): LxmertError {
  return new LxmertError(
    head === 'answers'
      ? `${folder} was exported without an answer head, so it cannot answer. Export a model that has one, with --outputs answers.`
      : `${folder} was exported without the matching head, so it cannot tell whether a sentence belongs to a picture. Export a model that has one, with --outputs matching.`,
  );
}

/** The engine's complaint about inputs that are made as the manifest says; undefined for any other. */
function notOfOneExport(error: unknown, folder: string): LxmertError | undefined {
  const message = error instanceof Error ? error.message : String(error);
  if (!/invalid (rank|dimension)|unexpected input data type|missing input/i.test(message)) return undefined;
  return new LxmertError(
    `The graph in ${folder} takes inputs of other forms than its manifest says: the weights and the manifest are not of one export. Export the model again.`,
    { cause: error },
  );
}
