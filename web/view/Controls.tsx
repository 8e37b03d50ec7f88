/** @file Which map is shown: relevance or a layer, a head, and who looks. */

import { useId } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import type { View } from './attention.js';

interface Props {
  readonly explanation: Explanation;
  readonly view: View;
  /** Whether what the answers become without each part can be shown. */
  readonly canRemove: boolean;
  readonly onChange: (change: Partial<View>) => void;
}

const DIRECTIONS = [
  ['words', 'a word on the regions'],
  ['regions', 'a region on the words'],
] as const;

export function Controls({ explanation: { layers, relevance }, view, canRemove, onChange }: Props) {
  const id = useId();
  const { layer, head, direction } = view;
  const numHeads = typeof layer === 'number' ? (layers[layer]?.wordsOnRegions.numHeads ?? 0) : 0;
  return (
    <div class="controls">
      <label>
        Show
        <select
          value={String(layer)}
          onChange={({ currentTarget: { value } }) =>
            onChange(
              value === 'relevance' || value === 'removal'
                ? { layer: value, direction: 'words', word: 0 }
                : { layer: Number(value) },
            )
          }
        >
          {relevance.length > 0 && (
            <option value="relevance">what counted for the answer (all layers)</option>
          )}
          {canRemove && <option value="removal">the answer without each word and region</option>}
          {layers.map((_, i) => (
            <option key={String(i)} value={String(i)}>
              attention in cross-modality layer {i + 1}
              {i + 1 === layers.length ? ' (last)' : ''}
            </option>
          ))}
        </select>
      </label>
      <label>
        Head
        <select
          value={head === undefined ? 'mean' : String(head)}
          disabled={typeof layer !== 'number'}
          onChange={({ currentTarget: { value } }) =>
            onChange({ head: value === 'mean' ? undefined : Number(value) })
          }
        >
          <option value="mean">mean of all</option>
          {Array.from({ length: numHeads }, (_, i) => (
            <option key={String(i)} value={String(i)}>
              {i + 1}
            </option>
          ))}
        </select>
      </label>
      <fieldset disabled={layer === 'removal'}>
        <legend>Direction</legend>
        {DIRECTIONS.map(([each, name]) => (
          <label key={each}>
            <input
              type="radio"
              name={id}
              checked={direction === each}
              onChange={() => onChange({ direction: each })}
            />
            {name}
          </label>
        ))}
      </fieldset>
    </div>
  );
}
