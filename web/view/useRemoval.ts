/** @file What the answers become without each part: with the explanation, or asked for when it is to be shown. */

import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import type { Removal } from '../../src/explain/removal.js';

/** Asks for what an explanation by another method came without. */
export type LoadRemoval = () => Promise<Removal | null>;

export interface ShownRemoval {
  readonly removal: Removal | null;
  /** Why it cannot be shown. */
  readonly problem: string | undefined;
}

export function useRemoval(
  { answers, removal }: Explanation,
  isWanted: boolean,
  load: LoadRemoval | undefined,
): ShownRemoval {
  const [loaded, setLoaded] = useState<ShownRemoval & { readonly of: unknown }>();
  useEffect(() => {
    if (!isWanted || removal || load === undefined || loaded?.of === answers) return;
    let isCurrent = true;
    const set = (shown: ShownRemoval): void => {
      if (isCurrent) setLoaded({ ...shown, of: answers });
    };
    load().then(
      (found) => set({ removal: found, problem: undefined }),
      (error: unknown) =>
        set({ removal: null, problem: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      isCurrent = false;
    };
    // The answers are one explanation's: others are asked for anew.
  }, [isWanted, answers]);
  // Explanations of older versions know of no removal.
  if (removal) return { removal, problem: undefined };
  return loaded?.of === answers ? loaded : { removal: null, problem: undefined };
}
