// The shapes that the walk (`slips.ts`) and the rules (`slip-rules-*.ts`) share: where we are, and what mends it.
import type { IToken, TokenType } from 'chevrotain'

export interface SlipOptions {
  readonly verbs: ReadonlySet<string> | null
  /** The file is known to be wrong, so lines may be trusted: a verb at the start of one begins a clause, even where an operand is due. */
  readonly isWrong: boolean
}

/** Where the walk stands: everything a rule may ask. */
export interface Here {
  readonly token: IToken
  /** The last token kept. */
  readonly previous: IToken | undefined
  readonly next: IToken | undefined
  readonly afterNext: IToken | undefined
  /** The word of the declaration we are in: `policy`, `test`, … */
  readonly declaration: string
  /** `condition` behind `when`, `unless` and `where`; `phrase` behind a verb. */
  readonly place: 'top' | 'body' | 'condition' | 'phrase' | 'phases'
  /** Would a word here begin the next clause? Else an operand is due. */
  readonly boundary: boolean
  /** The innermost open bracket. */
  readonly bracket: TokenType | null
  readonly atLineStart: () => boolean
  /** The token so many places behind this one: 0 is itself, 1 is `next`. */
  readonly ahead: (count: number) => IToken | undefined
  readonly lineBreakBetween: (first: IToken, second: IToken) => boolean
  readonly isVerb: (word: string) => boolean
  readonly options: SlipOptions
}

/** What replaces the token and `consumed - 1` tokens behind it. */
export interface Repair {
  readonly tokens: readonly IToken[]
  readonly consumed?: number
  readonly code: string
  readonly message: string
  readonly help: string
  /** Default: the token itself. */
  readonly span?: { readonly start: number; readonly end: number }
}

export type SlipRule = (here: Here) => Repair | null
