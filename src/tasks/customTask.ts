/** @file What the two tasks for data of one's own share. */

import { streamCustomExamples } from '../data/annotations/customAnnotations.js';
import type { Question } from '../data/annotations/question.js';
import type { AnswerTable } from '../data/answerTable.js';
import { answeringTask } from './answering.js';
import { lineDump } from './dumpFormat.js';
import { rankedAnswers } from './probabilities.js';
import type { ProbabilityRows } from './probabilityRows.js';
import type { Prediction, Task } from './task.js';

interface CustomTask {
  readonly name: string;
  readonly title: string;
  readonly imagesPerExample: 1 | 2;
  /** What is classified: "sentences about an image". */
  readonly what: string;
  /** Of a line. */
  readonly fields: string;
}

export function customTask({
  name,
  title,
  imagesPerExample,
  what,
  fields,
}: CustomTask): Task<Question, Prediction, 'answer'> {
  const ofFile = what.replace('sentences', 'the sentences of a JSON lines file');
  const task = answeringTask({
    name,
    title,
    imagesPerExample,
    read: (file) => streamCustomExamples(file, imagesPerExample),
    answers: 'built',
    answersInOneSpelling: true,
    unknownAnswers: 'error',
    loss: 'class',
    dump: lineDump(({ questionId }, { answer }) => `${JSON.stringify({ id: questionId, answer })}\n`),
    help: {
      finetune: {
        description:
          `Trains LXMERT to classify ${what} from JSON lines ${fields} of your own (docs/how-to/custom-data.md). ` +
          'Answers are those of the training labels. Leaves a run folder as finetune vqa does.',
        examples: [
          {
            command: `lxmert finetune ${name} --train train.jsonl --valid valid.jsonl --features features/mine --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/mine`,
            does: 'fine-tunes the published weights on own data',
          },
        ],
      },
      evaluate: {
        description: `Classifies ${ofFile} and prints the accuracy, by type where lines state one.`,
        examples: [
          {
            command: `lxmert evaluate ${name} test.jsonl --model runs/mine --features features/mine`,
            does: 'scores the best weights of a run',
          },
        ],
      },
      predict: {
        description: `Classifies ${ofFile} and writes lines {id, answer}; with --top also the most probable answers with their probabilities.`,
        examples: [
          {
            command: `lxmert predict ${name} test.jsonl --model runs/mine --features features/mine --output answers.jsonl`,
            does: 'writes an answer for each line',
          },
          {
            command: `lxmert predict ${name} test.jsonl --model runs/mine --features features/mine --output answers.jsonl --top 3`,
            does: 'writes three answers with probabilities beside it',
          },
        ],
      },
    },
  });
  return { ...task, withTop: (numBest) => withTop(task, numBest) };
}

interface RankedPrediction extends Prediction {
  /** The best first. */
  readonly answers: readonly Prediction[];
}

/** The task whose file has `numBest` answers with their probabilities for each example. */
function withTop(
  task: Task<Question, Prediction, 'answer'>,
  numBest: number,
): Task<Question, Prediction, 'answer'> {
  const predictions = ({ answer }: Readonly<Record<'answer', ProbabilityRows>>, answerTable: AnswerTable) =>
    rankedAnswers(answer, answerTable, Math.min(numBest, answerTable.size)).map(
      (answers): RankedPrediction => ({ ...(answers[0] as Prediction), answers }),
    );
  return {
    ...task,
    predictions,
    plainPredictions: predictions,
    dump: lineDump<Question, RankedPrediction>(({ questionId }, { answer, answers }) => {
      const shown = answers.map((each) => ({ ...each, probability: Number(each.probability.toFixed(6)) }));
      return `${JSON.stringify({ id: questionId, answer, answers: shown })}\n`;
    }),
  };
}
