// The content view: every text of a request or an answer with its place, the same for every dialect.
// Guards read and rewrite parts and never a body, so no endpoint can be used to dodge a policy.

export const PROMPT_LOCATIONS = [
  'prompt.user',
  'prompt.system',
  'prompt.assistant',
  'prompt.tool',
  'prompt.definitions',
  'prompt.arguments',
  'prompt.reasoning',
] as const

export const COMPLETION_LOCATIONS = ['completion.text', 'completion.arguments', 'completion.reasoning'] as const

export type PromptLocation = (typeof PROMPT_LOCATIONS)[number]
export type CompletionLocation = (typeof COMPLETION_LOCATIONS)[number]
export type Location = PromptLocation | CompletionLocation

/** Where a text stands in its body: object keys and array indices from the root. */
export type BodyPath = readonly (string | number)[]

/** One text of a request or an answer. */
export interface Part {
  readonly location: Location
  readonly text: string
  readonly path: BodyPath
  /** False where a rewrite would break the exchange (signed reasoning, tool schema): a finding there is refused as `pii_detected`. */
  readonly rewritable: boolean
  /** `json`: the text is itself JSON source (tool-call arguments); a replacement is escaped to stay inside its string. */
  readonly encoding: 'text' | 'json'
}

/** A new text for the part at `path`. */
export interface TextEdit {
  readonly path: BodyPath
  readonly text: string
}

/** One hit of a detector. Offsets are UTF-16 units in the text of the part (or of the stream channel), end exclusive. */
export interface Finding {
  /** Full name of the detector that hit, never a union: `standard.detectors.email`. */
  readonly detector: string
  readonly start: number
  readonly end: number
  /** 0 to 1. */
  readonly score: number
  /** Checks that passed, by name. */
  readonly checks: readonly string[]
  /** The text was encoded; `start` and `end` are those of the whole encoded run. */
  readonly decoded?: 'base64' | 'hex' | 'url' | 'escape'
  /** The match began so many characters before `start`, as they were read: a name, a scheme. Absent: with the finding. */
  readonly before?: number
  /** A further piece of the finding that ends where this one starts: a stream could not hold all of it. It is one with that, and not counted. */
  readonly continues?: true
}
