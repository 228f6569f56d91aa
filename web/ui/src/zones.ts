import { gettext } from "./words";

type Point = [number, number];

const SVG = "http://www.w3.org/2000/svg";

/** So far an arrow moves a corner, in pixels of the camera's picture; with Shift by one. */
const STEP_PX = 10;

/** The radius of a corner on the screen: its target is 24 pixels wide, as WCAG 2.2 (2.5.8) asks. */
const HANDLE_PX = 12;

/** A zone of the form, drawn over the picture: its polygon, and a corner for each point. */
class Zone {
  readonly polygon = document.createElementNS(SVG, "polygon");
  readonly handles = document.createElementNS(SVG, "g");
  readonly kind: HTMLSelectElement;
  readonly written: HTMLInputElement;
  points: Point[] = [];

  constructor(
    readonly fieldset: HTMLElement,
    readonly editor: Editor,
  ) {
    this.kind = fieldset.querySelector("select") as HTMLSelectElement;
    this.written = fieldset.querySelector("input") as HTMLInputElement;
    editor.canvas.append(this.polygon);
    this.read();
    this.written.addEventListener("input", () => this.read());
    this.kind.addEventListener("change", () => this.draw());
    fieldset.addEventListener("focusin", () => editor.choose(this));
    const act = (name: string, run: () => void): void =>
      fieldset.querySelector(`[data-${name}]`)?.addEventListener("click", run);
    act("more", () => this.add(this.points.length - 1));
    act("less", () => this.remove(this.points.length - 1, false));
    act("clear", () => this.set([]));
  }

  read(): void {
    const found = this.written.value.trim().split(/\s+/).map((one) => one.split(",").map(Number));
    this.points = found.filter((p): p is Point => p.length === 2 && p.every(Number.isFinite));
    this.draw();
  }

  set(points: Point[]): void {
    this.points = points;
    this.written.value = points.map(([x, y]) => `${Math.round(x)},${Math.round(y)}`).join(" ");
    this.draw();
  }

  /** Puts a corner after this one, halfway to the next; the first ones lie around the middle. */
  add(after: number): void {
    const { width, height } = this.editor;
    const here = this.points[after];
    const next = this.points[(after + 1) % Math.max(1, this.points.length)];
    const around: Point[] = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6]];
    const [across, down] = around[this.points.length] ?? [0.5, 0.5];
    const fresh: Point =
      here && next && this.points.length > 2
        ? [(here[0] + next[0]) / 2, (here[1] + next[1]) / 2]
        : [across * width, down * height];
    this.set([...this.points.slice(0, after + 1), fresh, ...this.points.slice(after + 1)]);
    this.focus(after + 1);
  }

  remove(number: number, focus = true): void {
    this.set(this.points.filter((_, other) => other !== number));
    if (focus) this.focus(Math.min(number, this.points.length - 1));
  }

  move(number: number, to: Point): void {
    const { width, height } = this.editor;
    const inside: Point = [Math.min(width, Math.max(0, to[0])), Math.min(height, Math.max(0, to[1]))];
    this.set(this.points.map((point, other) => (other === number ? inside : point)));
  }

  focus(number: number): void {
    (this.handles.children[number] as SVGElement | undefined)?.focus();
  }

  /** Draws it anew; corners that are there already stay, so that none loses the focus or the pointer. */
  draw(): void {
    this.polygon.setAttribute("points", this.points.map((p) => p.join(",")).join(" "));
    this.polygon.setAttribute("class", this.kind.value);
    this.handles.setAttribute("class", this.kind.value);
    while (this.handles.childElementCount > this.points.length) this.handles.lastElementChild?.remove();
    this.points.forEach((point, number) => {
      const handle = this.handles.children[number] ?? this.handles.appendChild(this.handle(number));
      handle.setAttribute("cx", String(point[0]));
      handle.setAttribute("cy", String(point[1]));
      handle.setAttribute("r", String(HANDLE_PX * this.editor.scale));
      handle.setAttribute("aria-label", this.told(number));
    });
  }

  told(number: number): string {
    const [x, y] = this.points[number] ?? [0, 0];
    const zone = this.kind.selectedOptions[0]?.textContent ?? "";
    return `${zone} · ${gettext("corner")} ${number + 1}/${this.points.length}: ${Math.round(x)}, ${Math.round(y)}`;
  }

  private handle(number: number): SVGElement {
    const handle = document.createElementNS(SVG, "circle");
    handle.setAttribute("tabindex", "0");
    handle.setAttribute("role", "button");
    handle.addEventListener("focus", () => this.editor.choose(this));
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    });
    handle.addEventListener("pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) this.move(number, this.editor.at(event));
    });
    handle.addEventListener("click", (event) => event.stopPropagation());
    handle.addEventListener("keydown", (event) => this.key(number, event));
    return handle;
  }

  private key(number: number, event: KeyboardEvent): void {
    const step = event.shiftKey ? 1 : STEP_PX;
    const by: Record<string, Point> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const [dx, dy] = by[event.key] ?? [0, 0];
    const [x, y] = this.points[number] ?? [0, 0];
    if (dx || dy) this.move(number, [x + dx, y + dy]);
    else if (event.key === "Enter") this.add(number);
    else if (event.key === "Delete" || event.key === "Backspace") this.remove(number);
    else return;
    event.preventDefault();
    this.editor.say(this.points[number] ? this.told(number) : "");
  }
}

/** All zones over one picture. */
class Editor {
  readonly width: number;
  readonly height: number;
  scale = 1;
  private readonly zones: Zone[];
  private chosen: Zone | undefined;

  constructor(
    readonly canvas: SVGSVGElement,
    readonly form: HTMLFormElement,
  ) {
    ({ width: this.width, height: this.height } = canvas.viewBox.baseVal);
    this.measure();
    this.zones = [...form.querySelectorAll<HTMLElement>("[data-zone]")].map((one) => new Zone(one, this));
    // Corners lie over every polygon, so that none is hidden by the zone of another.
    for (const zone of this.zones) canvas.append(zone.handles);
    const last = this.zones.at(-1);
    if (last) this.choose(last);
    canvas.addEventListener("click", (event) => this.chosen?.set([...this.chosen.points, this.at(event)]));
    new ResizeObserver(() => {
      this.measure();
      for (const zone of this.zones) zone.draw();
    }).observe(canvas);
    for (const tools of form.querySelectorAll<HTMLElement>("[data-tools]")) tools.hidden = false;
  }

  choose(zone: Zone): void {
    this.chosen = zone;
    for (const one of this.zones ?? []) one.fieldset.classList.toggle("chosen", one === zone);
  }

  /** Where a pointer is, in pixels of the camera's picture. */
  at(event: MouseEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.width,
      ((event.clientY - box.top) / box.height) * this.height,
    ];
  }

  say(text: string): void {
    const place = this.form.querySelector<HTMLElement>("[data-said]");
    if (place) place.textContent = text;
  }

  private measure(): void {
    this.scale = this.width / (this.canvas.getBoundingClientRect().width || this.width);
  }
}

const canvas = document.querySelector<SVGSVGElement>("[data-canvas]");
const form = canvas?.closest("form");
if (canvas && form) new Editor(canvas, form);
