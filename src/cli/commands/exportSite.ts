/** @file `lxmert export site`. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { sampleModelFolder } from '../../common/sampleAssets.js';
import { exportModel } from '../../export/index.js';
import {
  type ExportedSite,
  exportSite,
  readFolderManifest,
  requireAnswering,
} from '../../export/site/index.js';
import { assertCompatible, featureSizeOf, type StatedRow } from '../../features/files.js';
import { formatBytes, formatCount } from '../../formats/numbers.js';
import { type ModelManifest, PRECISIONS, type WeightsPrecision } from '../../runtime/index.js';
import { defineCommand, type ProgressDisplay } from '../command.js';
import { isExported } from '../models/exportedModel.js';
import { existingFolder, existingPath, outputPath, weightsPath } from '../options.js';
import { picturesOf, sampleScenes } from '../pictures/sitePictures.js';

export const command = defineCommand({
  description:
    'Writes a folder of static files with a page that answers questions about pictures in the browser of whoever opens ' +
    'it: for any web host, under any path, with no requests to elsewhere, and without a connection after the first visit. ' +
    'Regions, answers and what counted for them are computed there, in a worker.',
  examples: [
    { command: 'lxmert export site --out site', does: "writes the page of the sample world's model" },
    {
      command: 'lxmert export site --model exported/vqa --detector exported/detector --out site',
      does: 'writes the page of an exported model, with a detector for the regions of any picture',
    },
    {
      command: 'lxmert export site --model runs/vqa --out site --pictures photos --features store',
      does: 'exports a run and offers pictures whose regions were extracted before',
    },
  ],
  arguments: z.strictObject({}),
  options: z.strictObject({
    model: weightsPath()
      .optional()
      .describe(
        "Folder that lxmert export onnx wrote, or a run, which is exported on the way [default: the sample world's model]",
      ),
    out: outputPath().describe('Folder to write: a new or empty one, or an earlier site'),
    pictures: existingFolder()
      .optional()
      .describe('Folder of pictures to offer [default: six scenes of the sample world, for its models]'),
    features: existingPath()
      .optional()
      .describe('Feature store or obj36 TSV file with the regions of these pictures'),
    detector: existingFolder()
      .optional()
      .describe('Folder of an exported detector, which finds regions in any picture'),
    precision: z
      .array(z.enum(PRECISIONS))
      .min(1)
      .optional()
      .describe('Weights to take along; the smallest are loaded first [default: all of the folder]'),
    title: z.string().min(1).max(200).optional().describe('Heading of the page'),
  }),
  async run({ options, notice, progress, signal }): Promise<ExportedSite> {
    const { model = sampleModelFolder(), out, pictures, features, detector, precision, title } = options;
    if (features !== undefined && pictures === undefined) {
      throw new UsageError('--features has the regions of pictures: name their folder with --pictures.');
    }
    const exported = await exportedFolder(model, precision, progress, notice, signal);
    try {
      const manifest = await readFolderManifest(exported.folder);
      requireAnswering(manifest, model);
      requireRegions(manifest, { ...options, model });
      const check = (row: StatedRow): void => requireRow(manifest, row, features as string, notice);
      return await exportSite({
        model: exported.folder,
        name: model,
        out,
        detector,
        title,
        signal,
        ...(precision === undefined ? {} : { precisions: precision }),
        pictures:
          pictures === undefined
            ? manifest.regions.pixelRegions === null
              ? []
              : await sampleScenes()
            : await picturesOf(pictures, features, check, notice),
      });
    } finally {
      await exported.remove();
    }
  },
  render: ({ out, numFiles, numBytes, firstVisitBytes, weights, takesPictures }) =>
    [
      `Wrote ${formatCount(numFiles, 'file')}, ${formatBytes(numBytes)}, to ${out}.`,
      `A first visit loads ${formatBytes(firstVisitBytes)} with the ${weights[0]?.precision} weights.`,
      ...(takesPictures
        ? []
        : ['Visitors ask about these pictures alone: nothing of this site finds regions in others.']),
      `Look at it: python3 -m http.server --directory ${out}`,
    ].join('\n'),
});

/** The folder itself, or that of a run's export, to be removed. */
async function exportedFolder(
  model: string,
  precisions: readonly WeightsPrecision[] = ['float32'],
  progress: (label: string, unit: string) => ProgressDisplay,
  notice: (line: string) => void,
  signal: AbortSignal,
): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  if (isExported(model)) {
    return { folder: model, remove: async () => undefined };
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-site-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const display = progress('exporting', 'MB');
  try {
    for (const precision of precisions) {
      const { notes } = await exportModel({
        source: { model, say: notice },
        out: folder,
        precision,
        outputs: ['answers', 'attentions'],
        progress: {
          update: (done, total) => display.update(Math.ceil(done / 1e6), Math.ceil(total / 1e6)),
        },
        signal,
      });
      for (const note of notes) notice(note);
    }
    return { folder, remove };
  } catch (error) {
    await remove();
    throw error;
  } finally {
    display.stop();
  }
}

/** @throws UsageError when the page would have nothing to ask about */
function requireRegions(
  { regions }: ModelManifest,
  {
    model,
    pictures,
    features,
    detector,
  }: {
    model: string;
    pictures?: string | undefined;
    features?: string | undefined;
    detector?: string | undefined;
  },
): void {
  if (regions.pixelRegions !== null) {
    if (features === undefined && detector === undefined) return;
    throw new UsageError(
      `${model} finds its regions in the pixels itself; leave out --features and --detector.`,
    );
  }
  if (detector !== undefined || (pictures !== undefined && features !== undefined)) return;
  throw new UsageError(
    `${model} reads a detector's regions. Give --detector with a folder that lxmert export onnx made of it, or --pictures with --features for pictures whose regions were extracted before.`,
  );
}

/** @throws LxmertError for regions that the model was not trained on */
function requireRow(
  { regions, model }: ModelManifest,
  { row, provenance }: StatedRow,
  features: string,
  notice: (line: string) => void,
): void {
  if (provenance === undefined) {
    notice(`${features} does not say which detector made it, so it was not compared with the model's.`);
    return;
  }
  assertCompatible(
    { featureSize: featureSizeOf(row), origins: [{ path: features, provenance }] },
    { featureSize: model.visualFeatureSize, provenance: regions.provenance },
  );
}
