/** @file Rows that are read by their number, as a source for conversion: filled up, checked, and given their places. */

import { setImmediate } from 'node:timers/promises';
import { LxmertError } from '../../common/errors.js';
import { PIXEL_CORNERS, toPixelCorners } from '../boxForms.js';
import { findValueProblem, PLAUSIBLE_RANGE, RANGE_SETTING } from '../featureValues.js';
import { LABELS_SETTING, SIZES_SETTING } from '../provenance.js';
import { type FeatureRow, findIdProblem, findRowProblem } from '../row.js';
import { RowError } from '../rowError.js';
import type { IndexedRows, RawRow, StatedSource } from './indexedRows.js';
import type { PlacedRow, RowReading, RowSource } from './rowSource.js';
import { type RowForm, surveyRows } from './surveyRows.js';

/**
 * Looks at the first rows. What is opened is closed with the source, and when this throws.
 *
 * @throws LxmertError when they cannot be region features as they are documented or stated
 */
export async function openIndexed(rows: IndexedRows, stated: StatedSource = {}): Promise<RowSource> {
  try {
    if (rows.numRows === 0) throw new LxmertError(`${rows.name} holds no rows.`);
    return await openSurveyed(rows, stated);
  } catch (error) {
    rows.close();
    throw error;
  }
}

async function openSurveyed(rows: IndexedRows, stated: StatedSource): Promise<RowSource> {
  const { form, notes, mostBoxes } = await surveyRows(rows, stated);
  const { boxForm, range, featureSize, hasSizes } = form;
  const reader = new IndexedReader(rows, form, stated);
  return {
    name: rows.name,
    fileName: rows.fileName,
    numBytes: rows.numBytes,
    unit: 'row',
    identity: {
      format: rows.format,
      ...(boxForm.format === PIXEL_CORNERS.format && boxForm.unit === PIXEL_CORNERS.unit
        ? {}
        : { boxForm: `${boxForm.format} ${boxForm.unit}` }),
    },
    settings: {
      ...(rows.labels === 'all' ? {} : { [LABELS_SETTING]: rows.labels }),
      ...(hasSizes ? {} : { [SIZES_SETTING]: 'none' }),
      ...(range === PLAUSIBLE_RANGE ? {} : { [RANGE_SETTING]: `${range.low},${range.high}` }),
    },
    notes: [...notes, ...missingNotes(rows, hasSizes)],
    mostBoxes,
    featureSize,
    rows: (reading) => reader.rows(reading),
    idAt: async ({ start }) => (start < rows.numRows ? rows.idAt(start) : undefined),
    estimateRows: () => rows.numRows,
    find: (imageId) => reader.find(imageId),
    close: () => rows.close(),
  };
}

/** What a store of such rows is not good for. */
function missingNotes({ labels }: IndexedRows, hasSizes: boolean): string[] {
  return [
    ...(labels === 'none'
      ? ['there are no labels, which pre-training alone needs']
      : labels === 'objects'
        ? ['there are no attributes, which pre-training alone needs']
        : []),
    ...(hasSizes ? [] : ['there are no sizes of pictures, without which boxes cannot be drawn']),
  ];
}

class IndexedReader {
  constructor(
    private readonly source: IndexedRows,
    private readonly form: RowForm,
    private readonly stated: StatedSource,
  ) {}

  async *rows({ start = 0, onBroken, signal }: RowReading = {}): AsyncGenerator<PlacedRow, void, undefined> {
    for (let index = start; index < this.source.numRows; index++) {
      // Signals arrive on the event loop, which reading at once never lets run.
      await setImmediate();
      signal?.throwIfAborted();
      const row = await this.#readOrBroken(index, onBroken);
      if (row !== undefined) yield { row, start: index, end: index + 1, line: index + 1 };
    }
  }

  async find(imageId: string): Promise<FeatureRow | undefined> {
    for (let index = 0; index < this.source.numRows; index++)
      if (this.source.idAt(index) === imageId) return await this.#read(index);
    return undefined;
  }

  async #readOrBroken(index: number, onBroken: RowReading['onBroken']): Promise<FeatureRow | undefined> {
    try {
      return await this.#read(index);
    } catch (error) {
      if (!(error instanceof RowError) || onBroken === undefined) throw error;
      onBroken({
        line: error.line,
        start: index,
        imageId: error.imageId ?? null,
        message: error.message,
      });
      return undefined;
    }
  }

  async #read(index: number): Promise<FeatureRow> {
    const id = this.source.idAt(index);
    try {
      const row = this.#completed(await this.source.read(index));
      const problem = findRowProblem(row) ?? findValueProblem(row.features, this.form.range);
      if (problem !== undefined) throw new LxmertError(problem);
      return row;
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
      const isSound = findIdProblem(id) === undefined;
      throw new RowError(
        `${this.source.name}, ${this.source.place(index)}`,
        index + 1,
        isSound ? id : undefined,
        `${isSound ? ` (image ${id})` : ''}: ${error.message}`,
      );
    }
  }

  /** With zeros for labels that are not there, and corners in pixels. */
  #completed(raw: RawRow): FeatureRow {
    const { imageId, features } = raw;
    const numBoxes = raw.boxes.length / 4;
    const { featureSize, boxForm } = this.form;
    if (features.length !== numBoxes * featureSize)
      throw new LxmertError(
        `features should hold ${featureSize} values for each of ${numBoxes} boxes, as those of the first rows do; it holds ${features.length} values.`,
      );
    const { height, width } = this.#sizeOf(raw);
    return {
      imageId,
      height,
      width,
      numBoxes,
      objectsId: raw.objectsId ?? new BigInt64Array(numBoxes),
      objectsConf: raw.objectsConf ?? new Float32Array(numBoxes),
      attrsId: raw.attrsId ?? new BigInt64Array(numBoxes),
      attrsConf: raw.attrsConf ?? new Float32Array(numBoxes),
      boxes: toPixelCorners({ boxes: raw.boxes, width, height }, boxForm),
      features,
    };
  }

  #sizeOf({ imageId, height, width }: RawRow): { readonly height: number; readonly width: number } {
    if (!this.form.hasSizes) return { height: 1, width: 1 };
    const stated = this.stated.sizes?.get(imageId);
    if (stated !== undefined) return stated;
    if (height === undefined || width === undefined)
      throw new LxmertError(
        this.stated.sizes === undefined
          ? 'it has no size of its picture, and others have.'
          : 'the file that --sizes-from names has no size of this picture.',
      );
    return { height, width };
  }
}
