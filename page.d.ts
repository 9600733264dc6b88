// What TypeScript can't know of the page: which kind of element a selector finds, and that
// events of the page's own carry a detail.

interface Element {
  readonly dataset: DOMStringMap;
  disabled: boolean;
  inert: boolean;
  value: any;
  focus(options?: FocusOptions): void;
}

interface EventTarget {
  closest(selectors: string): Element | null;
}

interface Event {
  readonly detail: any;
}
