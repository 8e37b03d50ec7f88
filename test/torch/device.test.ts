import { afterEach, describe, expect, it } from 'vitest';
import { defaultDevice, numGpus, parseDevice, requirePrecision, useDevice } from '../../src/torch/index.js';
import { buildRecord } from '../../src/torch/native.js';
import { practiceDevice } from '../support/practiceDevice.js';
import { needing } from '../support/skips.js';

const { LXMERT_DEVICE: before } = process.env;

describe('a named device', () => {
  afterEach(() => {
    if (before === undefined) delete process.env.LXMERT_DEVICE;
    else process.env.LXMERT_DEVICE = before;
  });

  it('is one of those there can be', () => {
    for (const name of ['cpu', 'auto', 'cuda', 'cuda:1'] as const) expect(parseDevice(name)).toBe(name);
    expect(() => parseDevice('gpu')).toThrow("'gpu' is no device: expected 'cpu', 'cuda' (the first GPU)");
    expect(() => parseDevice('cuda:-1')).toThrow('is no device');
  });

  it('is what LXMERT_DEVICE says where nobody names one', () => {
    delete process.env.LXMERT_DEVICE;
    expect(defaultDevice()).toBe('auto');
    process.env.LXMERT_DEVICE = 'cuda:1';
    expect(defaultDevice()).toBe('cuda:1');
    process.env.LXMERT_DEVICE = 'tpu';
    expect(() => defaultDevice()).toThrow("'tpu' is no device");
  });

  it('is the first GPU, or the processor, when chosen by itself', () => {
    expect(useDevice('auto')).toBe(numGpus() > 0 ? 'cuda:0' : 'cpu');
    expect(useDevice('cpu')).toBe('cpu');
    expect(useDevice(practiceDevice())).toBe('privateuseone:0');
  });

  needing('no GPU').it('that is not there is refused in one sentence that says why', () => {
    const why =
      buildRecord()?.cuda === true
        ? /^This libtorch \(.*\) can compute on NVIDIA GPUs, but sees none, so there is no device 'cuda:0': 'lxmert doctor' says/
        : /^This libtorch \(.*\) computes on the processor only, so there is no device 'cuda:0'\. Install one with CUDA/;
    expect(() => useDevice('cuda')).toThrow(why);
  });

  it('beyond the last says which there are', () => {
    practiceDevice();
    expect(() => useDevice('privateuseone:3')).toThrow(
      "There is no device 'privateuseone:3': libtorch sees one GPU",
    );
  });

  it('computes in the formats that it has', () => {
    expect(() => requirePrecision('float16', 'cpu')).toThrow('float16 is for GPUs');
    requirePrecision('float16', 'cuda:0');
    requirePrecision('bfloat16', 'cpu');
  });
});
