// What is thrown where the program that runs us is not Node, and only Node can go on.

/** Thrown before anything was done: whoever began the work begins it again in Node. */
export class NeedsNode extends Error {
  /** `what`: the part that only Node has, as a user would call it. */
  constructor(what: string) {
    super(`${what} needs Node`);
    this.name = 'NeedsNode';
  }
}
