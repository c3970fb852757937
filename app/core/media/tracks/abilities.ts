/** What containers hold beside the picture, as this program writes them with ffmpeg. docs/containers.md is the same as measured on written files. */
import type { Capabilities } from '../capabilities.ts';
import type { ContainerName } from '../containers.ts';

export interface Abilities {
  /** The subtitle formats it holds; text that is none of them becomes the first. */
  readonly subtitles: readonly ('ass' | 'subrip' | 'webvtt' | 'mov_text')[];
  /** Subtitles that are pictures. */
  readonly pictures: boolean;
  /** One text at a time: overlapping ones are put together. */
  readonly flat: boolean;
  readonly attachments: boolean;
  readonly cover: 'attachment' | 'stream' | undefined;
  readonly chapters: boolean;
  readonly timecode: boolean;
  /** Where the title of a track is read from; 'handler_name': it is written as the track's name (udta) too. */
  readonly title: 'title' | 'handler_name';
  readonly sounds: boolean;
  readonly dispositions: ReadonlySet<string>;
}

/** What a track is for, by ffmpeg's names. */
export const ROLES: ReadonlySet<string> = new Set(
  'default forced dub original comment hearing_impaired visual_impaired captions descriptions lyrics karaoke'.split(
    ' ',
  ),
);

const NONE: Abilities = {
  subtitles: [],
  pictures: false,
  flat: false,
  attachments: false,
  cover: undefined,
  chapters: false,
  timecode: false,
  title: 'title',
  sounds: false,
  dispositions: new Set(),
};

export const ABILITIES: Readonly<Record<ContainerName, Abilities>> = {
  mkv: {
    subtitles: ['ass', 'subrip', 'webvtt'],
    pictures: true,
    flat: false,
    attachments: true,
    cover: 'attachment',
    chapters: true,
    timecode: true,
    title: 'title',
    sounds: true,
    dispositions: new Set(
      'default forced original comment hearing_impaired visual_impaired captions descriptions'.split(' '),
    ),
  },
  webm: {
    ...NONE,
    subtitles: ['webvtt'],
    chapters: true,
    timecode: true,
    sounds: true,
    dispositions: new Set(['default', 'forced']),
  },
  mp4: {
    subtitles: ['mov_text'],
    pictures: false,
    flat: true,
    attachments: false,
    cover: 'stream',
    chapters: true,
    timecode: true,
    title: 'handler_name',
    sounds: true,
    dispositions: ROLES,
  },
  mov: {
    subtitles: ['mov_text'],
    pictures: false,
    flat: true,
    attachments: false,
    cover: undefined,
    chapters: true,
    timecode: true,
    title: 'handler_name',
    sounds: true,
    dispositions: new Set(['default']),
  },
  png: NONE,
  exr: NONE,
};

/** Subtitles that are pictures, by ffmpeg's names, and what people call them. */
export const PICTURE_SUBTITLES: Readonly<Record<string, string>> = {
  hdmv_pgs_subtitle: 'PGS',
  dvd_subtitle: 'VobSub',
  dvb_subtitle: 'DVB',
};

/** Text that is kept as it is, and text that ffmpeg makes ASS of. */
const TEXT =
  `ass ssa subrip srt webvtt mov_text text microdvd mpl2 pjs jacosub realtext sami stl subviewer subviewer1 vplayer hdmv_text_subtitle
  eia_608`.split(/\s+/);

/** Whether a subtitle codec is text that this ffmpeg reads. */
export function isText(codec: string, { decodes }: Pick<Capabilities, 'decodes'>): boolean {
  return TEXT.includes(codec) && (decodes.has(codec) || codec === 'ass' || codec === 'ssa');
}

/** Languages by QuickTime's own list, where ISO 639-2 has two names for one. */
const QUICKTIME: Readonly<Record<string, string>> = {
  ...{
    fre: 'fra',
    deu: 'ger',
    nld: 'dut',
    swe: 'sve',
    ell: 'gre',
    isl: 'ice',
    zho: 'chi',
    sqi: 'alb',
    mkd: 'mac',
    rum: 'ron',
  },
  ...{ cze: 'ces', slo: 'slk' },
};

/** The language as a container takes it; undefined where it is none that it takes. */
export function languageFor(container: ContainerName, language: string | undefined): string | undefined {
  const name = language?.toLowerCase() ?? '';
  if (name === 'und') return undefined;
  if (container === 'mkv' || container === 'webm') {
    return /^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$/.test(language ?? '') ? language : undefined;
  }
  if (!/^[a-z]{3}$/.test(name)) return undefined;
  return container === 'mov' ? (QUICKTIME[name] ?? name) : name;
}
