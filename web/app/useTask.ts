/** @file Work that a visitor waits for: under way, failed or done; the newest counts. */

import { useRef, useState } from 'preact/hooks';

export interface Task<T> {
  readonly isBusy: boolean;
  /** Why the newest work failed. */
  readonly failure: string | undefined;
  /** Of the last work that succeeded: a failure takes nothing away. */
  readonly result: T | undefined;
  /** Begins work, and ends earlier work that is still under way: its signal is aborted, its result dropped. */
  readonly run: (work: (signal: AbortSignal) => Promise<T>) => void;
  /** Takes a result that is there already. */
  readonly set: (result: T | undefined) => void;
}

type State<T> = Pick<Task<T>, 'isBusy' | 'failure' | 'result'>;
const NOTHING = { isBusy: false, failure: undefined, result: undefined } as const;

/** @param sentenceOf what to tell a visitor of a failure */
export function useTask<T>(sentenceOf: (error: unknown) => string): Task<T> {
  const newest = useRef<AbortController | undefined>(undefined);
  const [state, setState] = useState<State<T>>(NOTHING);
  const run = (work: (signal: AbortSignal) => Promise<T>): void => {
    newest.current?.abort();
    const controller = new AbortController();
    newest.current = controller;
    const { signal } = controller;
    const settle = (settled: Partial<State<T>>): void => {
      if (!signal.aborted) setState((before) => ({ ...before, ...settled, isBusy: false }));
    };
    setState((before) => ({ ...before, isBusy: true, failure: undefined }));
    work(signal).then(
      (result) => settle({ result }),
      (error: unknown) => settle({ failure: sentenceOf(error) }),
    );
  };
  const set = (result: T | undefined): void => {
    newest.current?.abort();
    setState({ ...NOTHING, result });
  };
  return { ...state, run, set };
}
