/** @file What comes after the answer: what counted for it, and what it becomes without each part. */

import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import type { Removal, TakenAway, WithoutPart } from '../../src/explain/removal.js';
import type { Can } from './attention.js';

/** Asks for what an explanation came without; each is asked once. */
export interface LoadParts {
  readonly relevance?: (() => Promise<Explanation['relevance']>) | undefined;
  readonly removal?: (() => Promise<Removal | null>) | undefined;
  readonly selfAttention?: (() => Promise<Explanation['selfAttention']>) | undefined;
  /** Without several parts at once. */
  readonly without?: ((away: TakenAway) => Promise<WithoutPart | null>) | undefined;
}

export interface Parts {
  /** With what has come by now. */
  readonly explanation: Explanation;
  readonly can: Can;
  /** Why something will not come. */
  readonly problems: readonly string[];
}

export function useParts(given: Explanation, load: LoadParts = {}): Parts {
  const hasRelevance = given.relevance.length > 0;
  const hasRemoval = given.removal !== null;
  const relevance = useLoaded(given.answers, hasRelevance ? undefined : load.relevance);
  const removal = useLoaded(given.answers, hasRemoval ? undefined : load.removal);
  return {
    explanation: {
      ...given,
      relevance: relevance.value ?? given.relevance,
      removal: removal.value ?? given.removal,
    },
    can: {
      relevance: hasRelevance || (load.relevance !== undefined && relevance.problem === undefined),
      removal: hasRemoval || (load.removal !== undefined && removal.problem === undefined),
    },
    problems: [relevance.problem, removal.problem].filter((problem) => problem !== undefined),
  };
}

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly problem: string | undefined;
}

const NOTHING = { value: undefined, problem: undefined } as const;

/** @param key what it belongs to: with another, it is asked for anew */
export function useLoaded<T>(key: unknown, load: (() => Promise<T>) | undefined): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & { readonly of: unknown }>();
  const isLoading = load !== undefined;
  useEffect(() => {
    if (load === undefined) return;
    let isCurrent = true;
    const set = (result: Loaded<T>): void => {
      if (isCurrent) setLoaded({ ...result, of: key });
    };
    load().then(
      (value) => set({ value, problem: undefined }),
      (error: unknown) =>
        set({ value: undefined, problem: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [key, isLoading]);
  return loaded !== undefined && loaded.of === key ? loaded : NOTHING;
}
