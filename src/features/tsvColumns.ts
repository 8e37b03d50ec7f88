/** @file Which column of a TSV file holds what: told by its header line, or by their number. */

/** Columns of obj36 in file order; other files have some of them in another order. */
export const OBJ36_COLUMNS = [
  'img_id',
  'img_h',
  'img_w',
  'objects_id',
  'objects_conf',
  'attrs_id',
  'attrs_conf',
  'num_boxes',
  'boxes',
  'features',
] as const;
export type TsvColumn = (typeof OBJ36_COLUMNS)[number];

/** The detector's guesses that a file holds: of objects and attributes, of objects alone, or none. */
export type LabelKind = 'all' | 'objects' | 'none';

/** How the lines of a file are divided. */
export interface TsvColumns {
  /** The byte between fields. */
  readonly delimiter: number;
  /** `tabs` and the like. */
  readonly delimiterName: string;
  /** Fields of a line; empty ones at its end are not counted. */
  readonly numFields: number;
  readonly places: ReadonlyMap<TsvColumn, number>;
  /** The header line, to pass over wherever it stands (files are put together of others); undefined when there is none. */
  readonly header: string | undefined;
  readonly labels: LabelKind;
  /** What is not the documented form, as phrases for one line. */
  readonly notes: readonly string[];
}

/** What a line's fields are divided by, the usual one first. */
const DELIMITERS = [
  ['\t', 'tabs'],
  [',', 'commas'],
  [';', 'semicolons'],
  ['|', 'bars'],
] as const;

/** Files without a header, by the number of their fields. */
const BY_NUMBER: ReadonlyMap<
  number,
  { readonly columns: readonly (TsvColumn | '')[]; readonly note?: string }
> = new Map([
  [10, { columns: OBJ36_COLUMNS }],
  [
    6,
    {
      columns: ['img_id', 'img_w', 'img_h', 'num_boxes', 'boxes', 'features'],
      note:
        'six columns as bottom-up-attention writes them (image_id, image_w, image_h, num_boxes, boxes, features), without ' +
        'object and attribute labels',
    },
  ],
  [
    8,
    {
      columns: ['img_id', 'img_h', 'img_w', 'objects_id', 'objects_conf', 'num_boxes', 'boxes', 'features'],
      note: 'eight columns: the ten of obj36 without attributes',
    },
  ],
  [
    13,
    {
      columns: [...OBJ36_COLUMNS, '', '', ''],
      note: 'thirteen columns: the ten of obj36; cls_prob, attrs and classes after them are left out',
    },
  ],
]);

/** Other names under which headers have the columns. */
const SYNONYMS: Readonly<Record<string, TsvColumn>> = {
  image_id: 'img_id',
  imageid: 'img_id',
  image_h: 'img_h',
  image_height: 'img_h',
  height: 'img_h',
  image_w: 'img_w',
  image_width: 'img_w',
  width: 'img_w',
  num_bbox: 'num_boxes',
  bbox: 'boxes',
  bboxes: 'boxes',
  feature: 'features',
};

const REQUIRED: readonly TsvColumn[] = ['img_id', 'img_h', 'img_w', 'num_boxes', 'boxes', 'features'];
const OBJECTS: readonly TsvColumn[] = ['objects_id', 'objects_conf'];
const ATTRIBUTES: readonly TsvColumn[] = ['attrs_id', 'attrs_conf'];

/**
 * Takes a line for a header or for a row of a file without one.
 *
 * @param line without a byte-order mark
 * @returns a sentence for a line that is neither
 */
export function columnsOf(line: string): TsvColumns | string {
  for (const [delimiter, name] of DELIMITERS) {
    const fields = fieldsOf(line, delimiter);
    if (fields.length === 1) continue;
    const notes = delimiter === '\t' ? [] : [`fields divided by ${name}`];
    const code = delimiter.charCodeAt(0);
    const named = fields.map(columnCalled);
    // One known name may be an image's id; two are a header.
    if (named.filter((column) => column !== undefined).length >= 2)
      return ofHeader(line, fields, named, { delimiter: code, delimiterName: name, notes });
    const known = BY_NUMBER.get(fields.length);
    if (known === undefined) continue;
    const note = known.note === undefined ? [] : [known.note];
    return {
      delimiter: code,
      delimiterName: name,
      numFields: fields.length,
      header: undefined,
      ...placed(known.columns.map((column) => column || undefined)),
      notes: [...notes, ...note],
    };
  }
  return columnProblem(line);
}

function ofHeader(
  line: string,
  fields: readonly string[],
  named: readonly (TsvColumn | undefined)[],
  division: Pick<TsvColumns, 'delimiter' | 'delimiterName' | 'notes'>,
): TsvColumns | string {
  const missing = REQUIRED.filter((column) => !named.includes(column));
  if (missing.length > 0)
    return `the header line names no column ${missing.join(', ')}; it names ${fields.slice(0, 20).join(', ')}.${sizesHint(missing)}`;
  const twice = named.find((column, i) => column !== undefined && named.indexOf(column) !== i);
  if (twice !== undefined) return `the header line names the column ${twice} twice.`;
  const others = fields.filter((_, i) => named[i] === undefined).map((field) => field || '(no name)');
  const ignored = others.length === 0 ? [] : [`columns left out: ${others.slice(0, 10).join(', ')}`];
  return {
    ...division,
    numFields: fields.length,
    header: line,
    ...placed(named),
    notes: [...division.notes, 'a header line names the columns', ...ignored],
  };
}

/** Sizes are wanted for boxes in pixels alone. */
function sizesHint(missing: readonly TsvColumn[]): string {
  return missing.every((column) => column === 'img_h' || column === 'img_w')
    ? " The pictures' sizes in pixels are needed with the boxes; where boxes are shares of the picture's sides, write 1 for both."
    : '';
}

function placed(columns: readonly (TsvColumn | undefined)[]): Pick<TsvColumns, 'places' | 'labels'> {
  const has = (wanted: readonly TsvColumn[]) => wanted.every((column) => columns.includes(column));
  const labels = !has(OBJECTS) ? 'none' : has(ATTRIBUTES) ? 'all' : 'objects';
  const isRead = (column: TsvColumn) =>
    !(labels === 'none' && OBJECTS.includes(column)) && !(labels !== 'all' && ATTRIBUTES.includes(column));
  const places = new Map<TsvColumn, number>();
  for (const [i, column] of columns.entries())
    if (column !== undefined && isRead(column)) places.set(column, i);
  return { places, labels };
}

/** The fields of a line; empty ones at its end, as delimiters too many leave them, are none. */
function fieldsOf(line: string, delimiter: string): string[] {
  const fields = line.split(delimiter).map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
  while (fields.length > 1 && fields.at(-1) === '') fields.pop();
  return fields;
}

function columnCalled(field: string): TsvColumn | undefined {
  const name = field
    .replace(/^#\s*/, '')
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  return OBJ36_COLUMNS.find((column) => column === name) ?? SYNONYMS[name];
}

/** Why a line is neither header nor row. */
function columnProblem(line: string): string {
  const fields = fieldsOf(line, '\t');
  const expected = `expected ${OBJ36_COLUMNS.length} columns divided by tabs (${OBJ36_COLUMNS.join(', ')})`;
  const found = `${expected}; found ${fields.length}.`;
  if (/[^\r]\r[^\r\n]/.test(line))
    return `${found} Its lines end with a carriage return alone; put line feeds in their place: tr '\\r' '\\n' < FILE > NEW.tsv`;
  const [, second = '', third = ''] = fields;
  if (fields.length === 2 && second.startsWith('[{'))
    return `${found} This is a table of picture sizes (VinVL's hw.tsv), without features.`;
  if ((fields.length === 2 && second.startsWith('{')) || (fields.length === 3 && third.length > 1000))
    return `${found} This is a row as VinVL and Oscar write them: their tables are read as files by themselves. Unpack it, then: lxmert features convert FILE.tsv FOLDER`;
  if (fields.length === 1 && /^\d+$/.test(line.trim()))
    return `${found} This is a list of byte offsets (.lineidx), not the table that it belongs to.`;
  return fields.length > OBJ36_COLUMNS.length
    ? `${found} Two rows that ran together have so many, and files with more columns than ten need a header line that names them.`
    : found;
}
