/** @file A worker thread of the server: models and a detector, and one job after the other. */

import { constants, getPriority, setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import {
  isLoaded,
  liveTensors,
  releaseFreeMemory,
  releaseLoadingPages,
  shareProcessors,
} from '../../torch/index.js';
import { collectGarbage } from '../collectGarbage.js';
import { loadModels } from './models.js';
import type {
  Answered,
  AskedQuestion,
  FromWorker,
  Job,
  JobFault,
  JobResults,
  SeenPicture,
  ToWorker,
  WorkerData,
} from './protocol.js';
import type { ServedModel } from './servedModel.js';

const port = parentPort;
if (port === null) throw new Error('This file is started by the server, as a worker.');
const say = (message: FromWorker): void => port.postMessage(message);

stepBack();
void begin(port).catch((error: unknown) =>
  say({ kind: 'failed', message: messageOf(error), isUsage: error instanceof UsageError }),
);

async function begin(jobs: MessagePort): Promise<void> {
  const { numWorkers, ...setup } = workerData as WorkerData;
  shareProcessors(numWorkers);
  const { models, facts } = await loadModels(setup);
  if (isLoaded()) releaseLoadingPages();
  jobs.on('message', (message: ToWorker) => {
    if ('rest' in message) return void rest();
    const { id, job } = message;
    void doJob(models, job)
      .then((result) => say({ kind: 'result', id, result, numTensors: liveTensors() }))
      .catch((error: unknown) =>
        say({ kind: 'error', id, message: messageOf(error), fault: faultOf(error) }),
      );
  });
  say({ kind: 'ready', facts });
}

function faultOf(error: unknown): JobFault {
  if (error instanceof UsageError) return 'request';
  return error instanceof LxmertError ? 'picture' : 'server';
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

/** What the collector frees, malloc keeps for the next step where libtorch computes. */
async function rest(): Promise<void> {
  await collectGarbage();
  if (isLoaded()) releaseFreeMemory();
}

type Models = ReadonlyMap<string, ServedModel>;

async function doJob(models: Models, job: Job): Promise<JobResults[keyof JobResults]> {
  switch (job.kind) {
    case 'detect': {
      const [first] = models.values();
      const seen: SeenPicture[] = [];
      for (const bytes of job.pictures) seen.push(await (first as ServedModel).detectRegions(bytes));
      return seen;
    }
    case 'answer':
      return await answer(models, job.questions);
    case 'explain': {
      const explanation = await (models.get(job.asked.model) as ServedModel).explain(job.asked);
      requireNumbers(explanation.answers);
      return explanation;
    }
  }
}

async function answer(models: Models, questions: readonly AskedQuestion[]): Promise<JobResults['answer']> {
  const answered = new Map<AskedQuestion, Answered>();
  for (const [name, model] of models) {
    const asked = questions.filter((question) => question.model === name);
    if (asked.length === 0) continue;
    const found = await model.answer(asked);
    for (const [i, each] of asked.entries()) {
      const own = found[i] as Answered;
      requireNumbers(own.answers);
      answered.set(each, own);
    }
  }
  return questions.map((question) => answered.get(question) as Answered);
}

/** JSON has null for what is no number, and whoever reads it would take that for an answer. */
function requireNumbers(answers: readonly { readonly probability: number }[]): void {
  if (answers.every(({ probability }) => Number.isFinite(probability))) return;
  throw new LxmertError(
    'From these features the model computes what is no number: they are not of its kind.',
  );
}
