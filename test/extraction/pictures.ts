/** @file Folders of small pictures for the tests of extraction, and what is in the outputs. */

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll } from 'vitest';
import type { FeatureRow } from '../../src/features/row.js';
import { readShardRows } from '../../src/features/shardRows.js';
import { openShards } from '../../src/features/storeFiles.js';
import { type ImageFile, listImageFiles } from '../../src/vision/imageFiles.js';

/** A folder that goes when the file's tests are over. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A PNG of one color. */
export async function paint(
  file: string,
  color: readonly [number, number, number],
  width = 12,
  height = 8,
): Promise<void> {
  const [r, g, b] = color;
  await sharp({ create: { width, height, channels: 3, background: { r, g, b } } })
    .png()
    .toFile(file);
}

/** `count` pictures of different colors and of three sizes; picture i is bright, of red = 10 + i. */
export async function paintFolder(folder: string, count: number): Promise<string> {
  mkdirSync(folder, { recursive: true });
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      paint(pictureFile(folder, i), [10 + i, 200 - i, 7], 12 + (i % 3)),
    ),
  );
  return folder;
}

export function pictureFile(folder: string, i: number): string {
  return path.join(folder, `picture-${String(i).padStart(3, '0')}.png`);
}

export function pictureId(i: number): string {
  return `picture-${String(i).padStart(3, '0')}`;
}

/** All of them, also those that cannot be read: they may have become so after they were listed. */
export async function imagesIn(folder: string): Promise<ImageFile[]> {
  const { images, unreadable } = await listImageFiles([folder]);
  return [...images, ...unreadable].sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Rows of a store by image id, in its order. */
export async function rowsOf(store: string): Promise<Map<string, FeatureRow>> {
  const rows = new Map<string, FeatureRow>();
  for await (const row of readShardRows(openShards(store))) rows.set(row.imageId, row);
  return rows;
}

/** A digest of a file, or of all files of a folder with their names. */
export function digestOf(place: string): string {
  const hash = createHash('sha256');
  if (statSync(place).isFile()) return hash.update(readFileSync(place)).digest('hex');
  for (const name of readdirSync(place).sort())
    hash.update(name).update(readFileSync(path.join(place, name)));
  return hash.digest('hex');
}
