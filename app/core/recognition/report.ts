/** What a score of recognition says, as JSON and as tables. */
import type { TeachMethod } from '../../contract/tags.ts';
import { align, mean } from '../score/report.ts';
import type { FewShot } from './few-shot.ts';
import { OVERLAPS, type EngineRecognition, type GroupScore, type SpanScore } from './run.ts';

/** `{engines: {ID: {version, device, framesPerSecond, groups: {NAME: {top1, spans, taught}}}}}`; shares are 0..1. */
export function recognitionJson(scores: readonly EngineRecognition[]): object {
  const engines = scores.map(({ engine, version, device, pictures, framesPerSecond, groups }) => {
    const rows = groups.map((group) => [group.name, groupJson(group)] as const);
    const facts = { version, device, pictures, framesPerSecond: round(framesPerSecond, 1) };
    return [engine, { ...facts, groups: Object.fromEntries(rows) }] as const;
  });
  return { engines: Object.fromEntries(engines) };
}

function groupJson({ top, spans, taught }: GroupScore): object {
  return {
    ...(top && {
      top1: {
        ...{ videos: top.videos, ofGroup: round(top.ofGroup), chance: round(top.chance) },
        ...{ ofAll: round(top.ofAll), chanceOfAll: round(top.chanceOfAll), answers: top.answers },
      },
    }),
    ...(spans && {
      spans: {
        ...{ videos: spans.videos, spans: spans.spans },
        ...Object.fromEntries(OVERLAPS.map((overlap, n) => [`mAP@${overlap}`, round(meanPrecision(spans, n))])),
        labels: Object.fromEntries(
          [...spans.precisions[0]!.keys()].map((label) => [label, spans.precisions.map((by) => round(by.get(label)!))]),
        ),
      },
    }),
    ...(taught && {
      taught: Object.fromEntries(
        [...taught].map(([method, rows]) => [
          method,
          rows.map(({ shots, labels, told, which, chance }) => ({
            ...{ shots, labels, told: round(told), which: round(which), chance: round(chance) },
          })),
        ]),
      ),
    }),
  };
}

export function meanPrecision({ precisions }: SpanScore, n: number): number {
  return mean([...precisions[n]!.values()]);
}

function round(value: number, digits = 4): number {
  return Number(value.toFixed(digits));
}

export function recognitionTable(scores: readonly EngineRecognition[]): string {
  return scores.map(engineTables).join('\n\n');
}

function engineTables({ engine, version, device, pictures, framesPerSecond, groups }: EngineRecognition): string {
  const parts = [`${engine} ${version}, ${device}: ${pictures} pictures, ${framesPerSecond.toFixed(1)} a second`];
  const tops = groups.flatMap(({ name, top }) =>
    top
      ? [[name, String(top.videos), share(top.ofGroup), share(top.chance), share(top.ofAll), share(top.chanceOfAll)]]
      : [],
  );
  if (tops.length > 0) {
    parts.push(align([['top 1 of', 'videos', "among the group's labels", 'chance', 'among all', 'chance'], ...tops]));
  }
  const found = groups.flatMap(({ name, spans }) =>
    spans
      ? [[name, String(spans.videos), String(spans.spans), ...OVERLAPS.map((_, n) => share(meanPrecision(spans, n)))]]
      : [],
  );
  if (found.length > 0) {
    parts.push(align([['spans of', 'videos', 'spans', ...OVERLAPS.map((overlap) => `mAP at ${overlap}`)], ...found]));
  }
  const taught = groups.flatMap(({ name, taught: methods }) =>
    [...(methods ?? [])].flatMap(([method, rows]) => rows.map((row) => taughtRow(name, method, row))),
  );
  if (taught.length > 0) {
    const head = ['taught, of', 'method', 'examples', 'labels', 'told or not', 'chance', 'which', 'chance'];
    parts.push(align([head, ...taught]), 'Examples are of other people than those asked about.');
  }
  return parts.join('\n\n');
}

function taughtRow(name: string, method: TeachMethod, { shots, labels, told, which, chance }: FewShot): string[] {
  return [name, method, String(shots), String(labels), share(told), '50.0 %', share(which), share(chance)];
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
