/** What goes between Python (studio.py, views.py, readout.py) and the page, in patient millimetres (DICOM LPS). */
import type { Model } from "../../page/static/anywidget.js";
import type { ArrayName } from "./pixels.js";

export type Vec = [number, number, number];
export type RowCol = [number, number];
/** A place on the screen: x, y. */
export type Point = [number, number];

/** What a ROI has besides its shape. `shifts`: by how much it lies elsewhere on a series, by its key. */
export interface Kept {
  id: string;
  label: string;
  frame: number;
  locked: boolean;
  hidden: boolean;
  shifts: Record<string, Vec>;
  /** What was proposed automatically, and whether the reader has accepted it; absent where the reader placed it. */
  proposal?: Shape & { label: string; confidence: number; doubt: string; accepted: boolean };
}
export interface Sides {
  center: Vec;
  half_width: Vec;
  half_height: Vec;
}
export type BoxShape = Sides & { kind: "rectangle" | "ellipse" };
export type PolygonShape = { kind: "polygon"; points: Vec[] };
export type Shape = BoxShape | PolygonShape;
export type Box = Kept & BoxShape;
export type Polygon = Kept & PolygonShape;
export type Roi = Box | Polygon;

export interface Plane {
  origin: Vec;
  row_step: Vec;
  col_step: Vec;
  rows: number;
  cols: number;
  reach_mm: number;
  index: number;
}
export type Window = [level: number, width: number];

export interface ViewOf {
  key: string;
  title: string;
  frame: number;
  planes: number;
  rows: number;
  cols: number;
  origin: Vec;
  plane_step: Vec;
  row_step: Vec;
  col_step: Vec;
  reach_mm: number;
  letters: Record<Side, string>;
  zero: number;
  clip: number | null;
  unit: string;
  corner: string[];
  window: Window;
  range: [number, number];
  presets: [name: string, level: number, width: number, marrow?: true][];
  weighting: string;
  /** Weighting by the header alone, and what was stated instead. */
  header: string;
  stated: string | null;
}
export type Side = "left" | "right" | "top" | "bottom";

export interface Measured {
  id: string;
  label: string;
  n: number;
  area_mm2: number;
  mean: number;
  median: number;
  sd: number;
  min: number;
  max: number;
  fraction_zero: number;
  fraction_clipped: number;
  slice_index: number;
  /** Where it comes from, if it was proposed. */
  origin?: string;
  error?: undefined;
}
export interface Refused {
  id: string;
  label: string;
  error: string;
  origin?: string;
}
export type Row = Measured | Refused;

export interface ScoreRow {
  key: string;
  value: number | null;
  note: string;
  about: string[];
  levels?: string[];
  /** What is wrong with this number, in words; what stands on every such number is in `about`. */
  doubts?: string[];
  /** Of a score that is not given: whether something is wrong, or only missing. */
  wrong?: boolean;
  /** By the browser, while something is dragged: its doubts are of another place. */
  live?: boolean;
  /** Labels of the ROIs whose moving alone may lift the refusal. */
  free?: string[];
  overruled?: boolean;
  interval?: [number, number] | null;
  verdict?: string;
  shares?: string[];
}

/** Something about where ROIs lie on a view, by Python; `wrong`: a score from them means nothing. */
export interface Placed {
  labels: string[];
  text: string;
  wrong: boolean;
}

export interface Note {
  text: string;
  weight: "refusal" | "failure" | "caution" | "note";
  series: string;
}

/** Seen and kept, never measured or scored. Of a count the points are S1, L5, L4 ... upward. */
export interface Annotation {
  id: string;
  kind: "ruler" | "angle" | "cobb" | "probe" | "count";
  frame: number;
  points: Vec[];
}

export interface State {
  revision: number;
  base: number;
  rois: Roi[];
  levels: string[];
  annotations?: Annotation[];
}

export interface Traits {
  _views: ViewOf[];
  _state: State;
  _measured: { revision?: number; views?: Row[][]; scores?: ScoreRow[]; places?: Placed[][] | null; why_none?: string };
  _messages: Note[];
  /** Of the ROIs that wait: what must be said before bodies have names, what else to know, on which series. */
  _about_proposal: { question?: string; remarks?: string[]; title?: string; view?: number };
  _options: {
    id: string;
    height: number;
    levels: string[];
    reference: [mean: number, sd: number, n: number] | null;
    fixed_area_cm2: number | null;
    usual_area_cm2: number;
    files: { save: [name: string, ending: string][]; pick: string[] };
    weightings: string[];
    case_file: string | null;
    propose: boolean;
    /** Whether signals and scores are hidden. */
    blind: boolean;
  };
  slices: number[];
  windows: Window[];
}
export type StudioModel = Model<Traits>;

/** What Python sends besides its traits; the buffer with it holds the file, the script, the mask or the pixels. */
export type Message =
  | { type: "download"; name: string }
  | { type: "said"; text: string }
  | { type: "tools" }
  | { type: "proposing"; busy: boolean; done: number; total: number }
  | { type: "identity"; view: number; lines: string[] }
  | { type: "air"; view: number; index: number }
  | { type: "slice"; view: number; index: number; array: ArrayName };
