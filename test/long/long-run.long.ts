/**
 * Two hours of footage through the whole pipeline: what is kept in memory ([Note: kept] in test/support/collect-hook.ts) and open files stay where they are, and the
 * last tenth costs what the first did, in processor time a frame (wall time would measure who else uses the machine). Others still slow a core down, by a tenth and more where they share its
 * caches: so a yardstick, a fixed piece of work, is timed all along, and what a frame costs is told in it. LONG_RUN_HOURS is for trying it on less.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { test, type TestContext } from 'node:test';
import { homeAt } from '../../app/core/base/home.ts';
import { allChunks } from '../../app/core/library/chunk-rows.ts';
import { openLibrary } from '../../app/core/library/db.ts';
import { FIGURE } from '../guarantees/promise.ts';
import { ffmpegOutput } from '../support/clips.ts';
import { root, tempFolder, tree } from '../support/command.ts';
import { writeEvidence } from '../support/evidence.ts';
import { cpuSeconds, leastSquares, takenBy, type Taken } from '../support/watch-process.ts';

const HOURS = Number(process.env.LONG_RUN_HOURS ?? 2);
const RATE = 24;
/** Nearly every output frame lies between two source frames. */
const OUTPUT_RATE = 25;
const SIZE = '64x36';
const HOOK = pathToFileURL(join(root, 'test/support/collect-hook.ts')).href;

interface Sample {
  readonly frames: number;
  readonly cpu: number;
  /** Milliseconds of processor time of the yardstick. */
  readonly yard: number;
  /** The process that was started, and the job's own below it. */
  readonly command: Taken;
  readonly job: Taken;
}

interface Watched {
  readonly samples: readonly Sample[];
  /** Bytes kept after each sweep of the job's process. */
  readonly kept: readonly number[];
  readonly result: { readonly frames: number; readonly seconds: number; readonly notes: readonly string[] };
}

/** Runs the command and looks at its processes about once a second while pictures are made. */
async function watched(home: string, keptFile: string, args: readonly string[]): Promise<Watched> {
  const child = spawn(process.execPath, [join(root, 'app/cli/inbetween.js'), ...args, '--json'], {
    env: { ...process.env, INBETWEEN_HOME: home, INBETWEEN_KEPT: keptFile, NODE_OPTIONS: `--import=${HOOK}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const samples: Sample[] = [];
  let stdout = '';
  let last = '';
  let looked = 0;
  let job: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    last = line;
    const event = JSON.parse(line) as { stage?: string; done?: number };
    if (event.stage !== 'rendering' || Date.now() - looked < 1000) return;
    looked = Date.now();
    job = tree(child.pid!)[1];
    if (job === undefined) return;
    samples.push({
      frames: event.done!,
      cpu: cpuSeconds(child.pid!),
      yard: yardstick(),
      command: takenBy(child.pid!),
      job: takenBy(job),
    });
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(status, 0, last);
  const kept = readFileSync(`${keptFile}.${job}`, 'utf8').trim().split('\n').map(Number);
  return { samples, kept, result: JSON.parse(stdout) as Watched['result'] };
}

const field = new Float64Array(2 ** 19);

/** Four passes over 4 MB. */
function yardstick(): number {
  const before = process.cpuUsage();
  for (let pass = 0; pass < 4; pass++)
    for (let i = 0; i < field.length; i++) field[i] = Math.sqrt(field[i]! * 0.999 + i);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** The yardstick's milliseconds in each tenth of the samples. */
function yards(samples: readonly Sample[]): number[] {
  const at = (n: number): number => Math.floor((n * samples.length) / 10);
  return Array.from({ length: 10 }, (_, n) => median(samples.slice(at(n), at(n + 1)).map(({ yard }) => yard)));
}

/** Processor time when `frames` had been made. */
function cpuAt(samples: readonly Sample[], frames: number): number {
  const after = Math.max(
    1,
    samples.findIndex((sample) => sample.frames >= frames),
  );
  const [a, b] = [samples[after - 1]!, samples[after]!];
  return a.cpu + ((frames - a.frames) / (b.frames - a.frames)) * (b.cpu - a.cpu);
}

/** Milliseconds of processor time a frame, of each tenth of the frames. */
function tenths(samples: readonly Sample[]): number[] {
  const [first, last] = [samples[0]!.frames, samples.at(-1)!.frames];
  const at = (n: number): number => cpuAt(samples, first + ((last - first) * n) / 10);
  return Array.from({ length: 10 }, (_, n) => (1000 * (at(n + 1) - at(n))) / ((last - first) / 10));
}

/** What is kept grows by so much over all of the run, in MB, by a line through the second half. */
function keptGrowth(kept: readonly number[]) {
  const half = kept.slice(kept.length >> 1).map((bytes, n): [number, number] => [n, bytes / 2 ** 20]);
  const { slope, error } = leastSquares(half);
  const mean = half.reduce((sum, [, megabytes]) => sum + megabytes, 0) / half.length;
  return { meanMB: round(mean), growthMB: round(slope * kept.length, 2), errorMB: round(error * kept.length, 2) };
}

/**
 * Growth of the resident memory in MB over all the frames, and its standard error, in the second half: a process that does little takes long to touch all
 * of the memory that V8 keeps for what is young.
 */
function growth(samples: readonly Sample[], who: 'command' | 'job') {
  const frames = samples.at(-1)!.frames;
  const warm = samples.filter((sample) => sample.frames > frames / 2);
  const { slope, error } = leastSquares(warm.map((sample) => [sample.frames, sample[who].bytes / 2 ** 20]));
  const mean = warm.reduce((sum, sample) => sum + sample[who].bytes, 0) / warm.length / 2 ** 20;
  return { meanMB: round(mean), growthMB: round(slope * frames), errorMB: round(error * frames) };
}

/** What `of` says of the first sample of each tenth. */
function tenthsOf(samples: readonly Sample[], of: (sample: Sample) => number): number[] {
  return Array.from({ length: 10 }, (_, n) => of(samples[Math.floor((n * samples.length) / 10)]!));
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

const evidence: Record<string, unknown> = {};

async function longRun(context: TestContext, clip: string, engine: string): Promise<void> {
  const folder = tempFolder(context);
  const home = join(folder, 'home');
  const output = join(folder, 'out.mp4');
  const { samples, kept, result } = await watched(home, join(folder, 'kept'), [
    ...['slowmo', clip, '-o', output, '--speed', '1', '--fps', String(OUTPUT_RATE), '--engine', engine],
  ]);
  const cost = tenths(samples);
  const yard = yards(samples);
  const inYards = cost.map((one, n) => one / yard[n]!);
  const [first, last] = [inYards[0]!, inYards.at(-1)!];
  const held = keptGrowth(kept);
  const grown = { job: growth(samples, 'job'), command: growth(samples, 'command') };
  const most = (of: (sample: Sample) => number, from: number, to: number): number =>
    Math.max(...samples.slice(from * samples.length, to * samples.length).map(of));
  const files = (who: 'command' | 'job') => [0, 0.9].map((at) => most((sample) => sample[who].files, at, at + 0.1));
  using db = openLibrary(homeAt(home));
  const chunks = allChunks(db).length;
  const wal = statSync(`${homeAt(home).database}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  evidence[engine] = {
    frames: result.frames,
    chunks,
    wallSeconds: round(result.seconds),
    samples: samples.length,
    cpuMsAFrameByTenths: cost.map((one) => round(one, 3)),
    yardstickMsByTenths: yard.map((one) => round(one, 2)),
    lastToFirstTenth: round(cost.at(-1)! / cost[0]!, 4),
    lastToFirstTenthInYardsticks: round(last / first, 4),
    keptByJob: held,
    memoryOfJobMBByTenths: tenthsOf(samples, ({ job }) => round(job.bytes / 2 ** 20)),
    memoryOfJob: grown.job,
    memoryOfCommand: grown.command,
    openFilesFirstAndLastTenth: { job: files('job'), command: files('command') },
    outputMB: round(statSync(output).size / 2 ** 20),
    journalMB: round(wal / 2 ** 20),
  };
  writeEvidence('long-run', {
    footage: `${HOURS} h of ${SIZE} at ${RATE} frames a second, written at ${OUTPUT_RATE}`,
    ...evidence,
  });
  context.diagnostic(
    `${FIGURE}${engine}, ${result.frames} frames: the last tenth costs ${(100 * (last / first - 1)).toFixed(1)} % more processor time than the first; ` +
      `memory of the job ${grown.job.meanMB} MB, growth ${grown.job.growthMB} ± ${grown.job.errorMB} MB over all of it; kept ${held.meanMB} MB, growth ${held.growthMB} MB`,
  );
  assert.equal(result.frames, HOURS * 3600 * OUTPUT_RATE);
  assert.ok(chunks <= result.frames / 48 + 1, `${chunks} chunks`);
  assert.ok(
    last < 1.05 * first,
    `a frame costs ${first.toFixed(4)} yardsticks in the first tenth, ${last.toFixed(4)} in the last`,
  );
  // A few bytes a frame are: when it is shown, and what came of it.
  assert.ok(held.growthMB < 24e-6 * result.frames + 3 * held.errorMB, `kept: ${held.growthMB} MB more`);
  for (const [who, { meanMB, growthMB, errorMB }] of Object.entries(grown))
    // Nothing that grows with the frames: what the collector leaves for later is a few percent.
    assert.ok(growthMB < Math.max(3 * errorMB, 0.05 * meanMB), `${who} grew by ${growthMB} ± ${errorMB} MB`);
  for (const who of ['job', 'command'] as const) {
    const [before, after] = files(who);
    assert.ok(after! <= before! + 2, `${who}: ${before} open files, later ${after}`);
  }
  assert.ok(wal < 64 * 2 ** 20, `a journal of ${wal} bytes`);
}

test('two hours of footage', { concurrency: true }, async (t) => {
  const folder = tempFolder(t);
  const clip = join(folder, 'long.mp4');
  const source = `testsrc2=size=${SIZE}:rate=${RATE}:duration=${HOURS * 3600}`;
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '24', '-g', '240', '-threads', '1'];
  ffmpegOutput('-f', 'lavfi', '-i', source, ...encoder, '-y', `file:${clip}`);
  await Promise.all(
    ['blend', 'glide:draft'].map((engine) => t.test(engine, (context) => longRun(context, clip, engine))),
  );
});
