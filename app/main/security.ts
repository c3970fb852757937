/** What a window may not do. Each page is ours and served by ourselves; these hold should one ever run a line that is not. */
import { app, type Session, type WebContents } from 'electron';
import { APP_ORIGIN } from './channels.ts';

/** Everything else a page may ask its browser for is refused. */
const PERMISSIONS: ReadonlySet<string> = new Set(['fullscreen', 'notifications']);

/** Before the app is ready: every renderer is sandboxed, and no contents, however they come about, go or open anything anywhere. */
export function lockContents(): void {
  app.enableSandbox();
  app.on('web-contents-created', (_event, contents) => lock(contents));
}

function lock(contents: WebContents): void {
  const stay = (event: { preventDefault(): void; readonly url: string }): void => {
    if (!isPage(event.url)) event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

/** Whether an address is the renderer's page itself: all that a reload or a link within it may lead to. */
export function isPage(url: string): boolean {
  const [plain] = url.split(/[?#]/, 1);
  return plain === `${APP_ORIGIN}/` || plain === `${APP_ORIGIN}/index.html`;
}

export function lockSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(PERMISSIONS.has(permission) && isPage(requestingUrl)),
  );
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => PERMISSIONS.has(permission) && origin.replace(/\/$/, '') === APP_ORIGIN,
  );
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', (event) => event.preventDefault());
}
