/** @file A worker's model on libtorch. */

import path from 'node:path';
import { type Explanation, explanationMethodsOf, explanationOf } from '../../explain/explanation.js';
import { batchFromRows, type FeatureRow, type ProvenancedFeatures } from '../../features/index.js';
import { Lxmert, type LxmertSource } from '../../inference/lxmert.js';
import { LxmertImage } from '../../inference/lxmertImage.js';
import { rankAnswers } from '../../tasks/index.js';
import { isCut } from '../../text/index.js';
import { describeModel } from './describeModel.js';
import type { Answered, AskedQuestion, SeenPicture, ToExplain } from './protocol.js';
import type { ServedModel } from './servedModel.js';

export class TorchModel implements ServedModel {
  private constructor(
    readonly lxmert: Lxmert,
    readonly description: string,
  ) {}

  /** @throws what {@link Lxmert.load} throws */
  static async load(source: LxmertSource): Promise<TorchModel> {
    // Pictures are kept by the main thread, for all workers.
    const lxmert = await Lxmert.load({ ...source, numCachedImages: 0 });
    // Now, rather than at the first question.
    return new TorchModel(lxmert, await describeModel(lxmert.answering));
  }

  get facts(): ServedModel['facts'] {
    const { answering, warnings } = this.lxmert;
    const { weightsFiles, answerTable, maxLength, models } = answering;
    const explanationMethods = explanationMethodsOf(answering);
    return {
      // Where they lie on this machine is nobody's business.
      weightsFiles: weightsFiles.map((file) =>
        path.join(path.basename(path.dirname(file)), path.basename(file)),
      ),
      numAnswers: answerTable.size,
      maxLength,
      featureSize: models[0]?.config.visualFeatureSize ?? 0,
      description: this.description,
      canExplain: explanationMethods.includes('relevance'),
      explanationMethods,
      warnings,
    };
  }

  get sight(): ServedModel['sight'] {
    const { detectorProvenance, answering } = this.lxmert;
    if (detectorProvenance !== undefined) {
      const { weightsSha256, settings } = detectorProvenance;
      return { detector: { sha256: weightsSha256, ...settings }, isOfSampleWorld: false };
    }
    return answering.pixelRegions && { detector: null, isOfSampleWorld: answering.isOfSampleWorld };
  }

  get regions(): ProvenancedFeatures {
    return this.lxmert.features;
  }

  requireFeatures(found: ProvenancedFeatures): void {
    this.lxmert.requireFeatures(found);
  }

  async detectRegions(picture: Uint8Array): Promise<SeenPicture> {
    const { row, regions } = await this.lxmert.detectRegions(LxmertImage.fromBytes(picture));
    // Copied on its way, like pictures: memory that threads share would not be, but the collector does not count it.
    return { row, regions };
  }

  async answer(questions: readonly AskedQuestion[]): Promise<Answered[]> {
    const { answering } = this.lxmert;
    const rows = new Map(questions.map(({ imageKey, row }) => [imageKey, row]));
    const source = {
      gather: (keys: readonly string[]) => batchFromRows(keys.map((key) => rows.get(key) as FeatureRow)),
    };
    const examples = questions.map(({ imageKey, question }) => ({
      imageIds: [imageKey],
      sentence: question,
    }));
    this.lxmert.adaptThreads();
    const ranked = rankAnswers(answering, source, examples, (place) => questions[place] as AskedQuestion);
    return questions.map(({ question }, i) => ({
      answers: ranked[i] ?? [],
      isCut: isCut(answering, question),
    }));
  }

  async explain({
    seen: { row, regions },
    question,
    topK,
    method,
    ...more
  }: ToExplain): Promise<Explanation> {
    const imageRegions = { row, regions, width: row.width, height: row.height, provenance: undefined };
    return explanationOf(this.lxmert.answering, imageRegions, question, topK, method, more);
  }
}
