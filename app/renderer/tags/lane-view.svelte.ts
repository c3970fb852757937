/** What part of the clip the lanes show, and how large. Pixels are CSS pixels of the tracks, beside the labels. */

/** Pixels of the labels at the left. */
export const LABELS = 172;
export const LANE = 34;
/** Pixels a second, at most, and pixels of all: browsers lay out no more than some ten millions. */
const MOST_SCALE = 2000;
const MOST_WIDTH = 1.6e7;
/** What is drawn beyond the edges. */
const TILE = 200;
const MORE_LANES = 3;

export class LaneView {
  /** Seconds of the clip. */
  length: number = $state(1);
  /** Pixels of the tracks that are seen, and pixels scrolled. */
  width: number = $state(600);
  left: number = $state(0);
  /** Pixels scrolled down and seen of the lanes, without their ruler. */
  top: number = $state(0);
  height: number = $state(400);
  #zoomed: number | null = $state(null);
  scroller: HTMLElement | null = $state.raw(null);
  readonly #fit: number = $derived(this.width / Math.max(1e-3, this.length));
  /** Pixels a second; all of the clip unless zoomed. */
  readonly scale: number = $derived(this.#zoomed === null ? this.#fit : Math.max(this.#fit, this.#zoomed));
  readonly contentWidth: number = $derived(Math.max(this.width, Math.ceil(this.length * this.scale)));
  readonly zoomed: boolean = $derived(this.scale > this.#fit * 1.001);
  /** Seconds that are drawn: what is seen and a tile more on both sides, in steps. */
  readonly #tile: number = $derived(Math.floor(this.left / TILE));
  readonly from: number = $derived(Math.max(0, ((this.#tile - 1) * TILE) / this.scale));
  readonly to: number = $derived(Math.min(this.length, ((this.#tile + 2) * TILE + this.width) / this.scale));

  /** Lanes that are drawn, [first, after the last): those in sight and some more. */
  readonly firstLane: number = $derived(Math.max(0, Math.floor(this.top / LANE) - MORE_LANES));
  readonly lastLane: number = $derived(Math.ceil((this.top + this.height) / LANE) + MORE_LANES);

  x(seconds: number): number {
    return seconds * this.scale;
  }

  /** The second under a pointer. */
  at(clientX: number): number {
    const box = this.scroller?.getBoundingClientRect();
    const x = clientX - (box?.left ?? 0) - LABELS + (this.scroller?.scrollLeft ?? 0);
    return Math.max(0, Math.min(this.length, x / this.scale));
  }

  /** Zooms; `seconds` stays where it is, where it is seen. */
  zoom(factor: number | 'fit', seconds: number): void {
    if (factor === 'fit') {
      this.#zoomed = null;
      this.#scrollTo(0);
      return;
    }
    const seen = this.x(seconds) >= this.left && this.x(seconds) <= this.left + this.width;
    const still = seen ? seconds : (this.left + this.width / 2) / this.scale;
    const place = this.x(still) - this.left;
    const wanted = Math.min(MOST_SCALE, MOST_WIDTH / this.length, this.scale * factor);
    this.#zoomed = wanted <= this.#fit ? null : wanted;
    this.#scrollTo(this.x(still) - place);
  }

  /** Brings seconds into sight. */
  reveal(from: number, to = from): void {
    const [a, b] = [this.x(from), this.x(to)];
    if (a >= this.left && b <= this.left + this.width) return;
    this.#scrollTo(b - a > this.width ? a - 24 : (a + b - this.width) / 2);
  }

  /** Brings a lane into sight. */
  revealLane(index: number): void {
    const { scroller } = this;
    if (!scroller || index < 0) return;
    if (index * LANE < scroller.scrollTop) scroller.scrollTop = index * LANE;
    else if ((index + 1) * LANE > scroller.scrollTop + this.height)
      scroller.scrollTop = (index + 1) * LANE - this.height;
  }

  /** While playing: page by page. */
  follow(seconds: number): void {
    const x = this.x(seconds);
    if (x < this.left || x > this.left + this.width - 8) this.#scrollTo(x - 24);
  }

  #scrollTo(left: number): void {
    const { scroller } = this;
    if (!scroller) return;
    // The content has its new width only after the next drawing.
    requestAnimationFrame(() => {
      scroller.scrollLeft = Math.max(0, left);
      this.left = scroller.scrollLeft;
    });
  }
}

/** Seconds between labels of a ruler, and between its ticks. */
export function clockSteps(scale: number, least: number): { label: number; tick: number } {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const label = steps.find((step) => step * scale >= least) ?? steps.at(-1)!;
  const tick = steps.find((step) => step * scale >= 6 && Math.abs(label / step - Math.round(label / step)) < 1e-6);
  return { label, tick: tick ?? label };
}
