/** @file Forms in which tables of features come: each must give the rows of the documented form, or a sentence with a way on. */

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertToStore, type StoreConvertOptions } from '../../src/features/convertToStore.js';
import { readFeatureRow, readObj36 } from '../../src/features/obj36Reader.js';
import type { Provenance } from '../../src/features/provenance.js';
import type { FeatureRow } from '../../src/features/row.js';
import { readShardRows } from '../../src/features/shardRows.js';
import { openShards } from '../../src/features/storeFiles.js';
import { surveyTsv } from '../../src/features/tsvForm.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { float32ToFloat16 } from '../../src/formats/float16.js';
import { openGzip } from '../../src/formats/lines/gzipSource.js';
import { openTsvInZip } from '../../src/formats/zip/zipMemberSource.js';
import { makeZip } from '../formats/zipFile.js';
import { collect, errorOf, makeRow, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let numFiles = 0;
const newPath = () => path.join(folder, `file${numFiles++}`);

const COLUMNS =
  'img_id img_h img_w objects_id objects_conf attrs_id attrs_conf num_boxes boxes features'.split(' ');

type Fields = Record<string, string>;
const base64 = (array: ArrayBufferView) =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

/** A row's fields as the documented form has them, made without the code under test. */
function fieldsOf(row: FeatureRow): Fields {
  return {
    img_id: row.imageId,
    img_h: String(row.height),
    img_w: String(row.width),
    objects_id: base64(row.objectsId),
    objects_conf: base64(row.objectsConf),
    attrs_id: base64(row.attrsId),
    attrs_conf: base64(row.attrsConf),
    num_boxes: String(row.numBoxes),
    boxes: base64(row.boxes),
    features: base64(row.features),
  };
}

const ROWS = [
  makeRow(1, { featureSize: 2048 }),
  makeRow(2, { featureSize: 2048, numBoxes: 3 }),
  makeRow(3, { featureSize: 2048 }),
];

interface Table {
  readonly columns?: readonly string[];
  readonly header?: boolean;
  readonly ending?: string;
  readonly delimiter?: string;
  readonly change?: (fields: Fields, row: FeatureRow) => Fields;
  readonly rows?: readonly FeatureRow[];
}

function textOf({
  columns = COLUMNS,
  header = false,
  ending = '\r\n',
  delimiter = '\t',
  change,
  rows = ROWS,
}: Table): string {
  const lines = rows.map((row) => {
    const fields = { ...fieldsOf(row), ...change?.(fieldsOf(row), row) };
    return columns.map((column) => fields[column] ?? '').join(delimiter);
  });
  return [...(header ? [columns.join(delimiter)] : []), ...lines].map((line) => line + ending).join('');
}

function tableOf(table: Table, prefix = ''): string {
  const file = newPath();
  writeFileSync(file, prefix + textOf(table));
  return file;
}

const rowsIn = async (file: string) => (await collect(readObj36(file))).map(({ row }) => row);
const halved = (values: Float32Array) => {
  const half = new Uint16Array(values.length);
  float32ToFloat16(values, half);
  return half;
};
/** Numbers that float16 holds exactly. */
const EXACT = ROWS.map((row) => ({
  ...row,
  features: row.features.map((value) => Math.round(value * 4) / 4),
}));

describe('a table in another form', () => {
  const withoutLabels = (row: FeatureRow): FeatureRow => ({
    ...row,
    objectsId: new BigInt64Array(row.numBoxes),
    objectsConf: new Float32Array(row.numBoxes),
    attrsId: new BigInt64Array(row.numBoxes),
    attrsConf: new Float32Array(row.numBoxes),
  });
  const six = { columns: ['image_id', 'image_w', 'image_h', 'num_boxes', 'boxes', 'features'] };
  const sixNames = (fields: Fields) => ({
    image_id: fields.img_id!,
    image_w: fields.img_w!,
    image_h: fields.img_h!,
  });
  const quoted = (fields: Fields, quote: (text: string) => string, columns: readonly string[]) =>
    Object.fromEntries(columns.map((column) => [column, quote(fields[column]!)]));
  const arrays = COLUMNS.filter(
    (column) => /conf|_id$|boxes$|features/.test(column) && !['img_id', 'num_boxes'].includes(column),
  );

  const forms: [string, Table, string, (row: FeatureRow) => FeatureRow][] = [
    ['a header line', { header: true }, 'a header line names the columns', (row) => row],
    [
      'a header line over another order, with a column more',
      { header: true, columns: ['', ...[...COLUMNS].reverse()], change: () => ({ '': '7' }) },
      'columns left out: (no name)',
      (row) => row,
    ],
    ['six columns', { ...six, change: sixNames }, 'six columns as bottom-up-attention', withoutLabels],
    [
      'six columns under a header',
      { ...six, header: true, change: sixNames },
      'a header line',
      withoutLabels,
    ],
    [
      'thirteen columns',
      { columns: [...COLUMNS, 'x', 'y', 'z'], change: () => ({ x: 'AAAA', y: 'AAAA', z: 'AAAA' }) },
      'thirteen columns',
      (row) => row,
    ],
    ['a delimiter at each end', { ending: '\t\n' }, '', (row) => row],
    ['three delimiters at each end', { ending: '\t\t\t\n' }, '', (row) => row],
    [
      'line ends written in text mode on Windows',
      { ending: '\r\r\n', header: true },
      'a header line',
      (row) => row,
    ],
    ['semicolons', { delimiter: ';', header: true }, 'divided by semicolons', (row) => row],
    ['commas', { delimiter: ',', header: true }, 'divided by commas', (row) => row],
    [
      'bytes as Python 3 writes them',
      { change: (fields) => quoted(fields, (text) => `b'${text}'`, arrays) },
      "b'...'",
      (row) => row,
    ],
    [
      'quotes',
      { change: (fields) => quoted(fields, (text) => `"${text}"`, COLUMNS) },
      'quotes',
      (row) => row,
    ],
    [
      'base64 without padding',
      { change: (fields) => quoted(fields, (text) => text.replace(/=+$/, ''), arrays) },
      '',
      (row) => row,
    ],
    [
      'base64 of URLs',
      {
        change: (fields) => quoted(fields, (text) => text.replaceAll('+', '-').replaceAll('/', '_'), arrays),
      },
      'alphabet of URLs',
      (row) => row,
    ],
    [
      'sizes with a decimal point',
      { change: (fields) => ({ img_h: `${fields.img_h}.0`, img_w: `${fields.img_w}.0` }) },
      '',
      (row) => row,
    ],
    [
      'features of float64',
      { change: (_, row) => ({ features: base64(Float64Array.from(row.features)) }) },
      'features are float64 (2048 values a box)',
      (row) => row,
    ],
    [
      'features of float16',
      { rows: EXACT, change: (_, row) => ({ features: base64(halved(row.features)) }) },
      'features are float16 (2048 values a box)',
      (row) => ({ ...row, features: row.features.map((value) => Math.round(value * 4) / 4) }),
    ],
    [
      'boxes and confidences of float64',
      {
        change: (_, row) => ({
          boxes: base64(Float64Array.from(row.boxes)),
          objects_conf: base64(Float64Array.from(row.objectsConf)),
        }),
      },
      'boxes are float64; objects_conf are float64',
      (row) => row,
    ],
    [
      'labels of int32',
      { change: (_, row) => ({ objects_id: base64(Int32Array.from(row.objectsId, Number)) }) },
      'objects_id are int32',
      (row) => row,
    ],
    [
      'boxes of int32',
      {
        rows: ROWS.map((row) => ({ ...row, boxes: row.boxes.map(Math.floor) })),
        change: (_, row) => ({ boxes: base64(Int32Array.from(row.boxes)) }),
      },
      'boxes are int32',
      (row) => ({ ...row, boxes: row.boxes.map(Math.floor) }),
    ],
  ];

  it.each(forms)('%s gives the same rows, and says how it is read', async (_, table, note, expected) => {
    const file = tableOf(table);
    expect(await rowsIn(file)).toEqual(ROWS.map(expected));
    expect((await surveyTsv(file)).notes.join('; ')).toContain(note);
    expect(await readFeatureRow(file, 'image_2')).toEqual(expected(ROWS[1]!));
  });

  it('the documented one has no notes', async () => {
    const survey = await surveyTsv(tableOf({}));
    expect([survey.notes, survey.mostBoxes, survey.lineEnding]).toEqual([[], 4, '\r\n']);
  });

  it('marks of byte order are passed over, also in the midst of files that were put together', async () => {
    const file = newPath();
    writeFileSync(
      file,
      `\ufeff${textOf({ rows: ROWS.slice(0, 2) })}\ufeff${textOf({ rows: ROWS.slice(2) })}`,
    );
    expect(await rowsIn(file)).toEqual(ROWS);
    expect((await surveyTsv(file)).notes.join()).toContain('byte-order mark');
    const headed = newPath();
    const part = (rows: FeatureRow[]) => `\ufeff${textOf({ header: true, rows })}`;
    writeFileSync(headed, part(ROWS.slice(0, 1)) + part(ROWS.slice(1)));
    expect(await rowsIn(headed)).toEqual(ROWS);
  });
});

describe('number types', () => {
  const small = (count: number) => Array.from({ length: count }, (_, i) => makeRow(i, { featureSize: 8 }));
  const doubles = (_: Fields, row: FeatureRow) => ({ features: base64(Float64Array.from(row.features)) });

  it('of features of another size are told by the values, or by the size that is stated', async () => {
    const file = tableOf({ rows: small(3), change: doubles });
    expect((await surveyTsv(file)).form.features).toEqual({ type: 'float64', featureSize: 8 });
    const stated = await surveyTsv(file, { featureSize: 8 });
    expect(stated.form.features).toEqual({ type: 'float64', featureSize: 8 });
    const other = await errorOf(() => surveyTsv(file, { featureSize: 9 }));
    expect(other.message).toContain('64 bytes for each box, which are not 9 values of any type');
  });

  it.each<[string, (row: FeatureRow) => ArrayBufferView, string]>([
    ['too large', (row) => row.features.map((value) => value * 1e6), 'features hold values from 0 to'],
    [
      'far below 0',
      (row) => row.features.map((value) => value - 3e3),
      "LXMERT's detector lie between 0 and about 35",
    ],
    ['all zero', (row) => row.features.map(() => 0), 'nothing but zeros'],
    ['not finite', (row) => row.features.map(() => Number.NaN), 'not finite'],
    ['whole numbers', (row) => Int32Array.from(row.features, (value) => value), 'nearer to 0 than 1.2e-38'],
    [
      'float64 in the other order of bytes',
      (row) => new Uint8Array(Buffer.from(Float64Array.from(row.features).buffer).swap64()),
      "write them little-endian (NumPy's '<f8')",
    ],
    [
      'float16 in the other order of bytes',
      (row) => new Uint8Array(Buffer.from(halved(row.features).buffer).swap16()),
      "write them little-endian (NumPy's '<f2')",
    ],
    [
      'in the other order of bytes',
      (row) => new Uint8Array(Buffer.from(base64(row.features), 'base64').swap32()),
      "write them little-endian (NumPy's '<f4')",
    ],
  ])(
    'values that are %s are refused with their cause, never with advice to store them otherwise',
    async (_, change, message) => {
      const file = tableOf({ change: (_, row) => ({ features: base64(change(row)) }) });
      const error = await errorOf(() => rowsIn(file));
      expect(error.message).toContain(`${file}, line 1: `);
      expect(error.message).toContain(message);
      expect(error.message).not.toContain('float32.');
    },
  );

  it("of other detectors are taken, and said to be another detector's", async () => {
    const signed = (_: Fields, row: FeatureRow) => ({
      features: base64(row.features.map((value) => value - 3)),
    });
    const file = tableOf({ change: signed });
    expect((await surveyTsv(file)).notes).toEqual([
      expect.stringMatching(/^features from -3 to .* another detector's/),
    ]);
    expect((await rowsIn(file))[0]?.features[0]).toBe(ROWS[0]!.features[0]! - 3);
  });

  it('of a range that is stated are held against it, and it is kept with the store; garbage is not', async () => {
    const signed = (_: Fields, row: FeatureRow) => ({
      features: base64(row.features.map((value) => value - 3)),
    });
    const store = newPath();
    const featureRange = { low: -10, high: 50 };
    await convertToStore(tableOf({ change: signed }), store, { featureRange });
    expect(openShards(store)[0]?.metadata.provenance.settings).toEqual({ featureRange: '-10,50' });
    const half = (_: Fields, row: FeatureRow) => ({ features: base64(halved(row.features)) });
    const file = tableOf({ rows: small(3), change: half });
    const error = await errorOf(() => convertToStore(file, newPath(), { featureSize: 4, featureRange }));
    expect(error.message).toContain('they were numbers of another type');
  });

  it('of bfloat16 are told from float16 by where their values crowd', async () => {
    // Most values of a detector are small, and many zero.
    const rows = ROWS.map((row) => ({
      ...row,
      features: row.features.map((_, i) => (i % 3 === 0 ? 0 : (((i * 7919) % 997) / 997) ** 4 * 30)),
    }));
    const upper = (row: FeatureRow) =>
      Uint16Array.from(new Uint32Array(row.features.buffer), (bits) => bits >>> 16);
    const bfloats = tableOf({ rows, change: (_, row) => ({ features: base64(upper(row)) }) });
    expect((await surveyTsv(bfloats)).form.features).toEqual({ type: 'bfloat16', featureSize: 2048 });
    const [read] = await rowsIn(bfloats);
    rows[0]!.features.forEach((value, i) => {
      const cut = read!.features[i]!;
      if (!(cut <= value && cut >= value * (1 - 2 ** -7))) throw new Error(`value ${i}: ${cut} for ${value}`);
    });
    const halves = tableOf({ rows, change: (_, row) => ({ features: base64(halved(row.features)) }) });
    expect((await surveyTsv(halves)).form.features).toEqual({ type: 'float16', featureSize: 2048 });
  });

  it('of boxes: whole numbers of two bytes are read, the other order of bytes is named', async () => {
    const whole = (_: Fields, row: FeatureRow) => ({ boxes: base64(Int16Array.from(row.boxes)) });
    const [first] = await rowsIn(tableOf({ change: whole }));
    expect(first?.boxes).toEqual(ROWS[0]!.boxes.map(Math.trunc));
    const other = (_: Fields, row: FeatureRow) => ({
      boxes: base64(new Uint8Array(Buffer.from(base64(row.boxes), 'base64').swap32())),
    });
    expect((await errorOf(() => rowsIn(tableOf({ change: other })))).message).toContain("(NumPy's '<f4')");
    const none = (_: Fields, row: FeatureRow) => ({ boxes: base64(row.boxes.map(() => Number.NaN)) });
    expect((await errorOf(() => rowsIn(tableOf({ change: none })))).message).toContain('NaN');
  });

  it('of confidences: percents are no probabilities', async () => {
    const change = (_: Fields, row: FeatureRow) => ({ objects_conf: base64(row.objectsConf.map(() => 97)) });
    expect((await errorOf(() => rowsIn(tableOf({ change })))).message).toContain(
      'objects_conf should hold probabilities from 0 to 1; found 97',
    );
  });

  it("that are not the file's are named at their row", async () => {
    const change = (fields: Fields, row: FeatureRow) =>
      row.imageId === 'image_2' ? doubles(fields, row) : fields;
    const { message } = await errorOf(() => rowsIn(tableOf({ change })));
    expect(message).toContain('line 2 (image image_2): features take 16384 bytes for each box');
  });

  it('labels that are no class numbers are refused', async () => {
    const change = (_: Fields, row: FeatureRow) => ({
      attrs_id: base64(Float64Array.from(row.attrsId, Number).map((v) => v + 0.5)),
    });
    expect((await errorOf(() => rowsIn(tableOf({ change })))).message).toContain(
      'attrs_id should hold class numbers',
    );
  });
});

describe('boxes', () => {
  const forms = {
    shares: ([x1, y1, x2, y2]: number[], w: number, h: number) => [x1! / w, y1! / h, x2! / w, y2! / h],
    xywh: ([x1, y1, x2, y2]: number[]) => [x1!, y1!, x2! - x1!, y2! - y1!],
    yxyx: ([x1, y1, x2, y2]: number[]) => [y1!, x1!, y2!, x2!],
    thousandths: ([x1, y1, x2, y2]: number[], w: number, h: number) =>
      [x1! / w, y1! / h, x2! / w, y2! / h].map((v) => v * 1000),
  };
  const rows = Array.from({ length: 6 }, (_, i) =>
    makeRow(20 + i, { featureSize: 8, numBoxes: 36, width: 640, height: 360 }),
  );
  const changed = (form: keyof typeof forms, some = rows) =>
    tableOf({
      rows: some,
      change: (_, row) => ({
        boxes: base64(
          Float32Array.from(
            Array.from({ length: row.numBoxes }, (_, i) =>
              forms[form](Array.from(row.boxes.subarray(4 * i, 4 * i + 4)), row.width, row.height),
            ).flat(),
          ),
        ),
      }),
    });

  it.each([
    ['shares', '--box-unit share', { format: 'xyxy', unit: 'share' }],
    ['xywh', '--box-format xywh', { format: 'xywh', unit: 'pixel' }],
    ['yxyx', '--box-format yxyx', { format: 'yxyx', unit: 'pixel' }],
    ['thousandths', '--box-unit thousandth', { format: 'xyxy', unit: 'thousandth' }],
  ] as const)('as %s are refused with the flag that reads them', async (form, flag, boxForm) => {
    const file = changed(form);
    const error = await errorOf(() => convertToStore(file, newPath()));
    expect(error.message).toContain(flag);
    const store = newPath();
    await convertToStore(file, store, { boxForm, dtype: 'float32' });
    const found = await collect(readShardRows(openShards(store)));
    for (const [i, row] of found.entries()) {
      for (const [k, value] of row.boxes.entries())
        expect(Math.abs(value - (rows[i]!.boxes[k] as number))).toBeLessThan(2e-4);
    }
    const other = await errorOf(() =>
      convertToStore(file, store, { dtype: 'float32', boxForm: { ...boxForm, format: 'cxcywh' } }),
    );
    expect(other.message).toContain('made with boxForm');
  });

  it('in thousandths of pictures larger than a thousand pixels, where they lie inside as pixels too', async () => {
    const large = Array.from({ length: 4 }, (_, i) =>
      makeRow(40 + i, { featureSize: 8, numBoxes: 36, width: 3000, height: 2000 }),
    );
    const error = await errorOf(() => convertToStore(changed('thousandths', large), newPath()));
    expect(error.message).toContain('--box-unit thousandth');
  });

  it('stated as shares are refused when they are none', async () => {
    const error = await errorOf(() =>
      convertToStore(tableOf({ rows }), newPath(), { boxForm: { format: 'xyxy', unit: 'share' } }),
    );
    expect(error.message).toContain('leaves the image');
  });

  it('that are all zero, or of one picture only, are told at its row', async () => {
    const zero = tableOf({
      change: (fields, row) => (row.imageId === 'image_2' ? { boxes: base64(new Float32Array(12)) } : fields),
    });
    expect((await errorOf(() => rowsIn(zero))).message).toContain(
      'line 2 (image image_2): all its boxes are 0, 0, 0, 0',
    );
    const one = tableOf({
      change: (fields, row) =>
        row.imageId === 'image_2' ? { boxes: base64(row.boxes.map((v) => v / 1000)) } : fields,
    });
    expect((await errorOf(() => rowsIn(one))).message).toContain('they look like shares of its sides');
  });
});

describe('a table that is none', () => {
  it.each([
    ['sizes of pictures (VinVL)', '7\t[{"height": 3, "width": 4}]\n', "VinVL's hw.tsv"],
    ['rows of VinVL', '7\t{"objects": []}\n', 'as VinVL and Oscar write them'],
    ['rows of Oscar', `7\t36\t${'A'.repeat(2000)}\n`, 'as VinVL and Oscar write them'],
    ['byte offsets', '0\n1000\n', '.lineidx'],
    ['lines that end with a carriage return alone', textOf({ ending: '\r' }), "tr '\\r' '\\n'"],
    ['a header without features', 'img_id\timg_h\timg_w\n', 'names no column num_boxes, boxes, features'],
    ['a header alone', `${COLUMNS.join('\t')}\n`, 'a header line stands alone'],
    [
      'ten columns in another order',
      textOf({ columns: [...COLUMNS].reverse() }),
      'a header line that names them',
    ],
  ])('%s: named, with the way on', async (_, text, message) => {
    const file = newPath();
    writeFileSync(file, text);
    expect((await errorOf(() => rowsIn(file))).message).toContain(message);
  });
});

describe('archives', () => {
  let plain: Map<string, Buffer>;
  const contentOf = (store: string) =>
    new Map(openShards(store).map(({ path: file }) => [path.basename(file), readFileSync(file)]));
  const provenance: Provenance = { ...unknownProvenance, source: 'rows.tsv' };
  const convert = async (source: Parameters<typeof convertToStore>[0], options: StoreConvertOptions = {}) => {
    const store = newPath();
    await convertToStore(source, store, { shardImages: 1, provenance, ...options });
    return contentOf(store);
  };
  beforeAll(async () => {
    plain = await convert(tableOf({}));
  });

  it('of gzip, of one member or several, are read as they are, and refused when cut', async () => {
    const text = Buffer.from(textOf({}));
    const half = text.indexOf('image_2');
    const file = newPath();
    writeFileSync(file, Buffer.concat([gzipSync(text.subarray(0, half)), gzipSync(text.subarray(half))]));
    const source = await openGzip(file);
    const found = await convert(source);
    source.close();
    expect([...found.keys()]).toEqual([...plain.keys()]);
    const [rows, expected] = [found, plain].map((shards) =>
      [...shards.values()].map((bytes) => bytes.subarray(-16_000)),
    );
    expect(rows).toEqual(expected);
    writeFileSync(file, gzipSync(text).subarray(0, 20_000));
    const cut = await openGzip(file);
    expect((await errorOf(() => convert(cut))).message).toContain('is damaged or cut short');
    writeFileSync(file, gzipSync(Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')));
    expect((await errorOf(() => openGzip(file))).message).toContain('a gzip archive of an HDF5 file');
  });

  it('of numbered parts are read in the order of their numbers', async () => {
    const parts = ROWS.map((row) => Buffer.from(textOf({ rows: [row] })));
    const file = newPath();
    writeFileSync(
      file,
      makeZip(
        [10, 2, 1].map((number, i) => ({
          name: `a/rows.tsv.${number}`,
          data: parts[2 - i] as Buffer,
          deflate: true,
        })),
      ),
    );
    const source = await openTsvInZip(file);
    expect((await collect(readObj36(source))).map(({ row }) => row)).toEqual(ROWS);
    source.close();
    writeFileSync(file, makeZip([{ name: 'x.npy', data: Buffer.from('x') }]));
    expect((await errorOf(() => openTsvInZip(file))).message).toContain('a NumPy archive (.npz)');
  });
});
