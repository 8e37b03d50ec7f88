/** @file What lxmert serve says at its start. */

import { describe, expect, it } from 'vitest';
import { whyBlind } from '../../src/cli/commands/serve.js';

describe('a model that is served with nothing to see with', () => {
  it('says so in one line, with the way on', () => {
    const line = whyBlind({ name: 'vqa', featureSize: 2048, seesPictures: false });
    expect(line).toMatch(/^vqa cannot look at pictures: .*2048 values.* --detector/);
    expect(line).not.toContain('\n');
    expect(whyBlind({ name: 'sample', featureSize: 2048, seesPictures: true })).toBeUndefined();
  });
});
