/** @file What the pointer or the focus is on, told once a frame. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Pointed } from './lit.js';

/**
 * A pointer that goes from one part to the next leaves the one before it enters the other, and passes several between
 * two frames: what is lit is drawn for the last of them alone.
 */
export function usePointed(): readonly [Pointed, (pointed: Pointed) => void] {
  const [pointed, setPointed] = useState<Pointed>();
  const newest = useRef<Pointed>(undefined);
  const frame = useRef<number | undefined>(undefined);
  const point = useCallback((to: Pointed): void => {
    newest.current = to;
    frame.current ??= requestAnimationFrame(() => {
      frame.current = undefined;
      setPointed(newest.current);
    });
  }, []);
  useEffect(
    () => () => {
      if (frame.current !== undefined) cancelAnimationFrame(frame.current);
    },
    [],
  );
  return [pointed, point];
}
