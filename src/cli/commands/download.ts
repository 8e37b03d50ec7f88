/** @file `lxmert download`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import {
  type DownloadFile,
  expectedBytes,
  readCatalogue,
  selectFiles,
} from '../../data/download/catalogue.js';
import { type DownloadedFile, download } from '../../data/download/download.js';
import { DEFAULT_NUM_ATTEMPTS, DEFAULT_STALL_MS } from '../../data/download/fetchFile.js';
import { formatBytes, formatCount } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { type FetchedModel, fetchNewest, requireHubName } from '../models/hubDownload.js';
import { outputPath } from '../options.js';
import { byteDisplay, sayKeptAtInterrupt } from '../terminal/fetchDisplay.js';

type Result =
  | { readonly list: readonly ListedFile[] }
  | {
      readonly folder: string | null;
      readonly files: readonly DownloadedFile[];
      /** Of a hub, in its cache. */
      readonly models: readonly FetchedModel[];
    };

interface ListedFile {
  readonly name: string;
  readonly group: string;
  readonly path: string;
  readonly size: number | null;
  readonly approximateBytes: number | null;
  readonly sha256: string | null;
  readonly urls: readonly string[];
}

export const command = defineCommand({
  description:
    'Fetches the published files of LXMERT: weights, annotations, region features, the vocabulary. An interrupted ' +
    'download goes on where it stopped when the same command is given again; a file is there whole or not at all, ' +
    'and what is there already is left alone. Models of a hub are named org/name or org/name@revision: they go into the cache that ' +
    "Python's programs share (HF_HOME, HF_HUB_CACHE), and the hub is asked for the newest commit.",

  examples: [
    { command: 'lxmert download --list', does: 'shows what there is, in groups, with sizes' },
    {
      command: 'lxmert download weights vqa --output data',
      does: 'fetches the weights and the questions of VQA',
    },
    {
      command: 'lxmert download unc-nlp/lxmert-vqa-uncased unc-nlp/frcnn-vg-finetuned',
      does: 'fetches a model and the detector from the hub, for --model and --detector',
    },
    {
      command: 'lxmert download features-coco --output data --mirror https://data.example.org/lxmert',
      does: 'looks at a mirror of your own first',
    },
  ],
  arguments: z.strictObject({
    what: z
      .array(z.string())
      .default([])
      .describe(
        'Names of files or groups, as --list shows them, and of models on the hub (org/name, org/name@revision)',
      ),
  }),
  options: z.strictObject({
    output: outputPath().optional().describe('Folder to put the files in'),
    list: z
      .boolean()
      .default(false)
      .describe('Show the files (of the groups named, or all) and fetch nothing'),
    dryRun: z.boolean().default(false).describe('Say what would be fetched, and fetch nothing'),
    force: z.boolean().default(false).describe('Fetch again what is there already'),
    mirror: z
      .array(z.string())
      .default([])
      .describe("Address of a folder to look in first; a file's path in the list follows it")
      .meta({ valueName: 'URL' }),
    attempts: z
      .int()
      .min(1)
      .max(1000)
      .default(DEFAULT_NUM_ATTEMPTS)
      .describe('Attempts at one address in a row that bring nothing new'),
    stallSeconds: z
      .number()
      .min(0.1)
      .max(3600)
      .default(DEFAULT_STALL_MS / 1000)
      .describe('Seconds without a byte after which a connection is given up')
      .meta({ valueName: 'SECONDS' }),
  }),
  async run({ arguments: { what }, options, progress, notice, signal }): Promise<Result> {
    const catalogue = readCatalogue();
    if (options.list)
      return { list: (what.length === 0 ? catalogue : selectFiles(catalogue, what)).map(listed) };
    if (what.length === 0)
      throw new UsageError("Name what to download; 'lxmert download --list' shows what there is.");
    const names = what.flatMap((word) => (word.includes('/') ? [requireHubName(word)] : []));
    const words = what.filter((word) => !word.includes('/'));
    const files = selectFiles(catalogue, words);
    if (files.length > 0 && options.output === undefined)
      throw new UsageError('Say where to put the files: --output FOLDER.');
    const limits = { numAttempts: options.attempts, stallMs: options.stallSeconds * 1000, signal, notice };
    const stopSaying = sayKeptAtInterrupt({ signal, notice });
    try {
      const models: FetchedModel[] = [];
      for (const name of names) {
        models.push(
          await fetchNewest(name, {
            ...limits,
            dryRun: options.dryRun,
            progressFor: (file) => byteDisplay({ progress }, file, 'MB'),
          }),
        );
      }
      if (options.output === undefined) return { folder: null, files: [], models };
      const results = await download(files, options.output, {
        ...limits,
        force: options.force,
        dryRun: options.dryRun,
        mirrors: options.mirror,
        progressFor: (name) => byteDisplay({ progress }, name, 'kB'),
      });
      for (const { problem } of results) if (problem !== null) notice(problem);
      return { folder: options.output, files: results, models };
    } finally {
      stopSaying();
    }
  },
  render: (result) =>
    'list' in result
      ? renderList(result.list)
      : [
          ...result.models.map(renderModel),
          ...(result.files.length > 0 ? [renderFiles(result.files)] : []),
        ].join('\n'),
  exitCode: (result) => ('files' in result && result.files.some((file) => file.status === 'failed') ? 1 : 0),
});

function renderModel({ name, commit, path, status, numBytes }: FetchedModel): string {
  return `${name}: ${statusTexts[status]}, ${formatBytes(numBytes)}, commit ${commit}, ${path}`;
}

function listed(file: DownloadFile): ListedFile {
  const { name, group, path, size = null, sha256 = null, urls } = file;
  const about = size === null ? (expectedBytes(file) ?? null) : null;
  return { name, group, path, size, approximateBytes: about, sha256, urls };
}

function renderList(files: readonly ListedFile[]): string {
  const width = Math.max(...files.map((file) => file.name.length));
  const lines: string[] = [];
  for (const group of new Set(files.map((file) => file.group))) {
    lines.push(`${lines.length === 0 ? '' : '\n'}${group}`);
    for (const file of files.filter((each) => each.group === group))
      lines.push(`  ${file.name.padEnd(width)}  ${sizeText(file).padStart(13)}  ${file.path}`);
  }
  return lines.join('\n');
}

function sizeText({ size, approximateBytes }: ListedFile): string {
  if (size !== null) return formatBytes(size);
  return approximateBytes === null ? 'size unknown' : `about ${formatBytes(approximateBytes)}`;
}

const statusTexts = {
  downloaded: 'downloaded',
  there: 'already there',
  joined: 'joined from its parts',
  'would-download': 'would be downloaded',
  'would-join': 'would be joined from its parts',
  failed: 'failed',
} as const;

const checkTexts = {
  sha256: 'checksum right',
  size: 'size right; no checksum is known',
  form: 'no size or checksum is known',
} as const;

function renderFiles(files: readonly DownloadedFile[]): string {
  const lines = files.map(({ path, status, numBytes, checked }) =>
    [
      `${path}: ${statusTexts[status]}`,
      ...(numBytes === null ? [] : [formatBytes(numBytes)]),
      ...(checked === null ? [] : [checkTexts[checked]]),
    ].join(', '),
  );
  const numFailed = files.filter((file) => file.status === 'failed').length;
  if (numFailed > 0) lines.push(`${numFailed} of ${formatCount(files.length, 'file')} failed.`);
  return lines.join('\n');
}
