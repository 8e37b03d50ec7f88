import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError, CheckpointFile } from '../../../src/checkpoint/index.js';
import { LxmertError, UsageError } from '../../../src/common/errors.js';
import { Random } from '../../../src/common/random.js';
import type { Tensor } from '../../../src/torch/index.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture } from '../../../src/vision/detector/architecture.js';
import { DetectorNetwork } from '../../../src/vision/detector/network.js';
import { convertDetector, type LoadedDetector, loadDetector } from '../../../src/vision/detector/weights.js';
import { wantedTensors } from '../../../src/vision/detector/weightsFamily.js';
import { detectorLayers } from '../../../src/vision/detector/weightsLayers.js';
import { renderDetectorReport, reportDetector } from '../../../src/vision/detector/weightsReport.js';
import { temporaryFolder } from '../../checkpoint/bytes.js';
import { caffemodel, layer } from '../../checkpoint/caffeBytes.js';
import { lxmert } from '../../support/commandLine.js';
import {
  caffeDetector,
  detectron2File,
  huggingFaceFile,
  type ListedLayer,
  listLayers,
  numValuesOf,
  randomBlobs,
  randomPort,
  TINY_DETECTOR,
  writeLargeCaffeDetector,
} from '../../support/detectorFiles.js';
import { publishedPath } from '../../support/published.js';

const folder = temporaryFolder();

const architecture = TINY_DETECTOR;
const tinyLayers = listLayers(TINY_DETECTOR);

function valuesOf({ weights }: LoadedDetector, name: string): Float32Array {
  const tensor = weights[name] as Tensor;
  expect(tensor.dtype).toBe('float32');
  return tensor.toFloat32Array();
}

function dispose({ weights }: LoadedDetector): void {
  for (const tensor of Object.values(weights)) tensor.dispose();
}

/** Loads what `content` holds, hands it to `check`, and frees it. */
async function loaded(
  name: string,
  content: Uint8Array,
  check: (detector: LoadedDetector) => void | Promise<void>,
): Promise<void> {
  const detector = await loadDetector(await folder.write(name, content), {
    architecture,
    withBoxPredictor: true,
  });
  try {
    await check(detector);
  } finally {
    dispose(detector);
  }
}

describe('the table of blobs', () => {
  const wanted = (full: DetectorArchitecture): Map<string, string> =>
    new Map(
      detectorLayers(full).flatMap((each) =>
        wantedTensors(each, { family: 'caffe', isConverted: false }, full).map(
          ({ name, shape }): [string, string] => [name, shape.join('x')],
        ),
      ),
    );

  it('is that of the published network: 639 blobs, 65,559,622 numbers', () => {
    const rows = readFileSync(publishedPath('butd-layers.tsv'), 'utf8').trim().split('\n').slice(1);
    const published = rows.flatMap((row) => {
      const cells = row.split('\t');
      const shapes = (cells[11] ?? '').split(' ').filter((shape) => shape !== '');
      return shapes.map((shape, i): [string, string] => [`${cells[1]}/${i}`, shape]);
    });
    const derived = wanted(BOTTOM_UP_ATTENTION);
    expect(derived.size).toBe(639);
    expect(new Map(published)).toEqual(derived);
    const sizes = [...derived.values()].map((shape) => numValuesOf(shape.split('x').map(Number)));
    expect(sizes.reduce((sum, size) => sum + size)).toBe(65_559_622);
  });

  it.each([TINY_DETECTOR, BOTTOM_UP_ATTENTION])(
    'agrees with the list that the test files are made from',
    (full) => {
      const listed = listLayers(full).flatMap(({ name, shapes }) =>
        shapes.map((shape, i): [string, string] => [`${name}/${i}`, shape.join('x')]),
      );
      expect(wanted(full)).toEqual(new Map(listed));
    },
  );
});

/** A folded convolution from plain numbers. */
function plainFold(blobs: ReadonlyMap<string, Float32Array>, name: string, suffix: string) {
  const blob = (key: string): Float32Array => blobs.get(key) as Float32Array;
  const weight = blob(`${name}/0`);
  const [mean, variance] = [blob(`bn${suffix}/0`), blob(`bn${suffix}/1`)];
  const [scaleFactor = 0] = blob(`bn${suffix}/2`);
  const [gamma, beta] = [blob(`scale${suffix}/0`), blob(`scale${suffix}/1`)];
  const perOutput = weight.length / mean.length;
  const bias: number[] = [];
  const folded: number[] = [];
  for (let out = 0; out < mean.length; out++) {
    const realMean = scaleFactor === 0 ? 0 : mean[out]! / scaleFactor;
    const realVariance = scaleFactor === 0 ? 0 : variance[out]! / scaleFactor;
    const factor = gamma[out]! / Math.sqrt(realVariance + 1e-5);
    bias.push(beta[out]! - realMean * factor);
    for (let i = 0; i < perOutput; i++) folded.push(weight[out * perOutput + i]! * factor);
  }
  return { weight: folded, bias };
}

function expectClose(found: Float32Array, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(value)));
  }
}

describe("Caffe's file", () => {
  const blobs = randomBlobs(tinyLayers, 5);
  blobs.set('bn_conv1/2', Float32Array.of(0));
  blobs.set('bn2a_branch1/2', Float32Array.of(999.98));

  it.each(['packed', 'legacy'] as const)('is folded as plain loops do it; shapes %s', async (style) => {
    await loaded('a.caffemodel', caffeDetector(tinyLayers, blobs, style), (detector) => {
      const convolutions = tinyLayers.filter(
        ({ type, shapes }) => type === 'Convolution' && shapes.length === 1,
      );
      expect(convolutions.length).toBe(1 + 6 * 3 + 3);
      for (const { name, shapes } of convolutions) {
        const expected = plainFold(blobs, name, name === 'conv1' ? '_conv1' : name.slice(3));
        expect(detector.weights[`${name}.weight`]?.shape).toEqual(shapes[0]);
        expectClose(valuesOf(detector, `${name}.weight`), expected.weight);
        expectClose(valuesOf(detector, `${name}.bias`), expected.bias);
      }
      for (const { name, type } of tinyLayers.slice(-5)) {
        expect(valuesOf(detector, `${name}.weight`)).toEqual(blobs.get(`${name}/0`));
        if (type !== 'Embed') expect(valuesOf(detector, `${name}.bias`)).toEqual(blobs.get(`${name}/1`));
      }
      expect(valuesOf(detector, 'rpn_cls_score.weight')).toEqual(blobs.get('rpn_cls_score/0'));
      expect(detector.facts).toMatchObject({ family: 'caffe', backgroundInFile: 'first', anchors: 'caffe' });
    });
  });

  it('reports what it loaded and what it passed over', async () => {
    await loaded('a.caffemodel', caffeDetector(tinyLayers, blobs), ({ report }) => {
      expect(new Set(report.loaded)).toEqual(new Set(blobs.keys()));
      expect(report).toMatchObject({ missing: [], misfits: [], ignored: ['fc_rel1'], numWanted: blobs.size });
      expect(renderDetectorReport(report)).toMatch(
        /^Loaded \d+ tensors of the detector.*\nIn the file, not used: fc_rel1\.$/,
      );
    });
  });

  it('gives the network all it needs', async () => {
    await loaded('a.caffemodel', caffeDetector(tinyLayers, blobs), ({ weights }) => {
      new DetectorNetwork(weights, { architecture }).dispose();
    });
  });

  it.each<[string, (layers: ListedLayer[]) => ListedLayer[], RegExp]>([
    [
      'a layer less',
      (layers) => layers.filter(({ name }) => name !== 'fc_attr'),
      /2 are missing, such as fc_attr\/0/,
    ],
    [
      'another number of classes',
      (layers) =>
        layers.map((each) => (each.name === 'cls_score' ? { ...each, shapes: [[5, 7], [5]] } : each)),
      /cls_score\/0 is 5 x 7, expected 6 x 7/,
    ],
    [
      'a bias where the detector has none',
      (layers) =>
        layers.map((each) => (each.name === 'conv1' ? { ...each, shapes: [[4, 3, 7, 7], [4]] } : each)),
      /conv1\/1 is 4, there should be none/,
    ],
    [
      'other layers',
      () => [{ name: 'fc8', type: 'InnerProduct', shapes: [[2, 2], [2]] }],
      /such as conv1\/0. The file is of another model/,
    ],
  ])('with %s is refused', async (_fault, change, message) => {
    const layers = change(tinyLayers);
    const file = await folder.write('wrong.caffemodel', caffeDetector(layers, randomBlobs(layers, 1)));
    await expect(loadDetector(file, { architecture })).rejects.toThrow(message);
    await expect(loadDetector(file, { architecture })).rejects.toBeInstanceOf(CheckpointError);
  });

  it('cut short anywhere before its last wanted blob is refused', async () => {
    const whole = caffeDetector(tinyLayers, blobs);
    const end = whole.length - caffeDetector([], new Map()).length;
    const random = new Random(4);
    for (let i = 0; i < 150; i++) {
      const file = await folder.write('cut.caffemodel', whole.subarray(0, random.integer(end)));
      await expect(loadDetector(file, { architecture })).rejects.toBeInstanceOf(LxmertError);
    }
  });

  it('of other weights is no detector', async () => {
    const text = '{"bert.pooler.dense.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(text.length));
    const file = await folder.write(
      'a.safetensors',
      Buffer.concat([head, Buffer.from(text), Buffer.alloc(4)]),
    );
    await expect(loadDetector(file)).rejects.toThrow(
      /these are the weights of LXMERT or of a BERT, .* The region detector's are needed here/,
    );
    const { exitCode, stderr } = await lxmert('checkpoint', 'convert', file, folder.path('x.safetensors'));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/--to must say whose names to write/);
  });
});

describe.each([
  ['detectron2', 'a.pkl', detectron2File],
  ['huggingface', 'a.bin', huggingFaceFile],
] as const)("the port's file, %s", (family, name, write) => {
  const port = randomPort(TINY_DETECTOR, 6);
  const values = (key: string): number[] => [...(port.get(key)?.values ?? [])];

  it("comes in Caffe's layout", async () => {
    await loaded(name, write(port), (detector) => {
      expect(detector.facts).toMatchObject({ family, backgroundInFile: 'last', anchors: 'detectron2' });
      const head = 'roi_heads.box_predictor';
      for (const [layerName, rowSize] of [
        ['cls_score', 7],
        ['cls_embedding', 2],
        ['attr_score', 3],
      ] as const) {
        const inFile = values(`${head}.${layerName}.weight`);
        const expected = [...inFile.slice(-rowSize), ...inFile.slice(0, -rowSize)];
        expect([...valuesOf(detector, `${layerName}.weight`)]).toEqual(expected);
      }
      const boxBias = [0, 0, 0, 0, ...values(`${head}.bbox_pred.bias`)];
      expect([...valuesOf(detector, 'bbox_pred.bias')]).toEqual(boxBias);
      expect([...valuesOf(detector, 'fc_attr.weight')]).toEqual(values(`${head}.fc_attr.weight`));
      new DetectorNetwork(detector.weights, { architecture }).dispose();
    });
  });

  it("gives every anchor the port's score and deltas", async () => {
    await loaded(name, write(port), (detector) => {
      const rpn = 'proposal_generator.rpn_head';
      const inFile = values(`${rpn}.objectness_logits.bias`);
      const deltasInFile = values(`${rpn}.anchor_deltas.bias`);
      const scores = valuesOf(detector, 'rpn_cls_score.bias');
      const deltas = valuesOf(detector, 'rpn_bbox_pred.bias');
      // Detectron2 counts the three ratios of the smallest anchor first, Caffe the four sizes of the first ratio.
      for (let ratio = 0; ratio < 3; ratio++) {
        for (let scale = 0; scale < 4; scale++) {
          const [ours, theirs] = [4 * ratio + scale, 3 * scale + ratio];
          const softmax =
            Math.exp(scores[12 + ours]!) / (Math.exp(scores[12 + ours]!) + Math.exp(scores[ours]!));
          expect(softmax).toBeCloseTo(1 / (1 + Math.exp(-inFile[theirs]!)), 6);
          expect([...deltas.subarray(4 * ours, 4 * ours + 4)]).toEqual(
            deltasInFile.slice(4 * theirs, 4 * theirs + 4),
          );
        }
      }
    });
  });

  it('is folded as plain loops do it', async () => {
    await loaded(name, write(port), (detector) => {
      for (const [ours, theirs] of [
        ['conv1', 'backbone.stem.conv1'],
        ['res2b_branch2a', 'backbone.res2.1.conv1'],
        ['res4b2_branch2b', 'backbone.res4.2.conv2'],
        ['res5a_branch1', 'roi_heads.res5.0.shortcut'],
        ['res5a_branch2c', 'roi_heads.res5.0.conv3'],
      ] as const) {
        const blobs = new Map([
          ['x/0', port.get(`${theirs}.weight`)!.values],
          ['bn/0', port.get(`${theirs}.norm.running_mean`)!.values],
          ['bn/1', port.get(`${theirs}.norm.running_var`)!.values],
          ['bn/2', Float32Array.of(1)],
          ['scale/0', port.get(`${theirs}.norm.weight`)!.values],
          ['scale/1', port.get(`${theirs}.norm.bias`)!.values],
        ]);
        const expected = plainFold(blobs, 'x', '');
        expectClose(valuesOf(detector, `${ours}.weight`), expected.weight);
        expectClose(valuesOf(detector, `${ours}.bias`), expected.bias);
      }
    });
  });

  it('with a tensor less is refused', async () => {
    const without = new Map(port);
    without.delete('roi_heads.res5.0.conv2.norm.running_var');
    const file = await folder.write(name, write(without));
    await expect(loadDetector(file, { architecture })).rejects.toThrow(
      /1 are missing, such as roi_heads\.res5\.0\.conv2\.norm\.running_var/,
    );
  });

  it('converts to a file that loads to the same numbers', async () => {
    await loaded(name, write(port), async (detector) => {
      const output = folder.path('converted.safetensors');
      await convertDetector(detector.report.file, output, { architecture });
      const again = await loadDetector(output, { architecture, withBoxPredictor: true });
      expect(again.report).toMatchObject({ family, isConverted: true, missing: [], ignored: [] });
      expect(again.facts).toEqual(detector.facts);
      expect(Object.keys(again.weights).sort()).toEqual(Object.keys(detector.weights).sort());
      for (const key of Object.keys(again.weights)) {
        expect(valuesOf(again, key)).toEqual(valuesOf(detector, key));
      }
      dispose(again);
    });
  });
});

it('the port that has other names for the attributes is named', async () => {
  const tensors = new Map(
    [...randomPort(TINY_DETECTOR, 6)].map(
      ([name, tensor]) => [name.replace('fc_attr', 'attr_linear1'), tensor] as const,
    ),
  );
  const file = await folder.write('a.bin', huggingFaceFile(tensors));
  await expect(loadDetector(file, { architecture })).rejects.toThrow(/MILVLG/);
});

it('a detector is converted to safetensors only', async () => {
  const file = await folder.write('a.caffemodel', caffeDetector(tinyLayers, randomBlobs(tinyLayers, 5)));
  await expect(convertDetector(file, folder.path('a.pth'), { architecture })).rejects.toThrow(UsageError);
});

describe('at full size', () => {
  const layers = listLayers(BOTTOM_UP_ATTENTION);
  let file = '';
  beforeAll(() => {
    file = folder.path('full.caffemodel');
    expect(writeLargeCaffeDetector(file, layers)).toBe(65_559_622);
  });
  afterAll(() => rmSync(file, { force: true }));

  it('is described, converted and loaded', async () => {
    const described = await lxmert('checkpoint', 'info', file);
    expect(described.stderr).toBe('');
    expect(described.stdout).toContain('639 of 639 tensors, 65.56 M values');
    expect(described.stdout).toMatch(/Model +region detector/);
    expect(described.stdout).toMatch(/Not used +fc_rel1/);
    const output = folder.path('full.safetensors');
    const converted = await lxmert('checkpoint', 'convert', file, output);
    expect(converted.stdout).toMatch(/Loaded 639 tensors.*\n.*fc_rel1.*\nWrote 223 tensors, norms folded/);
    const detector = await loadDetector(output);
    expect(Object.keys(detector.weights).length).toBe(221);
    new DetectorNetwork(detector.weights).dispose();
    dispose(detector);
    const again = await lxmert('checkpoint', 'info', output);
    expect(again.stdout).toContain("Caffe's original, converted");
    rmSync(output);
  }, 60_000);

  it('refuses --to, which is for the names of LXMERT', async () => {
    const { exitCode, stderr } = await lxmert(
      'checkpoint',
      'convert',
      file,
      folder.path('x.safetensors'),
      '--to',
      'reference',
    );
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/holds the region detector/);
  });
});

it('any other network of Caffe is described as no whole detector', async () => {
  const file = await folder.write('other.caffemodel', caffemodel(layer('relu', 'ReLU')));
  const report = reportDetector(await CheckpointFile.open(file));
  expect(report.missing.length).toBe(639);
  expect((await lxmert('checkpoint', 'info', file)).stdout).toMatch(/Model +not a whole region detector/);
});
