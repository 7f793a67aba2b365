// What stands between two tokens: nothing but white space and comments. Every comment of a file lies in exactly one gap.

export interface Comment {
  readonly text: string
  /** Offset in the file. */
  readonly start: number
  /** It stands behind code on the same line. */
  readonly trailing: boolean
  /** It stands three columns or more behind the code: somebody put it below another. */
  readonly aligned: boolean
  /** An empty line stands before it. */
  readonly blank: boolean
}

export interface Gap {
  readonly comments: readonly Comment[]
  /** There is a line break somewhere in it. */
  readonly broken: boolean
  /** An empty line stands before what follows. */
  readonly blank: boolean
}

const PIECE = /#[^\n\r]*|\r\n|\n|\r/g

/** Reads the text from `start` to `end`; at the start of a file (`start` 0) no code stands before it. */
export function readGap(text: string, start: number, end: number): Gap {
  const comments: Comment[] = []
  let breaks = 0
  let broken = false
  for (const piece of text.slice(start, end).matchAll(PIECE)) {
    if (!piece[0].startsWith('#')) {
      breaks++
      broken = true
      continue
    }
    const trailing = start > 0 && comments.length === 0 && breaks === 0
    comments.push({ text: piece[0].trimEnd(), start: start + piece.index, trailing, aligned: piece.index >= 3, blank: breaks > 1 })
    breaks = 0
  }
  return { comments, broken: broken || comments.length > 0, blank: breaks > 1 }
}
