/**
 * Writing WAV files of 32-bit float samples, of any length. Up to 4 GiB it is a plain RIFF file; beyond, the space kept
 * for it becomes the ds64 chunk of RF64 (EBU Tech 3306), which ffmpeg and every editor reads.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../../../contract/errors.ts';

/** Bytes before the samples. */
export const WAV_HEADER_BYTES = 104;
const HEADER = WAV_HEADER_BYTES;
const MAX_32 = 0xffff_ffff;

/** Speakers in the order of WAVE_FORMAT_EXTENSIBLE's mask bits, which is also ffmpeg's order of channels. */
const SPEAKERS = 'FL FR FC LFE BL BR FLC FRC BC SL SR TC TFL TFC TFR TBL TBC TBR'.split(' ');

/** ffmpeg's standard layouts that a WAV mask can tell. */
const LAYOUTS: Record<string, string> = {
  mono: 'FC',
  stereo: 'FL FR',
  '2.1': 'FL FR LFE',
  '3.0': 'FL FR FC',
  '3.0(back)': 'FL FR BC',
  '3.1': 'FL FR FC LFE',
  '4.0': 'FL FR FC BC',
  quad: 'FL FR BL BR',
  'quad(side)': 'FL FR SL SR',
  '4.1': 'FL FR FC LFE BC',
  '5.0': 'FL FR FC BL BR',
  '5.0(side)': 'FL FR FC SL SR',
  '5.1': 'FL FR FC LFE BL BR',
  '5.1(side)': 'FL FR FC LFE SL SR',
  '6.0': 'FL FR FC BC SL SR',
  '6.0(front)': 'FL FR FLC FRC SL SR',
  hexagonal: 'FL FR FC BL BR BC',
  '6.1': 'FL FR FC LFE BC SL SR',
  '6.1(back)': 'FL FR FC LFE BL BR BC',
  '6.1(front)': 'FL FR LFE FLC FRC SL SR',
  '7.0': 'FL FR FC BL BR SL SR',
  '7.0(front)': 'FL FR FC FLC FRC SL SR',
  '7.1': 'FL FR FC LFE BL BR SL SR',
  '7.1(wide)': 'FL FR FC LFE BL BR FLC FRC',
  '7.1(wide-side)': 'FL FR FC LFE FLC FRC SL SR',
  octagonal: 'FL FR FC BL BR BC SL SR',
};

/** The WAV channel mask of one of ffmpeg's layouts ('5.1', 'FL+FR+LFE'); 0 ("no particular speakers") when it has none. */
export function channelMask(layout: string | undefined, channels: number): number {
  const usual = ['', 'mono', 'stereo', '2.1', '4.0', '5.0', '5.1', '6.1', '7.1'][channels];
  const speakers = (LAYOUTS[layout ?? usual ?? ''] ?? layout ?? '').split(/[ +]/);
  const bits = speakers.map((name) => SPEAKERS.indexOf(name));
  if (speakers.length !== channels || bits.includes(-1)) return 0;
  return bits.reduce((mask, bit) => mask | (1 << bit), 0);
}

/** The 104 bytes before the samples, for `dataBytes` of them. */
export function wavHeader(sampleRate: number, channels: number, mask: number, dataBytes: number): Buffer {
  const big = dataBytes + HEADER - 8 > MAX_32;
  const header = Buffer.alloc(HEADER);
  const frameBytes = channels * 4;
  header.write(big ? 'RF64' : 'RIFF', 0, 'latin1');
  header.writeUInt32LE(big ? MAX_32 : dataBytes + HEADER - 8, 4);
  header.write('WAVE', 8, 'latin1');
  header.write(big ? 'ds64' : 'JUNK', 12, 'latin1');
  header.writeUInt32LE(28, 16);
  if (big) {
    header.writeBigUInt64LE(BigInt(dataBytes + HEADER - 8), 20);
    header.writeBigUInt64LE(BigInt(dataBytes), 28);
    header.writeBigUInt64LE(BigInt(dataBytes / frameBytes), 36);
  }
  header.write('fmt ', 48, 'latin1');
  header.writeUInt32LE(40, 52);
  header.writeUInt16LE(0xfffe, 56);
  header.writeUInt16LE(channels, 58);
  header.writeUInt32LE(sampleRate, 60);
  header.writeUInt32LE(sampleRate * frameBytes, 64);
  header.writeUInt16LE(frameBytes, 68);
  header.writeUInt16LE(32, 70);
  header.writeUInt16LE(22, 72);
  header.writeUInt16LE(32, 74);
  header.writeUInt32LE(mask, 76);
  // KSDATAFORMAT_SUBTYPE_IEEE_FLOAT
  Buffer.from('0300000000001000800000aa00389b71', 'hex').copy(header, 80);
  header.write('data', 96, 'latin1');
  header.writeUInt32LE(big ? MAX_32 : dataBytes, 100);
  return header;
}

/** A WAV file being written. `close` makes it valid; without it the header says no samples. */
export class WavWriter {
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples of each channel so far. */
  samples = 0;
  readonly #mask: number;
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string, sampleRate: number, channels: number, mask: number) {
    this.#file = file;
    this.#path = path;
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.#mask = mask;
  }

  /** Creates or empties the file at `path`. Throws disk-full. */
  static async open(path: string, sampleRate: number, channels: number, layout?: string): Promise<WavWriter> {
    const mask = channelMask(layout, channels);
    const writer = new WavWriter(await open(path, 'w'), path, sampleRate, channels, mask);
    await writer.#write(wavHeader(sampleRate, channels, mask, 0), 0);
    return writer;
  }

  /** Appends whole samples, channels interleaved. Throws disk-full. */
  async append(interleaved: Float32Array): Promise<void> {
    const bytes = Buffer.from(interleaved.buffer, interleaved.byteOffset, interleaved.byteLength);
    await this.#write(bytes, HEADER + this.samples * this.channels * 4);
    this.samples += interleaved.length / this.channels;
  }

  /** Writes the true lengths and closes. */
  async close(): Promise<void> {
    const dataBytes = this.samples * this.channels * 4;
    await this.#write(wavHeader(this.sampleRate, this.channels, this.#mask, dataBytes), 0);
    await this.#file.close();
  }

  /** Closes without making the file valid. */
  async abandon(): Promise<void> {
    await this.#file.close();
  }

  async #write(bytes: Buffer, at: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, at + done);
        done += bytesWritten;
      }
    } catch (cause) {
      throw fullDisk(cause, this.#path);
    }
  }
}

/** ENOSPC and EDQUOT as disk-full; anything else as it is. */
export function fullDisk(cause: unknown, path: string): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return cause;
  return new AppError('disk-full', `The disk is full: the sound could not be written to ${path}.`, { cause });
}
