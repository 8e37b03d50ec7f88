/** @file Work that a visitor waits for: under way, failed or done; the newest counts. */

import { useRef, useState } from 'preact/hooks';

export interface Task<T> {
  readonly isBusy: boolean;
  readonly failure: string | undefined;
  readonly result: T | undefined;
  /** Begins work; the result of earlier work that is still under way is dropped. */
  readonly run: (work: () => Promise<T>) => void;
  readonly clear: () => void;
}

type State<T> = Pick<Task<T>, 'isBusy' | 'failure' | 'result'>;
const NOTHING = { isBusy: false, failure: undefined, result: undefined } as const;

/** @param sentenceOf what to tell a visitor of a failure */
export function useTask<T>(sentenceOf: (error: unknown) => string): Task<T> {
  const newest = useRef(0);
  const [state, setState] = useState<State<T>>(NOTHING);
  const run = (work: () => Promise<T>): void => {
    const number = ++newest.current;
    const settle = (settled: State<T>): void => {
      if (number === newest.current) setState(settled);
    };
    setState((before) => ({ ...before, isBusy: true, failure: undefined }));
    work().then(
      (result) => settle({ isBusy: false, failure: undefined, result }),
      (error: unknown) => settle({ isBusy: false, failure: sentenceOf(error), result: undefined }),
    );
  };
  const clear = (): void => {
    newest.current++;
    setState(NOTHING);
  };
  return { ...state, run, clear };
}
