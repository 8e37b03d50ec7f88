/** @file Readers of features and questions that other programs' array and table formats hold. */

import { readFileSync } from 'node:fs';
import { LxmertError } from '../../../src/common/errors.js';
import { parquetSource } from '../../../src/data/annotations/parquetSource.js';
import { Hdf5Group, openHdf5 } from '../../../src/formats/hdf5/index.js';
import { PackedFault, packedBytes } from '../../../src/formats/packed/blockStream.js';
import { lz4Frame } from '../../../src/formats/packed/lz4Frame.js';
import { UnpackedBytes } from '../../../src/formats/packed/unpackedBytes.js';
import { zstdFrame } from '../../../src/formats/packed/zstdFrame.js';
import { type ByteMutation, mutateBytes } from './bytes.js';
import { mutateZipMember } from './containers.js';
import { mutateJson } from './json.js';
import { mutateTsv } from './tables.js';
import {
  all,
  type Case,
  command,
  convertFeatures,
  direct,
  drain,
  inFolder,
  out,
  type Reader,
} from './ways.js';

/** Files of a folder whose neighbours are read with them, each given by its own name or, `asFolder`, by the folder's. */
function inPlace(folder: string, names: readonly string[], mutate: ByteMutation, asFolder = false): Case[] {
  return names.map((name) => ({
    file: `${folder}/${name}`,
    mutate,
    read: (kit, damaged) => {
      const copy = inFolder(kit, damaged, folder);
      return convertFeatures(kit, asFolder ? copy : `${copy}/${name}`);
    },
  }));
}

const hdf5File = (name: string): Case => ({
  file: `hdf5/${name}`,
  mutate: mutateBytes,
  read: (kit, damaged) => {
    const copy = inFolder(kit, damaged, 'hdf5');
    const sizes = ['--sizes-from', `${copy}/sizes.json`];
    return kit.run('features', 'convert', `${copy}/${name}`, out(kit, 'store'), ...sizes);
  },
});

const prepareTable = (split: string): Case => ({
  file: `parquet/vqa/data/${split}`,
  mutate: mutateBytes,
  read: all(
    direct((file) => drain(parquetSource(file).open())),
    (kit, file) => kit.run('prepare', 'vqa', file, '--output', out(kit, 'prepared')),
  ),
});

export function arrayReaders(): Reader[] {
  return [
    {
      name: 'features, HDF5',
      cases: [
        ...['vlt5_obj36.h5', 'volta_boxes36.h5', 'train.hdf5', 'train36.hdf5'].map(hdf5File),
        ...['coco_detections.hdf5', 'visdial.h5'].map(hdf5File),
        ...inPlace('hdf5/gqa', ['gqa_objects_0.h5'], mutateBytes, true),
        ...inPlace('hdf5/gqa', ['gqa_objects_info.json'], mutateJson, true),
      ],
    },
    {
      name: 'HDF5, every kind of dataset',
      cases: ['earliest', 'latest'].map((name) => ({
        file: `hdf5-kinds/kinds_${name}.h5`,
        mutate: mutateBytes,
        read: direct(readAllDatasets),
      })),
    },
    {
      name: 'features, NumPy',
      cases: [
        ...inPlace('arrays/milvlg', ['COCO_val2014_000000000042.npz'], mutateZipMember, true),
        ...inPlace('arrays/openvqa', ['COCO_val2014_000000000042.jpg.npz'], mutateZipMember, true),
        ...inPlace('arrays/gqa', ['43.npz'], mutateZipMember, true),
        ...inPlace('arrays/uniter', ['coco_val2014_000000000044.npz'], mutateZipMember, true),
        ...inPlace('arrays/mmf', ['COCO_val2014_000000000042.npy'], mutateBytes, true),
        ...inPlace('arrays/mmf', ['COCO_val2014_000000000042_info.npy'], mutateBytes, true),
      ],
    },
    {
      name: 'features, LMDB',
      cases: ['mmf', 'tree', 'uniter', 'uniter-compressed', 'vilbert', 'volta', 'volta-h5'].flatMap((name) =>
        inPlace(`lmdb/${name}`, ['data.mdb'], mutateBytes, true),
      ),
    },
    {
      name: 'features, VinVL and Oscar',
      cases: [
        ...inPlace('arrays/vinvl', ['features.tsv', 'predictions.tsv', 'val.feature.tsv'], mutateTsv),
        ...inPlace('arrays/vinvl', ['oscar.pt', 'oscar-2019.pt'], mutateZipMember),
      ],
    },
    {
      name: 'features, Arrow',
      cases: [
        ...inPlace(
          'arrays/arrow',
          ['extracted.arrow', 'both.arrow', 'widths.arrow', 'file.arrow'],
          mutateBytes,
        ),
        ...inPlace('arrays/arrow/saved', ['data-00001-of-00002.arrow'], mutateBytes, true),
      ],
    },
    {
      name: 'features, Arrow with LZ4, Zstandard and dictionaries',
      cases: [
        ...inPlace('arrays/arrow', ['packed.arrow', 'lz4.feather', 'zstd.feather'], mutateBytes),
        ...inPlace(
          'arrays/arrow',
          ['coded.arrow', 'grown-stream.arrow', 'grown-file.arrow', 'replaced.arrow'],
          mutateBytes,
        ),
      ],
    },
    {
      name: 'frames of LZ4 and Zstandard',
      cases: (['lz4', 'zstd'] as const).map((codec) => ({
        file: `packed/mixed.${codec}`,
        mutate: mutateBytes,
        read: direct(async (file) => unpackAll(file, codec)),
      })),
    },
    {
      name: 'pictures, Parquet',
      cases: [
        ...['vqa/data/train-00000-of-00001-5b1ea1b1a8a2b2c4', 'vizwiz/data/val-00000-of-00002'],
        ...['aokvqa/data/train-00000-of-00001', 'gqa/testdev_balanced_images/testdev-00000-of-00001'],
        'nlvr2/data/balanced_dev-00000-of-00001-54ed883ce96f619e',
      ].map((name) => ({
        file: `parquet/${name}.parquet`,
        mutate: mutateBytes,
        read: command((file, kit) => ['images', 'export', file, '--out', out(kit, 'pictures')]),
      })),
    },
    {
      name: 'questions, Parquet',
      cases: [
        prepareTable('train-00000-of-00001-5b1ea1b1a8a2b2c4.parquet'),
        prepareTable('testdev-00000-of-00001.parquet'),
        {
          file: 'parquet/kinds.parquet',
          mutate: mutateBytes,
          read: direct((file) => drain(parquetSource(file).open())),
        },
      ],
    },
  ];
}

/** As many bytes as the whole frame unpacks to. */
const FRAME_BYTES = 700_000;

/** Reads some bytes at a time, as rows are. @throws LxmertError for what cannot be unpacked */
function unpackAll(file: string, codec: 'lz4' | 'zstd'): void {
  const packed = readFileSync(file);
  const open = codec === 'lz4' ? lz4Frame : zstdFrame;
  const bytes = new UnpackedBytes(FRAME_BYTES, () =>
    open(packedBytes((at, length) => packed.subarray(at, at + length), 0, packed.length)),
  );
  try {
    for (let at = 0; at < FRAME_BYTES; at += FRAME_BYTES / 100) bytes.read(at, FRAME_BYTES / 100);
  } catch (error) {
    throw error instanceof PackedFault ? new LxmertError(`${error.message}.`, { cause: error }) : error;
  }
}

/** Members of members, and rows, that are looked at: a damaged file may claim any number. */
const [MOST_LEVELS, MOST_MEMBERS, MOST_ROWS] = [3, 60, 4];

/** Goes on behind a member that is refused, so that one does not keep the others from being read. @throws what the first says */
async function readAllDatasets(file: string): Promise<void> {
  const opened = openHdf5(file);
  const refused: LxmertError[] = [];
  try {
    readGroup(opened.root, MOST_LEVELS, refused);
  } finally {
    opened.close();
  }
  if (refused[0] !== undefined) throw refused[0];
}

function readGroup(group: Hdf5Group, numLevels: number, refused: LxmertError[]): void {
  for (const name of group.names().slice(0, MOST_MEMBERS)) {
    try {
      const member = group.get(name);
      if (member === undefined || numLevels === 0) continue;
      if (member instanceof Hdf5Group) readGroup(member, numLevels - 1, refused);
      else member.readRows(0, Math.min(member.numRows, MOST_ROWS));
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
      refused.push(error);
    }
  }
}
