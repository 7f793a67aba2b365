// One diagnostic shown: a text that raises it and its nearest neighbour that does not. `docs/diagnostics.md` prints them, a test executes them.

export interface CodeExample {
  readonly code: string
  /** Stands behind the line `module acme.example`, unless it begins with a line `module` of its own. */
  readonly bad: string
  readonly good: string
  /** Files that the texts name, for lists. */
  readonly files?: { readonly [path: string]: string }
}

/** A policy with these clauses. */
export const policy = (...clauses: readonly string[]): string => named('acme.rule', ...clauses)

export const named = (id: string, ...clauses: readonly string[]): string => `policy ${id} "A rule" {\n  ${clauses.join('\n  ')}\n}\n`

/** A policy that refuses requests under this condition. */
export const when = (condition: string): string => policy('on   request', `when ${condition}`, 'deny "acme.refused"')

export const detector = (...clauses: readonly string[]): string => `detector number {\n  ${clauses.join('\n  ')}\n}\n`
