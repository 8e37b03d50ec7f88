/** @file All heads of all layers at a glance, as small maps; a click opens one. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { AttentionMap } from '../../src/explain/attentionMap.js';
import type { Explanation } from '../../src/explain/explanation.js';
import { type Rows, readHeads, strongestOf, type View } from './attention.js';
import { HeatMap, type Place } from './HeatMap.js';
import { nameOf } from './regionNames.js';
import { useRoving } from './roving.js';
import { type LoadParts, useLoaded } from './useParts.js';

interface Props {
  readonly explanation: Explanation;
  readonly load: LoadParts['selfAttention'];
  readonly onChange: (change: Partial<View>) => void;
}

const KINDS = {
  wordsOnRegions: 'words on regions',
  regionsOnWords: 'regions on words',
  words: 'words on words',
  regions: 'regions on regions',
} as const;
type Kind = keyof typeof KINDS;

/** A layer of one kind of attention. */
interface Layer {
  readonly name: string;
  readonly map: AttentionMap;
}

export function AllHeads({ explanation, load, onChange }: Props) {
  const [kind, setKind] = useState<Kind>('wordsOnRegions');
  const [open, setOpen] = useState<{ readonly layer: number; readonly head: number } | undefined>();
  const isWithin = kind === 'words' || kind === 'regions';
  const loaded = useLoaded(explanation.answers, isWithin ? load : undefined);
  const selfAttention = explanation.selfAttention ?? loaded.value ?? null;
  const layers = layersOf({ ...explanation, selfAttention }, kind);
  const kinds = (Object.keys(KINDS) as Kind[]).filter(
    (each) => load !== undefined || selfAttention !== null || !['words', 'regions'].includes(each),
  );
  const shown = open === undefined ? undefined : layers[open.layer];
  const choose = (layer: number, head: number): void => {
    setOpen({ layer, head });
    // The map of words and regions above, the picture and the lists show it too.
    if (!isWithin) onChange({ layer, head, direction: kind === 'wordsOnRegions' ? 'words' : 'regions' });
  };
  return (
    <details class="all-heads">
      <summary>All heads at a glance</summary>
      <label class="small">
        Attention of{' '}
        <select
          value={kind}
          onChange={({ currentTarget: { value } }) => {
            setKind(value as Kind);
            setOpen(undefined);
          }}
        >
          {kinds.map((each) => (
            <option key={each} value={each}>
              {KINDS[each]}
            </option>
          ))}
        </select>
      </label>
      {loaded.problem !== undefined && (
        <p class="failure" role="alert">
          {loaded.problem}
        </p>
      )}
      {isWithin && selfAttention === null && loaded.problem === undefined && (
        <p class="small" role="status">
          Asking for the attention within each stream ...
        </p>
      )}
      <Heads layers={layers} open={open} onOpen={choose} />
      <p class="small">
        A row for each layer, a square for each head: rows of a square look, columns are looked at. Strong
        columns are what everything looks at; a diagonal is what looks at itself.
      </p>
      {isWithin && shown !== undefined && open !== undefined && (
        <OneHead
          label={`${shown.name}, head ${open.head + 1}`}
          names={
            kind === 'words' ? explanation.words : explanation.regions.map((_, i) => nameOf(explanation, i))
          }
          rows={readHeads(shown.map, open.head)}
        />
      )}
    </details>
  );
}

function layersOf({ layers, selfAttention }: Explanation, kind: Kind): Layer[] {
  if (kind === 'wordsOnRegions' || kind === 'regionsOnWords')
    return layers.map((layer, i) => ({ name: `cross-modality layer ${i + 1}`, map: layer[kind] }));
  const maps = selfAttention?.[kind] ?? [];
  const numOwn = maps.length - layers.length;
  const own = kind === 'words' ? 'language' : 'vision';
  return maps.map((map, i) => ({
    name: i < numOwn ? `${own} layer ${i + 1}` : `cross-modality layer ${i - numOwn + 1}`,
    map,
  }));
}

function Heads({
  layers,
  open,
  onOpen,
}: {
  readonly layers: readonly Layer[];
  readonly open: { readonly layer: number; readonly head: number } | undefined;
  readonly onOpen: (layer: number, head: number) => void;
}) {
  const numHeads = layers[0]?.map.numHeads ?? 0;
  const roving = useRoving(layers.length * numHeads, numHeads);
  return (
    <div class="heads-grid" {...roving.list}>
      {layers.map(({ name, map }, layer) => (
        <div key={name} class="layer">
          <span class="small">{name}</span>
          {Array.from({ length: map.numHeads }, (_, head) => (
            <button
              key={head}
              type="button"
              tabIndex={roving.tabIndexOf(layer * numHeads + head)}
              aria-pressed={open?.layer === layer && open.head === head}
              aria-label={`${name}, head ${head + 1}`}
              title={`${name}, head ${head + 1}`}
              onClick={() => onOpen(layer, head)}
            >
              <SmallMap map={map} head={head} />
            </button>
          ))}
        </div>
      ))}
    </div>
  );
}

/** A pixel for each pair, stretched. */
function SmallMap({ map, head }: { readonly map: AttentionMap; readonly head: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { numRows, numColumns } = map;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context == null) return;
    const image = context.createImageData(numColumns, numRows);
    const rows = readHeads(map, head);
    const most = strongestOf(rows.flat(), numColumns);
    for (const [r, row] of rows.entries()) {
      for (const [c, value] of row.entries()) {
        const at = 4 * (r * numColumns + c);
        const strength = Math.min(1, value / most);
        // From the color of an empty track to orange, readable on light and on dark.
        image.data.set(
          [128 + 110 * strength, 128 + 8 * strength, 128 - 108 * strength, 40 + 215 * strength],
          at,
        );
      }
    }
    context.putImageData(image, 0, 0);
  }, [map, head]);
  return <canvas ref={canvas} width={numColumns} height={numRows} />;
}

function OneHead({
  label,
  names,
  rows,
}: {
  readonly label: string;
  readonly names: readonly string[];
  readonly rows: Rows;
}) {
  const [here, setHere] = useState<Place>({ row: 0, column: 0 });
  return (
    <>
      <p class="small">{label}</p>
      <HeatMap
        label={label}
        rows={names}
        columns={names}
        shareOf={(row, column) => rows[row]?.[column] ?? 0}
        most={strongestOf(rows.flat(), names.length)}
        here={here}
        looks="row"
        onMove={setHere}
      />
    </>
  );
}
