/** Runs in a process of its own: takes one request, measures one engine, answers once. Started by engines.ts. */
import { toAppError, type WireError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { parentPort } from '../base/parent-port.ts';
import { frameFromBytes, type PixelFormat } from '../media/frame.ts';
import { measureEngine, type EngineCost } from './measure.ts';

export interface Request {
  readonly engine: string;
  readonly threads: number;
  readonly device?: DeviceChoice | undefined;
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  /** One rawvideo frame each. */
  readonly frames: readonly Uint8Array[];
}

export type Answer = { readonly cost: EngineCost } | { readonly error: WireError };

const port = parentPort();

port.onMessage((message) => {
  const request = message as Request;
  const { engine, threads, device, format, width, height } = request;
  const frames = request.frames.map((bytes, i) => frameFromBytes(format, width, height, bytes, i, i));
  measureEngine(engine, frames, threads, device).then(
    (cost) => answer({ cost }),
    (thrown: unknown) => {
      const { code, message } = toAppError(thrown);
      answer({ error: { code, message } });
    },
  );
});

function answer(value: Answer): void {
  void port.post(value).then(() => process.exit(0));
}
