/**
 * @file The load, from a process of its own, by autocannon. Reads what to send from its arguments and prints what came of
 * it as JSON. `node dist/bench/server/generator.js ADDRESS KIND CONNECTIONS SECONDS [IMAGE ID...]`
 */

import autocannon from 'autocannon';
import { percentile } from '../../src/bench/measure.js';
import { pictureMaker } from './pictures.js';
import { questionOf } from './servedModel.js';

export type LoadKind = 'seen' | 'fresh';

export interface Load {
  readonly requestsPerSecond: number;
  readonly numAnswered: number;
  readonly numRefused: number;
  readonly numErrors: number;
  /** Milliseconds. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Share of one core that the generator itself took. */
  readonly ownProcessorShare: number;
}

const [address = '', kind = 'seen', connections = '1', seconds = '10', ...imageIds] = process.argv.slice(2);
const picture = await pictureMaker();
let next = Math.floor(Math.random() * 1e9);

function seenBody(): string {
  const i = next++;
  return JSON.stringify({ imageId: imageIds[i % imageIds.length], questions: [questionOf(i)] });
}

function freshBody(): string {
  const i = next++;
  return JSON.stringify({ image: picture(i).toString('base64'), questions: [questionOf(i)] });
}

const before = process.cpuUsage();
const times: number[] = [];
const options: autocannon.Options = {
  url: `${address}/v1/answer`,
  method: 'POST',
  connections: Number(connections),
  duration: Number(seconds),
  timeout: 120,
  headers: { 'content-type': 'application/json' },
  requests: [
    {
      setupRequest: (request) => ({ ...request, body: kind === 'seen' ? seenBody() : freshBody() }),
    },
  ],
};
const result = await new Promise<autocannon.Result>((resolve, reject) => {
  const running = autocannon(options, (error, found) => (error ? reject(error) : resolve(found)));
  running.on('response', (_client, status, _bytes, milliseconds) => {
    if (status === 200) times.push(milliseconds);
  });
});
const { user, system } = process.cpuUsage(before);
/** autocannon's own table has no 95th percentile. */
const latencyAt = (share: number): number => (times.length === 0 ? 0 : percentile(times, share));
const load: Load = {
  requestsPerSecond: result['2xx'] / result.duration,
  numAnswered: result['2xx'],
  numRefused: result.non2xx,
  numErrors: result.errors,
  latency: { p50: latencyAt(0.5), p95: latencyAt(0.95), p99: latencyAt(0.99) },
  ownProcessorShare: (user + system) / 1e6 / result.duration,
};
process.stdout.write(`${JSON.stringify(load)}\n`);
