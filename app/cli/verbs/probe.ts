/** `probe`: what a file is, or why it is refused. */
import { AppError } from '../../contract/errors.ts';
import type { VideoInfo } from '../../contract/media.ts';
import { probe as probeFile } from '../../core/media/probe.ts';
import type { Verb } from '../verb.ts';

export const probe: Verb = {
  name: 'probe',
  summary: 'Say what a video, a picture or an image sequence is, or why it is refused',
  usage: 'probe IN [--json]',
  async run(args, io) {
    const [path, ...rest] = args[0] === '--' ? args.slice(1) : args;
    if (path === undefined || path === '' || rest.length > 0) throw new AppError('usage', 'probe takes one file.');
    const info = await probeFile(path, { signal: io.signal });
    if (io.json) io.out(JSON.stringify(info));
    else for (const line of describe(info)) io.out(line);
    return 0;
  },
};

function describe({ path, format, bytes, duration, video, audio, other, chapters, warnings }: VideoInfo): string[] {
  const rate = video.averageRate ?? video.nominalRate;
  const turned = [video.mirrored ? 'mirrored' : '', video.rotation > 0 ? `turned by ${video.rotation}°` : ''].filter(
    Boolean,
  );
  const { num, den } = video.sampleAspect;
  const { range, matrix, primaries, transfer, inferred } = video.colour;
  const guessed = inferred ? ` (${inferred.join(' and ')} inferred)` : '';
  const picture = [
    `${video.codec} ${video.width}x${video.height}`,
    num === den ? '' : `pixels ${num}:${den}`,
    ...turned,
    video.pixelFormat,
    rate ? `${(rate.num / rate.den).toFixed(3)} frames/s on average` : '',
    video.frameCount ? `${video.frameCount} frames` : '',
  ].filter(Boolean);
  return [
    path,
    `  ${format}, ${(bytes / 1e6).toFixed(2)} MB${duration === undefined ? '' : `, ${duration.toFixed(3)} s`}`,
    `  picture  ${picture.join(', ')}`,
    `  colour   ${[range, matrix, primaries, transfer].filter(Boolean).join(', ')}${guessed}${video.hdr ? ', HDR10 metadata' : ''}`,
    ...audio.map(
      (one) => `  sound    ${one.codec}, ${one.sampleRate} Hz, ${one.channelLayout ?? `${one.channels} channels`}`,
    ),
    ...other.map((one) => `  ${one.type.padEnd(8)} ${one.codec}`),
    ...(chapters > 0 ? [`  ${chapters} chapters`] : []),
    ...warnings.map((warning) => `  note: ${warning}`),
  ];
}
