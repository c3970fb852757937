/**
 * Sound while playing, and the clock that pictures follow.
 *
 * Buffers are decoded by mediabunny a little ahead and started at their exact time on the audio clock; so the clock of playing is the audio device's own, and
 * pictures that come late are dropped, never sound. Where there is no device, or the page may not sound yet, the time of day is the clock.
 */
import { AudioBufferSink, Input, MATROSKA, MP4, QTFF, WAVE, WEBM } from 'mediabunny';
import { mediaUrl } from '../state/connection.svelte.ts';
import type { Film, SoundPart } from './film.ts';
import { sourceOf } from './video-reader.ts';

/** Seconds of the film that are scheduled ahead, at a time. */
const AHEAD = 1.5;
/** Above this speed there is no sound. */
const FASTEST = 4;
const MOST_OPEN = 6;

interface Opened {
  readonly input: Input;
  readonly sink: AudioBufferSink | null;
  /** File time of the first picture (or sound, where there is no picture). */
  readonly start: number;
}

export class SoundPlayer {
  #context: AudioContext | undefined;
  #gain: GainNode | undefined;
  readonly #files = new Map<string, Promise<Opened>>();
  readonly #playing = new Set<AudioBufferSourceNode>();
  #run: AbortController | undefined;
  #muted = false;
  /** Which clock this run goes by. */
  #byAudio = false;
  #origin = { film: 0, clock: 0, speed: 1 };

  set muted(muted: boolean) {
    this.#muted = muted;
    if (this.#gain) this.#gain.gain.value = muted ? 0 : 1;
  }

  /** Film time now, in seconds, while playing. */
  get now(): number {
    return this.#origin.film + (this.#clock() - this.#origin.clock) * this.#origin.speed;
  }

  /** From second `at` of the film on, at `speed` (negative: silent, backwards). */
  async start(film: Film, at: number, speed: number): Promise<void> {
    this.stop();
    const run = (this.#run = new AbortController());
    await this.#ready();
    if (run.signal.aborted) return;
    const audible = speed > 0 && speed <= FASTEST;
    this.#byAudio = this.#context?.state === 'running';
    // What is heard first must be decoded first.
    const lead = audible ? 0.05 : 0;
    this.#origin = { film: at, clock: this.#clock() + lead, speed };
    if (audible && this.#byAudio) void this.#feed(film, at, speed, run.signal).catch(() => {});
  }

  stop(): void {
    this.#run?.abort();
    this.#run = undefined;
    for (const node of this.#playing) node.stop();
    this.#playing.clear();
  }

  close(): void {
    this.stop();
    for (const file of this.#files.values()) {
      file.then(
        ({ input }) => input.dispose(),
        () => {},
      );
    }
    this.#files.clear();
    void this.#context?.close();
  }

  #clock(): number {
    return this.#byAudio && this.#context ? this.#context.currentTime : performance.now() / 1000;
  }

  async #ready(): Promise<void> {
    if (!this.#context) {
      this.#context = new AudioContext({ latencyHint: 'interactive' });
      this.#gain = this.#context.createGain();
      this.#gain.gain.value = this.#muted ? 0 : 1;
      this.#gain.connect(this.#context.destination);
    }
    if (this.#context.state === 'running') return;
    // A page that nobody has touched may wait here for ever.
    await Promise.race([this.#context.resume(), new Promise((resolve) => setTimeout(resolve, 200))]);
  }

  async #feed(film: Film, from: number, speed: number, signal: AbortSignal): Promise<void> {
    const end = (film.length * film.rate.den) / film.rate.num;
    for (let at = from; at < end && !signal.aborted; at += AHEAD) {
      const to = Math.min(end, at + AHEAD);
      for (const part of await film.sound(at, to)) {
        if (signal.aborted) return;
        await this.#schedule(part, speed, signal).catch(() => {});
      }
      // Wait until half of it was heard.
      const wait = (to - AHEAD / 2 - this.now) / speed;
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
  }

  async #schedule(part: SoundPart, speed: number, signal: AbortSignal): Promise<void> {
    const { sink, start } = await this.#open(part.path);
    if (!sink) return;
    const [from, to] = [part.from + start, part.from + start + part.length];
    for await (const { buffer, timestamp, duration } of sink.buffers(from, to)) {
      if (signal.aborted) return;
      // A buffer reaches over the part's ends: only what lies within is heard.
      const cut = Math.max(0, from - timestamp);
      const length = Math.min(timestamp + duration, to) - (timestamp + cut);
      if (length > 0) this.#play(buffer, cut, length, part.at + timestamp + cut - from, speed);
    }
  }

  #play(buffer: AudioBuffer, offset: number, length: number, film: number, speed: number): void {
    const context = this.#context!;
    const when = this.#origin.clock + (film - this.#origin.film) / speed;
    const late = Math.max(0, context.currentTime - when) * speed;
    if (late >= length) return;
    const node = new AudioBufferSourceNode(context, { buffer, playbackRate: speed });
    node.connect(this.#gain!);
    node.start(Math.max(when, context.currentTime), offset + late, length - late);
    node.addEventListener('ended', () => this.#playing.delete(node), { once: true });
    this.#playing.add(node);
  }

  #open(path: string): Promise<Opened> {
    let file = this.#files.get(path);
    this.#files.delete(path);
    if (!file) {
      file = openSound(path);
      file.catch(() => this.#files.delete(path));
    }
    this.#files.set(path, file);
    const [oldest] = this.#files;
    if (oldest && this.#files.size > MOST_OPEN) {
      this.#files.delete(oldest[0]);
      void oldest[1].then(({ input }) => input.dispose());
    }
    return file;
  }
}

async function openSound(path: string): Promise<Opened> {
  const input = new Input({ source: sourceOf(mediaUrl(path)), formats: [MP4, QTFF, MATROSKA, WEBM, WAVE] });
  try {
    const [track, video] = [await input.getPrimaryAudioTrack(), await input.getPrimaryVideoTrack()];
    const start = video ? Math.max(0, await video.getFirstTimestamp()) : 0;
    const heard = track && (await track.canDecode());
    return { input, sink: heard ? new AudioBufferSink(track) : null, start };
  } catch (error) {
    input.dispose();
    throw error;
  }
}
