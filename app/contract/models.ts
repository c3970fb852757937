/** Models: what is installed, what could be, and what is known of each. Plain data. */

/** What somebody may do with the weights. Only 'open' installs without being asked. */
export const LICENCE_TERMS = ['open', 'academic', 'non-commercial', 'unstated'] as const;
export type LicenceTerms = (typeof LICENCE_TERMS)[number];

export interface ModelFile {
  /** Path within the model's folder, with '/'. */
  name: string;
  bytes: number;
  sha256: string;
}

/** How a network did on the pair of pictures that every model is tried on. */
export interface ProbeResult {
  /** dB of its picture against the true one. */
  psnr: number;
  /** dB of the two pictures faded into each other. */
  blendPsnr: number;
  /** Share of its samples at the very end of the range, where the true picture has none; 0..1. */
  clipped: number;
  millisecondsPerFrame: number;
  width: number;
  height: number;
  device: string;
}

/** What an engine reached on the evaluation sets (docs/models.md): means over the five sets of `score clips/eval/protocol.json`. */
export interface EngineScores {
  /** dB. */
  psnr: number;
  ssim: number;
  /** Less is better; null where it was not published. */
  gmsd: number | null;
}

/** `manifest.json` of an installed or embedded model. */
export interface ModelManifest {
  id: string;
  family: string;
  name: string;
  /** 'MIT', or in words what is known. */
  licence: string;
  terms?: LicenceTerms | undefined;
  /** Where it came from: an address, a path. */
  source: string;
  files: ModelFile[];
  /** What to open, one of `files` or '' for the folder; the first file unless given. */
  entry?: string | undefined;
  /** What the family recognised. */
  config: Record<string, unknown>;
  parameters?: number | undefined;
  /** The reader that opens it: 'ncnn', 'torch-zip', ... */
  format?: string | undefined;
  installedAt?: string | undefined;
  probe?: ProbeResult | undefined;
  scores?: EngineScores | undefined;
  note?: string | undefined;
}

/** A file of the catalogue. Without a hash it is text that is judged by the weights it describes; it says so in `show`. */
export interface CatalogueFile {
  name: string;
  gitBlobSha1?: string | undefined;
  sha256?: string | undefined;
  /** Exactly, where it is known. */
  bytes?: number | undefined;
  /** Places that hold the same bytes, best first. */
  addresses: string[];
}

/** A published model that can be installed, or (`notYet`) is known of. */
export interface CatalogueModel {
  id: string;
  family: string;
  name: string;
  licence: string;
  terms: LicenceTerms;
  /** Whose licence it is, and what it says, for people. */
  licenceNote?: string | undefined;
  source: string;
  entry: string;
  files: CatalogueFile[];
  /** Size to show where no exact one is known. */
  aboutBytes?: number | undefined;
  /** Why it cannot be used yet. */
  notYet?: string | undefined;
}

export type ModelOrigin = 'embedded' | 'installed' | 'catalogue';

/** A row of `models list`. */
export interface ModelSummary {
  id: string;
  family: string;
  name: string;
  licence: string;
  terms: LicenceTerms;
  origin: ModelOrigin;
  /** Exact for what is here; for the catalogue where it is known. */
  bytes: number | null;
  /** Why it cannot be used: damaged, or not yet. */
  problem: string | null;
}

/** `models show`. */
export interface ModelDetails extends ModelSummary {
  /** The engine's id for --engine; null for what cannot be used now. */
  engine: string | null;
  manifest: ModelManifest | null;
  folder: string | null;
  catalogue: CatalogueModel | null;
}

/** What `models verify` found of one file. */
export interface FileVerdict {
  name: string;
  state: 'good' | 'missing' | 'changed' | 'unreadable';
}

export interface ModelVerdict {
  id: string;
  origin: 'embedded' | 'installed';
  good: boolean;
  files: FileVerdict[];
  /** What is wrong beyond single files: a manifest that cannot be read. */
  problem: string | null;
}
