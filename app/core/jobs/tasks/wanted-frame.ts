/** A planned frame, and who makes it. */
import type { PlannedFrame } from '../../time/plan.ts';

export interface WantedFrame {
  readonly plan: PlannedFrame;
  /** Id of the engine that makes it in place of the clip's own. */
  readonly engine?: string | undefined;
  /** It is what a remedy asked for. */
  readonly remedied?: true;
}

/** Whether a chunk may end between two frames: frames between the same pair stay together, so that it is analysed once. */
export function chunksApart({ plan: a }: WantedFrame, { plan: b }: WantedFrame): boolean {
  return a.kind !== 'between' || b.kind !== 'between' || a.a !== b.a || a.b !== b.b;
}

/** Whether an engine has to make it. */
export function isSynthesised({ plan }: WantedFrame): boolean {
  return plan.kind === 'average' ? plan.parts.some((part) => part.kind === 'between') : plan.kind === 'between';
}

/**
 * A planned frame with the remedy that was chosen for it: 'hold' is the nearer of the two real frames, any other engine makes it in place of
 * the clip's. Frames that are real stay as they are.
 */
export function remedied(plan: PlannedFrame, engine: string | undefined): WantedFrame {
  if (engine === undefined || !isSynthesised({ plan })) return { plan };
  if (engine !== 'hold') return { plan, engine, remedied: true };
  // Of several the first is the picture at the frame's own time.
  const main = plan.kind === 'average' ? plan.parts[0]! : plan;
  if (main.kind !== 'between') return { plan: main, remedied: true };
  return { plan: { kind: 'source', index: 2 * main.num < main.den ? main.a : main.b, held: true }, remedied: true };
}
