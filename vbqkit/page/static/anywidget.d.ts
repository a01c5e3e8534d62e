/** What anywidget hands to `render`: the synchronised traits of the Python object, and the element to draw in. */
export interface Model<Traits> {
  get<Name extends keyof Traits>(name: Name): Traits[Name];
  set<Name extends keyof Traits>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
  on(event: string, handler: Handler): void;
  off(event: string, handler: Handler): void;
  send(content: object, callbacks?: undefined, buffers?: ArrayBuffer[]): void;
}

/** `change:TRAIT` says nothing; `msg:custom` brings a message of the widget's own and its buffers. */
// biome-ignore lint/suspicious/noExplicitAny: one list of parameters for every kind of event
export type Handler = (...given: any[]) => void;

export interface Rendering<Traits> {
  model: Model<Traits>;
  el: HTMLElement;
}
