/** @file CRC-32C, the checksum that guards every record of an event file. */

/** The Castagnoli polynomial, bits reversed (RFC 3720, appendix B.4). zlib's crc32 has another one. */
const POLYNOMIAL = 0x82f63b78;

/** What TFRecord adds to a rotated checksum, so that the checksum of data with checksums inside stays telling. */
const MASK_DELTA = 0xa282ead8;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  }
  return remainder;
});

/** The CRC-32C of some bytes, as an unsigned 32-bit number. Of `123456789` it is 0xe3069283. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ (table[(remainder ^ byte) & 0xff] ?? 0);
  return (remainder ^ 0xffffffff) >>> 0;
}

/** The checksum as TFRecord files store it: rotated right by 15 bits, plus a constant (TFRecord's format notes). */
export function maskedCrc32c(bytes: Uint8Array): number {
  const checksum = crc32c(bytes);
  return (((checksum >>> 15) | (checksum << 17)) + MASK_DELTA) >>> 0;
}
