import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../src/formats/hashes/crc32c.js';

describe('crc32c', () => {
  // The check value of the CRC catalogue and the examples of RFC 3720, appendix B.4.
  it.each<[string, Uint8Array, number]>([
    ['nothing', new Uint8Array(0), 0],
    ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ])('of %s is the published value', (_what, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('is masked by a rotation and an addition in 32 bits', () => {
    // 0xe3069283 rotated right by 15 is 0x2507c60d; plus 0xa282ead8 is 0xc78ab0e5.
    expect(maskedCrc32c(new TextEncoder().encode('123456789'))).toBe(0xc78ab0e5);
    expect(maskedCrc32c(new Uint8Array(0))).toBe(0xa282ead8);
  });
});
