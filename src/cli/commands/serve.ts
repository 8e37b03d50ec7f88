/** @file `lxmert serve`. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { hasErrorCode, messageOf, UsageError, unreadable } from '../../common/errors.js';
import { formatCount } from '../../formats/numbers.js';
import { sampleModel } from '../../quickstart/sampleModel.js';
import { isBasePath } from '../../serve/basePath.js';
import { countRequests, endServer } from '../../serve/endServer.js';
import { MemoryBudget } from '../../serve/memoryBudget.js';
import { startResting } from '../../serve/memoryRest.js';
import { MAX_OWN_SAMPLES, type OwnSamples, readOwnSamples } from '../../serve/ownSamples.js';
import { buildServer } from '../../serve/server.js';
import { Service } from '../../serve/service.js';
import type { ModelFacts, NamedModel } from '../../serve/workers/protocol.js';
import { WorkerPool } from '../../serve/workers/workerPool.js';
import { defineCommand } from '../command.js';
import { areExported, exportedLoadOptions, refuseExportedDetector } from '../models/exportedModel.js';
import { openBrowser } from '../openBrowser.js';
import { existingFile, existingFolder, existingPath, weightsPath } from '../options.js';
import { namesOfFeatures } from '../pictures/namesBeside.js';
import { detectionOptions } from '../sharedOptions/detectorOptions.js';
import { deviceOf } from '../sharedOptions/deviceOptions.js';
import { defaultModelOption, modelOptions, otherFeaturesOption } from '../sharedOptions/modelOptions.js';

const LOCAL_HOSTS = ['127.0.0.1', '::1', 'localhost'];
const MEBIBYTE = 1024 * 1024;

const withoutSlash = (path: string): string => path.replace(/\/+$/, '');

const options = z.strictObject({
  ...modelOptions,
  model: defaultModelOption,
  addModel: z
    .array(weightsPath())
    .default([])
    .describe('Another model, exported or not, of the same features, that requests name: to compare with'),
  ...detectionOptions,
  ...otherFeaturesOption,
  features: existingPath()
    .optional()
    .describe(
      'With --images: what has the regions of the pictures there, a feature store or any file but a table that features info reads',
    ),
  images: existingFolder()
    .optional()
    .describe(
      `With --features: folder whose pictures are the samples, the first ${MAX_OWN_SAMPLES} by name that have features`,
    ),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on; 0.0.0.0 for all')
    .meta({ valueName: 'ADDRESS' }),
  port: z
    .int()
    .min(0)
    .max(65535)
    .default(8080)
    .describe('Port to listen on; 0 takes a free one')
    .meta({ valueName: 'PORT' }),
  open: z.boolean().default(false).describe('Open the page in the default browser'),
  basePath: z
    .string()
    .refine((text) => isBasePath(withoutSlash(text)), {
      error: "expected a path such as /vqa, and not one of the server's own",
    })
    .optional()
    .describe(
      'Path under which a proxy serves this server; requests may come with it or without it [default: what the proxy says in X-Forwarded-Prefix]',
    )
    .meta({ valueName: 'PATH' }),
  workers: z.int().min(1).max(64).default(1).describe('Worker threads, each with the models in memory'),
  maxBatch: z.int().min(1).max(1024).default(32).describe('Questions answered together'),
  maxWait: z
    .number()
    .min(0)
    .max(1000)
    .default(5)
    .describe('Milliseconds that a question waits for others')
    .meta({ valueName: 'MILLISECONDS' }),
  maxQueued: z.int().min(1).default(256).describe('Questions that may wait; more are refused with 429'),
  cache: z
    .number()
    .min(0)
    .default(256)
    .describe('Mebibytes of detected regions to keep')
    .meta({ valueName: 'MEBIBYTES' }),
  pictureMemory: z
    .number()
    .gt(0)
    .default(256)
    .describe('Mebibytes for pictures that come in and are decoded; requests wait for some')
    .meta({ valueName: 'MEBIBYTES' }),
  maxBody: z
    .number()
    .gt(0)
    .default(32)
    .describe('Mebibytes that a request may have')
    .meta({ valueName: 'MEBIBYTES' }),
  timeout: z
    .number()
    .gt(0)
    .default(120)
    .describe('Seconds that a request may take')
    .meta({ valueName: 'SECONDS' }),
  workerTimeout: z
    .number()
    .gt(0)
    .optional()
    .describe(
      'Seconds after which a worker that is still at one piece of work is ended and replaced [default: it is let go on, and told of]',
    )
    .meta({ valueName: 'SECONDS' }),
  tokenFile: existingFile()
    .optional()
    .describe('File with a token that clients must send (Authorization: Bearer)'),
  allowOrigin: z
    .array(z.string().regex(/^https?:\/\/[^/\s]+$/, 'expected an origin such as https://example.org'))
    .default([])
    .describe('Origin whose web pages may use the API (CORS); none but its own page by default')
    .meta({ valueName: 'ORIGIN' }),
});

export const command = defineCommand({
  description:
    'Serves a page and an API that answer questions about pictures and show what the answers were found in. Without --model ' +
    'it serves the model of the sample world, that of a quickstart made here, else the one that comes with lxmert, so that it ' +
    'can be tried with nothing at hand. The models run in worker threads; questions that come together are answered together, and regions that were ' +
    'found are kept. Ctrl-C and SIGTERM end it when what was begun is answered.',
  examples: [
    {
      command: 'lxmert serve --open',
      does: "serves the sample world's model at http://127.0.0.1:8080, and opens the page",
    },
    {
      command: 'lxmert serve --model runs/vqa --detector resnet101.caffemodel',
      does: 'answers questions about photos',
    },
    {
      command: 'lxmert serve --model runs/vqa --features features/own --images pictures',
      does: 'shows pictures of your own whose features are at hand, without a detector',
    },
    {
      command: 'lxmert serve --model runs/vqa --add-model runs/vqa-longer --port 9000',
      does: 'serves two models side by side, to compare their answers',
    },
  ],
  arguments: z.strictObject({}),
  options,
  async run({ options, notice, signal }) {
    const token = options.tokenFile === undefined ? undefined : await readToken(options.tokenFile);
    const own = await ownSamples(options);
    const named = options.model.length > 0 ? options.model : [sampleModel({ notice })];
    const pool = await WorkerPool.start({
      numWorkers: options.workers,
      setup: { models: namedModels(named, options), features: own?.features },
      onReplace: (reason) => notice(`A worker died (${reason}); another takes its place.`),
      onBusy: notice,
      ...(options.workerTimeout === undefined ? {} : { timeout: options.workerTimeout * 1000 }),
    });
    try {
      for (const { name, warnings } of pool.facts) {
        for (const warning of warnings) notice(pool.facts.length > 1 ? `${name}: ${warning}` : warning);
      }
      if (own !== undefined) notice(whatIsShown(own, options));
      const blind = whyBlind(pool.facts[0], own !== undefined);
      if (blind !== undefined) notice(blind);
      const service = new Service({
        pool,
        numWorkers: options.workers,
        maxBatch: options.maxBatch,
        maxWait: options.maxWait,
        maxQueued: options.maxQueued,
        cacheBytes: options.cache * MEBIBYTE,
        known: own?.known,
        memory: new MemoryBudget({
          numBytes: options.pictureMemory * MEBIBYTE,
          maxWaiting: options.maxQueued,
        }),
      });
      const app = await buildServer({
        service,
        samples: own?.samples,
        isReady: () => pool.numReady > 0,
        busyWorkers: () => pool.busyWorkers,
        numReplaced: () => pool.numReplaced,
        numTensors: () => pool.numTensors,
        maxBodyBytes: Math.floor(options.maxBody * MEBIBYTE),
        timeout: options.timeout * 1000,
        token,
        allowedOrigins: options.allowOrigin,
        basePath: options.basePath === undefined ? undefined : withoutSlash(options.basePath),
        isLocal: LOCAL_HOSTS.includes(options.host),
        onFailure: (requestId, error) => notice(`Request ${requestId} failed: ${messageOf(error)}`),
      });
      const numUnderWay = countRequests(app);
      const address = await listen(app, options);
      notice(`Open ${address} in a browser; its API is described at ${address}/docs. Ctrl-C ends it.`);
      if (options.open) openBrowser(address, notice);
      const stopResting = startResting({
        numDone: () => service.numDone,
        numBytesPassed: () => service.memory.numPassed,
        isBusy: () => numUnderWay() > 0,
        rest: () => void pool.rest(),
      });
      if (!signal.aborted) await once(signal, 'abort');
      stopResting();
      notice(`Ending: ${service.numWaiting} waiting.`);
      await endServer(app, service, numUnderWay);
      return { address, numQuestions: service.counts.questions + service.counts.explanations };
    } finally {
      await pool.close();
    }
  },
  render: ({ numQuestions }) => `${formatCount(numQuestions, 'question')} answered.`,
});

/** @throws UsageError when the port is taken, or not for everybody */
async function listen(app: FastifyInstance, { host, port }: Options): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    if (hasErrorCode(error, 'EADDRINUSE')) {
      throw new UsageError(`Port ${port} of ${host} is in use; name another with --port.`);
    }
    if (hasErrorCode(error, 'EACCES')) {
      throw new UsageError(`Port ${port} is not open to this user; name one from 1024 on with --port.`);
    }
    throw error;
  }
}

type Options = z.output<typeof options>;

/** The first model, alone or of several, has the detector; further ones read what it finds. */
function namedModels(
  model: readonly string[],
  { addModel, vocab: vocabulary, attentionHeads: numAttentionHeads, ...options }: Options,
): [NamedModel, ...NamedModel[]] {
  const { detector, profile, minBoxes, maxBoxes, objectNames, attributeNames, ...others } = options;
  const detection = { detector, profile, minBoxes, maxBoxes, objectNames, attributeNames };
  const sourceOf = (models: readonly string[], seeing: Partial<typeof detection>): NamedModel['source'] => {
    const flags = { ...others, vocab: vocabulary, attentionHeads: numAttentionHeads, ...seeing };
    if (areExported(models)) return { folders: models, options: exportedLoadOptions(flags) };
    refuseExportedDetector(seeing.detector);
    return {
      ...others,
      ...seeing,
      device: deviceOf(options),
      vocabulary,
      numAttentionHeads,
      model: models,
    };
  };
  const taken = new Set<string>();
  const nameOf = (file: string): string => {
    const name = path.basename(path.resolve(file)).replace(/\.(pth|bin|safetensors)$/, '');
    // A run of the quickstart is called "run"; two of them are told apart by the folder above.
    const candidates = [name, `${path.basename(path.dirname(path.resolve(file)))}/${name}`, file];
    const free = candidates.find((each) => !taken.has(each)) ?? `${file} (${taken.size + 1})`;
    taken.add(free);
    return free;
  };
  const first = model.length > 1 ? model.map(nameOf).join(' + ') : nameOf(model[0] as string);
  return [
    { name: first, source: sourceOf(model, detection) },
    ...addModel.map((file) => ({ name: nameOf(file), source: sourceOf([file], {}) })),
  ];
}

/** @throws UsageError for one of the two flags without the other */
async function ownSamples(options: Options): Promise<OwnSamples | undefined> {
  const { features, images } = options;
  if (features === undefined && images === undefined) return undefined;
  if (features === undefined || images === undefined) {
    throw new UsageError(
      'The pictures come from --images and their features from --features: give both, or neither.',
    );
  }
  const names = await namesOfFeatures({ ...options, features });
  return await readOwnSamples({ features, images, names });
}

function whatIsShown({ samples, numFound, numPictures }: OwnSamples, { features, images }: Options): string {
  const shown = numFound > samples.size ? `; the first ${samples.size} by name are shown` : '';
  return `${features} has features of ${numFound} of the ${numPictures} pictures in ${images}${shown}.`;
}

/** The line on a model that is started with nothing to see pictures with; undefined for one that sees. */
export function whyBlind(
  { name, featureSize, seesPictures }: Pick<ModelFacts, 'name' | 'featureSize' | 'seesPictures'>,
  hasSamples: boolean,
): string | undefined {
  if (seesPictures) return undefined;
  if (hasSamples) {
    return `${name} cannot look at other pictures than those: it reads a detector's features, and no detector is given (--detector).`;
  }
  return `${name} cannot look at pictures: it reads a detector's features (${featureSize} values for each region), and no detector is given. Name its weights with --detector, or show pictures whose features are at hand: --features STORE --images FOLDER.`;
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw unreadable(file, error);
  });
  const token = text.trim();
  if (token.length < 16 || !/^[!-~]+$/.test(token)) {
    throw new UsageError(
      `${file} should hold a token of at least 16 letters, digits and signs of ASCII, without spaces.`,
    );
  }
  return token;
}
