/** What is wrong, and what to do about it, from what the doctor found. */
import type { Findings, Problem } from './findings.ts';

/** Room that a job of a few minutes needs. */
const FREE_BYTES = 2e9;

/** The problems, the gravest first. A GPU that is not there is none. */
export function findProblems(found: Findings): Problem[] {
  return [...ffmpegProblems(found), ...codecProblems(found), ...machineProblems(found)];
}

function ffmpegProblems({ ffmpeg, failures, filters }: Findings): Problem[] {
  if (!ffmpeg) {
    return [
      {
        what: failures['ffmpeg'] ?? 'There is no ffmpeg.',
        todo: `Install ffmpeg (${installCommand()}) or run \`npm run setup\`.`,
      },
    ];
  }
  const problems: Problem[] = [];
  if (ffmpeg.origin === '@ffmpeg-installer') {
    problems.push({
      what: 'Only the 2018 ffmpeg inside npm was found: slower, without AV1, short of newer formats.',
      todo: `Install a current ffmpeg (${installCommand()}) or run \`npm run setup\`.`,
    });
  }
  if (ffmpeg.ffprobe === null) {
    problems.push({
      what: 'There is no ffprobe of the same build as ffmpeg, so probing goes through ffmpeg and knows less.',
      todo: 'Install ffprobe beside ffmpeg, or set FFPROBE_BIN.',
    });
  }
  for (const [filter, there] of Object.entries(filters)) {
    if (!there) problems.push({ what: `This ffmpeg has no filter ${filter}.`, todo: 'Install a complete ffmpeg.' });
  }
  return problems;
}

function codecProblems({ ffmpeg, encoders, decoders }: Findings): Problem[] {
  if (!ffmpeg) return [];
  const problems: Problem[] = [];
  const built = ffmpeg.origin === '@ffmpeg-installer' ? 'Install a current ffmpeg' : 'Install an ffmpeg built with it';
  for (const [codec, encoder] of Object.entries(encoders)) {
    if (encoder === false)
      problems.push({ what: `No encoder for ${codec} works.`, todo: `${built}, or use another --codec.` });
  }
  for (const [codec, there] of Object.entries(decoders)) {
    if (!there) problems.push({ what: `${codec} cannot be decoded.`, todo: `${built}, or convert such files first.` });
  }
  return problems;
}

function machineProblems(found: Findings): Problem[] {
  const problems: Problem[] = [];
  const add = (wrong: boolean, what: string, todo: string): void => {
    if (wrong) problems.push({ what, todo });
  };
  const { failures, home, webassembly, devices } = found;
  const reinstall = 'Run `npm ci` again on this machine.';
  add(Number.parseInt(found.node, 10) < 24, `Node ${found.node} is too old.`, 'Install Node 24 or newer.');
  add(failures['onnxruntime'] !== undefined, `ONNX Runtime does not load: ${failures['onnxruntime']}`, reinstall);
  const cpu = devices.find(({ device }) => device === 'cpu');
  add(cpu?.reason !== undefined, `ONNX Runtime does not run on the CPU: ${cpu?.reason}`, reinstall);
  add(found.sqlite === null, `SQLite does not load: ${failures['sqlite']}`, reinstall);
  add(!webassembly.simd || !webassembly.threads, 'WebAssembly lacks SIMD or threads.', 'Run it with Node 24 or newer.');
  add(!home.writable, `${home.path} cannot be written to.`, 'Set INBETWEEN_HOME, or give --library DIR.');
  const low = home.writable && home.freeBytes !== null && home.freeBytes < FREE_BYTES;
  add(
    low,
    `Only ${((home.freeBytes ?? 0) / 1e9).toFixed(1)} GB are free for ${home.path}.`,
    'Make room, or give --library DIR elsewhere.',
  );
  return problems;
}

function installCommand(): string {
  if (process.platform === 'darwin') return 'brew install ffmpeg';
  return process.platform === 'win32' ? 'winget install ffmpeg' : 'apt install ffmpeg';
}
