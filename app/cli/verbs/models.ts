/** `models`: what networks are here, what could be, and how they come and go. */
import { availableParallelism } from 'node:os';
import { AppError, EXIT_STATUS } from '../../contract/errors.ts';
import type { ModelDetails, ModelSummary, ModelVerdict, ProbeResult } from '../../contract/models.ts';
import { createEta } from '../../core/base/eta.ts';
import { openHome } from '../../core/base/home.ts';
import { findEntry, readCatalogue } from '../../core/models/catalogue.ts';
import { importModel } from '../../core/models/import.ts';
import { draftFor, inspectCheckpoint } from '../../core/models/inspect.ts';
import { installModel, type InstallProgress } from '../../core/models/install.ts';
import { readMapping, readSaid } from '../../core/models/mapping.ts';
import { engineOf, listModels, showModel, usageOf } from '../../core/models/overview.ts';
import {
  bytesToVerify,
  modelPlaces,
  removeModel,
  verifyModels,
  type InstalledModel,
  type ModelPlaces,
} from '../../core/nn/store.ts';
import { parseWords } from '../slowmo-options.ts';
import { statusLine, type Status } from '../status-line.ts';
import type { Verb, VerbIo } from '../verb.ts';

const USAGE = `models [list] [--all]                 what is here, and what could be installed
models show ID                        files, licence, configuration, where it is
models install ID [--accept-licence]  download, check, try
       [--from FILE_OR_FOLDER]        take the files from there instead (the same checks)
       [--mirror URL]                 download from there instead (INBETWEEN_MODELS_URL)
models import PATH [--id NAME] [--licence TEXT]   any checkpoint: .pkl .pth .pt .safetensors .h5 .tflite .onnx, ncnn, SavedModel
       [--map FILE]                   its names in ours, where no family knows them
       [--config FILE]                what no file tells of a recogniser, as JSON: labels, gate, rate, ...
models inspect PATH [--draft cvi]     names, shapes and operators of any checkpoint; or a mapping to begin with
models remove ID
models verify [ID]                    hash every file again; exit status 4 when one is not as it was

  --json            one JSON line; progress as JSON lines on standard error
  --device WHERE    where a new model is tried: auto, cpu, webgpu, cuda, ...

  Downloads go on where they stopped. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are used; INBETWEEN_OFFLINE=1 downloads nothing.`;

const OPTIONS = {
  all: { type: 'boolean', default: false },
  'accept-licence': { type: 'boolean', default: false },
  from: { type: 'string' },
  mirror: { type: 'string' },
  id: { type: 'string' },
  licence: { type: 'string' },
  map: { type: 'string' },
  config: { type: 'string' },
  draft: { type: 'string' },
  device: { type: 'string' },
} as const;

interface Request {
  readonly io: VerbIo;
  readonly places: ModelPlaces;
  readonly all: boolean;
  readonly acceptLicence: boolean;
  readonly from: string | undefined;
  readonly mirror: string | undefined;
  readonly id: string | undefined;
  readonly licence: string | undefined;
  readonly map: string | undefined;
  readonly config: string | undefined;
  readonly draft: string | undefined;
  readonly device: string | undefined;
  readonly tell: (status: Status) => void;
}

/** An action gives what to print and, when it is not 0, the exit status. `word` is '' where there is none. */
type Action = (word: string, request: Request) => Promise<{ json: unknown; text: string; status?: number }>;

interface Row {
  readonly act: Action;
  /** The word after the action: what it is, and whether it may be left out. */
  readonly word: string | undefined;
  readonly optional?: boolean;
  readonly takes: readonly (keyof typeof OPTIONS)[];
}

const ACTIONS: Readonly<Record<string, Row>> = {
  list: { act: list, word: undefined, takes: ['all'] },
  show: { act: show, word: 'ID', takes: [] },
  install: { act: install, word: 'ID', takes: ['accept-licence', 'from', 'mirror', 'device'] },
  import: { act: importOne, word: 'PATH', takes: ['id', 'licence', 'map', 'config', 'device'] },
  inspect: { act: inspect, word: 'PATH', takes: ['draft'] },
  remove: { act: remove, word: 'ID', takes: [] },
  verify: { act: verify, word: 'ID', optional: true, takes: [] },
};

export const models: Verb = {
  name: 'models',
  summary: 'List networks, show, install, import, remove or verify them',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseWords({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [what = 'list', word, ...extra] = positionals;
    const row = Object.hasOwn(ACTIONS, what) ? ACTIONS[what] : undefined;
    if (row === undefined)
      throw new AppError('usage', `There is no 'models ${what}': ${Object.keys(ACTIONS).join(', ')} there are.`);
    if (extra.length > 0 || (word !== undefined && row.word === undefined))
      throw new AppError('usage', `models ${what} takes no '${extra[0] ?? word}'.`);
    if (word === undefined && row.word !== undefined && !row.optional)
      throw new AppError(
        'usage',
        `models ${what} needs ${row.word === 'ID' ? 'an ID; models list shows them' : 'a path'}.`,
      );
    for (const name of Object.keys(OPTIONS) as (keyof typeof OPTIONS)[]) {
      const given = values[name] !== undefined && values[name] !== false;
      if (given && !row.takes.includes(name)) throw new AppError('usage', `models ${what} takes no --${name}.`);
    }
    const home = await openHome();
    const status = statusLine(io);
    const { all, from, mirror, id, licence, map, config, draft, device } = values;
    const words = { from, mirror, id, licence, map, config, draft, device };
    const flags = { all, acceptLicence: values['accept-licence'], ...words };
    try {
      const answer = await row.act(word ?? '', { io, places: modelPlaces(home), tell: status.tell, ...flags });
      status.end();
      io.out(io.json ? JSON.stringify(answer.json) : answer.text);
      return answer.status ?? 0;
    } finally {
      status.end();
    }
  },
};

async function list(_: string, { places, all }: Request): ReturnType<Action> {
  const rows = await listModels({ places });
  const shown = all ? rows : rows.filter(({ origin, problem }) => origin !== 'catalogue' || problem === null);
  const hidden = rows.length - shown.length;
  const here = shown.filter(({ origin }) => origin !== 'catalogue');
  const rest = shown.filter(({ origin }) => origin === 'catalogue');
  const lines = [
    here.length > 0 ? 'Here:' : 'No models are here yet.',
    ...here.map(rowOf),
    ...(rest.length > 0 ? ['', 'To be installed (models install ID):', ...rest.map(rowOf)] : []),
    ...(hidden > 0 ? ['', `${hidden} more are known and cannot be used yet: models list --all.`] : []),
  ];
  return { json: { models: rows }, text: lines.join('\n') };
}

function rowOf({ id, origin, bytes, licence, terms, name, problem }: ModelSummary): string {
  const mark = origin === 'embedded' ? 'embedded' : origin === 'installed' ? 'installed' : '';
  const ask = origin === 'catalogue' && terms !== 'open' ? ' (needs --accept-licence)' : '';
  const told = problem ?? `${name}; ${licence}${ask}`;
  return `  ${id.padEnd(24)} ${mark.padEnd(9)} ${size(bytes).padStart(9)}  ${told}`.trimEnd();
}

function size(bytes: number | null): string {
  if (bytes === null) return '';
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

async function show(word: string, { places }: Request): ReturnType<Action> {
  const details = await showModel(word, { places });
  return { json: details, text: describe(details) };
}

function describe({ manifest, catalogue, ...model }: ModelDetails): string {
  const field = (name: string, value: string | undefined | null): string[] =>
    value === undefined || value === null || value === '' ? [] : [`  ${name.padEnd(12)}${value}`];
  const files = manifest
    ? manifest.files.map((file) => `${file.name}  ${size(file.bytes)}  sha256 ${file.sha256}`)
    : (catalogue?.files ?? []).map((file) => {
        const hash = file.sha256 ? `sha256 ${file.sha256}` : file.gitBlobSha1 ? `git ${file.gitBlobSha1}` : UNPINNED;
        return `${file.name}  ${file.bytes ? `${size(file.bytes)}  ` : ''}${hash}\n${' '.repeat(16)}${file.addresses[0]}`;
      });
  const probe = manifest?.probe;
  const tried =
    probe &&
    `${probe.psnr} dB on the test pair (a fade: ${probe.blendPsnr} dB), ${probe.millisecondsPerFrame} ms for ${probe.width} x ${probe.height} on ${probe.device}`;
  return [
    `${model.id}: ${model.name}`,
    ...field(
      'is',
      model.problem ?? { embedded: 'embedded', installed: 'installed', catalogue: 'not installed' }[model.origin],
    ),
    ...field('use it by', model.engine && `--engine ${model.engine}`),
    ...field('family', model.family),
    ...field('licence', model.licence),
    ...field('', manifest?.note ?? catalogue?.licenceNote),
    ...field('source', manifest?.source ?? catalogue?.source),
    ...field('parameters', manifest?.parameters?.toLocaleString('en')),
    ...field('size', size(model.bytes)),
    ...field('tried', tried),
    ...field('where', model.folder),
    ...field('config', manifest ? JSON.stringify(manifest.config) : undefined),
    ...files.map((file) => `  ${'file'.padEnd(12)}${file}`),
  ].join('\n');
}

const UNPINNED = 'no published hash: text, judged by the weights it describes';

async function install(word: string, request: Request): ReturnType<Action> {
  const { io, places, acceptLicence, from, device, tell } = request;
  const mirror = request.mirror ?? process.env['INBETWEEN_MODELS_URL'];
  const entry = findEntry(word, await readCatalogue());
  if (from === undefined && process.env['INBETWEEN_OFFLINE'])
    throw new AppError(
      'download-failed',
      'INBETWEEN_OFFLINE is set, so nothing is downloaded; --from takes the files from a folder.',
    );
  // A licence that asks for more is in the refusal; here is what anybody installs under.
  if (!io.json && entry.notYet === undefined && (entry.terms === 'open' || acceptLicence))
    io.err(`${entry.name}: licence ${entry.licence}. ${entry.licenceNote ?? ''}`.trimEnd());
  const common = { signal: io.signal, threads: availableParallelism(), device, places };
  const model = await installModel(entry, {
    ...common,
    acceptLicence,
    mirror,
    from,
    onProgress: (progress) => tell(statusOf(progress)),
  });
  return installed(model);
}

async function importOne(word: string, request: Request): ReturnType<Action> {
  const { io, places, id, licence, map, config, device, tell } = request;
  const said = config === undefined ? undefined : await readSaid(config);
  const mapping = map === undefined ? undefined : await readMapping(map);
  const common = { signal: io.signal, threads: availableParallelism(), device, places };
  const onProgress = (progress: InstallProgress): void => tell(statusOf(progress));
  return installed(await importModel(word, { ...common, id, licence, map: mapping, said, onProgress }));
}

async function inspect(word: string, { io, draft }: Request): ReturnType<Action> {
  if (draft !== undefined && draft !== 'cvi') throw new AppError('usage', 'A mapping can be drafted for cvi alone.');
  if (draft !== undefined) {
    const mapping = await draftFor(word, io.signal);
    return { json: mapping, text: JSON.stringify(mapping, null, 2) };
  }
  const found = await inspectCheckpoint(word, { signal: io.signal });
  const { format, family, tensors, values, operators, signatures } = found;
  const ends = (all: Readonly<Record<string, readonly number[] | null>>): string =>
    Object.entries(all)
      .map(([name, shape]) => `${name} ${shape ? `[${shape.join(', ')}]` : '[?]'}`)
      .join(', ');
  const width = Math.max(0, ...tensors.map(({ name }) => name.length));
  const lines = [
    `${format}: ${tensors.length} tensors, ${values.toLocaleString('en')} numbers; ${family ? `of the family ${family}` : 'of no family that runs here'}.`,
    ...tensors.map(({ name, dtype, shape }) => `  ${name.padEnd(width)}  ${dtype.padEnd(4)} [${shape.join(', ')}]`),
    ...signatures.map(({ name, inputs, outputs }) => `signature ${name}: ${ends(inputs)} -> ${ends(outputs)}`),
    ...(operators
      ? [
          `operators: ${Object.entries(operators)
            .map(([op, count]) => `${op} ${count}`)
            .join(', ')}`,
        ]
      : []),
  ];
  return { json: found, text: lines.join('\n') };
}

function statusOf({ stage, file, done, total, etaSeconds }: InstallProgress): Status {
  if (stage === 'try') return { sentence: 'Trying it on a test pair' };
  const what = `${stage === 'download' ? 'Downloading' : 'Copying'} ${file ?? ''}`;
  const eta = etaSeconds === undefined ? {} : { etaSeconds };
  if (total === undefined) return { sentence: `${what}, ${size(done)}`, passing: true };
  return { sentence: `${what}, ${size(done)} of ${size(total)}`, fraction: total === 0 ? 1 : done / total, ...eta };
}

function installed(model: InstalledModel): Awaited<ReturnType<Action>> {
  const { id, manifest, folder } = model;
  const { probe } = manifest;
  const tried = probe === undefined ? '' : ` ${verdictOf(probe)}`;
  return {
    json: { id, engine: engineOf(model), folder, manifest },
    text: `${id} is installed (${manifest.family}, ${manifest.licence}).${tried} Use it by ${usageOf(model)}.`,
  };
}

function verdictOf({ psnr, blendPsnr }: ProbeResult): string {
  const figures = `${psnr} dB on the test pair, a fade ${blendPsnr} dB`;
  return psnr < blendPsnr - 0.5 ? `It runs, and does worse than a fade (${figures}).` : `It works (${figures}).`;
}

async function remove(word: string, { places }: Request): ReturnType<Action> {
  const { freedBytes } = await removeModel(word, places);
  return {
    json: { id: word, removed: true, freedBytes },
    text: `${word} is removed; ${size(freedBytes)} are free again.`,
  };
}

async function verify(word: string, { io, places, tell }: Request): ReturnType<Action> {
  const id = word === '' ? undefined : word;
  const total = await bytesToVerify(id, places);
  const eta = createEta();
  const start = performance.now();
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    const fraction = Math.min(1, total === 0 ? 1 : done / total);
    const seconds = eta.update(fraction, (performance.now() - start) / 1000);
    tell({ sentence: 'Reading', fraction, ...(seconds === undefined ? {} : { etaSeconds: seconds }) });
  };
  const verdicts = await verifyModels(id, { places, signal: io.signal, onBytes });
  const good = verdicts.every((verdict) => verdict.good);
  return {
    json: { good, models: verdicts },
    text: verdicts.length === 0 ? 'No models are here.' : verdicts.map(verdictRow).join('\n'),
    ...(good ? {} : { status: EXIT_STATUS.failed }),
  };
}

function verdictRow({ id, good, files, problem }: ModelVerdict): string {
  const count = `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
  if (good) return `  ${id.padEnd(24)} good      ${count}`;
  const wrong = files.filter(({ state }) => state !== 'good').map(({ name, state }) => `${name} ${state}`);
  return `  ${id.padEnd(24)} DAMAGED   ${[...(problem ? [problem] : []), ...wrong].join('; ')}`;
}
