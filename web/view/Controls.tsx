/** @file Which map is shown: relevance or a layer, a head, and who looks. */

import { useId } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import type { Can, View } from './attention.js';
import { nameOf } from './regionNames.js';
import { shownWords } from './words.js';

interface Props {
  readonly explanation: Explanation;
  readonly view: View;
  /** What there is to show. */
  readonly can: Can;
  /** Whether one can choose who looks; not where words and regions of several explanations differ. */
  readonly hasLooking?: boolean;
  readonly onChange: (change: Partial<View>) => void;
}

const DIRECTIONS = [
  ['words', 'a word on the regions'],
  ['regions', 'a region on the words'],
] as const;

export function Controls({ explanation, view, can, hasLooking = true, onChange }: Props) {
  const id = useId();
  const { layers } = explanation;
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
          {can.relevance && <option value="relevance">what counted for the answer</option>}
          {can.removal && <option value="removal">the answer without each part</option>}
          {layers.map((_, i) => (
            <option key={String(i)} value={String(i)}>
              attention, cross-modality layer {i + 1}
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
      {hasLooking && <Looking explanation={explanation} view={view} onChange={onChange} />}
    </div>
  );
}

/** Which word, or which region. */
function Looking({ explanation, view, onChange }: Pick<Props, 'explanation' | 'view' | 'onChange'>) {
  const isWords = view.direction === 'words';
  const names = isWords
    ? shownWords(explanation).map(({ name }) => name)
    : explanation.regions.map((_, i) => nameOf(explanation, i));
  return (
    <label>
      {isWords ? 'Word' : 'Region'}
      <select
        value={String(isWords ? view.word : view.region)}
        disabled={view.layer === 'removal'}
        onChange={({ currentTarget: { value } }) =>
          onChange(isWords ? { word: Number(value) } : { region: Number(value) })
        }
      >
        {names.map((name, i) => (
          // Words repeat in a question; their places do not.
          <option key={i} value={String(i)}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
