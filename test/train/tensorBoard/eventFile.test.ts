import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LxmertError } from '../../../src/common/errors.js';
import { EventFile } from '../../../src/train/tensorBoard/eventFile.js';
import { readEvents, readRecords } from './readEvents.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'events-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = { startSeconds: 1_700_000_000.5, host: 'box' };

describe('an event file', () => {
  it('begins with its version and holds what was logged, in order', () => {
    using file = EventFile.create(folder, start);
    file.scalar('train/loss', 0.1, 20, 1_700_000_001.25);
    file.scalar('train/loss', -3.5, 0, 1_700_000_002);
    file.scalar('steps', Number.NaN, Number.MAX_SAFE_INTEGER, 1_700_000_003);
    file.text('note', 'Gr\u00fc\u00dfe & <b>', 300, 1_700_000_004);
    file.close();
    expect(readEvents(readFileSync(file.path))).toEqual([
      { wallTime: 1_700_000_000.5, step: 0, fileVersion: 'brain.Event:2' },
      { wallTime: 1_700_000_001.25, step: 20, tag: 'train/loss', value: Math.fround(0.1) },
      { wallTime: 1_700_000_002, step: 0, tag: 'train/loss', value: -3.5 },
      { wallTime: 1_700_000_003, step: Number.MAX_SAFE_INTEGER, tag: 'steps', value: Number.NaN },
      { wallTime: 1_700_000_004, step: 300, tag: 'note', text: 'Gr\u00fc\u00dfe & <b>', plugin: 'text' },
    ]);
  });

  it('is byte for byte what the formats say', () => {
    using file = EventFile.create(folder, { ...start, startSeconds: 2 });
    file.scalar('a', 1.5, 300, 2);
    file.close();
    // Event{wall_time 2.0, step 300, summary{value{tag "a", simple_value 1.5}}}, by hand.
    const event = '090000000000000040' + '10ac02' + '2a0a' + '0a08' + '0a0161' + '150000c03f';
    expect(readRecords(readFileSync(file.path))[1]?.toString('hex')).toBe(event);
  });

  it('takes now for a time that is not given', () => {
    const before = Date.now() / 1000;
    using file = EventFile.create(folder);
    file.scalar('a', 1, 1);
    file.close();
    const [version, scalar] = readEvents(readFileSync(file.path));
    expect(version?.wallTime).toBeGreaterThanOrEqual(before);
    expect(scalar?.wallTime).toBeGreaterThanOrEqual(before);
    expect(scalar?.wallTime).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it('shows others its records after a flush, and always whole ones', () => {
    using file = EventFile.create(folder, start);
    const numSeen = (): number => readRecords(readFileSync(file.path)).length;
    expect(numSeen()).toBe(1);
    file.scalar('a', 1, 1);
    file.flush();
    expect(numSeen()).toBe(2);
    for (let step = 0; step < 3000; step++) file.scalar('a', step, step);
    // Far more than a buffer: part of it is there unasked.
    expect(numSeen()).toBeGreaterThan(1000);
    file.close();
    expect(numSeen()).toBe(3002);
  });

  it('never touches a file that is there: each start has its own, sorted by time', () => {
    const first = EventFile.create(folder, start);
    first.scalar('a', 1, 1);
    first.close();
    const bytes = readFileSync(first.path);
    for (const startSeconds of [start.startSeconds, 1_700_000_100]) {
      EventFile.create(folder, { ...start, startSeconds, numStepsDone: 7 }).close();
    }
    expect(readdirSync(folder).sort()).toEqual([
      'events.out.tfevents.1700000000.box',
      'events.out.tfevents.1700000000.box.1',
      'events.out.tfevents.1700000100.box',
    ]);
    expect(readFileSync(first.path)).toEqual(bytes);
  });

  it('says after a resume that later steps of earlier files no longer count', () => {
    const file = EventFile.create(folder, { ...start, numStepsDone: 40 });
    file.close();
    expect(readEvents(readFileSync(file.path))).toEqual([
      { wallTime: start.startSeconds, step: 0, fileVersion: 'brain.Event:2' },
      { wallTime: start.startSeconds, step: 41, isSessionStart: true },
    ]);
  });

  it('stays in its folder whatever the host is called', () => {
    const file = EventFile.create(path.join(folder, 'new', 'deep'), { ...start, host: '../a/b c' });
    file.close();
    expect(readdirSync(path.join(folder, 'new', 'deep'))).toEqual([
      'events.out.tfevents.1700000000..._a_b_c',
    ]);
  });

  it('refuses steps that are no counts, a closed file, and a folder that cannot be', () => {
    const file = EventFile.create(folder, start);
    for (const step of [-1, 1.5, Number.NaN]) expect(() => file.scalar('a', 1, step)).toThrow(LxmertError);
    file.close();
    file.close();
    expect(() => file.scalar('a', 1, 1)).toThrow(/is closed/);
    expect(() => file.flush()).toThrow(/is closed/);
    expect(readRecords(readFileSync(file.path))).toHaveLength(1);
    const inTheWay = path.join(folder, 'file');
    writeFileSync(inTheWay, '');
    expect(() => EventFile.create(inTheWay, start)).toThrow(/No event file could be made/);
  });
});
