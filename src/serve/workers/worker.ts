/** @file A worker thread of the server: models and a detector, and one job after the other. */

import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import { explanationOf } from '../../explain/explanation.js';
import { batchFromRows } from '../../features/index.js';
import type { Lxmert } from '../../inference/lxmert.js';
import { LxmertImage } from '../../inference/lxmertImage.js';
import { rankAnswers } from '../../tasks/index.js';
import { isCut } from '../../text/index.js';
import { liveTensors } from '../../torch/index.js';
import { loadModels } from './models.js';
import type {
  Answered,
  AskedQuestion,
  FromWorker,
  Job,
  JobResults,
  SeenPicture,
  ToExplain,
  ToWorker,
  WorkerSetup,
} from './protocol.js';

const port = parentPort;
if (port === null) throw new Error('This file is started by the server, as a worker.');
const say = (message: FromWorker): void => port.postMessage(message);

stepBack();
try {
  const { models, facts } = await loadModels((workerData as WorkerSetup).models);
  port.on('message', ({ id, job }: ToWorker) => {
    void doJob(models, job)
      .then((result) => say({ kind: 'result', id, result, numTensors: liveTensors() }))
      .catch((error: unknown) =>
        say({ kind: 'error', id, message: messageOf(error), isClients: error instanceof LxmertError }),
      );
  });
  say({ kind: 'ready', facts });
} catch (error) {
  say({ kind: 'failed', message: messageOf(error), isUsage: error instanceof UsageError });
}

/** Lowers this thread's priority, and of those that compute for it: whoever serves the network is let through first. */
function stepBack(): void {
  const { PRIORITY_BELOW_NORMAL } = constants.priority;
  // Elsewhere than on Linux a priority is the whole process's.
  if (process.platform !== 'linux' || getPriority() >= PRIORITY_BELOW_NORMAL) return;
  try {
    setPriority(PRIORITY_BELOW_NORMAL);
  } catch {
    // Some containers forbid it; answers are the same.
  }
}

type Models = ReadonlyMap<string, Lxmert>;

async function doJob(models: Models, job: Job): Promise<JobResults[keyof JobResults]> {
  switch (job.kind) {
    case 'detect': {
      const [first] = models.values();
      const seen: SeenPicture[] = [];
      for (const bytes of job.pictures) {
        const { row, regions } = await (first as Lxmert).detectRegions(LxmertImage.fromBytes(bytes));
        // Copied on its way, like pictures: memory that threads share would not be, but the collector does not count it.
        seen.push({ row, regions });
      }
      return seen;
    }
    case 'answer':
      return answer(models, job.questions);
    case 'explain':
      return explain(models, job.asked);
  }
}

/** Questions about one image are given its rows once. */
function answer(models: Models, questions: readonly AskedQuestion[]): JobResults['answer'] {
  const rows = new Map(questions.map(({ imageKey, row }) => [imageKey, row]));
  const source = {
    gather: (keys: readonly string[]) =>
      batchFromRows(keys.map((key) => rows.get(key) as AskedQuestion['row'])),
  };
  const answered = new Map<AskedQuestion, Answered>();
  for (const [name, { answering }] of models) {
    const asked = questions.filter(({ model }) => model === name);
    if (asked.length === 0) continue;
    const examples = asked.map(({ imageKey, question }) => ({ imageIds: [imageKey], sentence: question }));
    const most = Math.max(...asked.map(({ topK }) => topK));
    (models.get(name) as Lxmert).adaptThreads();
    const ranked = rankAnswers(answering, source, examples, most);
    for (const [i, each] of asked.entries()) {
      const answers = ranked[i]?.slice(0, each.topK) ?? [];
      requireNumbers(answers);
      answered.set(each, { answers, isCut: isCut(answering, each.question) });
    }
  }
  return questions.map((question) => answered.get(question) as Answered);
}

function explain(models: Models, { seen, question, topK, model }: ToExplain): JobResults['explain'] {
  const { row, regions } = seen;
  const imageRegions = { row, regions, width: row.width, height: row.height, provenance: undefined };
  const explanation = explanationOf((models.get(model) as Lxmert).answering, imageRegions, question, topK);
  requireNumbers(explanation.answers);
  return explanation;
}

/** JSON has null for what is no number, and whoever reads it would take that for an answer. */
function requireNumbers(answers: readonly { readonly probability: number }[]): void {
  if (answers.every(({ probability }) => Number.isFinite(probability))) return;
  throw new LxmertError(
    'From these features the model computes what is no number: they are not of its kind.',
  );
}
