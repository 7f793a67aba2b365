// The syntax tree of a policy file: what was written, with spans, before anything is known about its meaning.
import type { Span } from '../diagnostics/diagnostic.ts'

export interface Name {
  /** Dotted as written: `pci.cards_stay_inside`. */
  readonly text: string
  readonly span: Span
}

export type Literal =
  | { readonly kind: 'text'; readonly value: string; readonly span: Span }
  | { readonly kind: 'number'; readonly value: number; readonly span: Span }
  /** `value` in percent: `25%` is 25. */
  | { readonly kind: 'percent'; readonly value: number; readonly span: Span }
  /** `value` in milliseconds. */
  | { readonly kind: 'duration'; readonly value: number; readonly span: Span }
  /** `value` as ISO date: `2027-03-31`. */
  | { readonly kind: 'date'; readonly value: string; readonly span: Span }
  | { readonly kind: 'bool'; readonly value: boolean; readonly span: Span }
  /** `value` is the pattern's source between the slashes. */
  | { readonly kind: 'regex'; readonly value: string; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly Literal[]; readonly span: Span }

export type Expression =
  | Literal
  | { readonly kind: 'path'; readonly name: Name; readonly span: Span }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[]; readonly span: Span }
  | { readonly kind: 'not'; readonly operand: Expression; readonly span: Span }
  | {
      readonly kind: 'compare'
      readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>='
      readonly left: Expression
      readonly right: Expression
      readonly span: Span
    }
  | { readonly kind: 'in'; readonly negated: boolean; readonly left: Expression; readonly right: Expression; readonly span: Span }
  | {
      readonly kind: 'has'
      readonly quantity: 'one' | 'any' | 'all'
      readonly left: Expression
      readonly right: Expression
      readonly span: Span
    }
  /** `location contains detector [scoring N]`, or text contains text. */
  | {
      readonly kind: 'contains'
      readonly left: Expression
      readonly right: Expression
      readonly scoring: Extract<Literal, { kind: 'number' }> | null
      readonly span: Span
    }
  | { readonly kind: 'exists'; readonly negated: boolean; readonly operand: Expression; readonly span: Span }
  | {
      readonly kind: 'match'
      readonly operator: 'starts with' | 'ends with' | 'like'
      readonly left: Expression
      readonly right: Expression
      readonly span: Span
    }
  | {
      readonly kind: 'quantifier'
      readonly quantity: 'some' | 'every' | 'no'
      readonly variable: Name
      readonly list: Expression
      readonly where: Expression
      readonly span: Span
    }
  | { readonly kind: 'count'; readonly variable: Name; readonly list: Expression; readonly where: Expression | null; readonly span: Span }
  | { readonly kind: 'lower'; readonly operand: Expression; readonly span: Span }
  /** `left ?? right` */
  | { readonly kind: 'default'; readonly left: Expression; readonly right: Expression; readonly span: Span }
  | {
      readonly kind: 'arithmetic'
      readonly operator: '+' | '-' | '*'
      readonly left: Expression
      readonly right: Expression
      readonly span: Span
    }
  | { readonly kind: 'jsonlogic'; readonly source: string; readonly span: Span }
  /** A hole that error recovery left; the checker passes over it in silence. */
  | { readonly kind: 'hole'; readonly span: Span }

/** One operand of a phrase: a path (word, attribute, detector, location, param …) or a literal. */
export type Operand = { readonly kind: 'path'; readonly name: Name; readonly span: Span } | Literal

/** Operands behind the verb (`preposition` null) or behind a preposition. `groups`: split at commas, `pool "a", "b"` is [[pool "a"], ["b"]]. */
export interface Slot {
  readonly preposition: Name | null
  readonly groups: readonly (readonly Operand[])[]
  readonly span: Span
}

export interface Phrase {
  readonly verb: Name
  readonly slots: readonly Slot[]
  readonly span: Span
}

export type Phase = 'request' | 'target' | 'response' | 'stream'

export type Clause =
  | { readonly kind: 'on'; readonly phases: readonly { readonly phase: Phase; readonly span: Span }[]; readonly span: Span }
  | { readonly kind: 'when' | 'unless'; readonly condition: Expression; readonly span: Span }
  | { readonly kind: 'on error'; readonly phrase: Phrase; readonly span: Span }
  | { readonly kind: 'phrase'; readonly phrase: Phrase; readonly span: Span }

export type DetectorClause =
  | { readonly kind: 'pattern'; readonly pattern: Extract<Literal, { kind: 'regex' }>; readonly span: Span }
  | { readonly kind: 'any'; readonly detectors: readonly Name[]; readonly span: Span }
  | { readonly kind: 'check'; readonly checks: readonly Name[]; readonly span: Span }
  | { readonly kind: 'list'; readonly list: Name; readonly span: Span }
  | { readonly kind: 'near'; readonly words: readonly Literal[]; readonly withinChars: number; readonly adds: number; readonly span: Span }
  | { readonly kind: 'entropy'; readonly minimum: number; readonly span: Span }
  | { readonly kind: 'score'; readonly score: number; readonly span: Span }
  | { readonly kind: 'examples' | 'never'; readonly texts: readonly Extract<Literal, { kind: 'text' }>[]; readonly span: Span }
  | { readonly kind: 'normalize'; readonly words: readonly Name[]; readonly span: Span }
  | { readonly kind: 'group'; readonly index: number; readonly span: Span }

export type TestClause =
  | { readonly kind: 'given'; readonly assignments: readonly { readonly attribute: Name; readonly value: Literal }[]; readonly span: Span }
  | { readonly kind: 'message'; readonly role: Name; readonly text: string; readonly span: Span }
  | { readonly kind: 'answer'; readonly text: string; readonly span: Span }
  | { readonly kind: 'chunks'; readonly texts: readonly string[]; readonly span: Span }
  | { readonly kind: 'expect'; readonly expectation: Expectation; readonly span: Span }

export type Expectation =
  | { readonly kind: 'effect'; readonly phrase: Phrase }
  | { readonly kind: 'policy'; readonly policy: Name; readonly outcome: 'fires' | 'silent' }

interface Declared {
  readonly span: Span
  /** Text of the `##` comments directly before it, or null. */
  readonly doc: string | null
}

export type Declaration = Declared &
  (
    | { readonly kind: 'module'; readonly name: Name; readonly version: string | null }
    | { readonly kind: 'import'; readonly module: Name; readonly alias: Name | null }
    | { readonly kind: 'list'; readonly name: Name; readonly values: readonly Literal[] | null; readonly from: string | null }
    | { readonly kind: 'const'; readonly name: Name; readonly value: Literal }
    | {
        readonly kind: 'param'
        readonly name: Name
        readonly type: TypeName
        readonly value: Literal
        readonly min: Literal | null
        readonly max: Literal | null
      }
    | { readonly kind: 'attribute'; readonly name: Name; readonly type: TypeName }
    | { readonly kind: 'default'; readonly phase: Phase; readonly verdict: 'allow' | 'deny' }
    | { readonly kind: 'detector'; readonly name: Name; readonly clauses: readonly DetectorClause[] }
    | { readonly kind: 'policy'; readonly name: Name; readonly title: string | null; readonly clauses: readonly Clause[] }
    | { readonly kind: 'exception'; readonly title: string; readonly policy: Name; readonly clauses: readonly Clause[] }
    | {
        readonly kind: 'overlay'
        readonly name: Name
        readonly scope: { readonly noun: Name; readonly values: readonly Literal[] }
        readonly params: readonly { readonly name: Name; readonly value: Literal; readonly span: Span }[]
        readonly phrases: readonly Phrase[]
        readonly declarations: readonly Declaration[]
      }
    | { readonly kind: 'test'; readonly title: string; readonly clauses: readonly TestClause[] }
  )

export type DeclarationOf<Kind extends Declaration['kind']> = Extract<Declaration, { kind: Kind }>

export interface TypeName {
  /** `text number bool time duration ip list …` */
  readonly text: string
  readonly optional: boolean
  readonly span: Span
}

export interface FileAst {
  readonly path: string
  readonly declarations: readonly Declaration[]
}
