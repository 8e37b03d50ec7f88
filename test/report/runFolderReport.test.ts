import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { describeRun, renderReport } from '../../src/report/index.js';
import { parsePage } from './sampleReport.js';

let folder = '';
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'report-')), 'runs', 'first');
  mkdirSync(folder, { recursive: true });
});
afterEach(() => rmSync(path.resolve(folder, '../..'), { recursive: true }));

const write = (name: string, content: unknown): void =>
  writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));

const config = {
  task: 'vqa',
  maxLength: 20,
  model: { hiddenSize: 96, numCrossLayers: 2 },
  settings: { numEpochs: 3, learningRate: 5e-5 },
  data: { trainingQuestions: 3086 },
  madeBy: { lxmert: '0.1.0' },
  features: [{ paths: ['a', 'b'], provenance: { detector: 'x', settings: {} } }],
};

const step = (number: number, loss: number | null): string =>
  `${JSON.stringify({
    step: number,
    epoch: 0,
    loss,
    gradientNorm: 2,
    learningRate: 1e-5,
    examplesPerSecond: 100 + number,
    dataWaitShare: 0.03,
    residentBytes: 2 ** 30,
  })}\n`;
const epoch = (number: number, score: number, more: object = {}): string =>
  `${JSON.stringify({ epoch: number, meanLoss: 2, score, bestScore: score, isBest: true, seconds: 50, ...more })}\n`;

type Run = Awaited<ReturnType<typeof describeRun>>;
const pointsOf = (run: Run, title: string, series = 0) =>
  run.report.curves.find((curve) => curve.title === title)?.series[series]?.points;
const factOf = (run: Run, label: string) => run.report.facts.find((fact) => fact.label === label)?.value;

it('of a pre-training names the epoch with the lowest loss among those that are alike', async () => {
  write('config.json', {
    task: 'pretrain',
    settings: { numEpochs: 4, qaFromEpoch: 2 },
    data: { trainingSentences: 9180 },
  });
  write(
    'metrics.jsonl',
    step(20, 9) +
      epoch(0, 8, { validation: { Mask_LM: 0.5 } }) +
      epoch(1, 6, { validation: { Mask_LM: 0.25, accuracy_QA: 0.75 } }) +
      epoch(2, 9.5) +
      epoch(3, 9.25),
  );
  write('BEST_EVAL_LOSS_LXRT.pth', '');
  const run = await describeRun(folder);
  expect(run).toMatchObject({ bestEpoch: 3, bestScore: 9.25, problems: [] });
  expect(factOf(run, 'Lowest validation loss')).toBe('9.2500');
  expect(run.scored).toBe('loss');
  expect(pointsOf(run, 'Validation loss')?.length).toBe(4);
  // Losses in one chart, what is right in another; an epoch without a number has a gap there.
  expect(pointsOf(run, 'Validation losses')).toEqual([
    [0, 0.5],
    [1, 0.25],
    [2, Number.NaN],
    [3, Number.NaN],
  ]);
  expect(run.report.curves.find(({ title }) => title === 'Right in validation')?.series[0]?.name).toBe('QA');
  expect(run.report.subtitle).toContain('A pre-training with 9,180 sentences');
  expect(run.report.commands[0]).toContain('lxmert evaluate pretrain');
});

describe('a whole run', () => {
  beforeEach(() => {
    write('config.json', config);
    write('metrics.jsonl', step(20, 3) + epoch(0, 0.25) + step(40, 2) + epoch(1, 0.5) + epoch(2, 0.5));
    write('log.log', 'libtorch\nEpoch 0\n');
    write('scores.json', {
      overall: 0.5,
      byQuestionType: [
        { type: 'what color', score: 0.25, numQuestions: 10 },
        { type: '', score: 0.75, numQuestions: 30 },
      ],
      byAnswerType: [{ type: 'other', score: 0.5, numQuestions: 40 }],
    });
    write('BEST.pth', '');
  });

  it('gives its numbers, the first of equally good epochs as the best', async () => {
    const run = await describeRun(folder);
    expect(run).toMatchObject({ numSteps: 40, numEpochs: 3, bestEpoch: 1, bestScore: 0.5 });
    expect([run.numLinesSkipped, run.problems]).toEqual([0, []]);
    expect(factOf(run, 'Best validation score')).toBe('50.00 %');
    expect(factOf(run, 'Epochs finished')).toBe('3 of 3');
    expect(factOf(run, 'Time of the epochs')).toBe('2 min 30 s');
    expect(factOf(run, 'Peak resident memory')).toBe('1.00 GiB');
  });

  it('draws every curve that the metrics hold', async () => {
    const run = await describeRun(folder);
    expect(pointsOf(run, 'Training loss')).toEqual([
      [20, 3],
      [40, 2],
    ]);
    expect(pointsOf(run, 'Training loss', 1)).toEqual([
      [20, 2],
      [40, 2],
      [40, 2],
    ]);
    expect(pointsOf(run, 'Validation score')).toEqual([
      [0, 25],
      [1, 50],
      [2, 50],
    ]);
    expect(pointsOf(run, 'Speed')).toEqual([
      [20, 120],
      [40, 140],
    ]);
    expect(pointsOf(run, 'Resident memory')?.[0]).toEqual([20, 1]);
    expect(pointsOf(run, 'Time spent waiting for data')?.[0]).toEqual([20, 3]);
    expect(run.report.curves).toHaveLength(7);
  });

  it('shows settings, scores by type, the log and what to do next on a page', async () => {
    const { text } = parsePage(renderReport((await describeRun(folder)).report));
    for (const shown of ['runs/first', 'A training run on vqa with 3,086 questions, by lxmert 0.1.0.'])
      expect(text).toContain(shown);
    for (const shown of ['hiddenSize96', 'learningRate0.00005', '0.pathsa, b', '0.provenance.detectorx'])
      expect(text).toContain(shown);
    expect(text).toMatch(
      /all50\.00 %40\nanswer: other50\.00 %40\nquestion: \(none\)75\.00 %30\nquestion: what color25\.00 %10/,
    );
    expect(text).toContain('libtorch');
    expect(text).toContain(`npx lxmert evaluate vqa QUESTIONS --model ${folder} --features STORE`);
  });
});

describe('a run that was cut off', () => {
  it('leaves out a half-written last line, says so, and keeps the rest', async () => {
    write('config.json', config);
    write('metrics.jsonl', `${step(20, 3)}${step(40, 2)}{"step":60,"ep`);
    const run = await describeRun(folder);
    expect([run.numSteps, run.numLinesSkipped]).toEqual([40, 1]);
    expect(run.problems).toEqual([expect.stringMatching(/last line of metrics\.jsonl is half written/)]);
    expect(parsePage(renderReport(run.report)).text).toContain('is half written');
  });

  it('takes a last line that only lacks its end', async () => {
    write('metrics.jsonl', step(20, 3) + step(40, 2).trimEnd());
    expect(await describeRun(folder)).toMatchObject({ numSteps: 40, numLinesSkipped: 0 });
  });

  it('counts lines in the middle that are torn, or records of something else', async () => {
    write('config.json', config);
    write(
      'metrics.jsonl',
      `${step(20, 3)}{"step":4${step(40, 2)}\nnonsense\n${step(60, 1)}{"other":1}\n[]\n7\n{"step":-1}\n`,
    );
    const run = await describeRun(folder);
    expect([run.numSteps, run.numLinesSkipped]).toEqual([60, 6]);
    expect(run.problems).toEqual([
      expect.stringMatching(/^2 lines of metrics\.jsonl, the first of them line 2, could not be read/),
      expect.stringMatching(/^4 lines of metrics\.jsonl, the first of them line 6, hold no step/),
    ]);
  });

  it('shows a null as a gap', async () => {
    write('metrics.jsonl', step(20, 3) + step(40, null) + step(60, 1));
    const run = await describeRun(folder);
    expect(pointsOf(run, 'Training loss')).toEqual([
      [20, 3],
      [40, Number.NaN],
      [60, 1],
    ]);
    expect(run.numLinesSkipped).toBe(0);
  });

  it('that was resumed replaces what was trained again, epochs too', async () => {
    const before = step(20, 5) + epoch(0, 0.2) + step(40, 4) + epoch(1, 0.9) + step(60, 3);
    write('metrics.jsonl', before + step(40, 7) + epoch(1, 0.4));
    const run = await describeRun(folder);
    expect(run).toMatchObject({ numSteps: 40, numEpochs: 2, bestEpoch: 1, bestScore: 0.4 });
    expect(pointsOf(run, 'Training loss')).toEqual([
      [20, 5],
      [40, 7],
    ]);
    expect(run.report.notes.join(' ')).toContain('resumed once, the last time before step 40');
  });
});

describe('a damaged folder', () => {
  it('that has nothing of a run is refused', async () => {
    write('BEST.pth', '');
    await expect(describeRun(folder)).rejects.toThrow(UsageError);
    await expect(describeRun(folder)).rejects.toThrow(/is no run folder/);
  });

  it('without configuration and metrics still has a page', async () => {
    write('log.log', 'started\n');
    const run = await describeRun(folder);
    expect(run.problems).toEqual([
      expect.stringContaining('no config.json'),
      expect.stringContaining('no metrics.jsonl'),
    ]);
    expect(parsePage(renderReport(run.report)).text).toContain('started');
  });

  it.each<[string, string, unknown, RegExp]>([
    ['config.json', 'cut off', '{"task":', /config\.json cannot be read/],
    ['config.json', 'a list', [], /config\.json is not as expected/],
    ['scores.json', 'a percentage', { overall: 51 }, /scores\.json is not as expected at 'overall'/],
    ['scores.json', 'of another shape', { overall: 1, byAnswerType: {} }, /'byAnswerType'/],
    ['metrics.jsonl', 'one endless line', 'x'.repeat(70_000), /line 1: the line is longer than 65536/],
    ['log.log', 'one endless line', 'x'.repeat(1_100_000), /no line of a log/],
  ])('%s that is %s gets a sentence and costs nothing else', async (name, _what, content, sentence) => {
    write('config.json', config);
    write('metrics.jsonl', step(20, 3));
    write(name, content);
    const run = await describeRun(folder);
    expect(run.problems).toEqual([expect.stringMatching(sentence)]);
    expect(parsePage(renderReport(run.report)).text).toContain(run.problems[0]);
  });

  it('does not fail on values that a configuration never has', async () => {
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    write(
      'config.json',
      `{"task":{"a":1},"settings":7,"madeBy":null,"deep":${deep},"long":"${'x'.repeat(5000)}"}`,
    );
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]));
    const run = await describeRun(folder);
    const { text } = parsePage(renderReport(run.report));
    expect(text).toContain('nested too deeply');
    expect(text).not.toContain('x'.repeat(301));
    write('config.json', { many });
    const { configuration } = (await describeRun(folder)).report;
    expect(configuration?.[0]?.lines).toHaveLength(401);
    expect(configuration?.[0]?.lines.at(-1)?.value).toBe('600 more, in config.json');
  });

  it('never becomes markup', async () => {
    const attack = '</script><img src=x onerror=alert(1)>"\'';
    write('config.json', { task: attack, [attack]: { [attack]: attack }, madeBy: { lxmert: attack } });
    write('metrics.jsonl', step(20, 3));
    write('log.log', `${attack}\n`);
    write('scores.json', {
      overall: 1,
      byAnswerType: [{ type: attack, score: 1, numQuestions: 1 }],
    });
    const page = parsePage(renderReport((await describeRun(folder)).report));
    expect(page.elements.filter(({ name }) => name === 'img')).toEqual([]);
    expect(page.elements.filter(({ name }) => name === 'script')).toHaveLength(2);
    // Subtitle twice, task, group, key, value, made by, type, log.
    expect(page.text.split(attack).length - 1).toBe(9);
  });
});

describe('a log', () => {
  it('that is long shows its beginning and its end', async () => {
    write('log.log', Array.from({ length: 1000 }, (_, i) => `line ${i + 1}\n`).join(''));
    const { log } = (await describeRun(folder)).report;
    expect(log).toHaveLength(141);
    expect([log?.[0], log?.[39], log?.[40], log?.[41], log?.at(-1)]).toEqual([
      'line 1',
      'line 40',
      '... 860 lines ...',
      'line 901',
      'line 1000',
    ]);
  });
});
