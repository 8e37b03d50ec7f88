/** @file Boxes that are given to the detector: what their numbers say about their order and unit. */

import { asObject } from '../formats/forms/index.js';

/** Numbers over all boxes of a file of lines `{"image", "boxes"}`. */
export class BoxFacts {
  #numBoxes = 0;
  #numBackwards = 0;
  #largest = 0;

  add(record: unknown): void {
    const boxes = asObject(record)?.boxes;
    if (!Array.isArray(boxes)) return;
    for (const box of boxes) {
      if (!Array.isArray(box) || box.length !== 4 || !box.every((value) => typeof value === 'number'))
        continue;
      this.#numBoxes++;
      const [x1, y1, x2, y2] = box as [number, number, number, number];
      if (x2 < x1 || y2 < y1) this.#numBackwards++;
      this.#largest = Math.max(this.#largest, x1, y1, x2, y2);
    }
  }

  /** Flags of `lxmert extract` that read boxes of the form that these look like. */
  get flags(): string {
    if (this.#numBoxes === 0) return '';
    if (this.#largest <= 1.001) return ' --box-unit share';
    return this.#numBackwards > 0 ? ' --box-format xywh' : '';
  }

  facts(): string[] {
    return [`${this.#numBoxes} boxes, coordinates up to ${Number(this.#largest.toPrecision(4))}`];
  }

  problems(): string[] {
    if (this.#numBoxes === 0) return ['None of its boxes is a list of four numbers x1, y1, x2, y2.'];
    if (this.#largest <= 1.001) {
      return [
        'All boxes lie within one pixel: they look like shares of the picture (0 to 1), where pixels are wanted.',
      ];
    }
    if (this.#numBackwards > 0) {
      return [
        `${this.#numBackwards} of its boxes run backwards as x1, y1, x2, y2: they look like x, y, width, height.`,
      ];
    }
    return [];
  }
}
