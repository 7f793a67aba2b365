// What plugins give the language to talk about: nouns, verbs and checks as plain data.
// The checker holds every policy against it; nothing here runs while an exchange is judged, but for the checks in tests.

export type Phase = 'request' | 'target' | 'response' | 'stream'

/** The types of the language. A trailing `?` of the document is `optional`. */
export type Type =
  | { readonly kind: 'text' | 'number' | 'bool' | 'time' | 'duration' | 'ip' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly of: Type }
  | { readonly kind: 'record'; readonly fields: { readonly [name: string]: Type } }

export interface AttributeDeclaration {
  /** Dotted: `tenant.tags`. A last word `*` declares a family (`metadata.*`). */
  readonly name: string
  readonly type: Type
  readonly optional: boolean
  /** First phase in which it is known; it stays known in the later ones (request, target, response/stream). */
  readonly phase: 'request' | 'target' | 'response'
  readonly source: 'proved' | 'claimed'
  readonly lifetime: 'snapshot' | 'principal' | 'exchange'
  readonly doc: string
  /** Stands in tests where nothing is given; required unless optional. */
  readonly example?: unknown
  /** Name of the plugin that brings it. */
  readonly plugin: string
}

export type VerbUse = 'fact' | 'effect' | 'exception' | 'overlay' | 'expect'

/** How several calls of a verb merge. Each is associative, commutative and idempotent. */
export type Join =
  /** allow < approval < deny (kernel verbs only) */
  | { readonly kind: 'verdict' }
  /** all distinct calls, sorted */
  | { readonly kind: 'union' }
  /** the smallest value of `operand` for each value of `by` */
  | { readonly kind: 'smallest'; readonly operand: string; readonly by: string }
  /** by severity, then policy id, for each value of `by` */
  | { readonly kind: 'precedence'; readonly by: string }
  /** the last of `order` that occurs wins, for the whole decision */
  | { readonly kind: 'strictest'; readonly operand: string; readonly order: readonly string[] }
  /** what every call allows: destinations */
  | { readonly kind: 'intersection' }
  /** detector × location; where findings overlap the highest `strength` wins */
  | { readonly kind: 'span'; readonly strength: number }

export interface VerbDeclaration {
  /** Template, e.g. `warn <code> [<message:text>]`; `policy-language.md` §2. A verb may have several. */
  readonly phrase: string
  readonly use: VerbUse
  readonly phases: readonly Phase[]
  readonly join: Join
  /** Other words people try for it: `block` for `deny`. */
  readonly aliases: readonly string[]
  /** True for verbs that protect (deny, redact …): with them, `unless` over an optional is safe. */
  readonly protects: boolean
  readonly doc: string
  /** What the types of the template cannot say, by operand. */
  readonly operands?: { readonly [operand: string]: OperandRule }
  readonly plugin: string
}

/** What a literal or a name that stands for an operand must keep to. Plain data, so that `check` refuses what the verb would refuse. */
export interface OperandRule {
  /** Smallest number that makes sense. */
  readonly min?: number
  /** No fractions; or none where another operand is one of these words. */
  readonly whole?: true | { readonly operand: string; readonly is: readonly string[] }
  /** Regular expression that the whole text matches. */
  readonly pattern?: string
  /** Texts that may not stand there, in lower case. */
  readonly not?: readonly string[]
  /** The only attributes that may stand there. */
  readonly only?: readonly string[]
  /** Operand with an attribute: the value is of that attribute's type. */
  readonly like?: string
}

/** A named test of a matched text, e.g. `luhn`. Pure and fast. */
export interface CheckDeclaration {
  readonly name: string
  readonly doc: string
  readonly test: (match: string) => boolean
  readonly plugin: string
}

export interface LocationDeclaration {
  /** `prompt.user` */
  readonly name: string
  readonly phase: 'request' | 'response'
}

export interface Vocabulary {
  readonly attributes: readonly AttributeDeclaration[]
  readonly verbs: readonly VerbDeclaration[]
  readonly checks: readonly CheckDeclaration[]
  readonly locations: readonly LocationDeclaration[]
  /** Detectors that plugins bring as engines, by full name. */
  readonly engines: readonly { readonly name: string; readonly plugin: string; readonly doc: string }[]
  /** Ways to read a text besides the folded one, for `normalize`; each gives one unit for each unit. */
  readonly views?: { readonly [name: string]: (text: string) => string }
  /** Error codes without a dot that `deny` may use in modules `standard.*`, with their status. */
  readonly errorCodes: { readonly [code: string]: number }
}
