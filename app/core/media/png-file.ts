/** A frame as a PNG, as it would look in an output. */
import { setparams, colourArgs, scaleMatrix } from './colour.ts';
import { fileUrl, runFfmpeg } from './ffmpeg.ts';
import type { Frame } from './frame.ts';
import type { OutputPlan } from './output-format.ts';
import { rawWriter } from './raw-layout.ts';

/** Writes what an encoder of `plan` would be given of the frame, as 8-bit RGB. Throws ffmpeg-failed, the signal's reason. */
export async function writePng(frame: Frame, plan: OutputPlan, path: string, signal: AbortSignal): Promise<void> {
  const { input, fed, colour } = plan;
  const buffers = rawWriter(plan.carrier, input)(frame);
  const range = colour.range === 'full' ? 'pc' : 'tv';
  const rgb = `scale=flags=bicubic+accurate_rnd+full_chroma_int:in_color_matrix=${scaleMatrix(colour.matrix, input.height)}:in_range=${range}:out_range=pc`;
  const filters = [...plan.filters, `format=${plan.pixelFormat}`, setparams(colour), rgb, 'format=rgb24'];
  const raw = ['-f', 'rawvideo', '-pixel_format', input.pixelFormat, '-video_size', `${input.width}x${input.height}`];
  await runFfmpeg(
    [
      ...['-y', ...raw, ...colourArgs(fed), '-i', 'pipe:0', '-vf', filters.filter(Boolean).join(',')],
      ...['-frames:v', '1', '-c:v', 'png', '-compression_level', '1', '-f', 'image2', '-update', '1', fileUrl(path)],
    ],
    { signal, input: Buffer.concat(buffers) },
  );
}
