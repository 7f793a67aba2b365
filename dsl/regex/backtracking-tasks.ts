// What the thread that proves and tries patterns is asked, and what it answers.

export type Task =
  /** By automaton: can a backtracking engine be made to take more than linear time, and by which text? */
  | { readonly kind: 'prove'; readonly source: string; readonly timeoutMs: number }
  /** How long does V8 take for the text? */
  | { readonly kind: 'measure'; readonly source: string; readonly text: string }

export type Reply =
  | { readonly kind: 'linear' }
  | { readonly kind: 'runaway'; readonly growth: string; readonly text: string; readonly shown: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'measured'; readonly ms: number }

/** So often is a proof begun whose time went to other programs. */
export const MOST_TRIES = 3
