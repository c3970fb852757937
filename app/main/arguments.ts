/** What the app was started with: files to open, and the library. */
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';

export interface Launch {
  /** Absolute paths, in order. */
  readonly files: readonly string[];
  /** --library DIR. */
  readonly library: string | undefined;
}

/**
 * Reads a command line. `argv` begins with the executable and, where that is Electron itself (`packaged` false), the app's path. Chromium's switches and those of the system
 * are passed over, and so is what is no name of a file: a scheme's address, an empty word.
 */
export function readArguments(argv: readonly string[], folder: string, packaged: boolean): Launch {
  const words = argv.slice(packaged ? 1 : 2);
  const files: string[] = [];
  let library: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--library') library = words[++i];
    else if (word.startsWith('--library=')) library = word.slice('--library='.length);
    else if (!word.startsWith('-') && word !== '' && !word.includes('\0') && !isAddress(word)) {
      files.push(isAbsolute(word) ? word : resolve(folder, word));
    }
  }
  return { files, library: library === undefined || library === '' ? undefined : resolve(folder, library) };
}

const toldSchema = z.object({ files: z.array(z.string().refine((path) => isAbsolute(path) && !path.includes('\0'))) });

/** The files of a second start, as it handed them over; none where that is not what it should be. */
export function filesOf(told: unknown): readonly string[] {
  return toldSchema.safeParse(told).data?.files ?? [];
}

/** 'https://...'. One letter before the colon is a Windows drive. */
function isAddress(word: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(word);
}
