/** Handlers of preview.*, and the media paths chunk/KEY, sound/KEY and frame/KEY. */
import { PreviewService } from '../preview/service.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import { fileResponse, type MediaRoute, type MediaRoutes } from './media.ts';

export interface PreviewPart {
  readonly handlers: HandlersOf<'preview'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export async function openPreviewPart(context: StudioContext): Promise<PreviewPart> {
  const { db, home, threads, settings, signal, topics, access } = context;
  const emit = topics.emit.bind(topics);
  const check = (path: string): Promise<string> => access.check(path);
  const service = new PreviewService({ db, home, threads, settings, signal, check, emit });
  return {
    handlers: {
      'preview.clip': ({ project, clip }) => service.clip(project, clip),
      'preview.render': async ({ project, around, clips }) => ({
        missing: await service.render(project, around, clips),
      }),
      'preview.stop': async ({ project }) => {
        service.stop(project);
        return {};
      },
      'preview.frame': async ({ project, clip, frame, engine }) => {
        const { key, confidence } = await service.picture(project, clip, frame, engine);
        return { path: `frame/${key}`, confidence };
      },
    },
    media: {
      chunk: kept('video/mp4', (key) => service.chunkPath(key)),
      sound: kept('audio/wav', (key) => service.soundPath(key)),
      frame: kept('image/png', (key) => service.picturePath(key)),
    },
    close: async () => service.close(),
  };
}

/** Files that never change under their key. */
function kept(type: string, pathOf: (key: string) => Promise<string | undefined>): MediaRoute {
  return async ([key, ...more], request) => {
    if (key === undefined || more.length > 0 || !/^[0-9a-f]{16,128}$/.test(key)) return undefined;
    const path = await pathOf(key);
    return path === undefined ? undefined : await fileResponse(path, type, request, { immutable: true });
  };
}
