/**
 * The part of HDF5 that Keras writes ("HDF5 File Format Specification Version 3.0"): groups of hard links, attributes, contiguous values.
 *
 * [Note: HDF5 by hand] Two libraries read HDF5 in Node without building anything. h5wasm is the HDF Group's C library in WebAssembly: its Node
 * build follows external links and external storage to any file of the disk, its other build wants the whole file copied into
 * its memory, and 4 MB of it block the thread. jsfive wants the whole file as well and follows addresses unchecked. Weights files use
 * a corner of the format, so that corner is read here: by page, every address checked, each node visited once.
 */
import type { FileReader } from './file-reader.ts';
import { PagedFile } from './paged-file.ts';

export const SIGNATURE = '\x89HDF\r\n\x1a\n';
const UNDEFINED = 0xffffffffffffffffn;
const MAX_HEADER_BYTES = 2 ** 20;
const MAX_CHUNKS = 256;
/** Of one object; layers have a handful. */
const MAX_MESSAGES = 50_000;
const MAX_LINKS = 50_000;

export const MESSAGE = {
  dataspace: 1,
  linkInfo: 2,
  datatype: 3,
  external: 7,
  link: 6,
  layout: 8,
  attribute: 12,
  continuation: 16,
  symbols: 17,
  attributeInfo: 21,
} as const;

export interface Message {
  readonly type: number;
  /** Where the body is in the file. */
  readonly at: number;
  readonly body: DataView<ArrayBufferLike>;
}

export class Hdf5File {
  readonly pages: PagedFile;
  #links = 0;

  constructor(file: FileReader) {
    this.pages = new PagedFile(file);
  }

  /** Address of the root group's header. */
  async root(): Promise<number> {
    const view = await this.pages.view(0, Math.min(96, this.pages.size));
    const version = view.byteLength < 48 ? -1 : view.getUint8(8);
    const sizes = version < 2 ? 13 : 9;
    if (![0, 1, 2, 3].includes(version)) throw this.pages.damaged('its first block is of no known version');
    if (view.getUint8(sizes) !== 8 || view.getUint8(sizes + 1) !== 8)
      throw this.pages.refused('has addresses of an unusual size');
    const base = version === 0 ? 24 : version === 1 ? 28 : 12;
    if (view.getBigUint64(base, true) !== 0n) throw this.pages.refused('starts with something that is not HDF5');
    // After the base address and one more stands where the file ends.
    if (this.address(view, base + 16) > this.pages.size) throw this.pages.damaged('it should be longer');
    // Versions 0 and 1 end in the root group's symbol table entry: name, then header.
    return this.address(view, version < 2 ? base + 40 : 36);
  }

  /** The messages of the object whose header is at `at`. */
  async messages(at: number): Promise<Message[]> {
    const view = await this.pages.view(at, 16);
    return view.getUint8(0) === 1 ? await this.#oldHeader(at, view) : await this.#newHeader(at);
  }

  /** Names and header addresses of a group's hard links; other links lead out of the file or nowhere and are left out. */
  async links(messages: readonly Message[]): Promise<Map<string, number>> {
    const links = new Map<string, number>();
    for (const { type, body } of messages) {
      if (type === MESSAGE.symbols) await this.#symbols(this.address(body, 0), this.address(body, 8), links);
      else if (type === MESSAGE.link) this.#link(body, links);
      else if (type === MESSAGE.linkInfo && this.#isDense(body))
        throw this.pages.refused('keeps its groups in an index that is not read');
    }
    return links;
  }

  /** An address or a length. Throws `checkpoint-damaged` when it is undefined. */
  address(view: DataView<ArrayBufferLike>, at: number): number {
    const value = at + 8 > view.byteLength ? UNDEFINED : view.getBigUint64(at, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.pages.damaged('an address is missing');
    return Number(value);
  }

  async #oldHeader(at: number, head: DataView<ArrayBufferLike>): Promise<Message[]> {
    const messages: Message[] = [];
    const chunks = [{ at: at + 16, size: head.getUint32(8, true) }];
    for (const chunk of chunks) this.#split(chunk.at, await this.#chunk(chunk, chunks.length), 8, messages, chunks);
    return messages;
  }

  async #newHeader(at: number): Promise<Message[]> {
    await this.#expect(at, 'OHDR');
    const view = await this.pages.view(at, Math.min(64, this.pages.size - at));
    if (view.byteLength < 34) throw this.pages.damaged('an object ends early');
    const flags = view.getUint8(5);
    const start = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    const size = this.#uint(view, start, 1 << (flags & 3));
    const messages: Message[] = [];
    const head = flags & 4 ? 6 : 4;
    const chunks = [{ at: at + start + (1 << (flags & 3)), size }];
    for (const [i, chunk] of chunks.entries()) {
      // Later chunks have a signature before and a checksum behind.
      if (i > 0) await this.#expect(chunk.at, 'OCHK');
      const inner = i === 0 ? chunk : { at: chunk.at + 4, size: chunk.size - 8 };
      this.#split(inner.at, await this.#chunk(inner, chunks.length), head, messages, chunks);
    }
    return messages;
  }

  async #chunk({ at, size }: { at: number; size: number }, count: number): Promise<DataView<ArrayBufferLike>> {
    if (size > MAX_HEADER_BYTES || count > MAX_CHUNKS)
      throw this.pages.refused('describes an object at unusual length');
    return await this.pages.view(at, size);
  }

  /** Splits a chunk whose messages have `head` bytes before them (8 in old headers); a continuation adds to `chunks`. */
  #split(
    start: number,
    chunk: DataView<ArrayBufferLike>,
    head: number,
    messages: Message[],
    chunks: { at: number; size: number }[],
  ): void {
    for (let at = 0; at + head <= chunk.byteLength;) {
      const type = head === 8 ? chunk.getUint16(at, true) : chunk.getUint8(at);
      const size = chunk.getUint16(at + (head === 8 ? 2 : 1), true);
      const flags = chunk.getUint8(at + (head === 8 ? 4 : 3));
      at += head;
      if (at + size > chunk.byteLength) throw this.pages.damaged('a message leads out of its object');
      const body = new DataView(chunk.buffer, chunk.byteOffset + at, size);
      const place = start + at;
      at += size;
      if (type === MESSAGE.continuation) chunks.push({ at: this.address(body, 0), size: this.address(body, 8) });
      // A shared message holds only where the real one is; Keras shares none.
      else if (flags & 2) throw this.pages.refused('shares descriptions between objects');
      else if (messages.length === MAX_MESSAGES) throw this.pages.refused('describes an object at unusual length');
      else messages.push({ type, at: place, body });
    }
  }

  async #symbols(tree: number, heap: number, links: Map<string, number>): Promise<void> {
    await this.#expect(heap, 'HEAP');
    const head = await this.pages.view(heap, 32);
    const names = { at: this.address(head, 24), size: this.address(head, 8) };
    const seen = new Set<number>();
    const waiting = [tree];
    for (const node of waiting) {
      if (seen.has(node)) throw this.pages.damaged('a group contains itself');
      seen.add(node);
      await this.#expect(node, 'TREE');
      const view = await this.pages.view(node, 24);
      const level = view.getUint8(5);
      const used = view.getUint16(6, true);
      const children = await this.pages.view(node + 24, used * 16 + 8);
      for (let i = 0; i < used; i++) {
        const child = this.address(children, 8 + 16 * i);
        if (level > 0) waiting.push(child);
        else await this.#symbolNode(child, names, links);
      }
    }
  }

  async #symbolNode(at: number, names: { at: number; size: number }, links: Map<string, number>): Promise<void> {
    await this.#expect(at, 'SNOD');
    const count = (await this.pages.view(at, 8)).getUint16(6, true);
    for (let i = 0; i < count; i++) {
      const entry = await this.pages.view(at + 8 + 40 * i, 40);
      // Kind 2 is a soft link, which has no header.
      if (entry.getUint32(16, true) === 2) continue;
      const target = this.address(entry, 8);
      this.#addLink(links, await this.#name(names, this.address(entry, 0)), target);
    }
  }

  async #name(names: { at: number; size: number }, offset: number): Promise<string> {
    const length = Math.min(1024, names.size - offset, this.pages.size - names.at - offset);
    const text = textIn(await this.pages.view(names.at + offset, length));
    if (text.length >= length) throw this.pages.damaged('a name does not end');
    return text;
  }

  #link(body: DataView<ArrayBufferLike>, links: Map<string, number>): void {
    if (body.byteLength < 4) throw this.pages.damaged('a link ends early');
    const flags = body.getUint8(1);
    let at = 2;
    const hard = flags & 8 ? body.getUint8(at++) === 0 : true;
    at += (flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0);
    const width = 1 << (flags & 3);
    const length = this.#uint(body, at, width);
    at += width;
    if (at + length > body.byteLength) throw this.pages.damaged('a link ends early');
    const name = textIn(new DataView(body.buffer, body.byteOffset + at, length));
    if (hard) this.#addLink(links, name, this.address(body, at + length));
  }

  #addLink(links: Map<string, number>, name: string, target: number): void {
    if (++this.#links > MAX_LINKS) throw this.pages.refused('has more links than any model');
    links.set(name, target);
  }

  /** Whether a link info message says that the links are in a fractal heap. */
  #isDense(body: DataView<ArrayBufferLike>): boolean {
    const at = 2 + (body.byteLength > 1 && body.getUint8(1) & 1 ? 8 : 0);
    return at + 8 <= body.byteLength && body.getBigUint64(at, true) !== UNDEFINED;
  }

  #uint(view: DataView<ArrayBufferLike>, at: number, width: number): number {
    if (at + width > view.byteLength) throw this.pages.damaged('an object ends early');
    let value = 0;
    for (let i = 0; i < width; i++) value += view.getUint8(at + i) * 2 ** (8 * i);
    return value;
  }

  async #expect(at: number, signature: string): Promise<void> {
    const view = await this.pages.view(at, 4);
    if (textIn(view) !== signature) throw this.pages.damaged(`there is no ${signature} block where one should be`);
  }
}

/** The text up to its first NUL. */
export function textIn(view: DataView<ArrayBufferLike>): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  const end = bytes.indexOf(0);
  return bytes.subarray(0, end < 0 ? bytes.length : end).toString('utf8');
}
