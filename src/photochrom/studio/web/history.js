// Undo and redo over immutable values.

/**
 * @template Value
 * @typedef {{ value: Value, label: StepLabel }} Step
 */

/** @template Value */
export class History {
  /** @type {Step<Value>[]} */
  #past = [];
  /** @type {Step<Value>[]} */
  #future = [];
  /** @type {string | null} */
  #merge = null;

  /** @param {Value} present */
  constructor(present) {
    this.present = present;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Take a step. Steps in a row with the same `merge` are one: a drag, a slider's way.
   * @type {(next: Value, label: StepLabel, merge?: string | null) => void}
   */
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
    /** @type {StepLabel[]} */
    const labels = ["", ...this.#past.map((step) => step.label)];
    const ahead = this.#future.map((step) => step.label).reverse();
    return [...labels, ...ahead].map((label, at) => ({ label, isPresent: at === this.#past.length }));
  }

  /**
   * Go to one of the steps.
   * @type {(index: number) => void}
   */
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

  /** @type {(from: Step<Value>[], to: Step<Value>[]) => StepLabel | null} */
  #step(from, to) {
    const step = from.pop();
    if (!step) return null;
    to.push({ value: this.present, label: step.label });
    this.present = step.value;
    this.#merge = null;
    return step.label;
  }
}
