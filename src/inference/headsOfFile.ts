/** @file Which heads a weights file has, what its task needs of them, and what makes probabilities of their logits. */

import { type CheckpointFile, missingAnswerHead, modelKind, numAnswersOf } from '../checkpoint/index.js';
import { LxmertError } from '../common/errors.js';
import type { AnswerTable } from '../data/answerTable.js';
import { answerHeadDefinition, type HeadDefinition } from '../model/index.js';
import {
  type AnswerLossName,
  type HeadActivation,
  MATCH_HEAD,
  probabilitiesOf,
  type Task,
} from '../tasks/index.js';

/** Whether it is a file of pre-training, or was fine-tuned for matching. */
export function hasMatchingHead(checkpoint: CheckpointFile): boolean {
  return checkpoint.entries.has(`${MATCH_HEAD.prefix}.weight`);
}

/** The heads that are known in a file of no task. */
export function headsOfFile(
  checkpoint: CheckpointFile,
  answersFile: string | undefined,
  answerTable: AnswerTable,
): HeadDefinition[] {
  return [
    ...(answersFile === undefined ? [] : [answerHeadDefinition(answerTable.size)]),
    ...(hasMatchingHead(checkpoint) ? [MATCH_HEAD] : []),
  ];
}

/** By the heads' names. */
export function activationsOf(
  checkpoint: CheckpointFile,
  heads: readonly HeadDefinition[],
  task: Task | undefined,
  trainedLoss: AnswerLossName | undefined,
  imagesPerExample: number,
): Record<string, HeadActivation> {
  // A bare weights file does not say: what the published models of its kind were trained with.
  const isOneOfAll = modelKind(checkpoint) === 'pre-training' || imagesPerExample > 1;
  const loss = trainedLoss ?? (isOneOfAll ? 'class' : 'soft');
  if (task !== undefined) return task.activations(loss);
  const answer = probabilitiesOf(loss);
  return Object.fromEntries(heads.map(({ name }) => [name, name === MATCH_HEAD.name ? 'softmax' : answer]));
}

/** @throws LxmertError when the file lacks a head, or its answer head is not of the answers' number */
export function requireHeads(
  checkpoint: CheckpointFile,
  heads: readonly HeadDefinition[],
  task: Task | undefined,
  answersFile: string | undefined,
): void {
  const ofTask = `Name a model that was fine-tuned for ${task?.title}.`;
  const size = heads.find(({ prefix }) => prefix === 'answer_head')?.size;
  const numAnswers = numAnswersOf(checkpoint);
  if (size !== undefined && numAnswers === undefined) {
    throw new LxmertError(`${checkpoint.path} ${missingAnswerHead(checkpoint)}`);
  }
  if (size !== undefined && numAnswers !== size) {
    throw new LxmertError(
      `${checkpoint.path} has a head of ${numAnswers} answers, but ${
        answersFile === undefined
          ? `${task?.title} has ${size}. ${ofTask}`
          : `${answersFile} has ${size}. Name the table that the model was trained with.`
      }`,
    );
  }
  if (heads.some(({ prefix }) => prefix === MATCH_HEAD.prefix) && !hasMatchingHead(checkpoint)) {
    throw noMatchingHead(checkpoint.path);
  }
  const names = [...checkpoint.entries.keys()];
  const missing = heads.find(({ prefix }) => !names.some((name) => name.startsWith(`${prefix}.`)));
  if (missing === undefined) return;
  throw new LxmertError(
    `${checkpoint.path} has no head called '${missing.prefix}', which ${task?.title} needs. ${ofTask}`,
  );
}

export function noMatchingHead(file: string): LxmertError {
  return new LxmertError(
    `${file} has no matching head (${MATCH_HEAD.prefix}), so it cannot tell whether a sentence belongs to an image. Name pre-trained weights such as model_LXRT.pth, or a run of lxmert pretrain or lxmert finetune match.`,
  );
}
