/** @file A worker thread of the server: a model and a detector, and one job after the other. */

import { parentPort, workerData } from 'node:worker_threads';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import { batchFromRows } from '../../features/featureBatch.js';
import { Lxmert } from '../../inference/lxmert.js';
import { rankAnswers } from '../../tasks/predictAnswers.js';
import type {
  AskedQuestion,
  FromWorker,
  Job,
  JobResults,
  ModelFacts,
  SeenPicture,
  ToWorker,
  WorkerSetup,
} from './protocol.js';

const port = parentPort;
if (port === null) throw new Error('This file is started by the server, as a worker.');
const say = (message: FromWorker): void => port.postMessage(message);

try {
  const { source } = workerData as WorkerSetup;
  // Pictures are kept by the main thread, for all workers.
  const lxmert = await Lxmert.load({ ...source, keptLooks: 0 });
  port.on('message', ({ id, job }: ToWorker) => {
    void doJob(lxmert, job)
      .then((result) => say({ kind: 'result', id, result }))
      .catch((error: unknown) =>
        say({ kind: 'error', id, message: messageOf(error), isClients: error instanceof LxmertError }),
      );
  });
  say({ kind: 'ready', facts: factsOf(lxmert) });
} catch (error) {
  say({ kind: 'failed', message: messageOf(error), isUsage: error instanceof UsageError });
}

async function doJob(lxmert: Lxmert, job: Job): Promise<JobResults[keyof JobResults]> {
  switch (job.kind) {
    case 'look':
      return await see(lxmert, job.bytes);
    case 'describe':
      return await see(lxmert, job.row);
    case 'answer':
      return answer(lxmert, job.questions);
  }
}

async function see(lxmert: Lxmert, image: Parameters<Lxmert['look']>[0]): Promise<SeenPicture> {
  const { row, regions } = await lxmert.look(image);
  return { row, regions };
}

/** Questions about one image are given its rows once. */
function answer(lxmert: Lxmert, questions: readonly AskedQuestion[]): JobResults['answer'] {
  const rows = new Map(questions.map(({ imageKey, row }) => [imageKey, row]));
  const source = {
    gather: (keys: readonly string[]) =>
      batchFromRows(keys.map((key) => rows.get(key) as AskedQuestion['row'])),
  };
  const examples = questions.map(({ imageKey, question }) => ({ imageIds: [imageKey], sentence: question }));
  const most = Math.max(...questions.map(({ topK }) => topK));
  return rankAnswers(lxmert.answering, source, examples, most).map((answers, i) =>
    answers.slice(0, questions[i]?.topK),
  );
}

function factsOf(lxmert: Lxmert): ModelFacts {
  const { answering, detectorProvenance, warnings } = lxmert;
  const { weightsFiles, answerTable, maxLength, models, pixelRegions } = answering;
  return {
    weightsFiles,
    numAnswers: answerTable.size,
    maxLength,
    featureSize: models[0]?.config.visualFeatureSize ?? 0,
    detector:
      detectorProvenance === undefined
        ? null
        : { sha256: detectorProvenance.weightsSha256, ...detectorProvenance.settings },
    seesPictures: detectorProvenance !== undefined || pixelRegions !== undefined,
    warnings,
  };
}
