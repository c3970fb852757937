/** Jobs in words. */
import type { JobStage, JobSpec, RetimeResult } from '../../contract/jobs.ts';
import type { QueueItem, QueueState } from '../../contract/queue.ts';
import { baseName, showCount, showDuration, showEta } from '../shared/format.ts';

export const STATE_WORDS: Readonly<Record<QueueState, string>> = {
  waiting: 'Waiting',
  running: 'Running',
  paused: 'Paused',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

export const STATE_TONES = {
  waiting: 'plain',
  running: 'accent',
  paused: 'warn',
  done: 'good',
  failed: 'bad',
  cancelled: 'plain',
} as const satisfies Record<QueueState, string>;

const STAGE_WORDS: Readonly<Record<JobStage, string>> = {
  probing: 'Reading the source',
  analysing: 'Finding frames and cuts',
  recognising: 'Recognising actions',
  rendering: 'Making frames',
  sound: 'Making the sound',
  writing: 'Writing the file',
  verifying: 'Checking the file',
};

/** One line about how it goes: what it does now, how fast, how long still. */
export function describeItem(item: QueueItem, unfinished: boolean): string {
  if (item.state === 'running') {
    const speed = item.framesPerSecond;
    return [
      item.stage === null ? 'Starting' : STAGE_WORDS[item.stage],
      speed === null ? '' : `${showSpeed(speed)} frames/s`,
      item.etaSeconds === null ? '' : `${showEta(item.etaSeconds)} left`,
      item.device === null ? '' : `on ${item.device}`,
    ]
      .filter((part) => part !== '')
      .join(' · ');
  }
  if (item.state === 'failed') return item.job.error?.message ?? 'It failed.';
  if (item.state === 'done' && item.job.result) {
    // One project is exported more than once: the file tells them apart.
    const { spec, result } = item.job;
    if (result.tags) return describeTags(spec, result);
    return `${baseName(spec.output)} · ${describeResult(result)}`;
  }
  if (item.state === 'paused') {
    const percent = Math.floor(100 * item.fraction);
    const made = percent > 0 ? `${percent} % is made and kept` : 'nothing is made yet';
    return unfinished ? `Left when Inbetween was closed; ${made}` : `Paused by you; ${made}`;
  }
  return item.job.spec.output;
}

/** '12 spans of 3 labels in clip.mp4 · jump, run'. */
function describeTags(spec: JobSpec, { tags, seconds }: RetimeResult): string {
  const clip = spec.kind === 'tag' ? baseName(spec.input) : baseName(spec.output);
  const { spans = 0, labels = 0, top = [] } = tags ?? {};
  const found = spans === 0 ? 'Nothing recognised' : `${countOf(spans, 'span')} of ${countOf(labels, 'label')}`;
  const likely = spans === 0 && top[0] ? `, most likely ${top[0].label}` : '';
  return `${found} in ${clip}${likely} · ${showEta(seconds)}`;
}

function countOf(n: number, what: string): string {
  return `${showCount(n)} ${what}${n === 1 ? '' : 's'}`;
}

function describeResult({ frames, durationOut, seconds, verified }: RetimeResult): string {
  const checked = verified ? 'checked' : 'not checked';
  return `${showCount(frames)} frames, ${showDuration(durationOut)}, made in ${showEta(seconds)}, ${checked}`;
}

/** Few digits: '0.4', '12', '143'. */
export function showSpeed(framesPerSecond: number): string {
  return framesPerSecond < 9.95 ? framesPerSecond.toFixed(1) : String(Math.round(framesPerSecond));
}

/** The figures of a finished job, by name. */
export function reportRows(result: RetimeResult): [string, string][] {
  if (result.tags) return tagRows(result, result.tags);
  const { frames, synthesised, passedThrough, held, black = 0, seconds, reusedFrames, engineMs } = result;
  const made = frames - reusedFrames;
  const rows: [string, string][] = [
    ['Frames', `${showCount(frames)} at ${result.fps === 'vfr' ? 'a varying rate' : `${rateWords(result.fps)} fps`}`],
    ['Synthesised', showCount(synthesised)],
    ['Untouched', showCount(passedThrough)],
    ['Held', showCount(held)],
  ];
  if (black > 0) rows.push(['Black', showCount(black)]);
  rows.push(
    ['Length', lengthWords(result)],
    ['Engine', engineWords(result)],
    ['Time', `${showEta(seconds)}${made > 0 && seconds > 0 ? `, ${showSpeed(made / seconds)} frames/s` : ''}`],
  );
  if (reusedFrames > 0) rows.push(['From earlier runs', `${showCount(reusedFrames)} frames`]);
  if (engineMs > 0 && synthesised > 0) rows.push(['Engine time', `${Math.round(engineMs / synthesised)} ms a frame`]);
  if (result.cuts.length > 0) rows.push(['Cuts', showCount(result.cuts.length)]);
  rows.push(['Sound', soundWords(result)]);
  rows.push(['Checked', result.verified ? 'Read back: frames, length and streams are as planned' : 'Not read back']);
  if (result.pictureHash !== undefined) rows.push(['Pictures, SHA-256', result.pictureHash]);
  return rows;
}

function tagRows(result: RetimeResult, { spans, labels, top }: NonNullable<RetimeResult['tags']>): [string, string][] {
  const { frames, reusedFrames, seconds, durationIn } = result;
  const made = frames - reusedFrames;
  return [
    ['Found', spans === 0 ? 'Nothing' : `${countOf(spans, 'span')} of ${countOf(labels, 'label')}`],
    ['Most likely', top.map(({ label, score }) => `${label} ${Math.round(100 * score)} %`).join(', ')],
    ['Looked at', `${showCount(frames)} pictures of ${showDuration(durationIn)}`],
    ['Engine', engineWords(result)],
    ['Time', `${showEta(seconds)}${made > 0 && seconds > 0 ? `, ${showSpeed(made / seconds)} pictures/s` : ''}`],
    ...(reusedFrames > 0 ? [['From earlier runs', `${showCount(reusedFrames)} pictures`] as [string, string]] : []),
  ];
}

/** A morph of stills has no length of source. */
function lengthWords({ durationIn, durationOut }: RetimeResult): string {
  const written = `${showDuration(durationOut)} written`;
  return durationIn > 0 ? `${showDuration(durationIn)} of source, ${written}` : written;
}

/** A job of held or untouched frames ran on nothing, and says why. */
function engineWords({ engine, device }: RetimeResult): string {
  if (device === 'none') return engine;
  return device.startsWith('nothing: ') ? `${engine}; ${device.slice('nothing: '.length)}` : `${engine} on ${device}`;
}

function soundWords({ audio, avDriftMs }: RetimeResult): string {
  const words = {
    'keep-pitch': 'pitch kept',
    tape: 'pitch follows speed',
    original: 'as in the source',
    mixed: 'by clip',
    mute: 'muted',
    none: 'none',
  } as const;
  const silent = audio === 'mute' || audio === 'none';
  return silent ? words[audio] : `${words[audio]}, ends ${showDrift(avDriftMs)} the picture`;
}

function showDrift(ms: number): string {
  const rounded = Math.round(ms * 10) / 10;
  return rounded === 0 ? 'with' : `${Math.abs(rounded)} ms ${rounded > 0 ? 'after' : 'before'}`;
}

function rateWords(fps: string): string {
  const [num = 0, den = 1] = fps.split('/').map(Number);
  return String(Number((num / den).toFixed(3)));
}

export function folderOf(path: string): string {
  return path.replace(/[/\\][^/\\]*$/, '') || path;
}

/** What a job was asked to do, by name. */
export function specRows(spec: JobSpec): [string, string][] {
  if (spec.kind === 'sequence') {
    return [
      ['Frames', `${showCount(spec.from)} to ${showCount(spec.to)}`],
      ['Codec', spec.codec + (spec.quality === undefined ? '' : `, quality ${spec.quality}`)],
    ];
  }
  if (spec.kind === 'morph') {
    const made = spec.gaps.reduce((sum, { frames }) => sum + frames, 0);
    return [
      ['Stills', `${showCount(spec.keyframes.length)}${spec.loop ? ', in a loop' : ''}`],
      ['Between', `${showCount(made)} frames`],
      ['Engine', [...new Set(spec.gaps.map(({ engine }) => engine))].join(', ')],
      ...(spec.codec === undefined ? [] : [['Codec', spec.codec] as [string, string]]),
    ];
  }
  if (spec.kind === 'tag') {
    return [
      ['Source', spec.input],
      ['Engine', spec.engine],
      ['Labels', spec.labels === null ? 'All it knows' : spec.labels.join(', ')],
      ['A span begins at', `${Math.round(100 * spec.rules.on)} %`],
    ];
  }
  const speed = spec.speed.num / spec.speed.den;
  return [
    ['Source', spec.input],
    ['Speed', spec.curve ? 'by a curve' : `${Number((100 * speed).toFixed(2))} %`],
    ['Engine', spec.engine],
    ...(spec.factor > 1 ? [['Rate', `times ${spec.factor}`] as [string, string]] : []),
  ];
}
