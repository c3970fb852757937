/** What clips can be filtered and ordered by, as the bar above them offers it. */
import type { ClipOrder, ClipQuery } from '../../contract/library.ts';

export interface Choice {
  label: string;
  /** What it asks for. */
  part: Partial<ClipQuery>;
}

export interface Filter {
  id: 'length' | 'rate' | 'picture' | 'state';
  name: string;
  choices: readonly Choice[];
}

export const FILTERS: readonly Filter[] = [
  {
    id: 'length',
    name: 'Length',
    choices: [
      { label: 'Under 5 s', part: { duration: { max: 5 } } },
      { label: '5 to 30 s', part: { duration: { min: 5, max: 30 } } },
      { label: '30 s to 5 min', part: { duration: { min: 30, max: 300 } } },
      { label: 'Over 5 min', part: { duration: { min: 300 } } },
    ],
  },
  {
    id: 'rate',
    name: 'Rate',
    choices: [
      { label: 'Up to 25 fps', part: { rate: { max: 25.01 } } },
      { label: '29.97 and 30 fps', part: { rate: { min: 29, max: 31 } } },
      { label: '48 to 60 fps', part: { rate: { min: 47, max: 61 } } },
      { label: 'Over 60 fps', part: { rate: { min: 61 } } },
    ],
  },
  {
    id: 'picture',
    name: 'Resolution',
    choices: [
      { label: 'Below 720 lines', part: { height: { max: 719 } } },
      { label: '720 lines', part: { height: { min: 720, max: 1079 } } },
      { label: '1080 lines', part: { height: { min: 1080, max: 1439 } } },
      { label: '1440 lines and more', part: { height: { min: 1440 } } },
    ],
  },
  {
    id: 'state',
    name: 'State',
    choices: [
      { label: 'Missing files', part: { state: 'missing' } },
      { label: 'Cannot be used', part: { state: 'refused' } },
      { label: 'Being looked at', part: { state: 'probing' } },
      { label: 'Ready', part: { state: 'ready' } },
    ],
  },
];

/** What is chosen: of each filter at most one, by its label. */
export interface Chosen {
  text: string;
  tag: string | null;
  duplicates: boolean;
  filters: Partial<Record<Filter['id'], string>>;
  order: ClipOrder;
  descending: boolean;
}

export const NOTHING: Chosen = {
  text: '',
  tag: null,
  duplicates: false,
  filters: {},
  order: 'added',
  descending: true,
};

export const ORDERS: readonly { value: ClipOrder; label: string }[] = [
  { value: 'added', label: 'Added' },
  { value: 'name', label: 'Name' },
  { value: 'duration', label: 'Length' },
  { value: 'rate', label: 'Rate' },
  { value: 'size', label: 'Size' },
  { value: 'resolution', label: 'Resolution' },
];

export function queryOf({ text, tag, duplicates, filters, order, descending }: Chosen): ClipQuery {
  const parts = FILTERS.map(({ id, choices }) => choices.find(({ label }) => label === filters[id])?.part ?? {});
  return {
    order,
    descending,
    ...(text.trim() === '' ? {} : { text: text.trim() }),
    ...(tag === null ? {} : { tag }),
    ...(duplicates ? { duplicates: true } : {}),
    ...Object.assign({}, ...parts),
  };
}

/** Whether anything is left out. */
export function isFiltered({ text, tag, duplicates, filters }: Chosen): boolean {
  return (
    text.trim() !== '' || tag !== null || duplicates || Object.values(filters).some((label) => label !== undefined)
  );
}
