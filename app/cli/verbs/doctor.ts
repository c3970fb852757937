/** `doctor`: what was found on this machine, and what to do about what was not. */
import { AppError } from '../../contract/errors.ts';
import { examine } from '../../core/doctor/report.ts';
import type { DoctorReport } from '../../core/doctor/findings.ts';
import type { DeviceReport } from '../../core/nn/devices.ts';
import type { Verb } from '../verb.ts';

export const doctor: Verb = {
  name: 'doctor',
  summary: 'Say what was found on this machine, and what to do about anything missing',
  usage: 'doctor [--json]',
  async run(args, io) {
    if (args.length > 0) throw new AppError('usage', `doctor takes no '${args[0]}'.`);
    const report = await examine(io.signal);
    if (io.json) io.out(JSON.stringify(report));
    else for (const line of describe(report)) io.out(line);
    // Without these nothing works at all.
    return report.ffmpeg && report.sqlite && report.home.writable ? 0 : 4;
  },
};

const UNRUN =
  '  (unrun: no test of Inbetween has run there; its networks are held against the published table of operators instead)';

function describe(report: DoctorReport): string[] {
  const { ffmpeg, machine, home, webassembly } = report;
  const gb = (bytes: number | null): string => (bytes === null ? 'unknown' : `${(bytes / 1e9).toFixed(1)} GB`);
  const rows: [string, string][] = [
    ['Node', report.node],
    ['ffmpeg', ffmpeg ? `${ffmpeg.version}, ${ffmpeg.path} (${ffmpeg.origin})` : 'none'],
    ['ffprobe', ffmpeg?.ffprobe ?? 'none of the same build'],
    [
      'Encoders',
      Object.entries(report.encoders)
        .map(([codec, name]) => `${codec}: ${name || 'no'}`)
        .join(', '),
    ],
    ['Decoders', list(report.decoders)],
    ['Filters', list(report.filters)],
    ['ONNX Runtime', report.onnxruntime ?? 'does not load'],
    ['Devices', `for engines that are networks; auto tries ${report.devices.map(({ device }) => device).join(', ')}`],
    ...report.devices.map((found): [string, string] => [`  ${found.device}`, describeDevice(found)]),
    ['SQLite', report.sqlite ?? 'does not load'],
    ['WebAssembly', `SIMD ${yes(webassembly.simd)}, threads ${yes(webassembly.threads)}`],
    ['Home', `${home.path} (${home.writable ? 'writable' : 'NOT writable'}, ${gb(home.freeBytes)} free)`],
    [
      'Machine',
      `${machine.cores} cores, ${machine.cpu}, ${gb(machine.memoryBytes)} memory, ${gb(machine.freeMemoryBytes)} free`,
    ],
  ];
  const lines = rows.map(([name, what]) => `${name.padEnd(14)}${what}`);
  if (report.devices.some(({ unrun }) => unrun)) lines.push(UNRUN);
  for (const note of ffmpeg?.notes ?? []) lines.push(`${' '.repeat(14)}${note}`);
  if (report.problems.length === 0) return [...lines, '', 'Nothing is missing.'];
  return [...lines, '', ...report.problems.flatMap(({ what, todo }) => [`- ${what}`, `  ${todo}`])];
}

/** One line: whether networks run on it, how exactly, and what it leaves to the CPU. */
function describeDevice({ device, reason, needs, error, ms, cpuMs, onCpu, auto, unrun }: DeviceReport): string {
  if (reason !== undefined) return `no${unrun ? ' (unrun)' : ''}: ${reason}. It needs ${needs}.`;
  if (device === 'cpu') return 'works';
  const rest = onCpu?.length ? `, leaves to the CPU: ${onCpu.join(', ')}` : '';
  const times = `${(ms ?? 0).toFixed(1)} ms where the CPU takes ${(cpuMs ?? 0).toFixed(1)}`;
  const passed = auto ? '' : ' (so slow that auto passes it over: a program plays the GPU)';
  return `works${unrun ? ' (unrun)' : ''}, largest error ${(error ?? 0).toExponential(1)} of the range, ${times}${passed}${rest}`;
}

function list(table: Readonly<Record<string, boolean>>): string {
  const names = Object.entries(table);
  const missing = names.filter(([, there]) => !there).map(([name]) => name);
  const there = names.filter((row) => row[1]).map(([name]) => name);
  return `${there.join(' ') || 'none'}${missing.length > 0 ? ` (not ${missing.join(' ')})` : ''}`;
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}
