/**
 * A board as a film to play and scrub.
 *
 * [Note: pictures that are not made yet] Nothing waits for the engines: a picture that is not there is shown as a crossfade of the nearest two that are (the last
 * one made of the gap, or the keyframe before it, and the keyframe after it), and says so.
 */
import { VideoSample } from 'mediabunny';
import type { Rational } from '../../contract/time.ts';
import type { Badge, Film, Picture, SoundPart } from '../preview/film.ts';
import type { BoardSession } from '../state/board.svelte.ts';
import type { BoardMedia } from './board-media.svelte.ts';
import { placeAt, type Place } from './film-map.ts';
import { PictureCache } from './picture-cache.ts';

/** Pictures over each other: each with the share it has in what is seen. */
export interface Layers {
  layers: { path: string; share: number }[];
  badge: Badge;
}

/** Frames after the playhead that are fetched while it rests. */
const WARM = 6;

export class BoardFilm implements Film {
  readonly silent = true;
  readonly cache = new PictureCache();
  readonly #session: BoardSession;
  readonly #media: BoardMedia;

  constructor(session: BoardSession, media: BoardMedia) {
    this.#session = session;
    this.#media = media;
  }

  get length(): number {
    return this.#session.length;
  }
  get rate(): Rational {
    return this.#session.board.fps;
  }
  get width(): number {
    return this.#session.board.size?.width ?? (this.#media.plan?.width || 1280);
  }
  get height(): number {
    return this.#session.board.size?.height ?? (this.#media.plan?.height || 720);
  }

  async picture(frame: number): Promise<Picture> {
    const place = placeAt(this.#session.starts, frame);
    const { layers, badge } = place ? this.layersAt(place) : { layers: [], badge: null };
    try {
      return { frame, main: await this.#sample(layers), other: null, badge };
    } catch {
      return { frame, main: null, other: null, badge: { kind: 'failed', text: 'This picture cannot be shown' } };
    }
  }

  async warm(frame: number): Promise<void> {
    for (let next = frame + 1; next <= Math.min(frame + WARM, this.length - 1); next++) {
      const place = placeAt(this.#session.starts, next);
      for (const { path } of place ? this.layersAt(place).layers : []) await this.cache.get(path).catch(() => null);
    }
  }

  sound(): Promise<SoundPart[]> {
    return Promise.resolve([]);
  }

  /** What is to be seen at a place; of a gap in the take that is chosen, or the one given. */
  layersAt(place: Place, take?: number): Layers {
    if (place.kind === 'keyframe') return this.#keyframe(place.index);
    const { gap, n, frames } = place;
    const settings = this.#session.board.gaps[gap];
    const seed = settings?.takes[take ?? settings.take];
    const state = seed === undefined ? undefined : this.#media.take(gap, seed);
    const done = state?.frames === frames ? state.done : 0;
    if (state && n < done) return { layers: [{ path: `${state.pictures}${n}`, share: 1 }], badge: null };
    const [first, last] = [this.#keyframe(gap), this.#keyframe((gap + 1) % this.#session.board.keyframes.length)];
    const before = state && done > 0 ? `${state.pictures}${done - 1}` : first.layers[0]?.path;
    const after = last.layers[0]?.path;
    // There is nothing at all to stand in, and the stills know why.
    if (before === undefined && after === undefined) return first.badge?.kind === 'failed' ? first : last;
    const share = (n - done + 1) / (frames - done + 1);
    return {
      layers: [
        ...(before === undefined ? [] : [{ path: before, share: 1 }]),
        ...(after === undefined ? [] : [{ path: after, share: before === undefined ? 1 : share }]),
      ],
      badge:
        state?.state === 'failed'
          ? { kind: 'failed', text: state.error?.message ?? 'This gap could not be filled' }
          : { kind: 'not-rendered', text: 'Not made yet: a crossfade stands in' },
    };
  }

  #keyframe(index: number): Layers {
    const found = this.#media.pictures.keyframes[index];
    if (found?.picture) return { layers: [{ path: found.picture, share: 1 }], badge: null };
    const badge: Badge = found?.problem
      ? { kind: 'failed', text: found.problem.message }
      : { kind: 'waiting', text: 'This still is being read' };
    return { layers: [], badge };
  }

  async #sample(layers: Layers['layers']): Promise<VideoSample | null> {
    const [first, ...rest] = await Promise.all(
      layers.map(async ({ path, share }) => ({ bitmap: await this.cache.get(path), share })),
    );
    if (!first) return null;
    if (rest.length === 0) return new VideoSample(first.bitmap, { timestamp: 0 });
    const canvas = new OffscreenCanvas(first.bitmap.width, first.bitmap.height);
    drawLayers(canvas.getContext('2d'), [first, ...rest], canvas.width, canvas.height);
    return new VideoSample(canvas, { timestamp: 0 });
  }
}

/** Draws bitmaps over each other, each as large as the canvas. */
export function drawLayers(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null,
  layers: readonly { bitmap: ImageBitmap; share: number }[],
  width: number,
  height: number,
): void {
  if (!context) return;
  context.globalAlpha = 1;
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  for (const { bitmap, share } of layers) {
    context.globalAlpha = share;
    context.drawImage(bitmap, 0, 0, width, height);
  }
}
