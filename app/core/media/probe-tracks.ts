/** What a file says of its streams beside what is in them, and its chapters. */
import type { ChapterInfo, StreamLabels } from '../../contract/media.ts';
import type { RawProbe, RawStream } from './probe-raw.ts';

/** Longest name of a stream or chapter that is kept. */
const LONGEST = 1000;
/** More are a hostile file, not a film. */
const MOST_CHAPTERS = 10_000;

/** Handlers that say nothing: every file of that program has them. */
const NO_HANDLER =
  /^(video|sound|subtitle|data|text|timecode)(media)?handle[r]?$|^(gpac|core media|apple|l-smash|mainconcept|iso media|.*alias data handler)/i;

export function labelsOf(stream: RawStream): StreamLabels {
  const { language, title: said, handler_name: handler } = lowered(stream.tags);
  // HTC's cameras said by a title that the picture is to be turned; turned once, it must not be said again.
  const title = said?.startsWith('htc_video_rot') ? undefined : said;
  const dispositions = Object.keys(stream.disposition).filter((name) => stream.disposition[name]);
  return {
    ...(language && { language }),
    ...(title && { title: title.slice(0, LONGEST) }),
    ...(handler && handler !== title && !NO_HANDLER.test(handler.trim()) && { handler: handler.slice(0, LONGEST) }),
    ...(dispositions.length > 0 && { dispositions }),
  };
}

/** Tags by their names in lower case: Matroska writes most in capitals. */
export function lowered(tags: Readonly<Record<string, string>>): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [key.toLowerCase(), value]));
}

/** In order of their starts; those without a time are none. */
export function chaptersOf({ chapters }: RawProbe): ChapterInfo[] {
  return chapters
    .flatMap(({ start_time: start, end_time: end, tags }): ChapterInfo[] => {
      if (start === undefined || !Number.isFinite(start)) return [];
      const title = (lowered(tags)['title'] ?? '').slice(0, LONGEST);
      return [{ start, end: end !== undefined && Number.isFinite(end) ? end : start, title }];
    })
    .slice(0, MOST_CHAPTERS)
    .toSorted((a, b) => a.start - b.start);
}
