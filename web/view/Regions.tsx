/** @file The regions as a list: cut out of the picture, how much each counted, what the answer is without it. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Removal } from '../../src/explain/removal.js';
import { percent } from './attention.js';
import { Crop } from './Crop.js';
import { type Pointed, pointing, pointingButton } from './lit.js';
import { nameOf, type Seen, whereOf } from './regionNames.js';
import { changeText } from './removal.js';
import { useRoving } from './roving.js';

interface Props {
  readonly seen: Seen;
  readonly picture: string | undefined;
  /** How much each is looked at or counted, and what that is; undefined when nothing was asked. */
  readonly shares?: { readonly values: readonly number[]; readonly called: string } | undefined;
  readonly removal?: Removal | null;
  readonly strengths?: readonly number[] | undefined;
  /** Whose changes are shown. */
  readonly answer?: number;
  readonly away?: readonly number[];
  readonly onToggle?: ((region: number) => void) | undefined;
  readonly onPoint: (pointed: Pointed) => void;
}

const NONE: readonly number[] = [];
/** Pixels below which nothing worth scrolling to is hidden. */
const LEAST_HIDDEN = 8;

export function Regions(props: Props) {
  const { seen, picture, shares, removal, strengths, answer = 0, away = NONE, onToggle, onPoint } = props;
  const roving = useRoving(seen.regions.length);
  const order = orderOf(seen, shares?.values, removal, answer);
  const scrolled = useScrolled<HTMLOListElement>();
  const isAsked = shares !== undefined || removal != null;
  return (
    <div class="parts">
      {isAsked && (
        <p class="heads" aria-hidden="true">
          <span>{seen.regions.length === 1 ? 'Region' : `${seen.regions.length} regions`}</span>
          {shares !== undefined && <span>{shares.called}</span>}
          {removal != null && <span>Without it</span>}
        </p>
      )}
      <ol
        class={`regions ${scrolled.hasMore ? 'more' : ''}`}
        aria-label="Regions"
        ref={scrolled.ref}
        onScroll={scrolled.onScroll}
        // Without buttons in it, it is itself what is scrolled by keyboard.
        {...(onToggle === undefined ? { tabIndex: 0 } : roving.list)}
      >
        {order.map((i, place) => {
          const strength = strengths?.[i] ?? 0;
          const row = (
            <>
              <Crop picture={picture} seen={seen} region={i} />
              <Called seen={seen} region={i} />
              {shares !== undefined && (
                <span class="value">
                  <span class="unseen">{shares.called} </span>
                  {percent(shares.values[i] ?? 0)}
                </span>
              )}
              {removal != null && (
                <span class={`change ${removal.regions[i]?.instead == null ? '' : 'other'}`}>
                  <span class="unseen">, without it </span>
                  {changeText(removal.regions[i], answer)}
                </span>
              )}
            </>
          );
          if (onToggle === undefined)
            return (
              <li key={i} class="row" data-region={i} {...pointing(onPoint, { region: i })}>
                {row}
              </li>
            );
          return (
            <li key={i}>
              <button
                type="button"
                class={`row ${strength < 0 ? 'rises' : ''}`}
                data-region={i}
                tabIndex={roving.tabIndexOf(place)}
                aria-pressed={away.includes(i)}
                style={{ '--share': String(Math.abs(strength)) }}
                onClick={() => onToggle(i)}
                {...pointingButton(onPoint, { region: i })}
              >
                {row}
              </button>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** Whether a list goes on below what is seen of it: not all browsers show bars. */
function useScrolled<E extends HTMLElement>() {
  const ref = useRef<E>(null);
  const [hasMore, setHasMore] = useState(false);
  const onScroll = (): void => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = ref.current ?? {};
    setHasMore(scrollHeight - scrollTop - clientHeight > LEAST_HIDDEN);
  };
  useEffect(() => {
    if (ref.current === null) return;
    const observer = new ResizeObserver(onScroll);
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return { ref, hasMore, onScroll };
}

/** What counted most, or else what the answer loses most without, first; in the model's order before a question. */
function orderOf(
  { regions }: Seen,
  values: readonly number[] | undefined,
  removal: Removal | null | undefined,
  answer: number,
): number[] {
  const order = regions.map((_, i) => i);
  const by = values ?? removal?.regions.map((part) => -(part?.changes[answer] ?? 0));
  return by === undefined ? order : order.sort((a, b) => (by[b] ?? 0) - (by[a] ?? 0));
}

function Called({ seen, region }: { readonly seen: Seen; readonly region: number }) {
  const { objectConfidence, attributeConfidence } = seen.regions[region] ?? {};
  const [name, where] = [nameOf(seen, region), whereOf(seen, region)];
  const isSure = objectConfidence != null && attributeConfidence != null;
  return (
    <span class="called">
      <bdi>{name}</bdi>
      {isSure ? (
        <span class="where sure" title="How sure the detector is of the object and of its attribute">
          {!name.includes(where) && where}
          <span class="detector">{`${name.includes(where) ? '' : '; '}detector: ${percent(objectConfidence)}, ${percent(attributeConfidence)}`}</span>
        </span>
      ) : (
        !name.includes(where) && <span class="where"> {where}</span>
      )}
    </span>
  );
}
