// The artefact: one JSON document with everything that judges an exchange. Deterministic bytes; its hash names it in the record.
import type { Phase, Join } from '../vocabulary/vocabulary.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export type JsonLogic = null | boolean | number | string | readonly JsonLogic[] | { readonly [operator: string]: JsonLogic }

export type Severity = 'low' | 'medium' | 'high' | 'critical'

/** An operand after compilation. Percent, attribute and duration keep their kind; words, detectors (full names) and locations are texts. */
export type CompiledOperand = string | number | boolean | { readonly percent: number } | { readonly attribute: string }

export interface CompiledEffect {
  readonly verb: string
  /** The template that the use was matched with. */
  readonly phrase: string
  /** By operand name of the template; a list operand (`...`) is an array. Absent: left out. */
  readonly operands: { readonly [operand: string]: CompiledOperand | readonly CompiledOperand[] }
  readonly join: Join
}

export interface CompiledPolicy {
  /** Full id: module-independent as written, `pci.cards_stay_inside`. */
  readonly id: string
  readonly module: string
  readonly version: string | null
  readonly title: string | null
  readonly phases: readonly Phase[]
  readonly mode: 'off' | 'shadow' | 'enforce'
  readonly severity: Severity
  readonly owner: string | null
  readonly tags: readonly string[]
  readonly maps: readonly { readonly framework: string; readonly control: string }[]
  /** `when` and not `unless`, as portable JSON Logic over the context (`true` if there is none). */
  readonly when: JsonLogic
  readonly effects: readonly CompiledEffect[]
  /** What happens when a detector or attribute it needs fails. Null: deny `policy.scan_failed`. */
  readonly onError: CompiledEffect | null
  /** Overlays that made this variant, sorted and joined with `+`; null: the policy as its module wrote it. Variants of an id have disjoint guards. */
  readonly overlay: string | null
  readonly span: Span
}

/** What is kept of an exception: its condition is part of the policy's own. */
export interface CompiledException {
  readonly title: string
  /** Id of the policy that it loosens. */
  readonly policy: string
  /** ISO date; the exception ends with the start of that day, UTC. */
  readonly until: string
  readonly ticket: string
  readonly owner: string
  readonly module: string
  readonly span: Span
}

/** A list that came from a file. */
export interface CompiledList {
  /** Full name `acme.guard.icd10_terms`. */
  readonly name: string
  /** As written in the policy. */
  readonly from: string
  /** Hex, over the file's text as UTF-8. */
  readonly sha256: string
  /** Distinct values. */
  readonly count: number
}

/** A detector as the run time needs it. */
export interface CompiledDetector {
  /** Full name `standard.detectors.email`. */
  readonly name: string
  readonly patterns: readonly CompiledPattern[]
  /** Literal terms (from `list`), matched case-insensitively as whole words. */
  readonly terms: readonly string[]
  /** Members of a union, full names; such a detector has no patterns of its own. */
  readonly any: readonly string[]
  readonly checks: readonly string[]
  readonly near: readonly { readonly words: readonly string[]; readonly withinChars: number; readonly adds: number }[]
  /** Minimum Shannon entropy in bits per character, or null. */
  readonly entropy: number | null
  readonly score: number
  /** Capture group that is the finding; 0 is the whole match. */
  readonly group: number
  /** The way of reading that its patterns are written for; absent: folded. */
  readonly normalize?: string
  readonly examples: readonly string[]
  readonly never: readonly string[]
}

export interface CompiledPattern {
  /** Source in the dialect RE2 ∩ JavaScript. */
  readonly source: string
  /** Bounds of a match in characters; null: unbounded. */
  readonly minLength: number
  readonly maxLength: number | null
  /**
   * Of some patterns without a longest match: so many characters may be read before there is a match, and behind it; between, every further
   * character only makes it longer, so that a stream can release it in pieces.
   */
  readonly certainAfter?: number
  /** Literals of which at least one must occur in a match (lower case), or empty when none is known. */
  readonly literals: readonly string[]
}

export interface Bundle {
  readonly format: 'sallyport.policy/1'
  readonly modules: readonly { readonly name: string; readonly version: string | null }[]
  readonly policies: readonly CompiledPolicy[]
  readonly detectors: readonly CompiledDetector[]
  /** By policy and title. */
  readonly exceptions: readonly CompiledException[]
  /** By name; lists that are written in a policy are not among them. */
  readonly lists: readonly CompiledList[]
  /** Attributes that conditions or effects read, sorted. */
  readonly attributes: readonly string[]
  /** Verdict when no policy speaks, per phase. */
  readonly defaults: { readonly [phase in Phase]: 'allow' | 'deny' }
  readonly params: { readonly [name: string]: JsonLogic }
  /** Phrase templates of the verbs in use; a bundle is refused where the loaded plugins' differ. */
  readonly templates: { readonly [verb: string]: readonly string[] }
  /** Plugins that brought these verbs, to name them where the templates differ. */
  readonly plugins: { readonly [verb: string]: readonly string[] }
  /** One plain JSON Logic expression per phase that returns the ids of the matching policies. */
  readonly program: { readonly [phase in Phase]: JsonLogic }
  /** SHA-256 (hex) over the canonical JSON of all else. */
  readonly hash: string
}
