// What the language says about a text: values, never exceptions.

/** A place in a source file: UTF-16 offsets, end exclusive. */
export interface Span {
  readonly file: string
  readonly start: number
  readonly end: number
}

export interface SourceFile {
  /** Path as the user typed it; also the identity of the file in spans. */
  readonly path: string
  readonly text: string
}

export interface Diagnostic {
  /** Permanent code such as `P104`; its section in `docs/diagnostics.md` carries the same heading. */
  readonly code: string
  readonly severity: 'error' | 'warning' | 'info'
  /** Lower case, the user's text in backticks, no full stop. */
  readonly message: string
  readonly span: Span
  /** How to mend it; a whole sentence without the word "help". */
  readonly help?: string
  /** Other places that matter, e.g. the first declaration of a name. */
  readonly related?: readonly { readonly span: Span; readonly message: string }[]
}
