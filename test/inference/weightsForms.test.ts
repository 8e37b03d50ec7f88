/** Weights as other programs save them: each form gives the plain file's answers, or a sentence. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { Random } from '../../src/common/random.js';
import { Lxmert, type LxmertSource } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import { safetensorsFile } from '../checkpoint/bytes.js';
import { lxmert } from '../support/commandLine.js';
import { writeSmallDetector, writeSmallRun } from '../support/tinyLxmert.js';
import {
  changed,
  type PlainTensor,
  plainTensors,
  renamed,
  type Tree,
  writePth,
} from '../support/weightsForms.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-forms-'));
const at = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const random = new Random(4);
const numBoxes = 4;
const row = {
  imageId: 'x',
  width: 100,
  height: 80,
  numBoxes,
  boxes: Float32Array.from({ length: 4 * numBoxes }, (_, i) => (i % 4 < 2 ? 5 + i : 50 + i)),
  features: Float32Array.from({ length: 7 * numBoxes }, () => random.integer(1000) / 1000),
  objectsId: new BigInt64Array(numBoxes),
  objectsConf: new Float32Array(numBoxes),
  attrsId: new BigInt64Array(numBoxes),
  attrsConf: new Float32Array(numBoxes),
};

interface Answered {
  readonly probabilities: readonly number[];
  readonly warnings: readonly string[];
}

async function answersOf(model: string, more: Partial<LxmertSource> = {}): Promise<Answered> {
  using lxmert = await Lxmert.load({
    model,
    vocabulary: at('run/vocab.txt'),
    answers: at('run/trainval_label2ans.json'),
    numAttentionHeads: 2,
    ...more,
  });
  const image = LxmertImage.fromRow({ row, provenance: undefined });
  const { answers } = await lxmert.answer(image, 'what color is the cat?', { topK: 5 });
  return { probabilities: answers.map(({ probability }) => probability), warnings: lxmert.warnings };
}

let tensors: ReadonlyMap<string, PlainTensor>;
let expected: readonly number[];
const under = (prefix: string): Record<string, PlainTensor> => renamed(tensors, (name) => prefix + name);
const other = (): Record<string, PlainTensor> => changed(under(''), (value) => value * 1.5);

beforeAll(async () => {
  await writeSmallRun(at('run'));
  tensors = await plainTensors(at('run/BEST.pth'));
  mkdirSync(at('forms'));
  expected = (await answersOf(at('run'))).probabilities;
});

async function answersOfTree(name: string, tree: Tree, key = ''): Promise<Answered> {
  writePth(at(`forms/${name}`), tree);
  return await answersOf(at(`forms/${name}`) + key);
}

describe('a model under the names of a wrapper', () => {
  it.each([
    'module.',
    'model.',
    'net.',
    '_orig_mod.',
    'module._orig_mod.',
    'model._orig_mod.',
    'model.module.',
    '_forward_module.model.',
    'lightning.core.vqa_model.',
  ])('%s answers as the plain file', async (prefix) => {
    const { probabilities } = await answersOfTree('wrapped.pth', under(prefix));
    expect(probabilities).toEqual(expected);
  });

  it('is told of when the word is not of PyTorch', async () => {
    expect((await answersOfTree('wrapped.pth', under('module.'))).warnings).toEqual([]);
    const { warnings } = await answersOfTree('wrapped.pth', under('net.'));
    expect(warnings).toEqual([
      `${at('forms/wrapped.pth')}: read the names that begin with 'net.', without that.`,
    ]);
  });

  it('answers as the plain file when parts inside are wrapped', async () => {
    const tree = renamed(tensors, (name) =>
      name
        .replace('lxrt_encoder.model.', 'lxrt_encoder.model.module._orig_mod.')
        .replace(/(layers?\.\d+)\./, '$1._checkpoint_wrapped_module.')
        .replace('bert.encoder.', 'bert._fsdp_wrapped_module.encoder.'),
    );
    expect((await answersOfTree('inside.pth', tree)).probabilities).toEqual(expected);
  });

  it("answers as the plain file under mmf's names", async () => {
    const model = renamed(
      tensors,
      (name) =>
        `model.${name.replace('lxrt_encoder.model.', '').replace('logit_fc.', 'classifier.logit_fc.')}`,
    );
    const { probabilities, warnings } = await answersOfTree('mmf.ckpt', {
      model,
      optimizer: {},
      num_updates: 10,
    });
    expect(probabilities).toEqual(expected);
    expect(warnings.join()).toMatch(/begin with 'model\.'.*answer head from 'classifier\.logit_fc'/);
  });

  it('is refused when only half of its names have it', async () => {
    const half = renamed(tensors, (name) => (name.includes('x_layers') ? `model.${name}` : name));
    await expect(answersOfTree('half.pth', half)).rejects.toThrow(
      /begin in two ways: \d+ as in lxrt_encoder\.model\.bert\.embeddings.*, 84 as in model\.lxrt_encoder.*x_layers/,
    );
  });
});

describe('an answer table in another form than the documented', () => {
  it('is told of among the warnings, and answers as the list', async () => {
    const answers = JSON.parse(readFileSync(at('run/trainval_label2ans.json'), 'utf8')) as string[];
    writeFileSync(at('forms/table.json'), JSON.stringify({ ...answers }));
    copyFileSync(at('run/BEST.pth'), at('forms/alone.pth'));
    const { probabilities, warnings } = await answersOf(at('forms/alone.pth'), {
      answers: at('forms/table.json'),
    });
    expect(probabilities).toEqual(expected);
    expect(warnings.join('\n')).toMatch(/table\.json is read as an answer table by index: \d+ answers/);
  });
});

describe('several dictionaries in one file', () => {
  it.each<readonly [string, () => Tree]>([
    ['an exponential average', () => ({ ema: other(), model: under('') })],
    [
      'a longer average',
      () => ({
        model: under(''),
        model_ema: { ...other(), 'extra.weight': values(3), 'extra.bias': values(3) },
      }),
    ],
    ['a stochastic average', () => ({ swa_model: other(), state_dict: under('model.') })],
    ['a teacher', () => ({ teacher: other(), module: under('module.'), global_steps: 7 })],
    ['an optimizer by names', () => ({ optimizer: { state: other() }, model_state_dict: under('') })],
    [
      'an average under other names in the same dictionary',
      () => ({
        state_dict: {
          ...renamed(new Map(Object.entries(other())), (name) => `ema_model.${name}`),
          ...under('model.'),
        },
      }),
    ],
    ['a counter at the top', () => ({ epoch: values(1), model_state_dict: under('') })],
  ])('%s does not stand in for the model', async (_what, tree) => {
    const { probabilities } = await answersOfTree('several.pth', tree());
    expect(probabilities).toEqual(expected);
  });

  it('are named, and another one is taken when asked for', async () => {
    const tree = { ema: other(), model: under('') };
    const { warnings } = await answersOfTree('several.pth', tree);
    const file = at('forms/several.pth');
    expect(warnings).toEqual([
      `${file}: read its dictionary 'model'. It also holds 'ema' (137 tensors), not used. Another model in it is named as '${file}#ema'.`,
    ]);
    const ema = await answersOfTree('several.pth', tree, '#ema');
    writePth(at('forms/other.pth'), other());
    expect(ema.probabilities).toEqual((await answersOf(at('forms/other.pth'))).probabilities);
    expect(ema.probabilities).not.toEqual(expected);
    expect((await answersOfTree('several.pth', tree, '#model')).probabilities).toEqual(expected);
    await expect(answersOfTree('several.pth', tree, '#best')).rejects.toThrow(
      /no model called 'best': it holds 'ema' .*, 'model'/,
    );
  });

  it('of one storage by two names are one', async () => {
    const tree = { ...under('model.'), ...renamed(tensors, (name) => `alias.${name}`) };
    expect((await answersOfTree('alias.ckpt', { state_dict: tree })).probabilities).toEqual(expected);
  });

  it.each<readonly [string, () => Tree, RegExp]>([
    ['two of unknown names', () => ({ a: under(''), b: other() }), /2 models.*'a' \(137 tensors\), 'b'.*#b'/],
    ['two that are both called the model', () => ({ model: under(''), state_dict: other() }), /2 models/],
    ['averages only', () => ({ ema: under(''), swa: other() }), /names do not tell which one is meant/],
    [
      'nothing but an optimizer',
      () => ({ optimizer: { state: other() }, epoch: 3 }),
      /state of an optimizer.*no weights/,
    ],
  ])('%s are refused with the names to choose from', async (_what, tree, message) => {
    await expect(answersOfTree('unclear.pth', tree())).rejects.toThrow(message);
  });
});

describe('what tensors do not tell', () => {
  const config = { model_type: 'lxmert', hidden_size: 16, num_attention_heads: 2, hidden_act: 'gelu' };
  const beside = (content: unknown): string => {
    rmSync(at('hf'), { recursive: true, force: true });
    mkdirSync(at('hf'));
    copyFileSync(at('run/BEST.pth'), at('hf/pytorch_model.bin'));
    copyFileSync(at('run/vocab.txt'), at('hf/vocab.txt'));
    writeFileSync(at('hf/config.json'), typeof content === 'string' ? content : JSON.stringify(content));
    return at('hf/pytorch_model.bin');
  };
  const open = { numAttentionHeads: undefined };

  it('is taken from a config.json beside the weights', async () => {
    expect((await answersOf(beside(config), open)).probabilities).toEqual(expected);
    const four = await answersOf(beside({ ...config, num_attention_heads: 4 }), open);
    expect(four.probabilities).toEqual(
      (await answersOf(at('forms/plain.pth'), { numAttentionHeads: 4 })).probabilities,
    );
    expect(four.probabilities).not.toEqual(expected);
    const coarse = await answersOf(beside({ ...config, layer_norm_eps: 0.5 }), open);
    expect(coarse.probabilities).not.toEqual(expected);
    expect(coarse.warnings.join()).toMatch(/layer_norm_eps 0\.5, which is used/);
  });

  it('is taken from a folder of Hugging Face, which has its own vocabulary', async () => {
    beside(config);
    const source = { ...open, vocabulary: undefined };
    expect((await answersOf(at('hf'), source)).probabilities).toEqual(expected);
  });

  it("is taken from the run that a weights file lies in, with the run's vocabulary and answers", async () => {
    const source = { ...open, vocabulary: undefined, answers: undefined };
    const { probabilities, warnings } = await answersOf(at('run/BEST.pth'), source);
    expect(probabilities).toEqual(expected);
    expect(warnings.join()).toMatch(/lies in the folder of its run/);
  });

  it('is taken from a named file before the one beside, and a number that is given before both', async () => {
    const file = beside({ ...config, num_attention_heads: 4 });
    writeFileSync(at('two-heads.json'), JSON.stringify(config));
    const named = await answersOf(file, { ...open, modelConfig: at('two-heads.json') });
    expect(named.probabilities).toEqual(expected);
    const given = await answersOf(file, { numAttentionHeads: 2 });
    expect(given.probabilities).toEqual(expected);
    expect(given.warnings.join()).toMatch(/2 attention heads are used as --attention-heads says; .* says 4/);
  });

  it.each<readonly [string, unknown, RegExp]>([
    ['of another size', { ...config, hidden_size: 32 }, /says hidden_size 32, but the tensors of .* say 16/],
    ['of other layers', { ...config, l_layers: 9 }, /says l_layers 9, but the tensors of .* say 1/],
    [
      'of other layers, in the newer form',
      { ...config, num_hidden_layers: { vision: 5 } },
      /num_hidden_layers\.vision 5/,
    ],
    [
      'of other answers',
      { ...config, num_qa_labels: 3129 },
      /says num_qa_labels 3129, but the tensors of .* say 5/,
    ],
    ['of another activation', { ...config, hidden_act: 'relu' }, /'relu' \(hidden_act\)/],
    ['of relative positions', { ...config, position_embedding_type: 'relative_key' }, /relative_key/],
    ['of quantised weights', { ...config, quantization_config: { bits: 4 } }, /quantised/],
    ['of heads that do not fit', { ...config, num_attention_heads: 3 }, /3 attention heads, but the tensors/],
    [
      'of heads that are no number',
      { ...config, num_attention_heads: '2' },
      /should be a whole number from 1, and is the text "2"/,
    ],
    ['that is cut', '{"hidden_size": ', /not valid JSON/],
  ])('a config.json %s is refused', async (_what, content, message) => {
    await expect(answersOf(beside(content), open)).rejects.toThrow(message);
  });

  it('must be told when nothing says it', async () => {
    await expect(answersOf(at('forms/plain.pth'), open)).rejects.toThrow(
      /do not tell the number of attention heads.*--attention-heads.*config\.json/,
    );
  });

  beforeAll(() => copyFileSync(at('run/BEST.pth'), at('forms/plain.pth')));
});

describe('a model in several files', () => {
  const header = (entries: readonly (readonly [string, PlainTensor])[]): [string, Buffer] => {
    let offset = 0;
    const described = entries.map(
      ([
        name,
        {
          shape,
          values: { byteLength },
        },
      ]) => {
        const data_offsets = [offset, offset + byteLength];
        offset += byteLength;
        return [name, { dtype: 'F32', shape, data_offsets }];
      },
    );
    const data = Buffer.concat(
      entries.map(([, { values }]) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
    );
    return [JSON.stringify(Object.fromEntries(described)), data];
  };

  it('is read by its index, and a part of it is called one', async () => {
    const all = [...tensors];
    const halves = [all.slice(0, 70), all.slice(70)];
    const names = halves.map((_, i) => `model-0000${i + 1}-of-00002.safetensors`);
    mkdirSync(at('parts'));
    for (const [i, half] of halves.entries()) {
      writeFileSync(at(`parts/${names[i]}`), safetensorsFile(...header(half)));
    }
    const weight_map = Object.fromEntries(
      halves.flatMap((half, i) => half.map(([name]) => [name, names[i]])),
    );
    const index = at('parts/model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ metadata: {}, weight_map }));
    expect((await answersOf(index)).probabilities).toEqual(expected);
    await expect(answersOf(at(`parts/${names[0]}`))).rejects.toThrow(/part 1 of 2 of a model.*\.index\.json/);
    await expect(answersOf(at(`parts/${names[1]}`))).rejects.toThrow(/part 2 of 2 of a model.*\.index\.json/);
    writeFileSync(index, JSON.stringify({ weight_map: { ...weight_map, a: '../run/BEST.pth' } }));
    await expect(answersOf(index)).rejects.toThrow(/should be a file beside the index, and is "\.\.\/run/);
    writeFileSync(index, JSON.stringify({ weight_map: { ...weight_map, a: 'gone.safetensors' } }));
    await expect(answersOf(index)).rejects.toThrow(/names gone\.safetensors, which is not beside it/);
    writeFileSync(index, '{}');
    await expect(answersOf(index)).rejects.toThrow(/should be the index of a model in several parts/);
  });
});

describe('checkpoint info', () => {
  it('says which model, prefix, heads and values there are', async () => {
    const file = at('forms/info.ckpt');
    const broken = changed(under('net.'), (value, name, i) =>
      name.endsWith('logit_fc.0.bias') && i === 0 ? Number.NaN : value,
    );
    writePth(file, { state_dict: broken, ema: other() });
    const { stdout, exitCode } = await lxmert('checkpoint', 'info', file, '--attention-heads', '2');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Names +reference-finetuned, behind 'net\.'/);
    expect(stdout).toMatch(/Heads +2, as given/);
    expect(stdout).toMatch(/Found under +state_dict/);
    expect(stdout).toMatch(/Also holds +ema \(137 tensors\)/);
    expect(stdout).toMatch(/Values +-\S+ to \S+\nNot finite +net\.logit_fc\.0\.bias/);
    const { stdout: json } = await lxmert('checkpoint', 'info', `${file}#ema`, '--json');
    expect(JSON.parse(json)).toMatchObject({
      prefix: '',
      wrapper: ['ema'],
      alsoHolds: [{ key: 'state_dict.net', numTensors: 137, isModel: true }],
      configFault: expect.stringContaining('--attention-heads'),
      values: { notFinite: [], constant: [], untrained: [], min: expect.any(Number) },
    });
  });

  it('counts the tensors of the model alone where a dictionary holds two', async () => {
    const follower = renamed(new Map(Object.entries(other())), (name) => `ema_model.${name}`);
    writePth(at('forms/two.ckpt'), { state_dict: { ...under('model.'), ...follower } });
    const { stdout } = await lxmert('checkpoint', 'info', at('forms/two.ckpt'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      numTensors: 137,
      dtypes: { float32: 137 },
      others: [],
      alsoHolds: [{ key: 'state_dict.ema_model', numTensors: 137 }],
    });
  });

  it('names the config.json that it goes by, or what is wrong with it', async () => {
    const { stdout } = await lxmert('checkpoint', 'info', at('run/BEST.pth'));
    const ofFolder = await lxmert('checkpoint', 'info', at('run'));
    expect([ofFolder.exitCode, ofFolder.stderr]).toEqual([
      2,
      expect.stringContaining(`is a folder, not a file; the weights of this run are ${at('run/BEST.pth')}.`),
    ]);
    expect(stdout).toMatch(/Heads +2, as .*run\/config\.json says/);
    writeFileSync(at('other.json'), JSON.stringify({ hidden_size: 32 }));
    const wrong = await lxmert('checkpoint', 'info', at('run/BEST.pth'), '--model-config', at('other.json'));
    expect([wrong.exitCode, wrong.stdout]).toEqual([
      0,
      expect.stringMatching(/Config +.*says hidden_size 32/),
    ]);
  });
});

it("the detector's weights given as LXMERT's are named with the flag that takes them", async () => {
  writeSmallDetector(at('small.caffemodel'));
  await expect(answersOf(at('small.caffemodel'))).rejects.toThrow(
    /weights of the region detector, which --detector takes/,
  );
});

it('transposed layers are called so before their sizes are taken for answers', async () => {
  const turned = Object.fromEntries(
    Object.entries(under('')).map(([name, { shape, values: old }]) => [
      name,
      { shape: name.includes('embeddings') ? shape : [...shape].reverse(), values: old },
    ]),
  );
  await expect(answersOfTree('turned.pth', turned)).rejects.toThrow(/layers are transposed/);
});

it('fewer positions than a sentence has by default are told of', async () => {
  const few = renamed(tensors, (name) => name);
  const name = Object.keys(few).find((each) => each.includes('position_embeddings')) as string;
  const { values: old } = few[name] as PlainTensor;
  const cut = { ...few, [name]: { shape: [12, 16], values: old.slice(0, 12 * 16) } };
  expect((await answersOfTree('few.pth', cut)).warnings.join()).toMatch(/positions for 12 word pieces/);
});

it("LXMERT's weights given as the detector's are named with the flags that take them", async () => {
  await expect(answersOf(at('run'), { detector: at('run/BEST.pth') })).rejects.toThrow(
    /weights of LXMERT or of a BERT, which --model, --load-encoder or --load-bert take/,
  );
});

it('a name with the sign in it is that file', async () => {
  copyFileSync(at('run/BEST.pth'), at('forms/best#ema'));
  expect((await CheckpointFile.open(at('forms/best#ema'))).entries.size).toBe(tensors.size);
});

function values(length: number): PlainTensor {
  return { shape: [length], values: new Float32Array(length).fill(0.5) };
}
