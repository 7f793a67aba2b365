// Detectors and lists that nothing uses, in modules that have policies; a module that only declares is there for others. And detectors
// without a longest match that a policy uses on a stream.
import { declarationsOf, find, findDetector, fullName, type Names } from '../names.ts'
import { membersIn } from './covers.ts'
import { readPaths } from '../../evaluate/paths.ts'
import type { CompiledDetector, CompiledPolicy } from '../../compile/bundle.ts'
import type { DeclarationOf } from '../../syntax/ast.ts'
import type { Report } from '../report.ts'

export function findUnused(names: Names, report: Report): void {
  const used = usedNames(names)
  for (const module of names.modules.values()) {
    if (module.policies.size === 0) continue
    const lists = declarationsOf(module.files, 'list').map(({ name }) => ['P231', 'list', name] as const)
    const detectors = [...module.detectors.values()].map(({ name }) => ['P230', 'detector', name] as const)
    for (const [code, kind, name] of [...lists, ...detectors]) {
      if (used.has(fullName(module, name.text))) continue
      const help = kind === 'list' ? 'Use it in a condition or a detector, or remove it.' : 'Use it in a policy, or remove it.'
      report.warning(code, name.span, `nothing uses the ${kind} \`${name.text}\``, help)
    }
  }
}

/** Full names of all detectors and values that stand in a policy, an exception, an overlay or a detector. */
function usedNames(names: Names): ReadonlySet<string> {
  const used = new Set<string>()
  for (const module of names.modules.values()) {
    const see = (text: string): void => {
      const detector = findDetector(names, module, text)
      if (detector !== null) used.add(detector)
      const value = find(names, module, 'values', text)
      if (value) used.add(fullName(value.module, value.declaration.name.text))
    }
    for (const declaration of declarationsOf(module.files, 'policy', 'exception', 'overlay')) visit(declaration, see)
    for (const detector of module.detectors.values()) for (const text of namedBy(detector)) see(text)
  }
  return used
}

/** Spans hold no names, and are the larger part of a tree. */
function visit(node: unknown, see: (text: string) => void): void {
  if (typeof node !== 'object' || node === null) return
  if ('kind' in node && node.kind === 'path') see((node as unknown as { readonly name: { readonly text: string } }).name.text)
  else if (Array.isArray(node)) for (const child of node as readonly unknown[]) visit(child, see)
  else if (!('start' in node)) for (const key in node) visit((node as { readonly [key: string]: unknown })[key], see)
}

function namedBy({ clauses }: DeclarationOf<'detector'>): readonly string[] {
  return clauses.flatMap((clause) => {
    if (clause.kind === 'any') return clause.detectors.map(({ text }) => text)
    return clause.kind === 'list' ? [clause.list.text] : []
  })
}

// ── streams ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A candidate of a pattern without a longest match could hold back the rest of the answer. */
export function findUnboundedOnStreams(
  names: Names,
  policies: readonly CompiledPolicy[],
  detectors: readonly CompiledDetector[],
  report: Report,
): void {
  const unbounded = new Set(detectors.filter(isUnbounded).map(({ name }) => name))
  if (unbounded.size === 0) return
  const membersOf = membersIn(detectors)
  const reported = new Set<string>()
  for (const policy of policies) {
    if (!policy.phases.includes('stream') || policy.mode === 'off') continue
    for (const name of detectorsOf(policy, detectors).flatMap(membersOf)) {
      if (!unbounded.has(name) || reported.has(name)) continue
      reported.add(name)
      const message = `\`${policy.id}\` uses \`${name}\` on \`stream\`, and its pattern has no longest match`
      const help = 'Bound every repeat: `{1,64}` in place of `+`, `{0,64}` in place of `*`.'
      report.warning('P221', placeOf(name, names) ?? policy.span, message, help)
    }
  }
}

/** A match that is certain before it ends leaves a stream in pieces, unless something has to be asked about the whole of it. */
function isUnbounded({ patterns, checks, near, entropy, group }: CompiledDetector): boolean {
  const isPlain = checks.length === 0 && near.length === 0 && entropy === null && group === 0
  return patterns.some(({ maxLength, certainAfter }) => maxLength === null && !(isPlain && certainAfter !== undefined))
}

function detectorsOf({ when, effects }: CompiledPolicy, detectors: readonly CompiledDetector[]): readonly string[] {
  const paths = readPaths(when).filter((path) => path.startsWith('found.'))
  const operands = new Set(effects.flatMap((effect) => [effect.operands['detector'] ?? []].flat().map(String)))
  return detectors.flatMap(({ name }) =>
    operands.has(name) || paths.some((path) => path.startsWith(`found.${name}.completion`)) ? [name] : [],
  )
}

/** The first pattern of the detector that is not bounded. */
function placeOf(detector: string, names: Names): DeclarationOf<'detector'>['span'] | undefined {
  const declaration = names.detectors.get(detector)
  const patterns = declaration?.clauses.filter((clause) => clause.kind === 'pattern') ?? []
  return (patterns.length === 1 ? patterns[0]!.span : declaration?.name.span) ?? undefined
}
