/** The launcher's half of the double: pages in Chromium for the windows of a main process. */
import type { ChildProcess } from 'node:child_process';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import { launchChromium } from '../chromium.ts';
import type { AskMain, FromMain, ToMain } from './link.ts';
import { initScript } from './page-shim.ts';

type Question = AskMain extends infer Each ? (Each extends AskMain ? Omit<Each, 'seq'> : never) : never;

export class DoubleBrowser {
  readonly #child: ChildProcess;
  readonly #pages = new Map<number, Promise<Page>>();
  readonly #questions = new Map<number, (answer: Extract<FromMain, { op: 'answer' }>) => void>();
  readonly #first = Promise.withResolvers<Page>();
  #browser: Promise<Browser> | undefined;
  #theme: 'dark' | 'light' | null = null;
  #seq = 1;
  /** Addresses main itself has loaded: those pages did not ask to go there. */
  readonly #ordered = new Set<string>();

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#first.promise.catch(() => {});
    child.on('message', (message: FromMain) => void this.#hear(message).catch((error) => this.#first.reject(error)));
    child.on('exit', () => {
      for (const answer of this.#questions.values())
        answer({ op: 'answer', seq: 0, error: 'the main process is gone' });
      this.#questions.clear();
    });
  }

  firstPage(): Promise<Page> {
    return this.#first.promise;
  }

  async evaluate(source: string, arg?: unknown): Promise<unknown> {
    return await this.#ask({ op: 'evaluate', source, arg });
  }

  async setPath(name: string, path: string): Promise<void> {
    const page = await this.#first.promise;
    const set = ([key, value]: [string, string]): void => {
      const holder = globalThis as { __electronPaths?: Record<string, string> };
      holder.__electronPaths = { ...holder.__electronPaths, [key]: value };
    };
    await page.evaluate(set, [name, path] as [string, string]);
  }

  async close(): Promise<void> {
    const browser = await this.#browser?.catch(() => undefined);
    await browser?.close();
  }

  async #hear(message: FromMain): Promise<void> {
    switch (message.op) {
      case 'open':
        this.#pages.set(message.window, this.#open(message));
        await this.#pages.get(message.window);
        return;
      case 'load':
        return await this.#load(message);
      case 'reload':
        return void (await (await this.#pages.get(message.window))?.reload());
      case 'push':
        return await this.#push(message);
      case 'close':
        return await (await this.#pages.get(message.window))?.close();
      case 'theme':
        this.#theme = message.source === 'dark' || message.source === 'light' ? message.source : null;
        for (const page of this.#pages.values()) await (await page).emulateMedia({ colorScheme: this.#theme });
        return;
      case 'answer':
        this.#questions.get(message.seq)?.(message);
        this.#questions.delete(message.seq);
    }
  }

  async #open({ window, preload, width, height }: Extract<FromMain, { op: 'open' }>): Promise<Page> {
    this.#browser ??= launchChromium();
    const context = await (await this.#browser).newContext({ viewport: { width, height }, colorScheme: this.#theme });
    const page = await context.newPage();
    await page.exposeBinding('__electronInvoke', ({ frame }, channel: string, args: unknown[]) =>
      this.#invoke(window, frame, channel, args),
    );
    await page.addInitScript(initScript(preload));
    await this.#guard(window, page, context);
    page.on('close', () => this.#tell({ op: 'closed', window }));
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.#tell({ op: 'navigated', window, url: frame.url() });
    });
    return page;
  }

  async #load({ window, url, seq }: Extract<FromMain, { op: 'load' }>): Promise<void> {
    const page = await this.#pages.get(window);
    if (!page) return;
    this.#ordered.add(url.split('#')[0]!);
    try {
      await page.goto(url);
      this.#tell({ op: 'loaded', window, seq });
      this.#first.resolve(page);
    } catch (error) {
      this.#tell({ op: 'loaded', window, seq, error: String(error) });
      this.#first.reject(error);
    }
  }

  async #push({ window, channel, args }: Extract<FromMain, { op: 'push' }>): Promise<void> {
    const deliver = ([name, values]: [string, unknown[]]): void =>
      (globalThis as { __electronPush?: (name: string, values: unknown[]) => void }).__electronPush?.(name, values);
    // A page that is just going away hears nothing, as in Electron.
    await (await this.#pages.get(window))?.evaluate(deliver, [channel, args] as [string, unknown[]]).catch(() => {});
  }

  async #invoke(window: number, frame: Frame, channel: string, args: unknown[]): Promise<object> {
    try {
      const top = frame.parentFrame() === null;
      return { result: await this.#ask({ op: 'invoke', window, channel, args, frame: { url: frame.url(), top } }) };
    } catch (error) {
      return { error: (error as Error).message };
    }
  }

  /** Documents are asked for before they are loaded, other windows closed unless main lets them be. */
  async #guard(window: number, page: Page, context: BrowserContext): Promise<void> {
    const cdp = await context.newCDPSession(page);
    await cdp.send('Fetch.enable', { patterns: [{ urlPattern: '*', resourceType: 'Document' }] });
    cdp.on('Fetch.requestPaused', ({ requestId, request: { url } }) => {
      void (async () => {
        const may = this.#ordered.has(url) || (await this.#ask({ op: 'navigate', window, url }));
        if (may) await cdp.send('Fetch.continueRequest', { requestId });
        else await cdp.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
      })().catch(() => {});
    });
    page.on('popup', (popup) => {
      void this.#ask({ op: 'popup', window, url: popup.url() })
        .then((may) => (may ? undefined : popup.close()))
        .catch(() => {});
    });
  }

  async #ask(question: Question): Promise<unknown> {
    const seq = this.#seq++;
    const answer = await new Promise<Extract<FromMain, { op: 'answer' }>>((resolve) => {
      this.#questions.set(seq, resolve);
      if (!this.#tell({ ...question, seq })) resolve({ op: 'answer', seq, error: 'the main process is gone' });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  }

  #tell(message: ToMain): boolean {
    if (!this.#child.connected) return false;
    this.#child.send(message, () => {});
    return true;
  }
}
