/** `bench`: what a frame costs on this machine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/jobs.ts';
import { openApp } from '../../core/app.ts';
import { benchKernels, kernelTable } from '../../core/bench/kernels.ts';
import { benchMorphs, morphBenchTable } from '../../core/bench/morphs.ts';
import { benchJson, benchTable, runBench } from '../../core/bench/run.ts';
import { benchTags, tagBenchTable, TAG_VARIANTS, variantNamed } from '../../core/bench/tags.ts';
import { DEFAULT_ENGINE } from '../../core/engines/registry.ts';
import { deviceChoice } from '../../core/nn/device.ts';
import { deviceUsage, parseWords } from '../slowmo-options.ts';
import { statusLine } from '../status-line.ts';
import type { Verb, VerbIo } from '../verb.ts';

const MORPH_ENGINES = 'blend,glide,film,cvi,fomm:linear,fomm:adversarial,fomm:autoregressive';

export const bench: Verb = {
  name: 'bench',
  summary: 'Measure what engines and a whole job cost a frame on this machine',
  usage: `bench [--size WxH] [--engines glide,blend] [--device D] [--json]
bench --morph [--engines film,cvi,fomm:adversarial] [--device D] [--json]
bench --tag [--engines a0,a2,a5] [--device D] [--json]
bench --kernels [--json]

  --size     size of the picture (1920x1080)
  --engines  engine ids, separated by commas; the whole job runs with the first of them
  ${deviceUsage(11)}
  --morph    measures a morph of two stills and 14 pictures between them at 64, 256 and 1024 pixels instead
  --tag      measures streaming MoViNets of seeded weights: frames a second, operations, memory
  --kernels  measures the convolutions of SepConv and AdaConv instead

  Seconds a frame are (analysis + synthesis) / (N - 1) new frames of a pair, the median of several pairs after one to warm up.`,
  async run(args, io) {
    const { values, positionals } = parseWords({
      args: [...args],
      options: {
        size: { type: 'string', default: '1920x1080' },
        engines: { type: 'string' },
        device: { type: 'string' },
        kernels: { type: 'boolean', default: false },
        morph: { type: 'boolean', default: false },
        tag: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
    if (positionals.length > 0)
      throw new AppError('usage', 'bench takes no words: bench [--size WxH] [--engines a,b].');
    if (values.kernels) return await kernels(io);
    const usual = values.tag ? TAG_VARIANTS.join() : values.morph ? MORPH_ENGINES : `${DEFAULT_ENGINE},blend`;
    const ids = values.engines ?? usual;
    const engines = [...new Set(ids.split(',').map((id) => id.trim()))];
    if (values.tag) return await tags(engines, deviceChoice(values.device), io);
    if (values.morph) return await morphs(engines, deviceChoice(values.device), io);
    const status = statusLine(io);
    // A library of its own: frames kept from an earlier bench would make the job look free.
    const library = await mkdtemp(join(tmpdir(), 'inbetween-bench-library-'));
    try {
      await using app = await openApp({ library });
      const result = await runBench({
        ...sizeOf(values.size),
        engines,
        device: deviceChoice(values.device),
        pipelineEngine: engines[0]!,
        slowmo: (spec, options) => app.run(spec, options),
        signal: io.signal,
        onStage: (sentence) => status.tell({ sentence }),
      });
      status.end();
      io.out(io.json ? benchJson(result) : benchTable(result));
      return 0;
    } finally {
      status.end();
      await rm(library, { recursive: true, force: true });
    }
  },
};

async function morphs(engines: readonly string[], device: DeviceChoice, io: VerbIo): Promise<number> {
  const status = statusLine(io);
  try {
    const onStage = (sentence: string) => status.tell({ sentence });
    const result = await benchMorphs({ engines, device, signal: io.signal, onStage });
    status.end();
    io.out(io.json ? benchJson(result) : morphBenchTable(result));
    return 0;
  } finally {
    status.end();
  }
}

async function tags(names: readonly string[], device: DeviceChoice, io: VerbIo): Promise<number> {
  const variants = names.map((name) => {
    const variant = variantNamed(name);
    if (variant) return variant;
    throw new AppError('usage', `bench --tag measures published sizes, a0 to a5, and '${name}' is none.`);
  });
  const status = statusLine(io);
  try {
    const onStage = (sentence: string) => status.tell({ sentence });
    const result = await benchTags({ variants, device, signal: io.signal, onStage });
    status.end();
    io.out(io.json ? benchJson(result) : tagBenchTable(result));
    return 0;
  } finally {
    status.end();
  }
}

async function kernels(io: VerbIo): Promise<number> {
  const status = statusLine(io);
  try {
    const result = await benchKernels({ signal: io.signal, onStage: (sentence) => status.tell({ sentence }) });
    status.end();
    io.out(io.json ? benchJson(result) : kernelTable(result));
    return 0;
  } finally {
    status.end();
  }
}

/** 'WxH', even, 64 to 8192 a side. */
function sizeOf(text: string): { width: number; height: number } {
  const [, width, height] = (/^(\d+)[x×](\d+)$/i.exec(text.trim()) ?? []).map(Number);
  const fits = (side: number | undefined): side is number =>
    side !== undefined && side >= 64 && side <= 8192 && side % 2 === 0;
  if (fits(width) && fits(height)) return { width, height };
  throw new AppError('usage', `--size is written like 1920x1080, even and from 64 to 8192 a side, not '${text}'.`);
}
