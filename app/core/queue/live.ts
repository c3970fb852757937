/** How far the running job is, from what it says. */
import type { JobEvent, JobStage } from '../../contract/jobs.ts';
import { createEta, type Eta } from '../base/eta.ts';

type Progress = Extract<JobEvent, { type: 'progress' }>;

/** Follows one job. Nothing is known before its first event. */
export class LiveProgress {
  stage: JobStage | null = null;
  fraction = 0;
  /** Of the output, smoothed over some seconds; chunks that were found finished do not count. */
  framesPerSecond: number | null = null;
  etaSeconds: number | null = null;
  device: string | null = null;
  #frames: Eta = createEta();

  /** `seconds` of any clock that only goes forward. */
  hear(event: Progress, seconds = performance.now() / 1000): void {
    if (event.stage !== this.stage) this.#frames = createEta();
    this.stage = event.stage;
    this.fraction = event.fraction;
    this.etaSeconds = event.etaSeconds ?? this.etaSeconds;
    this.device = event.device ?? this.device;
    const counts = event.stage === 'rendering' || event.stage === 'recognising';
    if (event.unit !== 'frames' || !counts) {
      if (!counts) this.framesPerSecond = null;
      return;
    }
    if (event.framesPerSecond !== undefined) this.framesPerSecond = event.framesPerSecond;
    else if (event.total > 0) this.#measure(event, seconds);
  }

  #measure({ done, total }: Progress, seconds: number): void {
    // What is left, by the time it will take: the one place that smooths rates knows fractions and seconds only.
    const left = this.#frames.update(done / total, seconds);
    if (left !== undefined && left > 0 && done < total) this.framesPerSecond = (total - done) / left;
  }
}
