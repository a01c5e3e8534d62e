/** What the pointer can take hold of, and what it is doing on a view. */
import type { Box, Kept, Point, Polygon, Roi, RowCol, Window } from "./wire.js";

/** A handle of the selected ROI, on the screen. `own`: the place on the outline that it stands for. */
export type Grip =
  | { kind: "vertex" | "middle"; x: number; y: number; at: number }
  | { kind: "handle"; x: number; y: number; at: [number, number]; own: Point }
  | { kind: "rotate"; x: number; y: number };

/** A ROI while it is drawn; `open` as long as its outline is not closed. */
export type Draft = Roi & { open?: boolean };

/** What every gesture of one pointer begins with. */
export interface Hold {
  pointer: number;
  from: Point;
  last: Point;
  touch: boolean;
  moved?: boolean;
}
export type Panning = Hold & ({ kind: "pan" } | { kind: "none" });
export type Windowing = Hold & { kind: "window"; window: Window };
export type Scrolling = Hold & { kind: "scroll"; slice: number };
export type Drawing = Hold & {
  kind: "draw";
  shape: Box["kind"];
  start: RowCol;
  even: boolean;
  /** Shift is held. */
  square?: boolean;
  draft: Kept;
};
export type Outlining = Hold & { corners: RowCol[]; draft: Kept } & ({ kind: "polygon" } | { kind: "freehand" });

/** `off`: from the handle to the pointer; `only`: on this series only; `result`: the ROI as it is now. */
type Edit = Hold & { off: Point; only: boolean; result?: Roi };
export type Editing =
  | (Edit & { kind: "move"; roi: Roi })
  | (Edit & { kind: "rotate"; roi: Roi })
  | (Edit & { kind: "vertex"; roi: Polygon; at: number })
  | (Edit & { kind: "handle"; roi: Box; at: [number, number] });

export type Spread = { length: number; middle: Point };
export type Pinching = Spread & { kind: "pinch" };

export type Gesture = Panning | Windowing | Scrolling | Drawing | Outlining | Editing | Pinching;
