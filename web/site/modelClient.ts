/** @file The page's side of the worker that has the model. */

import type { Loading, Results, SiteReply, SiteRequest } from './protocol.js';

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onLoading: ((loading: Loading) => void) | undefined;
}

export class ModelClient {
  readonly #worker = new Worker(new URL('./modelWorker.ts', import.meta.url), {
    type: 'module',
    name: 'model',
  });
  readonly #waiting = new Map<number, Waiting>();
  #numRequests = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<SiteReply>) => {
      const waiting = this.#waiting.get(data.id);
      if ('loading' in data) {
        waiting?.onLoading?.(data.loading);
        return;
      }
      this.#waiting.delete(data.id);
      if ('failure' in data) waiting?.reject(new Error(data.failure));
      else waiting?.resolve(data.result as never);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const error = new Error(
        'The part of this page that computes did not load, or broke off. Load the page again.',
      );
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
  }

  send<R extends SiteRequest>(
    request: R,
    onLoading?: (loading: Loading) => void,
  ): Promise<Results[R['kind']]> {
    const id = this.#numRequests++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: never) => void, reject, onLoading });
      this.#worker.postMessage({ id, request });
    });
  }
}
