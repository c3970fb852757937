/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), and the masked form LevelDB tables and TensorBundles store. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** The checksum of `bytes`, or of what came before (whose checksum is `crc`) followed by `bytes`. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  for (let i = 0; i < bytes.length; i++) state = TABLE[(state ^ bytes[i]!) & 255]! ^ (state >>> 8);
  return ~state >>> 0;
}

/** As stored: rotated and offset, so that the checksum of bytes that hold checksums is no trap. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
