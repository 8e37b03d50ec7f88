/** @file `lxmert serve`. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, UsageError, unreadable } from '../../common/errors.js';
import { buildServer } from '../../serve/server.js';
import { Service } from '../../serve/service.js';
import { WorkerPool } from '../../serve/workers/workerPool.js';
import { defineCommand } from '../command.js';
import { lookOptions } from '../detectorOptions.js';
import { modelOptions, otherFeaturesOption } from '../modelOptions.js';
import { existingFile } from '../options.js';

const MEGABYTE = 1024 * 1024;

export const command = defineCommand({
  description:
    'Answers questions over HTTP: POST /v1/answer with a picture, features or the id of an earlier picture; POST /v1/features; ' +
    'GET /v1/models, /healthz, /readyz, /metrics and /openapi.json. The model runs in worker threads; questions that come ' +
    'together are answered together, and pictures that were looked at are remembered. Ctrl-C and SIGTERM end it when what was ' +
    'begun is answered.',
  examples: [
    {
      command: 'lxmert serve --model runs/vqa --detector resnet101.caffemodel',
      does: 'answers on port 8080 of this machine',
    },
    {
      command: 'lxmert serve --model quickstart/run --port 9000 --workers 2',
      does: "serves the quickstart's model with two workers",
    },
  ],
  arguments: z.strictObject({}),
  options: z.strictObject({
    ...modelOptions,
    ...lookOptions,
    ...otherFeaturesOption,
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address to listen on; 0.0.0.0 for all')
      .meta({ valueName: 'ADDRESS' }),
    port: z.int().min(0).max(65535).default(8080).describe('Port to listen on; 0 takes a free one'),
    workers: z.int().min(1).max(64).default(1).describe('Worker threads, each with the model in memory'),
    maxBatch: z.int().min(1).max(1024).default(32).describe('Questions answered together'),
    maxWait: z.number().min(0).max(1000).default(5).describe('Milliseconds that a question waits for others'),
    maxQueued: z.int().min(1).default(256).describe('Questions that may wait; more are refused with 429'),
    cache: z.number().min(0).default(256).describe('Megabytes of looked-at pictures to remember'),
    maxBody: z.number().gt(0).default(32).describe('Megabytes that a request may have'),
    timeout: z.number().gt(0).default(120).describe('Seconds that a request may take'),
    tokenFile: existingFile()
      .optional()
      .describe('File with a token that clients must send (Authorization: Bearer)'),
  }),
  async run({ options, notice, signal }) {
    const token = options.tokenFile === undefined ? undefined : await readToken(options.tokenFile);
    const pool = await WorkerPool.start({
      numWorkers: options.workers,
      setup: { source: { ...options, vocabulary: options.vocab, numAttentionHeads: options.attentionHeads } },
      onReplace: (reason) => notice(`A worker died (${reason}); another takes its place.`),
    });
    try {
      for (const warning of pool.facts.warnings) notice(warning);
      const service = new Service({
        pool,
        numWorkers: options.workers,
        maxBatch: options.maxBatch,
        maxWait: options.maxWait,
        maxQueued: options.maxQueued,
        cacheBytes: options.cache * MEGABYTE,
      });
      const app = await buildServer({
        service,
        facts: pool.facts,
        isReady: () => pool.numReady > 0,
        numReplaced: () => pool.numReplaced,
        maxBodyBytes: Math.floor(options.maxBody * MEGABYTE),
        timeout: options.timeout * 1000,
        token,
        onFailure: (requestId, error) => notice(`Request ${requestId} failed: ${messageOf(error)}`),
      });
      const address = await app.listen({ host: options.host, port: options.port });
      notice(`Answering at ${address}; Ctrl-C ends it.`);
      if (!signal.aborted) await once(signal, 'abort');
      notice(`Ending: ${service.numWaiting} waiting.`);
      await app.close();
      await service.drain();
      return { address, numQuestions: service.counts.questions };
    } finally {
      await pool.close();
    }
  },
  render: ({ numQuestions }) => `${numQuestions} questions answered.`,
});

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw unreadable(file, error);
  });
  const token = text.trim();
  if (token.length < 16 || /\s/.test(token)) {
    throw new UsageError(`${file} should hold a token of at least 16 characters without spaces.`);
  }
  return token;
}
