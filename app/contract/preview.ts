/** What the timeline and the viewer know of a clip that is being retimed. Plain data. */

/** How an output frame comes about. */
export const FRAME_KINDS = ['real', 'held', 'between', 'average', 'remedied'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** Frames [first, first + frames) of the clip's retime, kept in one file of the chunk store. */
export interface PreviewChunk {
  key: string;
  first: number;
  frames: number;
  ready: boolean;
}

/** The plan of a timeline clip's preview. Arrays have one entry for each shown frame, from the clip's `first` on. */
export interface ClipPreview {
  /** Id of the timeline clip. */
  clip: string;
  /** Version of the project it was made for. */
  version: number;
  /** Index into FRAME_KINDS. */
  kinds: number[];
  /** Source time of each frame in ticks from the source's first frame; `Remedy.at` is one of these. */
  sources: number[];
  /** 0 (guess) to 1 (certain) for frames that were synthesised and rendered; null otherwise. */
  confidence: (number | null)[];
  /** Frames (counted from the clip's first shown one) at which a new shot starts. */
  cuts: number[];
  /** Every frame is one of the source at its own time or held: it can be shown without rendering. */
  direct: boolean;
  /** In order, covering all frames; empty when `direct`. */
  chunks: PreviewChunk[];
  /** What the user should know. */
  notes: string[];
  /** Key of the clip's sound for media path sound/KEY; null while it is not made, or where there is none. */
  sound: string | null;
}

/** 'analysing' while the source is decoded for the first time; `fraction` 0..1. */
export type ClipPreviewAnswer =
  | { state: 'analysing'; clip: string; fraction: number }
  | { state: 'ready'; preview: ClipPreview }
  | { state: 'failed'; clip: string; error: { code: string; message: string } };

/** A chunk of a preview was finished. Confidences are for its frames, null for real ones. */
export interface ChunkReady {
  project: string;
  clip: string;
  key: string;
  first: number;
  confidence: (number | null)[];
}
