/** @file The server's figures in Prometheus' form. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Service } from './service.js';
import type { BusyWorker } from './workers/workerPool.js';

/** Milliseconds between two looks at the event loop's delay. */
const DELAY_RESOLUTION = 5;

export interface Measured {
  readonly service: Service;
  readonly isReady: () => boolean;
  readonly busyWorkers: () => readonly BusyWorker[];
  readonly numReplaced: () => number;
  readonly numTensors: () => number;
}

/** Counts the requests of `app`; the registry has all figures. */
export function measureServer(
  app: FastifyInstance,
  { service, isReady, busyWorkers, numReplaced, numTensors }: Measured,
): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: 'lxmert_requests_total',
    help: 'Requests by route and status',
    labelNames: ['route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'lxmert_request_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  measureDelay(registry);
  gauge('lxmert_ready', '1 when the workers have their models', () => (isReady() ? 1 : 0));
  gauge('lxmert_queue_length', 'Questions and pictures that wait', () => service.numWaiting);
  gauge(
    'lxmert_picture_memory_bytes',
    'Bytes of pictures that come in and are decoded',
    () => service.memory.numHeld,
  );
  gauge(
    'lxmert_picture_memory_waiting',
    'Requests that wait for such memory',
    () => service.memory.numWaiting,
  );
  gauge('lxmert_vision_cache_bytes', 'Bytes of kept pictures', () => service.cache.numBytes);
  gauge('lxmert_vision_cache_entries', 'Kept pictures', () => service.cache.size);
  gauge(
    'lxmert_vision_cache_hits',
    'Pictures that were kept when asked about',
    () => service.counts.cacheHits,
  );
  gauge(
    'lxmert_vision_cache_misses',
    'Pictures whose regions had to be found',
    () => service.counts.cacheMisses,
  );
  gauge('lxmert_questions', 'Questions answered', () => service.counts.questions);
  gauge('lxmert_explanations', 'Answers explained', () => service.counts.explanations);
  gauge('lxmert_batches', 'Batches of questions', () => service.counts.batches);
  gauge(
    'lxmert_worker_busy_seconds',
    'Time that a worker has been at one piece of work, the longest',
    () => busyWorkers()[0]?.seconds ?? 0,
  );
  gauge('lxmert_workers_replaced', 'Workers that died and were replaced', numReplaced);
  gauge('lxmert_live_tensors', 'Tensors that are alive in the workers', numTensors);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    requests.inc({ route, status: reply.statusCode });
    seconds.observe({ route }, reply.elapsedTime / 1000);
  });
  return registry;
}

/** How late the event loop is: a server that is late answers nobody. */
function measureDelay(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION });
  delay.enable();
  // The histogram counts the time between two looks, and that they are this far apart is no delay.
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - DELAY_RESOLUTION / 1e3);
  new Gauge({
    name: 'lxmert_event_loop_delay_seconds',
    help: 'Delay of the event loop since the figures were last read',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      if (delay.count > 0) {
        this.set({ quantile: '0.5' }, seconds(delay.percentile(50)));
        this.set({ quantile: '0.99' }, seconds(delay.percentile(99)));
        this.set({ quantile: '1' }, seconds(delay.max));
      }
      delay.reset();
    },
  });
}
