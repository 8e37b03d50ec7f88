/** @file Words by regions: the map of a view. */

import type { Explanation } from '../../src/explain/explanation.js';
import { rowsOf, strongestOf, type View } from './attention.js';
import { Crop } from './Crop.js';
import { HeatMap } from './HeatMap.js';
import { nameOf } from './regionNames.js';
import { shownWords } from './words.js';

interface Props {
  readonly explanation: Explanation;
  readonly picture: string | undefined;
  readonly view: View;
  readonly onChange: (change: Partial<View>) => void;
}

export function CrossMap({ explanation, picture, view, onChange }: Props) {
  const { regions } = explanation;
  const isWords = view.direction === 'words';
  const rows = rowsOf(explanation, view);
  // The end counts for nothing in relevance.
  const words = shownWords(explanation).filter(
    ({ kind }) => kind !== 'end' || typeof view.layer === 'number',
  );
  return (
    <>
      <p class="small">
        One row for each word, one column for each region in the model's order; stronger color is more, in the
        direction chosen.
      </p>
      <HeatMap
        label="Map of words by regions"
        rows={words.map(({ name }) => name)}
        columns={regions.map((_, i) => nameOf(explanation, i))}
        headOf={
          picture === undefined
            ? undefined
            : (region) => <Crop picture={picture} seen={explanation} region={region} />
        }
        shareOf={(word, region) => (isWords ? rows[word]?.[region] : rows[region]?.[word]) ?? 0}
        most={strongestOf(rows.flat(), isWords ? regions.length : words.length)}
        here={{ row: Math.min(view.word, words.length - 1), column: view.region }}
        looks={isWords ? 'row' : 'column'}
        onMove={({ row, column }) => onChange({ word: row, region: column })}
      />
      <p class="small">
        Attention says where a layer took its values from, not why an answer was given; heads differ, and
        their mean hides that. What counted for the answer follows attention through all layers, weighed by
        how much the answer would change (Chefer, Gur and Wolf, 2021): an estimate, as everything of its kind.
      </p>
    </>
  );
}
