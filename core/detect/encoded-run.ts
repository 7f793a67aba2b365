// What an encoded run is, for those who look for one kind of it.

export type Encoding = 'base64' | 'hex' | 'url' | 'escape'

/** Offsets in the text that holds the run. */
export interface EncodedRun {
  readonly start: number
  readonly end: number
  readonly encoding: Encoding
  readonly text: string
  /** Characters at the beginning of `text` that stand before the run, or belong to the one before it; what ends in them was found there. */
  readonly lead: number
  /** Of these, plain text of which no run is decoded again. */
  readonly plain?: number
  /** Words that are read as one: where each ends in `text`, and its place. A finding covers the words that it touches. */
  readonly words?: readonly RunWord[]
  /** They stand in the text as they are: only what goes from one to another is found here. */
  readonly isJoined?: true
  /** They are the opening of a match that goes on in it. */
  readonly goesOn?: true
}

export interface RunWord {
  readonly textEnd: number
  readonly start: number
  readonly end: number
  /** Stands in the text as it is, unit by unit: a finding has its very place there, and none that lies in such words alone is of the run. */
  readonly isPlain?: true
}

/** What stands before a run that goes on from the one before it. */
export interface Lead {
  readonly encoding: Encoding
  readonly text: string
}

/** In one word. */
export type Run = Omit<EncodedRun, 'lead'> & Partial<Pick<EncodedRun, 'lead'>>

/** What stands before the first escape belongs to the run if it is no longer than this; else the end of it leads the run. */
export const MAX_BEFORE_ESCAPE = 64
