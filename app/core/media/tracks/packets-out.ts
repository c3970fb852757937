/**
 * Subtitle packets as a file that ffmpeg reads: the least Matroska there is, one track, a block for each packet (RFC 9559). Text files would do for some
 * codecs, but rounded to a hundredth of a second (ASS), or not at all for pictures; here every codec has its own bytes and milliseconds.
 */
import { writeFile } from 'node:fs/promises';

/** Codec by ffmpeg's name, and Matroska's. */
export const PACKET_CODECS: Readonly<Record<string, string>> = {
  ass: 'S_TEXT/ASS',
  subrip: 'S_TEXT/UTF8',
  hdmv_pgs_subtitle: 'S_HDMV/PGS',
  dvd_subtitle: 'S_VOBSUB',
  dvb_subtitle: 'S_DVBSUB',
};

export interface TimedPacket {
  /** Milliseconds of the output; `end` only where packets say how long they last. */
  readonly start: number;
  readonly end?: number;
  readonly data: Buffer;
}

/** Blocks count from their cluster in 16 bits. */
const CLUSTER_MS = 30_000;

/** Writes the file. Packets are in order of their starts, none negative. */
export async function writePackets(
  path: string,
  codec: string,
  header: Buffer,
  packets: readonly TimedPacket[],
): Promise<void> {
  const track = [
    element(0xd7, number(1)),
    element(0x73c5, number(1)),
    element(0x83, number(0x11)),
    // Not the default: ffmpeg would hand that on, whatever it is told.
    element(0x88, number(0)),
    element(0x86, Buffer.from(PACKET_CODECS[codec] ?? codec, 'latin1')),
    ...(header.length > 0 ? [element(0x63a2, header)] : []),
  ];
  const body = [
    element(0x1549a966, element(0x2ad7b1, number(1_000_000)), element(0x4d80, NAME), element(0x5741, NAME)),
    element(0x1654ae6b, element(0xae, ...track)),
    ...clusters(packets),
  ];
  const docType = [element(0x4282, Buffer.from('matroska')), element(0x4287, number(4)), element(0x4285, number(2))];
  await writeFile(path, Buffer.concat([element(0x1a45dfa3, ...docType), element(0x18538067, ...body)]));
}

const NAME = Buffer.from('inbetween');

function* clusters(packets: readonly TimedPacket[]): Generator<Buffer> {
  // A file without any is no file to ffmpeg.
  if (packets.length === 0) yield element(0x1f43b675, element(0xe7, number(0)));
  for (let at = 0; at < packets.length;) {
    const first = packets[at]!.start;
    const blocks: Buffer[] = [];
    for (; at < packets.length && packets[at]!.start - first < CLUSTER_MS; at++) {
      const { start, end, data } = packets[at]!;
      const head = Buffer.from([0x81, 0, 0, 0]);
      head.writeInt16BE(start - first, 1);
      const lasts = end === undefined ? [] : [element(0x9b, number(end - start))];
      blocks.push(element(0xa0, element(0xa1, head, data), ...lasts));
    }
    yield element(0x1f43b675, element(0xe7, number(first)), ...blocks);
  }
}

/** An element with its size in eight bytes. */
function element(id: number, ...content: readonly Buffer[]): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(content.reduce((sum, { length }) => sum + length, 0)) | (1n << 56n));
  return Buffer.concat([number(id), size, ...content]);
}

/** An unsigned number in as few bytes as hold it. */
function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes.subarray(Math.min(7, bytes.findIndex((byte) => byte !== 0) >>> 0));
}
