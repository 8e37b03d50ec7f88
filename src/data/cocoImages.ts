/** @file How COCO numbers its images and names their files. */

import { z } from 'zod';

/** The half of COCO that images are of, as VQA's files are named by it. */
export const cocoSplits = ['train2014', 'val2014', 'test2015'] as const;
export type CocoSplit = (typeof cocoSplits)[number];

/** The number of an image; some copies of files have it in quotes. */
export const cocoNumberSchema = z.union([
  z.int().min(0),
  z.string().regex(/^\d+$/, "expected the number of COCO's image").transform(Number),
]);

/** Digits of an image's number in a file name. */
const DIGITS = 12;

/** `000000131486`: the number as file names have it, which is the whole name since 2017. */
export function cocoDigits(number: number | string): string {
  return String(number).padStart(DIGITS, '0');
}
