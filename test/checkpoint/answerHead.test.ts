import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CheckpointError,
  CheckpointFile,
  isAnswerRow,
  loadAnswerRows,
  loadWeights,
} from '../../src/checkpoint/index.js';
import { matchingRows } from '../../src/data/answerNormalization.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { loadAnswerTable } from '../../src/data/answerTableFiles.js';
import { questionAnsweringModel } from '../../src/model/index.js';
import { tensor } from '../../src/torch/index.js';
import { Golden, goldenPath } from '../support/golden.js';
import { floats, pickle, pickledDict, pickledTensor, pthFile, temporaryFolder } from './bytes.js';

const folder = temporaryFolder();

describe('rows of an answer head', () => {
  /** Three answers of width 2: rows (1, 2), (3, 4), (5, 6) with biases 7, 8, 9. */
  const openHead = async (): Promise<CheckpointFile> => {
    const weight = pickledTensor({ key: '0', shape: [3, 2], strides: [2, 1] });
    const bias = pickledTensor({ key: '1', numStored: 3, shape: [3], strides: [1] });
    const dict = pickledDict({
      'answer_head.logit_fc.3.weight': weight,
      'answer_head.logit_fc.3.bias': bias,
    });
    const file = pthFile(pickle(dict), { '0': floats(1, 2, 3, 4, 5, 6), '1': floats(7, 8, 9) });
    return CheckpointFile.open(await folder.write('head.pth', file));
  };

  it('are copied in the order asked for; unknown ones become zeros', async () => {
    using weight = tensor([1, 1, 1, 1, 1, 1, 1, 1], [4, 2]);
    using bias = tensor([1, 1, 1, 1]);
    const parameters = new Map([
      ['answer_head.logit_fc.3.weight', weight],
      ['answer_head.logit_fc.3.bias', bias],
    ]);
    loadAnswerRows(await openHead(), parameters, Int32Array.of(2, -1, 0, 2));
    expect([...weight.toFloat32Array()]).toEqual([5, 6, 0, 0, 1, 2, 5, 6]);
    expect([...bias.toFloat32Array()]).toEqual([9, 0, 7, 9]);
  });

  it('of another table or width are refused', async () => {
    using weight = tensor([1, 1], [1, 2]);
    using bias = tensor([1]);
    const name = 'answer_head.logit_fc.3.';
    const parameters = new Map([
      [`${name}weight`, weight],
      [`${name}bias`, bias],
    ]);
    const head = await openHead();
    expect(() => loadAnswerRows(head, parameters, Int32Array.of(3))).toThrow(/row 3 .* not the one/);
    using wide = tensor([1, 1, 1], [1, 3]);
    parameters.set(`${name}weight`, wide);
    expect(() => loadAnswerRows(head, parameters, Int32Array.of(0))).toThrow(CheckpointError);
  });
});

describe('heads as the reference makes them from the pre-trained file', () => {
  it.each(['vqa', 'gqa'] as const)('%s', async (task) => {
    const golden = new Golden();
    const source = await loadAnswerTable(goldenPath('toy', 'all_ans.json'));
    const target = new AnswerTable(golden.index[task].label2ans);
    const rows = matchingRows(target, source);
    const { answers } = JSON.parse(readFileSync(goldenPath('index.json'), 'utf8')) as {
      answers: { loaded_rows: Record<string, number[]> };
    };
    expect([...rows]).toEqual(answers.loaded_rows[task]);
    const checkpoint = await CheckpointFile.open(goldenPath('model_legacy.pth'));
    using model = questionAnsweringModel(golden.modelConfig(), target.size);
    const parameters = model.namedParameters();
    const report = loadWeights(checkpoint, parameters, {
      require: 'all',
      only: (name) => !isAnswerRow(name),
    });
    expect([report.missing, report.reshaped]).toEqual([[], []]);
    loadAnswerRows(checkpoint, parameters, rows);
    for (const part of ['weight', 'bias']) {
      const actual = parameters.get(`answer_head.logit_fc.3.${part}`)!.toFloat32Array();
      expect(actual, part).toEqual(golden.values(`${task}/head/logit_fc.3.${part}`));
    }
  });
});
