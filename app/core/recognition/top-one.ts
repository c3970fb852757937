/**
 * The one label of a video.
 *
 * [Note: top one] What a recogniser says of a whole video is the label of the highest mean probability over all its scores, 'nothing' left out. It is asked twice: among the labels that the
 * videos of the group have (those it may choose from; chance is one of their number), and among all it knows, where nobody tells it what there is to choose from. Videos of labels that
 * it does not know are not counted.
 */
import { NOTHING } from '../tags/spans.ts';
import type { Watched } from './watch.ts';

export interface Answer {
  readonly truth: string;
  /** Among the group's labels, and among all. */
  readonly ofGroup: string;
  readonly ofAll: string;
}

export interface TopOne {
  readonly videos: number;
  /** Shares, 0..1. */
  readonly ofGroup: number;
  readonly ofAll: number;
  /** One of the labels of the group, and of all. */
  readonly chance: number;
  readonly chanceOfAll: number;
  readonly answers: readonly Answer[];
}

/** Mean probability of each label over the video. */
export function meanProbabilities({ probabilities, scores }: Pick<Watched, 'probabilities' | 'scores'>): Float64Array {
  const means = new Float64Array(probabilities.length / Math.max(1, scores));
  for (let i = 0; i < probabilities.length; i++) means[i % means.length]! += probabilities[i]! / scores;
  return means;
}

/** Null where it knows none of the labels. `videos` are those of one group. */
export function topOne(
  videos: readonly { readonly truth: string; readonly means: ArrayLike<number> }[],
  labels: readonly string[],
): TopOne | null {
  const all = labels.filter((label) => label !== NOTHING);
  const known = videos.filter(({ truth }) => all.includes(truth));
  const group = [...new Set(known.map(({ truth }) => truth))];
  if (known.length === 0) return null;
  const best = (means: ArrayLike<number>, among: readonly string[]): string =>
    among.reduce((a, b) => (means[labels.indexOf(b)]! > means[labels.indexOf(a)]! ? b : a));
  const answers = known.map(({ truth, means }) => ({
    truth,
    ofGroup: best(means, group),
    ofAll: best(means, all),
  }));
  const share = (right: (answer: Answer) => boolean): number => answers.filter(right).length / answers.length;
  return {
    videos: known.length,
    ofGroup: share(({ truth, ofGroup }) => truth === ofGroup),
    ofAll: share(({ truth, ofAll }) => truth === ofAll),
    ...{ chance: 1 / group.length, chanceOfAll: 1 / all.length, answers },
  };
}
