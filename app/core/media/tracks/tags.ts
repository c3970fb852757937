/** The tags of a container: which of a source's stay true of what is made of it, and under which names a container holds them. */
import type { ContainerName } from '../containers.ts';

/** One tag's longest value: a hostile file must not fill a command line. */
const TAG_CHARS = 4000;
const MOST_TAGS = 100;

/** Of the file rather than of the film: its format, its program, its statistics, and how fast it was recorded, which is no longer so. */
const OF_THE_FILE =
  /^(major_brand|minor_version|compatible_brands|encoder|encoding_tool|duration|timecode|handler_name|vendor_id|bps|number_of_.*|_statistics.*|hw|software_version|source_id|(com\.)?android\.(version|capture\.fps|video\.temporal_layers_count)|com\.android\.(version|capture\.fps|video\.temporal_layers_count)|.*slow.?motion.*|.*capture.?(fps|rate).*)(-[a-z]{3})?$/;

const MP4 = new Set(
  `title artist album_artist composer album date comment genre copyright grouping lyrics description synopsis show episode_id network
  keywords episode_sort season_number media_type hd_video compilation track disc location creation_time`.split(/\s+/),
);
const MOV = new Set(
  'title artist author album date comment genre copyright make model location keywords creation_time'.split(' '),
);

/** Apple's names for what others call otherwise. */
const APPLE = 'com.apple.quicktime.';
const APPLE_NAMES: Readonly<Record<string, string>> = { 'location.iso6709': 'location', creationdate: 'date' };

export interface KeptTags {
  readonly kept: Readonly<Record<string, string>>;
  /** Names of what the container has no place for. */
  readonly lost: readonly string[];
}

/** The tags that are written into `container`, by the names its muxer takes; images take none. */
export function tagsFor(container: ContainerName, tags: Readonly<Record<string, string>>): KeptTags {
  const named: Record<string, string> = {};
  const all = Object.entries(tags).map(([key, value]): [string, string] => [key.toLowerCase(), value]);
  const known = container === 'mp4' ? MP4 : container === 'mov' ? MOV : undefined;
  const lost = new Set<string>();
  for (const [key, value] of all.filter(([name]) => !OF_THE_FILE.test(name)).slice(0, MOST_TAGS)) {
    const text = value.slice(0, TAG_CHARS).replaceAll('\0', '');
    // The same tag in a language: location-eng.
    const plain = key.replace(/-[a-z]{3}$/, '');
    const apple = key.startsWith(APPLE) ? key.slice(APPLE.length) : undefined;
    const other = apple === undefined ? plain : (APPLE_NAMES[apple] ?? apple);
    if (!known) named[plain in tags ? key : plain] = text;
    else if (known.has(plain)) named[plain] = text;
    else if (known.has(other)) named[other] ??= text;
    else lost.add(plain);
  }
  return { kept: named, lost: [...lost] };
}
