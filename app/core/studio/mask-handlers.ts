/** Handlers of mask.*: masks that somebody painted on a page, kept by their content, and their pictures. */
import { masksFolder } from '../base/home.ts';
import { sweepMasks } from '../projects/mask-sweep.ts';
import { importMask, importMaskBytes, maskPath } from '../media/mask/painted.ts';
import type { StudioContext } from './context.ts';
import type { HandlersOf } from './handlers.ts';
import { fileResponse, type MediaRoutes } from './media.ts';

export interface MaskPart {
  readonly handlers: HandlersOf<'mask'>;
  readonly media: MediaRoutes;
  close(): Promise<void>;
}

export function maskPart({ db, home, access, signal }: StudioContext): MaskPart {
  const folder = masksFolder(home);
  // What cannot be swept now is swept when the library is opened next.
  const sweeping = sweepMasks(db, home, { signal }).then(
    () => {},
    () => {},
  );
  return {
    handlers: {
      'mask.save': async ({ png }, call) => {
        const options = { signal: AbortSignal.any([call.signal, signal]) };
        return { id: await importMaskBytes(folder, Buffer.from(png, 'base64'), options) };
      },
      'mask.import': async ({ path }, call) => {
        const options = { signal: AbortSignal.any([call.signal, signal]) };
        return { id: await importMask(folder, await access.check(path), options) };
      },
    },
    media: {
      mask: async ([id = ''], request) =>
        /^[0-9a-f]{64}$/.test(id)
          ? await fileResponse(maskPath(folder, id), 'image/png', request, { immutable: true })
          : undefined,
    },
    close: () => sweeping,
  };
}
