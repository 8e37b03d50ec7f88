/** @file The model of the page: loading it, how far that is, and what computes. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { SiteDescription } from '../../src/export/site/description.js';
import type { EngineInfo, WeightsPrecision } from '../../src/runtime/index.js';
import type { ModelClient } from './modelClient.js';
import type { Loading } from './protocol.js';
import { BASE, sentenceOf } from './siteFiles.js';

/** What a visitor may choose. */
export interface ModelChoice {
  readonly precision: WeightsPrecision;
  readonly engine: 'webgpu' | 'wasm' | undefined;
}

export interface Model {
  readonly choice: ModelChoice;
  readonly choose: (choice: ModelChoice) => void;
  /** Undefined while it loads. */
  readonly engine: EngineInfo | undefined;
  readonly loading: Loading | undefined;
  readonly problem: string | undefined;
  /** Another one for each model that was loaded. */
  readonly key: number;
  readonly whenLoaded: () => Promise<void>;
}

export function useModel(client: ModelClient, site: SiteDescription): Model {
  const [choice, choose] = useState<ModelChoice>({
    precision: site.weights[0]?.precision ?? 'float32',
    engine: undefined,
  });
  const [state, setState] = useState<Pick<Model, 'engine' | 'loading' | 'problem' | 'key'>>({
    engine: undefined,
    loading: undefined,
    problem: undefined,
    key: 0,
  });
  const loaded = useRef<Promise<unknown>>(Promise.resolve());
  useEffect(() => {
    let isNewest = true;
    setState(({ key }) => ({ engine: undefined, loading: undefined, problem: undefined, key }));
    const work = client.send({ kind: 'load', base: BASE, site, ...choice }, (loading) => {
      if (isNewest) setState((before) => ({ ...before, loading }));
    });
    loaded.current = work;
    work.then(
      (engine) => {
        if (isNewest)
          setState(({ key }) => ({ engine, loading: undefined, problem: undefined, key: key + 1 }));
      },
      (error: unknown) => {
        if (isNewest) setState((before) => ({ ...before, loading: undefined, problem: sentenceOf(error) }));
      },
    );
    return () => {
      isNewest = false;
    };
  }, [client, site, choice]);
  const whenLoaded = useCallback(async () => {
    await loaded.current;
  }, []);
  return { ...state, choice, choose, whenLoaded };
}

export function LoadingState({ loading }: { readonly loading: Loading | undefined }) {
  if (loading === undefined || loading.totalBytes === 0) return null;
  const { numBytes, totalBytes } = loading;
  return (
    <p class="loading">
      Loading the model: {megabytes(numBytes)} of {megabytes(totalBytes)} MB
      <progress value={numBytes} max={totalBytes} aria-label="Loading the model" />
    </p>
  );
}

export function megabytes(numBytes: number): string {
  return (numBytes / 1e6).toFixed(1);
}
