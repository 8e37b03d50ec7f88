/** @file Exported models that answer together: their probabilities are averaged. */

import { UsageError } from '../../common/errors.js';
import type { ExplainOptions, Explanation } from '../../explain/explanation.js';
import type { ExplanationMethod } from '../../explain/removal.js';
import type { ImageRegions } from '../../inference/imageRegions.js';
import type { LxmertAnswer } from '../../inference/lxmert.js';
import {
  type AnswerOptions,
  DEFAULT_TOP_K,
  requireChoices,
  requireTopK,
  requireWords,
} from '../../inference/requests.js';
import { averageValues, type ProbabilityRows, probabilityRows, wantedAnswers } from '../../tasks/portable.js';
import { isCut } from '../../text/index.js';
import { explanationMethodsOf, explanationOf, requireMethod } from '../explain.js';
import type { HeadProbabilities, LxmertRuntime, SentenceAboutRows } from '../lxmertRuntime.js';

/** One model, or several that may differ in size, precision and weights, not in what they read and answer. */
export class RuntimeEnsemble implements AsyncDisposable {
  /** The first, whose manifest and tables are those of all. */
  readonly first: LxmertRuntime;

  /** @throws UsageError for models that do not share answers, vocabulary, sentence length or number of images */
  constructor(readonly models: readonly LxmertRuntime[]) {
    const [first, ...others] = models;
    if (first === undefined) throw new UsageError('Name at least one model.');
    for (const other of others) requireAlike(first, other);
    this.first = first;
  }

  /** Each once. */
  get warnings(): readonly string[] {
    return [...new Set(this.models.flatMap(({ warnings }) => warnings))];
  }

  /** As {@link LxmertRuntime.answerBatch}, of all models together. */
  async answerBatch(examples: readonly SentenceAboutRows[]): Promise<HeadProbabilities> {
    const each: HeadProbabilities[] = [];
    for (const model of this.models) each.push(await model.answerBatch(examples));
    const [only] = each;
    if (only !== undefined && each.length === 1) return only;
    const heads = Object.keys(only ?? {}) as (keyof HeadProbabilities)[];
    return Object.fromEntries(
      heads.map((head) => [head, average(each.map((one) => one[head] as ProbabilityRows))]),
    );
  }

  /** As {@link LxmertRuntime.explanationMethods}; of several models removal alone. */
  get explanationMethods(): readonly ExplanationMethod[] {
    return explanationMethodsOf(this.models);
  }

  /** As {@link LxmertRuntime.answer}, of all models together. */
  async answer(
    { row, regions, width, height }: ImageRegions,
    question: string,
    { topK = DEFAULT_TOP_K, choices }: AnswerOptions = {},
  ): Promise<LxmertAnswer> {
    requireTopK(topK);
    requireChoices(choices);
    requireWords([question], 'question');
    const { model } = this.first;
    const { answer } = await this.answerBatch([{ sentence: question, rows: [row] }]);
    const [answers = []] =
      answer === undefined ? [] : wantedAnswers(answer, model.answerTable, { topK, choices });
    return { question, isCut: isCut(model, question), answers, regions, width, height };
  }

  /** As {@link LxmertRuntime.explain}, of all models together. */
  async explain(
    imageRegions: ImageRegions,
    question: string,
    { topK = DEFAULT_TOP_K, method = 'removal', without }: ExplainOptions = {},
  ): Promise<Explanation> {
    requireMethod(this.models, method);
    const answered = await this.answer(imageRegions, question, { topK });
    return await explanationOf(
      [this.first, ...this.models.slice(1)],
      imageRegions,
      answered,
      method,
      without,
    );
  }

  async dispose(): Promise<void> {
    for (const model of this.models) await model.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

function average(all: readonly ProbabilityRows[]): ProbabilityRows {
  const values = averageValues(all.map((rows) => rows.toFloat32Array()));
  return probabilityRows(values, all[0]?.shape[1] ?? 0);
}

function requireAlike({ model: first }: LxmertRuntime, { model: other }: LxmertRuntime): void {
  const factsOf = ({ manifest, answerTable, tokenizer, maxLength }: typeof first) =>
    [
      ['answers', answerTable.answers.join('\n')],
      ['vocabularies', tokenizer.vocabulary.entries.join('\n')],
      ['sentence lengths', maxLength],
      ['numbers of images', manifest.imagesPerExample],
      ['feature sizes', manifest.model.visualFeatureSize],
      ['kinds of probability', manifest.heads.answers?.probabilities],
      [
        'heads',
        Object.entries(manifest.heads)
          .filter(([, head]) => head)
          .join(),
      ],
    ] as const;
  const others = new Map<string, unknown>(factsOf(other));
  const [different] = factsOf(first).find(([name, value]) => others.get(name) !== value) ?? [];
  if (different === undefined) return;
  throw new UsageError(
    `${first.folder} and ${other.folder} cannot answer together: their ${different} differ.`,
  );
}
