/** @file A worker's model on ONNX Runtime: one exported folder, or several whose probabilities are averaged. */

import path from 'node:path';
import { namesSampleWorld } from '../../data/sampleWorld/namesSampleWorld.js';
import type { Explanation } from '../../explain/explanation.js';
import type { FeatureRow, ProvenancedFeatures } from '../../features/index.js';
import { LxmertImage } from '../../inference/lxmertImage.js';
import { answerExamples, loadEnsemble, type RuntimeEnsemble } from '../../runtime/together/index.js';
import { wantedAnswers } from '../../tasks/index.js';
import { isCut } from '../../text/index.js';
import type { Answered, AskedQuestion, ExportedSource, SeenPicture, ToExplain } from './protocol.js';
import type { ServedModel } from './servedModel.js';

export class ExportedModel implements ServedModel {
  private constructor(readonly ensemble: RuntimeEnsemble) {}

  /** @throws what loading an exported folder throws, and for folders that do not go together or do not answer */
  static async load({ folders, options }: ExportedSource): Promise<ExportedModel> {
    // Pictures are kept by the main thread, for all workers.
    const ensemble = await loadEnsemble(folders, { ...options, numCachedImages: 0 });
    try {
      for (const model of ensemble.models) model.requireAnswering();
      return new ExportedModel(ensemble);
    } catch (error) {
      await ensemble.dispose();
      throw error;
    }
  }

  get facts(): ServedModel['facts'] {
    const { models, warnings, explanationMethods } = this.ensemble;
    const { manifest, answerTable, maxLength } = this.ensemble.first.model;
    return {
      // Where they lie on this machine is nobody's business.
      weightsFiles: models.map(({ model: { folder, weights } }) =>
        path.join(path.basename(folder), weights.file),
      ),
      numAnswers: answerTable.size,
      maxLength,
      featureSize: manifest.model.visualFeatureSize,
      description: models.length === 1 ? (manifest.description?.text ?? null) : null,
      canExplain: explanationMethods.includes('relevance'),
      explanationMethods,
      warnings,
    };
  }

  get sight(): ServedModel['sight'] {
    const { detectorProvenance, model } = this.ensemble.first;
    if (detectorProvenance === undefined) return undefined;
    if (model.manifest.regions.pixelRegions !== null) {
      // An export does not say which pictures it was trained on; its answers do.
      return { detector: null, isOfSampleWorld: namesSampleWorld(model.answerTable.answers) };
    }
    const { weightsSha256, settings } = detectorProvenance;
    return { detector: { sha256: weightsSha256, ...settings }, isOfSampleWorld: false };
  }

  get regions(): ProvenancedFeatures {
    return this.ensemble.first.features;
  }

  requireFeatures(found: ProvenancedFeatures): void {
    for (const model of this.ensemble.models) model.requireFeatures(found);
  }

  async detectRegions(picture: Uint8Array): Promise<SeenPicture> {
    const { row, regions } = await this.ensemble.first.detectRegions(LxmertImage.fromBytes(picture));
    return { row, regions };
  }

  async answer(questions: readonly AskedQuestion[]): Promise<Answered[]> {
    const { model } = this.ensemble.first;
    const rows = new Map(questions.map(({ imageKey, row }) => [imageKey, row]));
    const examples = questions.map(({ imageKey, question }) => ({
      imageIds: [imageKey],
      sentence: question,
    }));
    const ranked = await answerExamples(this.ensemble, examples, {
      batchSize: questions.length,
      rowOf: (key) => rows.get(key) as FeatureRow,
      read: ({ answer }, places) =>
        answer === undefined
          ? []
          : wantedAnswers(answer, model.answerTable, (row) => questions[places[row] ?? 0] as AskedQuestion),
    });
    return questions.map(({ question }, i) => ({
      answers: ranked[i] ?? [],
      isCut: isCut(model, question),
    }));
  }

  async explain({
    seen: { row, regions },
    question,
    topK,
    method,
    without,
  }: ToExplain): Promise<Explanation> {
    const imageRegions = { row, regions, width: row.width, height: row.height, provenance: undefined };
    return await this.ensemble.explain(imageRegions, question, { topK, method, without });
  }
}
