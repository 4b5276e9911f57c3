// The parts of a parsed template: what parse.ts makes and template.ts runs.

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'print'; pipeline: Pipeline }
  | { kind: 'if' | 'with'; pipeline: Pipeline; then: Node[]; otherwise: Node[] }
  | { kind: 'range'; pipeline: Pipeline; then: Node[]; otherwise: Node[] };

/** Commands joined by `|`; the variables take the result (two of them in `range $key, $value := …`). */
export interface Pipeline {
  variables: string[];
  assigns: boolean;
  commands: Operand[][];
}

export type Operand =
  | { kind: 'literal'; value: unknown }
  | { kind: 'function'; name: string }
  | { kind: 'chain'; start: 'dot' | { variable: string } | { pipeline: Pipeline }; fields: string[] };
