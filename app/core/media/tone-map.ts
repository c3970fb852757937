/**
 * HDR as an ordinary screen can show it, in films as in thumbnails. [Note: tone curve]
 *
 * White of an ordinary screen is HDR reference white, 203 cd/m2 (ITU-R BT.2408). What is darker than 92 cd/m2 keeps its light exactly; above, the EETF of ITU-R BT.2390
 * (BT.2408, annex 5) bends what the picture holds, up to its mastering peak, into what is left, for red, green and blue of BT.2020 each: bright colours pale
 * rather than clip. PQ is SMPTE ST 2084; HLG is made PQ first, as on a screen of 1000 cd/m2 with its system gamma of 1.2 (BT.2100). What the gamut of BT.709 has not
 * is cut off, and light becomes code values for a screen of gamma 2.4 (BT.1886).
 */
import type { VideoStreamInfo } from '../../contract/media.ts';

export type HdrTransfer = 'smpte2084' | 'arib-std-b67';

/** Reference white, and the peak of HLG and of PQ that does not say its own, in cd/m2. */
export const WHITE = 203;
const USUAL_PEAK = 1000;

/** Linear BT.2020 to linear BT.709 (ITU-R BT.2087, 4). */
const TO_709 = [1.660491, -0.587641, -0.07285, -0.12455, 1.1329, -0.008349, -0.018151, -0.100579, 1.11873] as const;

export function isHdrTransfer(transfer: string | undefined): transfer is HdrTransfer {
  return transfer === 'smpte2084' || transfer === 'arib-std-b67';
}

/** The brightest a film gets, in cd/m2: as its light levels or mastering display say. */
export function peakOf({ colour, hdr }: Pick<VideoStreamInfo, 'colour' | 'hdr'>): number {
  if (colour.transfer !== 'smpte2084') return USUAL_PEAK;
  const [num, den = 1] = String(hdr?.mastering?.['max_luminance'] ?? '')
    .split('/')
    .map(Number);
  const said = [hdr?.contentLight?.max, num! / den].filter((light) => light !== undefined && light > 0);
  const peak = said.length > 0 ? Math.min(...(said as number[])) : USUAL_PEAK;
  return Math.min(10_000, Math.max(WHITE, peak));
}

const [M1, M2, C1, C2, C3] = [2610 / 16_384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128];

/** PQ: light in cd/m2 to code values of 0..1, and back. */
export function pqOf(light: number): number {
  const y = Math.max(0, light / 10_000) ** M1;
  return ((C1 + C2 * y) / (1 + C3 * y)) ** M2;
}

export function lightOfPq(code: number): number {
  const e = code ** (1 / M2);
  return 10_000 * (Math.max(0, e - C1) / (C2 - C3 * e)) ** (1 / M1);
}

/** Share of the mastering peak, in PQ, that the target reaches, and where the bend begins. */
function bend(peak: number, target: number): { readonly top: number; readonly most: number; readonly knee: number } {
  const top = pqOf(peak);
  const most = pqOf(target) / top;
  return { top, most, knee: 1.5 * most - 0.5 };
}

/** The EETF: a code value of PQ, of a picture that reaches `peak`, on a screen that reaches `target` (both in cd/m2). */
export function eetf(code: number, peak: number, target: number): number {
  const { top, most, knee } = bend(peak, target);
  const e = Math.min(1, code / top);
  if (most >= 1 || e < knee) return e * top;
  const t = (e - knee) / (1 - knee);
  const [t2, t3] = [t * t, t * t * t];
  return top * ((2 * t3 - 3 * t2 + 1) * knee + (t3 - 2 * t2 + t) * (1 - knee) + (3 * t2 - 2 * t3) * most);
}

/** `eetf` as a filter of planar RGB of 16 bits, full range: a table of every code value, made by ffmpeg itself (whose `maxval` is 65280). */
export function eetfFilter(peak: number, target: number): string {
  const { top, most, knee } = bend(peak, target);
  const e = `st(0,min(1,val/65535/${top}))`;
  const t = `st(1,(ld(0)-${knee})/(1-${knee}))`;
  const spline = `(2*ld(1)^3-3*ld(1)^2+1)*${knee}+(ld(1)^3-2*ld(1)^2+ld(1))*(1-${knee})+(3*ld(1)^2-2*ld(1)^3)*${most}`;
  const bent = `'${e};${t};round(65535*${top}*if(lt(ld(0),${knee}),ld(0),${spline}))'`;
  return `lutrgb=r=${bent}:g=${bent}:b=${bent}`;
}

/** Packed RGB of 16 bits, full range, BT.2020, of a picture that reaches `peak` cd/m2, as packed RGB of 8 bits, BT.709 ([Note: tone curve]). */
export function toneMap(rgb: Uint16Array, transfer: HdrTransfer, peak = USUAL_PEAK): Uint8Array {
  const linear = transfer === 'smpte2084' ? pqTable(peak) : hlgTable();
  const bent = bentTable(transfer === 'smpte2084' ? peak : USUAL_PEAK);
  const out = new Uint8Array(rgb.length);
  for (let i = 0; i + 2 < rgb.length; i += 3) {
    let [r, g, b] = [linear[rgb[i]!]!, linear[rgb[i + 1]!]!, linear[rgb[i + 2]!]!];
    if (transfer === 'arib-std-b67') {
      // The system gamma of 1.2, on luminance.
      const gain = Math.max(1e-6, 0.2627 * r + 0.678 * g + 0.0593 * b) ** 0.2;
      [r, g, b] = [bentLight(bent, r * gain), bentLight(bent, g * gain), bentLight(bent, b * gain)];
    }
    out[i] = display(TO_709[0] * r + TO_709[1] * g + TO_709[2] * b);
    out[i + 1] = display(TO_709[3] * r + TO_709[4] * g + TO_709[5] * b);
    out[i + 2] = display(TO_709[6] * r + TO_709[7] * g + TO_709[8] * b);
  }
  return out;
}

function display(linear: number): number {
  return shown[Math.round(65_535 * Math.min(1, Math.max(0, linear)))]!;
}

/** Linear light to code values, gamma 2.4. */
const shown = Uint8Array.from({ length: 65_536 }, (_, i) => Math.round(255 * (i / 65_535) ** (1 / 2.4)));

let pq: { readonly peak: number; readonly table: Float32Array } | undefined;
let hlg: Float32Array | undefined;
let bent: { readonly peak: number; readonly table: Float32Array } | undefined;

/** Code values to multiples of white, bent. */
function pqTable(peak: number): Float32Array {
  if (pq?.peak !== peak) {
    const table = Float32Array.from({ length: 65_536 }, (_, i) => lightOfPq(eetf(i / 65_535, peak, WHITE)) / WHITE);
    pq = { peak, table };
  }
  return pq.table;
}

/** Code values to scene light, 0..1. */
function hlgTable(): Float32Array {
  return (hlg ??= Float32Array.from({ length: 65_536 }, (_, code) => {
    const e = code / 65_535;
    return e <= 0.5 ? (e * e) / 3 : (Math.exp((e - 0.559_910_73) / 0.178_832_77) + 0.284_668_92) / 12;
  }));
}

const BENT = 4096;

/** By the square root of light as a share of the peak: multiples of white, bent. */
function bentTable(peak: number): Float32Array {
  if (bent?.peak !== peak) {
    const table = Float32Array.from(
      { length: BENT + 2 },
      (_, i) => lightOfPq(eetf(pqOf(peak * (i / BENT) ** 2), peak, WHITE)) / WHITE,
    );
    bent = { peak, table };
  }
  return bent.table;
}

function bentLight(table: Float32Array, share: number): number {
  const at = BENT * Math.sqrt(Math.min(1, Math.max(0, share)));
  const index = Math.floor(at);
  return table[index]! + (table[index + 1]! - table[index]!) * (at - index);
}
