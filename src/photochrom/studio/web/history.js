// Undo and redo over immutable values.

export class History {
  #past = [];
  #future = [];
  #merge = null;

  constructor(present) {
    this.present = present;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Take a step. Steps in a row with the same `merge` are one: a drag, a slider's way. */
  commit(next, label, merge = null) {
    if (merge === null || merge !== this.#merge) {
      this.#past.push({ value: this.present, label });
    }
    this.#merge = merge;
    this.#future = [];
    this.present = next;
  }

  /** All steps, the beginning first: { label, isPresent }. */
  get steps() {
    const labels = ["", ...this.#past.map((step) => step.label)];
    const ahead = this.#future.map((step) => step.label).reverse();
    return [...labels, ...ahead].map((label, at) => ({ label, isPresent: at === this.#past.length }));
  }

  /** Go to one of the steps. */
  goTo(index) {
    while (this.#past.length > index) this.undo();
    while (this.#past.length < index && this.canRedo) this.redo();
  }

  /** Back one step; its label, or null at the beginning. */
  undo() {
    return this.#step(this.#past, this.#future);
  }

  redo() {
    return this.#step(this.#future, this.#past);
  }

  #step(from, to) {
    const step = from.pop();
    if (!step) return null;
    to.push({ value: this.present, label: step.label });
    this.present = step.value;
    this.#merge = null;
    return step.label;
  }
}
