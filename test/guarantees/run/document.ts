/** docs/guarantees.md, written from the tables, with what was measured. */
import type { Promised } from '../promise.ts';
import type { Area } from './areas.ts';
import { COMPLAINTS } from './complaints.ts';
import type { Judged } from './judge.ts';

/** How the lines begin that a run decides; all others follow from the tables. */
export const MEASURED = '- Measured: ';

const HEAD = `# What is promised, and what keeps each promise

Each promise here is kept by tests that fail when it breaks. \`npm run guarantees\` runs the quick ones and looks at the evidence that the long ones left
(\`docs/evidence/\`, with commit and machine); \`npm run guarantees -- --long\` runs those too; \`--json\` gives one object for programs, \`--only\` an area or a promise.
A promise answers complaints that users of such programs have made for ten years; they are numbered at the end. Written by \`npm run guarantees -- --write\`.
`;

function keepers({ keptBy }: Promised): string[] {
  return [...Map.groupBy(keptBy, ({ file }) => file)].map(([file, list]) => {
    const names = list.flatMap(({ name }) => (name === undefined ? [] : [`“${name}”`]));
    const evidence = [...new Set(list.flatMap((keeper) => keeper.evidence ?? []))];
    const left = evidence.map((name) => ` ([evidence](evidence/${name}.json))`).join('');
    return `  - [\`${file}\`](../${file})${left}${names.length > 0 ? `: ${names.join(', ')}` : ''}`;
  });
}

function promise(promised: Promised, judged: Judged | undefined): string[] {
  const answers = promised.answers.map((n) => `${COMPLAINTS[n]} (${n})`);
  const figures = [...new Set(judged?.tests.flatMap((test) => test.figures) ?? [])];
  return [
    `**${promised.says}** <a id="${promised.id}"></a>`,
    '',
    ...(answers.length > 0 ? [`- The complaint: ${answers.join(' ')}`] : []),
    ...(figures.length > 0 ? [MEASURED + figures.join('; ') + '.'] : []),
    '- Kept by:',
    ...keepers(promised),
    '',
  ];
}

function complaints(areas: readonly Area[]): string[] {
  const rows = Object.entries(COMPLAINTS).map(([number, text]) => {
    const answering = areas.flatMap(({ promises }) =>
      promises.filter(({ answers }) => answers.includes(Number(number))),
    );
    const links = answering.map(({ id }) => `[${id}](#${id})`).join(', ');
    return `| ${number} | ${text} | ${links || 'not promised'} |`;
  });
  return [
    '## The complaints',
    '',
    '| | what users say of other programs | what is promised here |',
    '|---|---|---|',
    ...rows,
  ];
}

/** The document; without `judged` no line of what was measured. */
export function documentOf(areas: readonly Area[], judged: readonly Judged[] = []): string {
  const byId = new Map(judged.map((one) => [one.id, one]));
  const sections = areas.flatMap(({ title, promises }) => [
    `## ${title}`,
    '',
    ...promises.flatMap((promised) => promise(promised, byId.get(promised.id))),
  ]);
  return [HEAD, ...sections, ...complaints(areas), ''].join('\n');
}
