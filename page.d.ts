// The types that the page's modules share, and what TypeScript can't know of browsers. Only `tsc` reads this.

/* the page's objects */

type Session = import("./src/photochrom/studio/web/session.js").Session;
type Photo = import("./src/photochrom/studio/web/photo.js").Photo;
type Upload = import("./src/photochrom/studio/web/photo.js").Upload;
type PictureView = import("./src/photochrom/studio/web/picture_view.js").PictureView;
type HintsLayer = import("./src/photochrom/studio/web/hints_layer.js").HintsLayer;
type HintSelection = import("./src/photochrom/studio/web/selection.js").HintSelection;
type Picker = import("./src/photochrom/studio/web/picker.js").Picker;
type RegionPreview = import("./src/photochrom/studio/web/reach.js").RegionPreview;

/* places and pictures */

/** x and y, or a* and b*. */
type Point = [number, number];
type Size = { width: number; height: number };
/** L*, a* and b*. */
type Lab = [number, number, number];
/** Red, green and blue, or X, Y and Z. */
type Triple = [number, number, number];
type Box = { top: number; left: number; bottom: number; right: number };
type Place = { left: number; top: number; width: number; height: number };

type Numbers = Float32Array | Float64Array;
type Codes = Uint8Array | Uint8ClampedArray;
/** A small two-dimensional array, the channels of a position together. */
type Field = { data: Float32Array; height: number; width: number; channels: number };
/** The same with the channels apart: one plane after the other. */
type Planes = { data: Float32Array; height: number; width: number };
/** 8-bit codes of pixels, row by row. */
type CodeImage = Size & { data: Codes };
type ChannelImage = CodeImage & { channels: number; exact?: number[] };
/** Pixels of one gray channel. */
type GrayImage = Size & { gray: Uint8Array };
type Coefficients = { offset: Field; gain: Field; place?: Place | null; size?: Size | null };
/** What an engine has painted: a file, or bitmaps from top to bottom. */
type Painted = Blob | ImageBitmap[];

/* hints and edits */

type ColorOrAb = { color: string; ab?: undefined } | { color?: undefined; ab: Point };
type HintGroup = { kind: "alternative"; number: number };
type HintReach = { radius_px?: number; reach?: number | null };
/** A hint on the page: points in pixels of the photograph. */
type Hint = { key: string; points: Point[]; group: HintGroup | null } & ColorOrAb & HintReach;
type KeptLock = { key: string; points: Point[]; radius_px: number };
type LassoTone = Exclude<Tone, "likeness">;
/** A part of the photograph with a tone of its own; what it lacks is as everywhere. */
type Lasso = { key: string; points: Point[] } & Partial<Record<LassoTone, number>>;
type Tone = "vividness" | "likeness" | "warmth" | "tint" | "strength";
type Edit = Readonly<
  Record<Tone, number> & {
    hints: Hint[];
    lock: KeptLock[];
    lassos: Lasso[];
    palette: string[];
    reference: Upload | null;
  }
>;

/** A hint or a lock as files and engines have it. */
type HintEntry = { points?: Point[]; x?: number; y?: number; color?: string; ab?: Point } & HintReach;
/** A part with a tone of its own; what is null is as in the whole photograph. */
type LassoEntry = { points: Point[] } & Partial<Record<LassoTone, number | null>>;
type LockEntry = { points?: Point[]; x?: number; y?: number; radius_px?: number };
/** What an engine shall paint. */
type Order = Partial<Record<Tone, number>> & {
  hints?: HintEntry[];
  lock?: LockEntry[];
  lassos?: LassoEntry[];
  palette?: string[];
  reference?: string | null;
  size?: "preview" | "full";
  format?: string | null;
  quality?: number;
  model?: string | null;
  count?: number;
  seed?: number;
};

/* words */

type Values = Record<string, string | number>;
type Entry = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
/** A step of a history: the key of its words, or the key and their values. */
type StepLabel = string | [string, Values];

/* engines */

type Format = { name: string; title: string; media_type: string; suffixes: string[] };
type Ability = "hints" | "palette" | "reference" | "alternatives" | "confidence";
/** What a model can't do, and why. */
type Cannot = Partial<Record<Ability, string>>;
type Model = {
  name: string;
  sha256: string;
  default: boolean;
  domain: string;
  licence: string;
  size_bytes: number;
  like: string;
  fault: string;
  cannot: Cannot;
};
/** A model as files name it, with the hash of its file. */
type Painter = { name: string; sha256: string };
type Models = { models: Model[]; current: string; reads: Format[]; writes: Format[]; clips: boolean };
type Sample = { name: string; title: string; url: string };
type Opened = Size & { id: string; name: string; format: string; gray: boolean; notes: string[]; preview: Size };
type Alternative = {
  number: number;
  likelihood: number;
  hints: { points: Point[]; ab: Point }[];
  thumbnail: string;
};
type LikelyColor = { color: string; share: number };
/** Bias, slope and away; see `local/region.js`. */
type Reader = [number, number, number];
type PackedTraits = Size & {
  channels: number;
  levels: number;
  way: number;
  step: number;
  readers: Reader[];
  /** left, top, height and width */
  place: [number, number, number, number];
  data: string;
};
type PackedCoefficients = Size & {
  steps: Point;
  place: [number, number, number, number] | null;
  data: string;
};
type UploadOptions = { signal?: AbortSignal; damaged?: boolean; onSent?: (share: number) => void };
type TakeFiles = (files: File[]) => void;
type About = {
  place: { stays: () => string; privacy: () => string; model: (name: string) => string };
  limits: () => string;
  /** Whether it colors films. */
  films: boolean;
  /** Whether the gray preview comes before colors, since the page shouldn't decode the file itself. */
  grayFirst: boolean;
};

/** What an engine offers the page; `http_engine.js` and `local/engine.js` do. */
type Engine = {
  about: About;
  connection: EventTarget;
  isOnline: () => boolean;
  getModels: () => Promise<Models>;
  getSamples: () => Promise<{ samples: Sample[] }>;
  getFile: (url: string) => Promise<Blob>;
  useModel: (name: string | null) => void;
  upload: (file: File, options?: UploadOptions) => Promise<Opened>;
  forget: (id: string) => Promise<unknown>;
  original: (id: string, signal?: AbortSignal) => Promise<Blob>;
  paint: (id: string, order: Order, signal?: AbortSignal) => Promise<Painted>;
  download: (id: string, order: Order, fallback: string) => Promise<{ blob: Blob; name: string }>;
  clip: (id: string, order: Order) => Promise<Blob>;
  confidence: (id: string, order: Order, signal?: AbortSignal) => Promise<Blob>;
  alternatives: (id: string, order: Order, signal?: AbortSignal) => Promise<{ alternatives: Alternative[] }>;
  likelyColors: (id: string, point: Point, signal?: AbortSignal) => Promise<{ colors: LikelyColor[] }>;
  paletteOf: (id: string) => Promise<{ palette: string[] }>;
  traits: (id: string) => Promise<PackedTraits>;
  onFiles: (take: TakeFiles) => void;
  ProblemError: typeof import("./src/photochrom/studio/web/engine_errors.js").ProblemError;
  OfflineError: typeof import("./src/photochrom/studio/web/engine_errors.js").OfflineError;
};
type IsEngine<Module extends Engine> = Module;
type HttpEngine = IsEngine<typeof import("./src/photochrom/studio/web/http_engine.js")>;
type LocalEngine = IsEngine<typeof import("./src/photochrom/studio/web/local/engine.js")>;

/** The functions that a worker answers calls with. */
type Doors = { [name: string]: (args: never) => Promise<unknown> };

/* the model in the browser */

type Feature = { name: string; channels: number; stride: number };
type RegionContract = { input_suffix: string; output: string; stride: number; readers: Reader[] };
type Contract = {
  name: string;
  model_version: string;
  sha256: string;
  domain: string;
  licence: string;
  stride: number;
  short_side_px: number;
  output: string;
  output_stride: number;
  features: Feature[];
  token_features: string[];
  bins: Point[];
  temperature: number;
  chroma: number;
  contrast: number;
  region: RegionContract | null;
};
type TensorLike = { data: Float32Array; dims: readonly number[] };
type TensorMaker = new (type: "float32", data: Float32Array, dims: readonly number[]) => TensorLike;
type SessionLike = { run: (feeds: Record<string, TensorLike>) => Promise<Record<string, TensorLike>> };
/** What the encoder saw: arrays by name, of a copy of this size that was padded to that. */
type Features = { arrays: Record<string, TensorLike>; size: Size; padded: Size };
type Tokens = { count: number; seen: Float32Array; ab: Float32Array; place: Float32Array };
/** Hints laid out over the small copy; see `layOut`. */
type Canvas = {
  count: number;
  points: Float32Array;
  ab: Float32Array;
  radii: Float32Array;
  planes: Field;
};
/** A hint as `readHint` gives it, and a lock as `readLock` does. */
type ReadHint = { points: Point[]; ab: Point; radius: number | null; reach: number | null };
type ReadLock = { points: Point[]; radius: number | null };
type ToneOrder = { warmth?: number; tint?: number; strength?: number };
type PaintOptions = {
  hints?: ReadHint[];
  palette?: string[];
  reference?: Tokens | null;
  likeness?: number;
  vividness?: number;
  lock?: ReadLock[];
  tone?: ToneOrder;
  lassos?: LassoEntry[];
};
/** What a file says of itself; see `local/probing.js`. */
type Found = Size & {
  format: string;
  bits: number;
  exif: Octets | null;
  xmp: Octets | null;
  icc: Octets | null;
  iptc: Octets | null;
  /** pixels to an inch */
  density: { x: number; y: number } | null;
  /** its colors are inks, CMYK */
  inks: boolean;
  cut: boolean;
};
type Octets = Uint8Array<ArrayBuffer>;
type Signature = { model: Pick<Contract, "name" | "model_version" | "sha256">; version: string };

/* elements and events */

/** Elements of the page that are more than an HTMLElement, by their ids. */
type Parts = Record<
    | "close" | "undo" | "redo" | "reset" | "theme" | "help" | "job" | "open-more" | "download"
    | "download-more" | "open" | "next-uncertain" | "guide-next" | "guide-skip" | "tool-hint" | "tool-keep"
    | "tool-hand" | "compare" | "confidence" | "zoom-out" | "zoom-level" | "zoom-in" | "hints-open"
    | "snapshot" | "palette-clear" | "reference-clear" | "models-open" | "forget" | "picker-delete"
    | "picker-close" | "eyedropper" | "download-as" | "download-layer" | "copy-command" | "download-hints"
    | "models-compare" | "lasso-delete" | "share-clip"
    | "frame-back" | "frame-on" | "part-back" | "part-on" | "cut" | "join" | "leave" | "add-painted"
    | "add-reference" | "render" | "render-stop" | "close-surely"
    | "select-all" | "selection-delete" | "selection-done",
    HTMLButtonElement
  > &
  Record<"films-link" | "save-frame" | "save-hints" | "film-download", HTMLAnchorElement> &
  Record<"sending-bar" | "looking-bar" | "render-progress", HTMLProgressElement> &
  Record<"film-format", HTMLSelectElement> &
  Record<"confidence-map" | "region", HTMLCanvasElement> &
  Record<"strokes", SVGSVGElement> &
  Record<
    | "vividness" | "warmth" | "tint" | "strength" | "likeness" | "keep" | "picker-hue" | "picker-chroma"
    | "picker-hex" | "reach" | "file",
    HTMLInputElement
  > &
  Record<"history", HTMLDetailsElement> &
  Record<
    | "download-sheet" | "job-sheet" | "models-sheet" | "help-sheet" | "close-sheet",
    HTMLDialogElement
  >;
type Part<Id extends string> = Id extends keyof Parts ? Parts[Id] : HTMLElement;

type Listeners = { [Type in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Type]) => void };
type Attribute = string | number | boolean | null | undefined;
type Attributes = { on?: Listeners; [name: string]: Attribute | Listeners };
type Child = Node | string | null | undefined;

/** An EventTarget whose events are known, each with its detail. */
interface Told<Details> {
  addEventListener<Type extends keyof Details & string>(
    type: Type,
    listener: (event: CustomEvent<Details[Type]>) => void,
    options?: { once: boolean },
  ): void;
  dispatchEvent(event: Event): boolean;
}
type Telling<Details> = new () => Told<Details>;

interface Element extends HTMLOrSVGElement {
  inert: boolean; // every element of the page has it
}

interface Window {
  launchQueue?: { setConsumer: (take: (launch: { files: { getFile: () => Promise<File> }[] }) => void) => void };
}

interface Navigator {
  deviceMemory?: number;
}
