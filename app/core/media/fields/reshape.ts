/** Pictures made of fields, scaled and turned upright: what the decoder does for others in the same breath, by an ffmpeg of its own. */
import type { VideoInfo } from '../../../contract/media.ts';
import { BlockReader } from '../block-reader.ts';
import { capabilities } from '../capabilities.ts';
import { spawnFfmpeg } from '../ffmpeg.ts';
import { frameFromBytes, type Frame } from '../frame.ts';
import { pictureFilters, pictureOf, pictureSetup } from '../picture.ts';
import { carrierOf } from '../pixel-format.ts';
import { rawWriter } from '../raw-layout.ts';
import { pipeBytes } from '../unpack.ts';

/** Every frame of `frames`, which are of `size`, as one of `info`, in order. Throws what `frames` throws, ffmpeg-failed, the signal's reason. */
export async function* reshaped(
  frames: AsyncGenerator<Frame, void, undefined>,
  info: VideoInfo,
  { width, height }: { readonly width: number; readonly height: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Frame, void, undefined> {
  const { format } = carrierOf(info.video.pixelFormat);
  const video = { ...info.video, pixelFormat: format.name };
  const setup = pictureSetup(video);
  const { passthrough } = await capabilities();
  const ffmpeg = await spawnFfmpeg(
    [
      ...['-f', 'rawvideo', '-pix_fmt', format.name, '-s', `${width}x${height}`, '-r', '25', '-i', 'pipe:0'],
      ...['-vf', pictureFilters(video).join(','), ...passthrough, '-f', 'rawvideo', 'pipe:1'],
    ],
    { stdin: 'pipe', ...(signal && { signal }) },
  );
  const fed: { index: number; time: number }[] = [];
  let failure: { error: unknown } | undefined;
  const feeding = (async () => {
    const planes = rawWriter(format, { pixelFormat: format.name, width, height, fullRange: true });
    for await (const frame of frames) {
      fed.push({ index: frame.index, time: frame.time });
      for (const bytes of planes(frame)) await ffmpeg.write(bytes);
    }
    await ffmpeg.end();
  })().catch(async (error: unknown) => {
    failure = { error };
    await ffmpeg.stop();
  });
  const blocks = new BlockReader(ffmpeg.stdout, pipeBytes(setup.carrier, setup.width, setup.height));
  try {
    for (let block = await blocks.next(); block; block = await blocks.next()) {
      const { index, time } = fed.shift()!;
      const bytes = pictureOf(setup, block);
      yield frameFromBytes(setup.format, info.video.width, info.video.height, bytes, index, time);
    }
    await feeding;
    if (failure) throw failure.error;
    await ffmpeg.done;
  } finally {
    await ffmpeg.stop();
    await feeding;
  }
}
