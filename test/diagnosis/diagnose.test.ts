import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { diagnoseFiles, renderDiagnosis } from '../../src/diagnosis/index.js';
import { selfContainedPage } from '../../src/report/page.js';
import { makeZip } from '../data/prepare/support.js';
import { makeTar } from '../formats/tarFile.js';
import { lxmert } from '../support/commandLine.js';
import { faultOfCommand } from '../support/commandReference.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'diagnosis-'));
afterAll(() => rmSync(folder, { recursive: true }));

function put(name: string, content: unknown): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(
    file,
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
  );
  return file;
}

const base64 = (values: ArrayBufferView): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

/** A row of two boxes, four values each, of a picture of 100 x 80 pixels. */
function row(id: string, { scale = 1, value = 2 }: { scale?: number; value?: number } = {}): string {
  const boxes = Float32Array.of(0, 0, 50, 40, 10, 20, 99, 79).map((each) => each * scale);
  return `${[
    id,
    80,
    100,
    base64(BigInt64Array.of(1n, 2n)),
    base64(Float32Array.of(0.5, 0.4)),
    base64(BigInt64Array.of(1n, 2n)),
    base64(Float32Array.of(0.5, 0.4)),
    2,
    base64(boxes),
    base64(new Float32Array(8).fill(value)),
  ].join('\t')}\n`;
}

const question = (image: string, id: number, answer: string) => ({
  img_id: image,
  question_id: id,
  sent: 'What is it?',
  label: { [answer]: 1 },
});

async function one(file: string) {
  const { files, together, looksWrong } = await diagnoseFiles([file]);
  return { ...files[0]!, together, looksWrong };
}

describe('a file by itself', () => {
  it('is a TSV file with counts and ranges', async () => {
    const found = await one(put('good.tsv', row('a') + row('b')));
    expect(found).toMatchObject({ what: 'a TSV file of region features', problems: [], looksWrong: false });
    expect(found.facts.join('\n')).toMatch(/2 images, all looked at/);
    expect(found.facts.join('\n')).toMatch(/features from 2 to 2, 0 % zeros; boxes up to 99 pixels/);
    expect(found.wayOn).toContain(`lxmert features convert ${folder}/good.tsv`);
  });

  it.each([
    ['boxes that are shares', row('a', { scale: 0.01 }), /shares of the picture/],
    ['features that are no such numbers', row('a', { value: 1e19 }), /lie between 0 and about 35/],
    ['a row that is cut', row('a') + row('b').slice(0, 60), /line 2/],
  ])('looks wrong for %s', async (_, content, problem) => {
    const found = await one(put('wrong.tsv', content));
    expect(found.problems.join('\n')).toMatch(problem);
    expect(found.looksWrong).toBe(true);
  });

  it('is the folder of a run, with what it can go on from', async () => {
    const run = path.join(folder, 'run');
    mkdirSync(path.join(run, 'snapshots'), { recursive: true });
    writeFileSync(path.join(run, 'config.json'), JSON.stringify({ task: 'vqa', settings: { numEpochs: 4 } }));
    writeFileSync(path.join(run, 'log.log'), '');
    for (const name of ['step-0000000014.json', 'step-0000000014.safetensors', 'step-0000000028.safetensors'])
      writeFileSync(path.join(run, 'snapshots', name), '');
    const found = await one(run);
    expect(found.what).toBe('the folder of a training run');
    expect(found.facts).toContain('1 snapshot: it can be resumed');
  });

  it('says how many answers a question has', async () => {
    const answers = [{ answer: 'red', answer_confidence: 'yes', answer_id: 1 }];
    const found = await one(
      put('v.json', {
        annotations: [{ question_id: 1, image_id: 1, answers, multiple_choice_answer: 'red' }],
      }),
    );
    expect(found.facts).toContain('1 answer to each question');
  });

  it.each([
    ['ids that occur twice', [question('a', 1, 'x'), question('a', 1, 'x')], /occurred before: 1/],
    ['empty sentences', [{ ...question('a', 7, 'x'), sent: ' ' }], /has an empty sentence: 7/],
    [
      'scores that are none',
      [{ ...question('a', 7, 'x'), label: { x: 1.5 } }],
      /has a score outside of 0 to 1: 7/,
    ],
    [
      'answers that differ in case',
      [question('a', 1, 'Red'), question('a', 2, 'red ')],
      /only in case or blanks.*'Red' and 'red '/,
    ],
    ['predictions without an answer', [{ question_id: 1, answer: null }], /has no answer as text: 1/],
    [
      'labels by the wrong rule',
      Array.from({ length: 30 }, (_, i) => ({ ...question('a', i, 'x'), label: { x: 0.3 } })),
      /score 0\.3/,
    ],
    ['a list that is cut', '[{"question_id": 1, "answer": "x"}, {"question_id": 2, "an', /cut short/],
    ['boxes that are shares', '{"image": "a", "boxes": [[0, 0, 0.5, 0.5]]}\n', /within one pixel/],
    ['boxes by their sizes', '{"image": "a", "boxes": [[50, 40, 10, 20]]}\n', /width, height/],
    ['nothing', '', /empty/],
    ['a login page', '<!DOCTYPE html><title>Sign in</title>', /web page/],
  ])('looks wrong for %s', async (_, content, problem) => {
    const found = await one(put('wrong.json', content));
    expect(found.problems.join('\n')).toMatch(problem);
  });

  it.each([
    ['shares', '[[0, 0, 0.5, 0.5]]', '--box-unit share'],
    ['sizes', '[[50, 40, 10, 20]]', '--box-format xywh'],
    ['corners in pixels', '[[10, 20, 50, 40]]', 'features/mine'],
  ])('of boxes as %s ends with the command that reads them', async (_, boxes, ending) => {
    const { wayOn } = await one(put('boxes.jsonl', `{"image": "a", "boxes": ${boxes}}\n`));
    expect(wayOn?.endsWith(ending), wayOn).toBe(true);
  });

  it.each([
    ['an answer table', ['yes', 'no'], /answer table/, /2 answers: 'yes', 'no'/],
    ['a vocabulary', '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n', /vocabulary/, /6 word pieces/],
    ['predictions of NLVR2', 'a-1-0,True\na-1-1,False\n', /predictions for NLVR2/, /2 lines/],
    ['a gzip archive', gzipSync(row('a')), /gzip archive of a TSV file/, /^$/],
  ])('is %s', async (_, content, what, facts) => {
    const binary =
      typeof content === 'string' && content.startsWith('\x89') ? Buffer.from(content, 'latin1') : content;
    const found = await one(put('known', binary));
    expect(found.what).toMatch(what);
    expect(found.facts.join('\n')).toMatch(facts);
    expect(found.problems).toEqual([]);
  });

  it.each([
    [
      'test/features/hdf5/vlt5_obj36.h5',
      /^region features in HDF5$/,
      /^3 images; .*2 to 4 boxes of 8 values/s,
    ],
    ['test/features/hdf5/gqa', /^region features in HDF5$/, /GQA's object features/],
    ['test/features/sources/fixtures/mmf', /NumPy files \(.npy with _info.npy\)/, /^3 images/],
    ['test/features/sources/fixtures/uniter', /NumPy archives \(.npz\), one a picture/, /as shares/],
    ['test/features/sources/fixtures/vinvl/features.tsv', /VinVL's and Oscar's/, /another detector/],
    ['test/features/sources/fixtures/vinvl/oscar.pt', /dictionary of tensors/, /^3 images/],
    ['test/features/sources/fixtures/arrow/both.arrow', /^an Arrow table of region features$/, /^3 images/],
  ])('is region features of another program, which convert takes: %s', async (file, what, facts) => {
    const found = await one(file);
    expect([found.problems, found.together]).toEqual([[], []]);
    expect(found.what).toMatch(what);
    expect(found.facts.join('\n')).toMatch(facts);
    expect(found.wayOn).toBe(`Make a store of it with: lxmert features convert ${file} features/mine`);
  });

  it('is an LMDB database, the folder as one', async () => {
    const database = put(
      'some.lmdb/data.mdb',
      gunzipSync(readFileSync('test/features/sources/fixtures/mmf.mdb.gz')),
    );
    put('some.lmdb/lock.mdb', '');
    const { files } = await diagnoseFiles([path.dirname(database)]);
    expect(files).toMatchObject([{ what: 'an LMDB database of region features', problems: [] }]);
  });

  it('names what features lack with the flag that states it', async () => {
    const found = await one('test/features/hdf5/visdial.h5');
    expect([found.what, found.problems]).toEqual(['an HDF5 file', []]);
    expect(found.wayOn).toMatch(/: lxmert features convert \S+ features\/mine --sizes-from SIZES\.json$/);
    const shares = await one(put('shares.tsv', row('a', { scale: 0.01 })));
    expect(shares.wayOn).toMatch(/: lxmert features convert \S+ features\/mine --box-unit share$/);
    const cut = await one(put('half.tsv', row('a') + row('b').slice(0, 60)));
    expect(cut.wayOn).toMatch(/--keep-going$/);
    const rows = await one('test/features/hdf5/train36_imgid2idx.pkl');
    expect([rows.what, rows.wayOn]).toEqual([
      expect.stringContaining('rows of HDF5 features'),
      expect.stringContaining('--row-ids test/features/hdf5/train36_imgid2idx.pkl'),
    ]);
  });

  it.each([
    ['vqa/data/train-00000-of-00001-5b1ea1b1a8a2b2c4', 'questions of VQA v2', 'vqa'],
    ['okvqa/data/val2014-00000-of-00001', 'questions of OK-VQA', 'okvqa'],
    ['aokvqa/data/train-00000-of-00001', 'questions of A-OKVQA', 'aokvqa'],
    ['vizwiz/data/val-00001-of-00002', 'questions of VizWiz', 'vizwiz'],
    ['gqa/train_balanced_instructions/train-00000-of-00001', 'questions of GQA', 'gqa'],
    ['nlvr2/data/balanced_dev-00000-of-00001-54ed883ce96f619e', 'statements of NLVR2', 'nlvr2'],
  ])('is a Parquet table of %s, with the preparation that takes it', async (table, title, verb) => {
    const file = `test/formats/parquet/tables/${table}.parquet`;
    const found = await one(file);
    expect(found.what).toBe(`a Parquet table of ${title}`);
    expect(found.facts[0]).toMatch(/^\d+ rows?; /);
    expect(found.wayOn).toContain(`: lxmert prepare ${verb} ${file} --output`);
  });

  it('is GQA by pictures where it is about pictures', async () => {
    const found = await one('test/features/hdf5/gqa/gqa_objects_info.json');
    expect(found.facts[0]).toMatch(/^3 pictures/);
    expect(found.wayOn).toContain('lxmert features convert test/features/hdf5/gqa features/gqa');
  });

  it('is the archive of questions, with the command that takes it', async () => {
    const aokvqa = [{ split: 'val', image_id: 1, question_id: 'x', question: 'Why?', choices: ['a'] }];
    const photo = [{ image: 'VizWiz_val_0.jpg', question: 'What?' }];
    const tar = makeTar({ 'aokvqa_v1p0_val.json': JSON.stringify(aokvqa) });
    for (const [name, content, verb] of [
      ['a.tar.gz', gzipSync(tar), 'aokvqa'],
      ['a.tar', tar, 'aokvqa'],
      ['Annotations.zip', makeZip([{ name: 'val.json', content: JSON.stringify(photo) }]), 'vizwiz'],
    ] as const) {
      const file = put(name, content);
      const { wayOn = '', problems } = await one(file);
      expect([wayOn, problems]).toEqual([
        expect.stringContaining(`lxmert prepare ${verb} ${file} --output data/${verb}`),
        [],
      ]);
      expect(faultOfCommand(/lxmert .*/.exec(wayOn)![0])).toBeUndefined();
    }
    const other = await one(put('pictures.tar', makeTar({ 'a.jpg': 'x' })));
    expect(other.wayOn).toMatch(/^Unpack it first: tar xf /);
    const features = await one(put('train2014.tar', makeTar({ 'x/1.jpg.npz': 'x' })));
    expect(features.wayOn).toContain('it is read as it is: lxmert features convert ');
  });

  it('is looked at in a moment, whatever its size', async () => {
    const file = put('large.tsv', row('a').repeat(20));
    // A hole of 20 GB behind some rows: a download that was set aside and never came.
    truncateSync(file, 20e9);
    const started = performance.now();
    const found = await one(file);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(found.looksWrong).toBe(true);
  });
});

describe('files together', () => {
  const features = put(
    'set/features.tsv',
    row('COCO_val2014_000000001001') + row('COCO_val2014_000000001002'),
  );
  const wording = async (...files: string[]) => {
    const { together } = await diagnoseFiles(files);
    return together.map(
      ({ fits, finding }) => `${fits ? 'fits' : 'wrong'}: ${finding.replaceAll(`${folder}/`, '')}`,
    );
  };

  it('fit where every image has features', async () => {
    const questions = put('set/q.json', [question('COCO_val2014_000000001001', 1, 'yes')]);
    expect(await wording(questions, features)).toEqual([
      'fits: Every image of set/q.json (1) has features in set/features.tsv.',
    ]);
  });

  it('do not where images are called otherwise', async () => {
    const questions = put('set/q.json', [question('1001', 1, 'yes'), question('1002', 2, 'yes')]);
    expect(await wording(questions, features)).toEqual([
      'wrong: 2 of the 2 images of set/q.json have no features in set/features.tsv, such as 1001, 1002; features are there of ' +
        'images such as COCO_val2014_000000001001. The numbers in them are the same: one of the two files writes them another way.',
    ]);
  });

  it('do not where the table is of other data', async () => {
    const questions = put('set/q.json', [question('a', 1, 'yes'), question('b', 2, 'blue')]);
    expect(await wording(questions, put('set/t.json', ['yes', 'blue', 'x']))).toEqual([
      'fits: Every answer of the labels of set/q.json (2) is in set/t.json.',
    ]);
    expect((await wording(questions, put('set/t.json', ['red', 'green'])))[0]).toMatch(
      /^wrong: 2 of the 2 answers .* other data\.$/,
    );
  });

  it('are predictions and annotations by their ids', async () => {
    const annotations = put('set/a.json', {
      annotations: [1, 2].map((id) => ({ question_id: id, image_id: 1, answers: [{ answer: 'x' }] })),
    });
    const some = put('set/p.json', [{ question_id: 1, answer: 'x' }]);
    expect((await wording(some, annotations))[0]).toMatch(
      /^fits: 1 of the predictions .*; 1 question has no prediction/,
    );
    const none = put('set/p.json', [{ question_id: 9, answer: 'x' }]);
    expect((await wording(none, annotations))[0]).toMatch(
      /^wrong: No prediction .* ids are as in 9 and 1\.$/,
    );
  });

  it('are official questions and annotations of one data set, with the command that takes both', async () => {
    const questions = put('set/a_val2014_questions.json', {
      questions: [{ question_id: 1, image_id: 1, question: 'Why?' }],
    });
    const annotation = {
      question_id: 1,
      image_id: 1,
      answers: [{ answer: 'x' }],
      multiple_choice_answer: 'x',
    };
    const annotations = put('set/a_val2014_annotations.json', { annotations: [annotation] });
    const others = put('set/a_train2014_annotations.json', { annotations: [annotation] });
    const { together } = await diagnoseFiles([others, questions, annotations]);
    const command = /lxmert .*/.exec(together[0]!.finding)![0];
    expect(command).toBe(`lxmert prepare vqa ${questions} ${annotations} --output data/vqa`);
    expect(faultOfCommand(command)).toBeUndefined();
    const unnamed = put('set/mine.json', { annotations: [annotation] });
    expect((await diagnoseFiles([questions, unnamed])).together[0]!.finding).toMatch(
      /prepare vqa takes them with --as/,
    );
  });
});

it('takes a page that the program wrote for no broken download, and labels of NLVR2 for no answers', async () => {
  const page = selfContainedPage({ title: 'A report', style: '', body: '', script: null });
  const file = path.join(folder, 'report.html');
  writeFileSync(file, page);
  const rows = put('set/nlvr2.json', [
    { img0: 'a', img1: 'b', sent: 'Both are red.', label: 1, uid: 'u', identifier: 'dev-0-0-0' },
  ]);
  const { files } = await diagnoseFiles([file, rows]);
  expect(files[0]!.what).toContain('a page that lxmert wrote');
  expect(files[0]!.problems).toEqual([]);
  expect(files[1]!.facts.join('\n')).toContain('1 with a label');
});

describe('folders and what is no file', () => {
  it('gives a sentence for each thing that cannot be looked at, and goes on', async () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    mkdirSync(path.join(folder, 'nothing'), { recursive: true });
    const good = put('good.json', ['yes', 'no']);
    const { files, looksWrong } = await diagnoseFiles([
      pipe,
      path.join(folder, 'absent'),
      path.join(folder, 'nothing'),
      good,
    ]);
    expect(files.map(({ problems }) => problems.join())).toEqual([
      `'${pipe}' is neither a file nor a folder.`,
      `There is no file or folder '${folder}/absent'.`,
      `The folder '${folder}/nothing' is empty.`,
      '',
    ]);
    expect(looksWrong).toBe(true);
  });

  it('looks through folders once, links in circles too', async () => {
    put('tree/a/table.json', ['yes']);
    symlinkSync('..', path.join(folder, 'tree/a/up'));
    const { files } = await diagnoseFiles([path.join(folder, 'tree'), path.join(folder, 'tree/a')]);
    expect(files.map((each) => each.path)).toEqual([path.join(folder, 'tree/a/table.json')]);
  });

  it('never throws for bytes of any kind', async () => {
    const random = new Random(7);
    const starts = [
      '',
      '[{"a":',
      '{"questions": [',
      '\x80\x02',
      'PK\x03\x04',
      '\x1f\x8b',
      '\x93NUMPY',
      '\xff\xd8\xff',
      'a\tb\tc\td\te\tf\tg\n',
    ];
    for (let i = 0; i < 60; i++) {
      const bytes = Buffer.from(Array.from({ length: 200 }, () => random.integer(256)));
      const file = put(
        `random${i}${i % 3 === 0 ? '.pth' : ''}`,
        Buffer.concat([Buffer.from(starts[i % starts.length]!, 'latin1'), bytes]),
      );
      const { files } = await diagnoseFiles([file]);
      expect(files).toHaveLength(1);
      for (const problem of files[0]!.problems)
        expect(problem).not.toMatch(/Invalid input|undefined|TypeError|is not a function/);
    }
  });
});

describe('an exported folder', () => {
  const FILES = { 'vocab.txt': '[PAD]\n', 'onnx/model.onnx': 'graph' };

  function exported(name: string, more: object = {}): string {
    const files = Object.fromEntries(
      Object.entries(FILES).map(([file, text]) => {
        put(`${name}/${file}`, text);
        return [file, { numBytes: text.length, sha256: createHash('sha256').update(text).digest('hex') }];
      }),
    );
    const weights = [{ precision: 'float32', file: 'onnx/model.onnx' }, { precision: 'int8' }];
    put(`${name}/lxmert.json`, {
      format: 'lxmert-onnx',
      version: 1,
      kind: 'model',
      task: 'vqa',
      weights,
      files,
      ...more,
    });
    return path.join(folder, name);
  }

  it('is one subject with its size, its precisions and what takes it', async () => {
    const { what, facts, problems, wayOn } = await one(exported('sound'));
    expect([what, problems]).toEqual(['an exported model', []]);
    expect(facts).toEqual(['2 files, 11 B', 'weights in float32, int8', 'task vqa']);
    expect(wayOn).toContain(`--model ${path.join(folder, 'sound')}`);
    const detector = { weights: [{ precision: 'float16' }] };
    const eyes = await one(
      exported('eyes', { kind: 'detector', weights: undefined, task: undefined, detector }),
    );
    expect([eyes.what, eyes.facts[1]]).toEqual(['an exported region detector', 'weights in float16']);
    expect(eyes.wayOn).toContain('--detector');
  });

  it('is told of files that are missing, cut, changed or elsewhere, and of a manifest that is none', async () => {
    const at = exported('broken');
    writeFileSync(path.join(at, 'vocab.txt'), '[CLS]\n');
    truncateSync(path.join(at, 'onnx/model.onnx'), 2);
    const { problems } = await one(at);
    expect(problems).toEqual([
      expect.stringMatching(/vocab\.txt was changed after the export/),
      expect.stringMatching(/model\.onnx has 2 bytes, where the manifest says 5/),
    ]);
    rmSync(path.join(at, 'vocab.txt'));
    expect((await one(at)).problems[0]).toMatch(/^There is no .*vocab\.txt, although the manifest names it/);
    const outside = exported('outside', { files: { '../secret': { numBytes: 1, sha256: '' } } });
    expect((await one(outside)).problems).toEqual([
      "The manifest names '../secret', which is not in the folder.",
    ]);
    put('none/lxmert.json', '{"format": ');
    expect((await one(path.join(folder, 'none'))).problems[0]).toMatch(
      /lxmert\.json is no manifest of an export: line 1/,
    );
    put('none/lxmert.json', { format: 'x' });
    expect((await one(path.join(folder, 'none'))).problems[0]).toContain('its "format" is not "lxmert-onnx"');
  });
});

describe('lxmert doctor --files', () => {
  needing('program').it('starts without libtorch where no weights are looked at', () => {
    const file = put('x/good.json', ['yes', 'no']);
    const script = `
      import { readFileSync } from 'node:fs';
      import { diagnoseFiles } from ${JSON.stringify(path.resolve('dist/src/diagnosis/index.js'))};
      await diagnoseFiles([${JSON.stringify(file)}, ${JSON.stringify(put('x/f.tsv', row('a')))}]);
      console.log(readFileSync('/proc/self/maps', 'utf8').includes('libtorch'));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(printed.trim()).toBe('false');
  });

  it('takes any number of paths and ends with 0 or 1', async () => {
    const good = put('x/good.json', ['yes', 'no']);
    const bad = put('x/bad.tsv', row('a', { scale: 0.01 }));
    expect((await lxmert('doctor', '--files', good, good)).exitCode).toBe(0);
    const { exitCode, stdout } = await lxmert('doctor', '--files', good, bad, '--json');
    expect(exitCode).toBe(1);
    expect((JSON.parse(stdout) as { files: unknown[] }).files).toHaveLength(2);
  });

  it('fits 80 columns, but for paths and commands', async () => {
    const { stdout } = await lxmert('doctor', '--files', path.join(folder, 'x'), path.join(folder, 'set'));
    const long = stdout
      .split('\n')
      .filter((line) => line.length > 80 && !/^\s*(lxmert|\/)/.test(line) && !line.includes(folder));
    expect(long).toEqual([]);
    expect(renderDiagnosis({ files: [], together: [], numLeftOut: 0, looksWrong: false })).toBe(
      'Nothing looks wrong.',
    );
  });
});
