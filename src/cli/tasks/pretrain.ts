/** @file `lxmert pretrain`, made from the task. */

import { z } from 'zod';
import { bertSettings, CheckpointFile, numAnswersOf, regionClassesOf } from '../../checkpoint/index.js';
import { UsageError } from '../../common/errors.js';
import type { AnswerTable } from '../../data/answerTable.js';
import { loadAnswerTable } from '../../data/answerTableFiles.js';
import { buildPretrainingAnswers } from '../../data/pretraining/buildPretrainingAnswers.js';
import type { FeatureStore } from '../../features/index.js';
import { formatCount } from '../../formats/numbers.js';
import { hubOriginsOf } from '../../hub/index.js';
import type { PretrainingTask } from '../../tasks/pretraining/index.js';
import { loadVocabulary } from '../../text/vocabularyFile.js';
import { type PretrainingWeights, type PretrainResult, pretrain } from '../../train/index.js';
import { type Command, defineCommand } from '../command.js';
import { openPretrainFeatures, readSentences, renderScores } from '../pretrainData.js';
import { exitCodeOf, thisProcess } from '../processes.js';
import { leftOutLimit } from '../sharedOptions/leftOutOption.js';
import { checkStores } from '../sharedOptions/modelOptions.js';
import {
  configOf,
  deviceSettings,
  givenSettings,
  scheduleSettings,
  snapshotSettings,
} from '../sharedOptions/trainingOptions.js';
import { type PretrainFlags, pretrainFlags } from './pretrainFlags.js';

/** The command of the task. */
export function pretrainCommand(task: PretrainingTask): Command {
  return defineCommand({
    ...task.help.pretrain,
    configurable: true,
    needsLibtorch: true,
    arguments: z.strictObject({}),
    options: pretrainFlags(task),
    run: async ({ options: given, signal, ...context }) => {
      const me = thisProcess(given, context);
      const { notice } = me;
      const weights = weightsOf(given);
      using store = openPretrainFeatures(given);
      checkStores(store, given.allowOtherFeatures, notice);
      const vocabulary = await loadVocabulary(given.vocab);
      const answerTable = await answersOf(given, store, notice);
      const whole = weights?.parts === 'bert' ? undefined : weights;
      const checkpoint = weights && (await CheckpointFile.open(weights.file));
      const bert =
        weights?.parts === 'bert' && checkpoint
          ? await bertSettings(checkpoint, givenSettings(given))
          : undefined;
      for (const note of bert?.notes ?? []) notice(note);
      const config = await configOf(given, whole?.file, vocabulary, store, notice, bert?.config);
      if (weights?.parts === 'all' && answerTable && checkpoint && numAnswersOf(checkpoint) === undefined) {
        throw new UsageError(
          `${weights.file} has no answer head. Load it with --load-without-answers, which draws one anew.`,
        );
      }
      const regionClasses = (whole && checkpoint && regionClassesOf(checkpoint)) ?? {
        numObjects: given.objectClasses,
        numAttributes: given.attributeClasses,
      };
      const reading = { answerTable, sources: given.sources, maxLeftOut: leftOutLimit(given) };
      const training = await readSentences(given.train, store, reading, notice);
      const validation = await readSentences(given.valid, store, reading, notice);
      const run = await me.openRun();
      const { steps: _, ...result } = await me.showing('Pre-training', 'steps', (progress) =>
        pretrain({
          training: training.corpus,
          validation: validation.corpus,
          features: store,
          vocabulary,
          config,
          classes: { ...regionClasses, numAnswers: answerTable?.size },
          answerTable,
          settings: settingsOf(given),
          initialWeights: weights,
          run,
          snapshots: snapshotSettings(given),
          provenance: {
            command: 'pretrain',
            options: given,
            ...hubOriginsOf(given),
            features: store.origins,
          },
          device: deviceSettings(given),
          distributed: me.distributed,
          progress,
          signal,
          notice,
        }),
      );
      return {
        ...result,
        leftOut: { training: training.leftOut.counts, validation: validation.leftOut.counts },
        process: me.number,
      };
    },
    render,
    exitCode: exitCodeOf,
  });
}

function settingsOf(given: PretrainFlags) {
  return {
    ...scheduleSettings(given),
    qaFromEpoch: given.qaFromEpoch,
    sampling: {
      matching: given.matchedWeight > 0,
      wordMaskRate: given.wordMaskRate,
      regionMaskRate: given.objectMaskRate,
    },
    losses: {
      weights: {
        words: given.maskLmWeight,
        matching: given.matchedWeight,
        objects: given.objWeight,
        attributes: given.attrWeight,
        features: given.featWeight,
        answers: given.qaWeight,
      },
      onlyMaskedRegions: given.onlyMaskedObjects,
      onlyMatchedWords: given.onlyMatchedWords,
    },
  };
}

/** @throws UsageError for flags that contradict each other */
function weightsOf(given: PretrainFlags): PretrainingWeights | undefined {
  const { load, loadWithoutAnswers, loadBert } = given;
  if ([load, loadWithoutAnswers, loadBert].filter((file) => file !== undefined).length > 1) {
    throw new UsageError('--load, --load-without-answers and --load-bert contradict each other: give one.');
  }
  const { weights } = settingsOf(given).losses;
  if (Object.values(weights).every((weight) => weight === 0)) {
    throw new UsageError('Every loss has the weight 0, so there is nothing to learn.');
  }
  if (load !== undefined) return { file: load, parts: 'all' };
  if (loadWithoutAnswers !== undefined) return { file: loadWithoutAnswers, parts: 'without-answers' };
  return loadBert === undefined ? undefined : { file: loadBert, parts: 'bert' };
}

async function answersOf(
  given: PretrainFlags,
  store: FeatureStore,
  notice: (line: string) => void,
): Promise<AnswerTable | undefined> {
  if (given.qaWeight === 0) return undefined;
  if (given.answers !== undefined) return loadAnswerTable(given.answers, { sets: given.qaSets, say: notice });
  if (given.qaSets !== undefined) {
    throw new UsageError('--qa-sets chooses from an answer table: name one with --answers.');
  }
  return buildPretrainingAnswers(given.train, (id) => store.has(id));
}

function render(result: Omit<PretrainResult, 'steps'> & { readonly process: number }): string {
  if (result.process > 0) return '';
  const lines: string[] = [];
  if (result.wasInterrupted) {
    lines.push(
      `Interrupted after ${formatCount(result.numSteps, 'step')}; LAST_LXRT.pth and a snapshot are saved. The same command with --resume goes on.`,
    );
  } else if (result.scores !== undefined) lines.push(...renderScores(result.scores), '');
  if (result.bestEpoch !== undefined) {
    lines.push(`Lowest validation loss: ${result.bestScore.toFixed(4)} after epoch ${result.bestEpoch}.`);
  }
  lines.push(`The run is in ${result.runFolder}.`);
  return lines.join('\n');
}
