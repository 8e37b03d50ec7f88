/** @file The regions as a list: the most looked-at first, or in the model's order. */

import type { Explanation } from '../../src/explain/explanation.js';
import { percent } from './attention.js';
import { nameOf } from './regionNames.js';

interface Props {
  readonly seen: Pick<Explanation, 'regions'>;
  /** How much each is looked at; undefined when a region looks, or nothing was asked. */
  readonly values: readonly number[] | undefined;
  /** What stands for a value; its percentage without this. Values below 0 are drawn apart. */
  readonly textOf?: ((region: number) => string) | undefined;
  readonly most: number;
  readonly chosen: number | undefined;
  readonly onChoose: ((region: number) => void) | undefined;
  readonly onPoint: (region: number | undefined) => void;
}

export function Regions({ seen, values, textOf, most, chosen, onChoose, onPoint }: Props) {
  const order = seen.regions.map((_, i) => i);
  if (values !== undefined) order.sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  return (
    <ol class="regions" aria-label="Regions">
      {order.map((i) => {
        const { objectConfidence, attributeConfidence } = seen.regions[i] ?? {};
        return (
          <li key={i}>
            <button
              type="button"
              data-region={i}
              aria-pressed={onChoose && i === chosen}
              class={(values?.[i] ?? 0) < 0 ? 'rises' : ''}
              style={{ '--share': String(Math.abs(values?.[i] ?? 0) / most) }}
              onClick={() => onChoose?.(i)}
              onMouseEnter={() => onPoint(i)}
              onMouseLeave={() => onPoint(undefined)}
              onFocus={() => onPoint(i)}
              onBlur={() => onPoint(undefined)}
            >
              <span>
                <bdi>{nameOf(seen, i)}</bdi>
                {objectConfidence != null && attributeConfidence != null && (
                  <span class="sure" title="The detector's confidence in object and attribute">
                    {' '}
                    {percent(objectConfidence)}, {percent(attributeConfidence)}
                  </span>
                )}
              </span>
              <span class="value">
                {textOf?.(i) ?? (values === undefined ? '' : percent(values[i] ?? 0))}
              </span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
