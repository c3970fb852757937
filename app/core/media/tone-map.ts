/**
 * HDR pictures as an ordinary screen can show them. For looking at (thumbnails): rendering never uses it.
 *
 * PQ is SMPTE ST 2084, HLG is ITU-R BT.2100 for a screen of 1000 cd/m2. White as HDR reference white, 203 cd/m2 (ITU-R BT.2408); above 0.7 of
 * it highlights are rolled off by the brightest of red, green and blue, so that colours keep their hue.
 */

export type HdrTransfer = 'smpte2084' | 'arib-std-b67';

const WHITE = 203;
const KNEE = 0.7;

/** Linear BT.2020 to linear BT.709 (ITU-R BT.2087, 4). */
const TO_709 = [1.6605, -0.5876, -0.0728, -0.1246, 1.1329, -0.0083, -0.0182, -0.1006, 1.1187] as const;

export function isHdrTransfer(transfer: string | undefined): transfer is HdrTransfer {
  return transfer === 'smpte2084' || transfer === 'arib-std-b67';
}

/** Packed RGB of 16 bits, full range, BT.2020, as packed RGB of 8 bits, BT.709. */
export function toneMap(rgb: Uint16Array, transfer: HdrTransfer): Uint8Array {
  const linear = transfer === 'smpte2084' ? pqTable() : hlgTable();
  const out = new Uint8Array(rgb.length);
  for (let i = 0; i + 2 < rgb.length; i += 3) {
    let [r, g, b] = [linear[rgb[i]!]!, linear[rgb[i + 1]!]!, linear[rgb[i + 2]!]!];
    if (transfer === 'arib-std-b67') {
      // The system gamma of 1.2, on luminance.
      const gain = (1000 / WHITE) * Math.max(1e-6, 0.2627 * r + 0.678 * g + 0.0593 * b) ** 0.2;
      [r, g, b] = [r * gain, g * gain, b * gain];
    }
    const red = Math.max(0, TO_709[0] * r + TO_709[1] * g + TO_709[2] * b);
    const green = Math.max(0, TO_709[3] * r + TO_709[4] * g + TO_709[5] * b);
    const blue = Math.max(0, TO_709[6] * r + TO_709[7] * g + TO_709[8] * b);
    const most = Math.max(red, green, blue);
    const gain = most > KNEE ? (KNEE + (1 - KNEE) * (1 - Math.exp((KNEE - most) / (1 - KNEE)))) / most : 1;
    out[i] = display(red * gain);
    out[i + 1] = display(green * gain);
    out[i + 2] = display(blue * gain);
  }
  return out;
}

function display(linear: number): number {
  return shown[Math.round(65_535 * Math.min(1, linear))]!;
}

/** Linear light to code values, gamma 2.2. */
const shown = Uint8Array.from({ length: 65_536 }, (_, i) => Math.round(255 * (i / 65_535) ** (1 / 2.2)));

let pq: Float32Array | undefined;
let hlg: Float32Array | undefined;

/** Code values to multiples of reference white. */
function pqTable(): Float32Array {
  return (pq ??= Float32Array.from({ length: 65_536 }, (_, code) => {
    const e = (code / 65_535) ** (32 / 2523);
    return (10_000 / WHITE) * (Math.max(0, e - 3424 / 4096) / (2413 / 128 - (2392 / 128) * e)) ** (8192 / 1305);
  }));
}

/** Code values to scene light, 0..1. */
function hlgTable(): Float32Array {
  return (hlg ??= Float32Array.from({ length: 65_536 }, (_, code) => {
    const e = code / 65_535;
    return e <= 0.5 ? (e * e) / 3 : (Math.exp((e - 0.559_910_73) / 0.178_832_77) + 0.284_668_92) / 12;
  }));
}
