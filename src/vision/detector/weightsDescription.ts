/** @file What a detector's weights file is, for a person: `lxmert checkpoint info`. */

import { type CheckpointFile, countTensors, FORMATS } from '../../checkpoint/index.js';
import { type DetectorReport, reportDetector } from './weightsReport.js';

export interface DetectorDescription extends DetectorReport {
  readonly kind: 'detector';
  readonly numBytes: number;
  readonly format: CheckpointFile['format'];
  /** The network's name in a .caffemodel. */
  readonly networkName: string | undefined;
  /** Layers of a .caffemodel, those without weights included. */
  readonly numLayers: number | undefined;
  readonly numTensors: number;
  /** Values of all tensors, and of those that the detector consists of. */
  readonly numValues: number;
  readonly numDetectorValues: number;
  readonly dtypes: Readonly<Record<string, number>>;
}

/** @throws CheckpointError when the file holds no detector of any family */
export function describeDetector(checkpoint: CheckpointFile): DetectorDescription {
  const report = reportDetector(checkpoint);
  const { entries, parsed, numBytes, format } = checkpoint;
  const { dtypes, numStoredValues } = countTensors(checkpoint);
  return {
    kind: 'detector',
    ...report,
    numBytes,
    format,
    networkName: format === 'caffemodel' ? parsed.metadata.get('name') : undefined,
    numLayers: parsed.layers?.length,
    numTensors: parsed.entries.length,
    numValues: numStoredValues,
    numDetectorValues: report.loaded.reduce((sum, name) => sum + (entries.get(name)?.numElements ?? 0), 0),
    dtypes,
  };
}

const FAMILIES = {
  caffe: "Caffe's original",
  detectron2: "the Detectron2 port's",
  huggingface: "Hugging Face's port's",
} as const;

/** A row for each fact. */
export function renderDetectorDescription(description: DetectorDescription): string {
  const { file, numBytes, format, family, isConverted, facts, loaded, numWanted } = description;
  const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;
  const isWhole = loaded.length === numWanted && description.misfits.length === 0;
  const dtypes = Object.entries(description.dtypes).map(([dtype, count]) => `${dtype} (${count})`);
  const network = description.networkName === undefined ? '' : `, of the network ${description.networkName}`;
  const rows: [string, string][] = [
    ['File', `${file}, ${(numBytes / 1e6).toFixed(1)} MB`],
    ['Format', `${FORMATS[format]}${network}`],
    [
      'Model',
      `${isWhole ? 'region detector' : 'not a whole region detector'} (bottom-up attention, Faster R-CNN on ResNet-101)`,
    ],
    ['Weights', `${FAMILIES[family]}${isConverted ? ', converted: norms folded, canonical names' : ''}`],
    ...(description.numLayers === undefined
      ? []
      : [['Layers', `${description.numLayers}`] as [string, string]]),
    ['Tensors', `${description.numTensors}: ${dtypes.join(', ')}; ${millions(description.numValues)} values`],
    [
      'Detector',
      `${loaded.length} of ${numWanted} tensors, ${millions(description.numDetectorValues)} values`,
    ],
    [
      'Rules',
      `background ${isConverted && facts.backgroundInFile === 'last' ? 'first (last in the original)' : facts.backgroundInFile}, ${facts.anchors === 'caffe' ? "Caffe's" : "Detectron2's"} anchors, attribute confidence ${facts.attributeConfidence === 'of all' ? 'among all outputs' : 'without "no attribute"'}`,
    ],
    ...listRow('Missing', description.missing),
    ...listRow(
      'Misfits',
      description.misfits.map(({ name, found }) => `${name} (${found.join(' x ')})`),
    ),
    ...listRow('Not used', description.ignored),
  ];
  return rows.map(([label, value]) => `${label.padEnd(12)}${value}`).join('\n');
}

/** A row of names, of which the first few are shown; no row for none. */
function listRow(label: string, names: readonly string[]): [string, string][] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 3).join(', ');
  return [[label, names.length <= 3 ? shown : `${shown} and ${names.length - 3} more`]];
}
