/** @file What a quickstart's model is worth: its scores beside yardsticks, and examples of its answers. */

import path from 'node:path';
import type { Question } from '../data/annotations/question.js';
import { scoreAnswers } from '../data/answerScore.js';
import { majorityAnswers, questionOnlyAnswers } from '../data/baselines.js';
import { SAMPLE_FILES } from '../data/sampleWorld/makeSampleWorld.js';
import type { FeatureStore } from '../features/index.js';
import type { LoadedModel } from '../inference/modelFolder.js';
import { rankAnswers } from '../tasks/index.js';
import type { AccuracyRow, AnsweredExample } from './quickstartResult.js';

const NUM_EXAMPLES = 6;

/** Examples with the model's three most probable answers. */
export function answeredExamples(
  answering: LoadedModel,
  store: FeatureStore,
  world: string,
  questions: readonly Question[],
): AnsweredExample[] {
  return chooseExamples(questions).map((question) => {
    const [answers = []] = rankAnswers(answering, store, [question], 3);
    return {
      image: path.join(world, SAMPLE_FILES.image('minival', question.imageIds[0] ?? '')),
      question: question.sentence,
      expected: [...(question.labels?.keys() ?? [])],
      answers,
    };
  });
}

/** The model beside what the questions' words alone would give, and the most frequent answer: for each kind of question, then for all. */
export function accuracyRows(
  split: string,
  training: readonly Question[],
  asked: readonly Question[],
  answers: readonly string[],
): AccuracyRow[] {
  const model = scoreAnswers(asked, answers);
  const questionOnly = scoreAnswers(asked, questionOnlyAnswers(training, asked));
  const majority = scoreAnswers(asked, majorityAnswers(training, asked));
  const kinds = [...model.byQuestionType.keys()].sort();
  const rows = kinds.map((kind) => ({
    split,
    kind,
    numQuestions: model.byQuestionType.get(kind)?.numQuestions ?? 0,
    model: model.byQuestionType.get(kind)?.score ?? 0,
    questionOnly: questionOnly.byQuestionType.get(kind)?.score ?? 0,
    majority: majority.byQuestionType.get(kind)?.score ?? 0,
  }));
  const all = {
    split,
    kind: 'all',
    numQuestions: model.numQuestions,
    model: model.overall,
    questionOnly: questionOnly.overall,
    majority: majority.overall,
  };
  return [...rows, all];
}

/** The first question of each of several images, so that examples differ; not chosen by the answer. */
function chooseExamples(questions: readonly Question[]): Question[] {
  const chosen = new Map<string, Question>();
  const kinds = new Set<string>();
  for (const question of questions) {
    if (chosen.size === NUM_EXAMPLES) break;
    const [imageId = ''] = question.imageIds;
    if (chosen.has(imageId) || kinds.has(question.questionType)) continue;
    chosen.set(imageId, question);
    kinds.add(question.questionType);
  }
  return [...chosen.values()];
}
