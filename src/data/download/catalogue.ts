/** @file The list of published files: what each is called, how large it is, and where it can be fetched. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';

const name = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'should be lower-case words joined by hyphens');
const webAddress = z.string().regex(/^https?:\/\/[^\s]+$/, 'should begin with http:// or https://');
const source = {
  /** Exact, in bytes; absent when not known. */
  size: z.int().min(1).optional(),
  /** In hexadecimal; absent when not known. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'should be 64 hexadecimal digits')
    .optional(),
};

const fileSchema = z
  .strictObject({
    name,
    group: name,
    /** Below the output folder, with forward slashes. */
    path: z.string().refine(isPlainRelativePath, 'should be a relative path without .. in it'),
    ...source,
    /** As its publisher states it ("17 GB"); for the list and the check of the disk only. */
    approximateBytes: z.int().min(1).optional(),
    /** In the order in which they are tried. */
    urls: z.array(webAddress).default([]),
    /** For a file published in pieces: each is fetched, then they are joined in this order. */
    parts: z
      .array(
        z.strictObject({ suffix: z.string().regex(/^\.\w+$/), ...source, urls: z.array(webAddress).min(1) }),
      )
      .optional(),
  })
  .refine((file) => file.urls.length > 0 !== (file.parts !== undefined && file.parts.length > 0), {
    message: 'should have either urls or parts',
  });

const catalogueSchema = z.strictObject({ formatVersion: z.literal(1), files: z.array(fileSchema).min(1) });

/** Lies beside this file, in src/ and in dist/. */
const publishedFiles = fileURLToPath(new URL('published.json', import.meta.url));

/** One published file. */
export type DownloadFile = z.infer<typeof fileSchema>;

/**
 * Reads the list that comes with this package (`published.json`), or another of the same form.
 *
 * @throws LxmertError naming the entry that is wrong.
 */
export function readCatalogue(file = publishedFiles): DownloadFile[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new LxmertError(`The list of downloads ${file} cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  const parsed = catalogueSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new LxmertError(
      `The list of downloads ${file} is wrong at ${issue.path.join('.') || 'its top'}: ${issue.message}.`,
    );
  }
  const { files } = parsed.data;
  for (const key of ['name', 'path'] as const) {
    const values = files.map((each) => each[key]);
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    if (twice !== undefined)
      throw new LxmertError(`The list of downloads ${file} holds the ${key} ${twice} twice.`);
  }
  return files;
}

/**
 * The files that `words` name, each once, in the order of the list. A word is a file's name or a group.
 *
 * @throws UsageError for a word that is neither.
 */
export function selectFiles(files: readonly DownloadFile[], words: readonly string[]): DownloadFile[] {
  const groups = new Set(files.map((file) => file.group));
  for (const word of words) {
    if (groups.has(word) || files.some((file) => file.name === word)) continue;
    throw new UsageError(
      `There is no file or group '${word}' to download. The groups are ${[...groups].join(', ')}; ` +
        "'lxmert download --list' shows all files.",
    );
  }
  return files.filter((file) => words.includes(file.group) || words.includes(file.name));
}

/** Bytes of a file as far as anybody said: exact, else about, else `undefined`. */
export function expectedBytes(file: DownloadFile): number | undefined {
  const parts = file.parts?.map((part) => part.size);
  const sum = parts?.every((size) => size !== undefined)
    ? parts.reduce<number>((total, size) => total + (size ?? 0), 0)
    : undefined;
  return file.size ?? sum ?? file.approximateBytes;
}

/** True for `a/b.c`: relative, forward slashes, no empty, `.` or `..` steps, nothing that a shell or Windows reads otherwise. */
export function isPlainRelativePath(text: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)*$/.test(text) && !text.split('/').some((step) => /^\.+$/.test(step));
}
