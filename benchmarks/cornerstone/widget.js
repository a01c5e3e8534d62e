/**
 * Cornerstone3D as an anywidget, written as its documentation shows: a stack viewport on the CPU, RectangleROITool,
 * wheel = slice, right button = window. When a rectangle is let go its corners go to Python, whose number comes back.
 */
import * as core from "@cornerstonejs/core";
import * as tools from "@cornerstonejs/tools";

const { imageLoader, Enums, RenderingEngine } = core;
const { RectangleROITool, StackScrollTool, WindowLevelTool, ToolGroupManager, annotation } = tools;

/** A rectangle's corners in the order of the tool: top left, top right, bottom left, bottom right. */
const corners = ([x0, y0, x1, y1], z) => [
  [x0, y0, z],
  [x1, y0, z],
  [x0, y1, z],
  [x1, y1, z],
];

async function render({ model, el }) {
  const element = document.createElement("div");
  element.className = "cornerstone-view";
  element.style.cssText = "width:700px;height:560px";
  element.oncontextmenu = (event) => {
    event.preventDefault();
    event.stopPropagation(); // nor JupyterLab's own menu
  };
  const told = document.createElement("div");
  told.className = "cornerstone-python";
  told.textContent = "nothing yet";
  el.append(element, told);

  await core.init();
  await tools.init();
  core.setUseCPURendering(true);

  const [planes, rows, cols] = model.get("shape");
  const [dy, dx] = model.get("spacing");
  const { buffer, byteOffset, byteLength } = model.get("pixels");
  const pixels = new Uint16Array(buffer.slice(byteOffset, byteOffset + byteLength));
  const imageIds = [];
  for (let k = 0; k < planes; k++) {
    const imageId = `bench:${k}`;
    imageLoader.createAndCacheLocalImage(imageId, {
      scalarData: pixels.subarray(k * rows * cols, (k + 1) * rows * cols),
      dimensions: [cols, rows],
      spacing: [dx, dy],
      origin: [0, 0, 4 * k],
      direction: [1, 0, 0, 0, 1, 0],
      frameOfReferenceUID: "1.2.3",
    });
    core.utilities.genericMetadataProvider.add(imageId, { type: "generalSeriesModule", metadata: { modality: "MR" } });
    imageIds.push(imageId);
  }

  const engine = new RenderingEngine("bench");
  engine.enableElement({ viewportId: "stack", type: Enums.ViewportType.STACK, element });
  const viewport = engine.getViewport("stack");
  await viewport.setStack(imageIds, Math.floor(planes / 2));
  const [lower, upper] = model.get("window");
  viewport.setProperties({ voiRange: { lower, upper } });

  for (const tool of [RectangleROITool, StackScrollTool, WindowLevelTool]) tools.addTool(tool);
  const group = ToolGroupManager.createToolGroup("bench");
  for (const tool of [RectangleROITool, StackScrollTool, WindowLevelTool]) group.addTool(tool.toolName);
  group.addViewport("stack", "bench");
  const { MouseBindings } = tools.Enums;
  group.setToolActive(RectangleROITool.toolName, { bindings: [{ mouseButton: MouseBindings.Primary }] });
  group.setToolActive(WindowLevelTool.toolName, { bindings: [{ mouseButton: MouseBindings.Secondary }] });
  group.setToolActive(StackScrollTool.toolName, { bindings: [{ mouseButton: MouseBindings.Wheel }] });

  const z = 4 * Math.floor(planes / 2);
  model.get("boxes").forEach((box, i) => {
    const made = RectangleROITool.createAnnotationForViewport(viewport, {
      data: {
        label: model.get("labels")[i],
        cachedStats: {},
        handles: {
          points: corners(box, z),
          activeHandleIndex: null,
          textBox: {
            hasMoved: false,
            worldPosition: [0, 0, 0],
            worldBoundingBox: {
              topLeft: [0, 0, 0],
              topRight: [0, 0, 0],
              bottomLeft: [0, 0, 0],
              bottomRight: [0, 0, 0],
            },
          },
        },
      },
    });
    annotation.state.addAnnotation(made, element);
  });
  viewport.render();

  let changed = null;
  const { Events } = tools.Enums;
  core.eventTarget.addEventListener(Events.ANNOTATION_MODIFIED, ({ detail }) => {
    if (detail.changeType === tools.Enums.ChangeTypes.HandlesUpdated) changed = detail.annotation; // not when only its numbers change
  });
  element.addEventListener(Events.MOUSE_UP, () => {
    if (!changed) return;
    const [topLeft, , , bottomRight] = changed.data.handles.points;
    model.send({ label: changed.data.label, box: [topLeft[0], topLeft[1], bottomRight[0], bottomRight[1]] });
    changed = null;
  });
  model.on("msg:custom", (/** @type {any} */ message) => (told.textContent = message.text));
  element.addEventListener(
    Enums.Events.IMAGE_RENDERED,
    () => (element.dataset.rendered = String(+(element.dataset.rendered ?? 0) + 1)),
  );
  // where L3's left edge is on the screen, for the mouse
  const [x, y] = viewport.worldToCanvas([
    model.get("boxes")[2][0],
    (model.get("boxes")[2][1] + model.get("boxes")[2][3]) / 2,
    z,
  ]);
  Object.assign(element.dataset, { x: String(x), y: String(y) });
}

export default { render };
