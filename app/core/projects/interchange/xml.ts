/** XML from others, and for others. */
import { XMLParser } from 'fast-xml-parser';
import { badProject } from './foreign.ts';

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly inside. */
  readonly text: string;
}

/** Elements of a file, and how deep they may be within each other. */
const LIMITS = { elements: 1_000_000, depth: 64 };

/**
 * The root element. Entities beyond XML's own five are neither expanded nor fetched; a file that declares any is refused. Throws bad-project.
 */
export function parseXml(text: string): XmlElement {
  if (/<!ENTITY|<!DOCTYPE[^>]*\[/i.test(text))
    throw badProject('It declares entities of its own, which is not allowed.');
  checkShape(text);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    processEntities: false,
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: true,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: LIMITS.depth + 8,
  });
  let parsed: unknown;
  try {
    parsed = parser.parse(text, true);
  } catch (cause) {
    throw badProject(
      `It is no XML that can be read: ${cause instanceof Error ? cause.message.slice(0, 200) : 'damaged'}`,
      cause,
    );
  }
  const [root] = elementsOf(parsed, 0);
  if (!root) throw badProject('It holds no XML.');
  return root;
}

/** Counts tags before anything is built of them. */
function checkShape(text: string): void {
  let [elements, depth] = [0, 0];
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const special = text.startsWith('<!--', at) ? '-->' : text.startsWith('<![CDATA[', at) ? ']]>' : undefined;
    const end = special === undefined ? tagEnd(text, at) : text.indexOf(special, at);
    if (end < 0) throw badProject('It ends in the middle of a tag.');
    const kind = text[at + 1];
    if (kind === '/') depth--;
    else if (kind !== '!' && kind !== '?') {
      elements++;
      if (text[end - 1] !== '/') depth++;
    }
    if (depth > LIMITS.depth) throw badProject(`Its elements are more than ${LIMITS.depth} deep within each other.`);
    if (elements > LIMITS.elements) throw badProject('It has too many elements.');
    at = end;
  }
}

/** Where a tag ends; what is in quotes does not end it. */
function tagEnd(text: string, from: number): number {
  let quote = '';
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at]!;
    if (quote === '' && char === '>') return at;
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
  }
  return -1;
}

type Ordered = Record<string, unknown>;

function elementsOf(nodes: unknown, depth: number): XmlElement[] {
  if (!Array.isArray(nodes) || depth > LIMITS.depth) return [];
  const elements: XmlElement[] = [];
  for (const node of nodes as Ordered[]) {
    const name = Object.keys(node).find((key) => key !== ':@' && key !== '#text');
    if (name === undefined) continue;
    const inner = node[name];
    const attributes = new Map<string, string>();
    for (const [key, value] of Object.entries((node[':@'] ?? {}) as Ordered))
      attributes.set(key, decode(String(value)));
    elements.push({ name, attributes, children: elementsOf(inner, depth + 1), text: textOf(inner) });
  }
  return elements;
}

function textOf(nodes: unknown): string {
  if (!Array.isArray(nodes)) return '';
  return decode((nodes as Ordered[]).map((node) => ('#text' in node ? String(node['#text']) : '')).join(''));
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (all, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()]!;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : all;
  });
}

/** Text as an attribute's value or an element's content; control characters, which XML cannot hold, are left out. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\P{Cc}]|[\ufffe\uffff]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\t', '&#9;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\n', '&#10;');
}

/** An element; attributes that are undefined are left out. */
export function xml(
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  children: readonly string[] = [],
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(value!)}"`)
    .join('');
  if (children.length === 0) return `<${name}${written}/>`;
  const inner = children.flatMap((child) => child.split('\n')).map((line) => `  ${line}`);
  return [`<${name}${written}>`, ...inner, `</${name}>`].join('\n');
}
