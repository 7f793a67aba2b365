// Overlays: what some tenants have otherwise. They only tighten: a param moves within the bounds that its module declared, and those
// bounds are the promise; a mode is only raised. What two overlays say of one tenant agrees.
import { declarationsOf, find, findAttribute, fullName, type Module, type Names } from './names.ts'
import { isWithin, kindOf } from './declarations.ts'
import { matchPhrase } from './phrases.ts'
import type { DeclarationOf, Literal } from '../syntax/ast.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

export type Raised = 'shadow' | 'enforce'

export interface Overlay {
  readonly name: string
  readonly tenants: readonly string[]
  /** By full name. */
  readonly params: ReadonlyMap<string, Setting<Literal>>
  /** By policy. */
  readonly modes: ReadonlyMap<string, Setting<Raised>>
}

export interface Setting<Value> {
  readonly value: Value
  readonly span: Span
}

type Declared = DeclarationOf<'overlay'>

/** By name, which is the same in all modules. */
export function readOverlays(names: Names, report: Report): readonly Overlay[] {
  const overlays = new Map<string, Overlay>()
  const first = new Map<string, Span>()
  for (const module of names.modules.values()) {
    for (const declaration of declarationsOf(module.files, 'overlay')) {
      if (!findAttribute(names, 'tenant.id'))
        report.error(
          'P104',
          declaration.span,
          'there is no attribute `tenant.id`, and overlays go by it',
          'Load the plugin that brings it: `auth`.',
        )
      const { text, span } = declaration.name
      if (first.has(text))
        report.doubled('P101', span, first.get(text)!, `the overlay \`${text}\` is declared twice`, 'Rename one of them.')
      else first.set(text, span)
      overlays.set(text, readOverlay(declaration, module, names, report))
    }
  }
  const sorted = [...overlays.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  checkAgreement(sorted, report)
  return sorted
}

function readOverlay(overlay: Declared, module: Module, names: Names, report: Report): Overlay {
  for (const { kind, span } of overlay.declarations) {
    const help = 'Put it into the module, with a condition on `tenant.id`.'
    report.error('P190', span, `\`${kind}\` in an overlay is not supported by this version`, help)
  }
  return {
    name: overlay.name.text,
    tenants: tenantsOf(overlay, report),
    params: paramsOf(overlay, module, names, report),
    modes: modesOf(overlay, module, names, report),
  }
}

function tenantsOf({ scope: { noun, values } }: Declared, report: Report): readonly string[] {
  if (noun.text !== 'tenant') {
    report.error('P112', noun.span, `an overlay is for tenants, not for \`${noun.text}\``, 'Write `for tenant "…"`, with ids of tenants.')
    return []
  }
  for (const { kind, span } of values.filter((value) => value.kind !== 'text'))
    report.error('P110', span, `a tenant is named by its id, and this is a ${kind}`, 'Write the id in quotes.')
  return [...new Set(values.flatMap((value) => (value.kind === 'text' ? [value.value] : [])))].sort()
}

// ── params ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function paramsOf({ params }: Declared, module: Module, names: Names, report: Report): Overlay['params'] {
  const settings = new Map<string, Setting<Literal>>()
  for (const { name, value, span } of params) {
    const found = find(names, module, 'values', name.text)
    if (found?.declaration.kind !== 'param') {
      report.error('P128', name.span, `there is no param \`${name.text}\``, 'An overlay sets what a module declared with `param`.')
      continue
    }
    const full = fullName(found.module, found.declaration.name.text)
    const first = settings.get(full)
    if (first) report.doubled('P114', span, first.span, `\`${name.text}\` is set twice`, 'Keep one of the values.')
    else if (isAllowed(found.declaration, value, report)) settings.set(full, { value, span })
  }
  return settings
}

/** Says so where the value is of another type, beyond the bounds, or where no bound promises anything. */
function isAllowed(param: DeclarationOf<'param'>, value: Literal, report: Report): boolean {
  const { name, type, min, max } = param
  if (value.kind !== kindOf(type)) {
    report.error('P110', value.span, `this is a ${value.kind}, and the param \`${name.text}\` is a ${type.text}`, 'Nothing is converted.')
    return false
  }
  if (min === null && max === null) {
    const help = `Declare the bound that no tenant may go beyond: \`param ${name.text} : ${type.text} = … max …\`.`
    report.error('P128', value.span, `the param \`${name.text}\` has no bounds, so an overlay could loosen it`, help)
    return false
  }
  if (isWithin(value, min, max)) return true
  report.error(
    'P128',
    value.span,
    `the value is beyond the bounds of \`${name.text}\``,
    `They stand with its declaration: ${boundsOf(param)}.`,
  )
  return false
}

function boundsOf({ min, max }: DeclarationOf<'param'>): string {
  const show = (word: string, bound: Literal | null): string[] =>
    bound === null || bound.kind === 'list' ? [] : [`${word} ${bound.value}${UNITS[bound.kind] ?? ''}`]
  return [...show('min', min), ...show('max', max)].join(', ')
}

const UNITS: { readonly [kind: string]: string } = { duration: 'ms', percent: '%' }

// ── modes ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function modesOf({ phrases }: Declared, module: Module, names: Names, report: Report): Overlay['modes'] {
  const settings = new Map<string, Setting<Raised>>()
  for (const phrase of phrases) {
    const match = matchPhrase(phrase, ['overlay'], { names, module, phases: [], report })
    const policies = Array.isArray(match?.operands.policy) ? match.operands.policy.map(String) : []
    for (const policy of policies) {
      const first = settings.get(policy)
      if (first) report.doubled('P114', phrase.span, first.span, `the mode of \`${policy}\` is set twice`, 'Keep one of them.')
      else settings.set(policy, { value: match!.operands.choice as Raised, span: phrase.span })
    }
  }
  return settings
}

// ── agreement ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Which of two values would count must not depend on an order, so they have to be equal. The higher of two modes counts. */
function checkAgreement(overlays: readonly Overlay[], report: Report): void {
  const known = new Map<string, Setting<Literal>>()
  for (const { tenants, params } of overlays) {
    for (const [param, setting] of params) {
      const other = tenants.map((tenant) => known.get(JSON.stringify([param, tenant]))).find((one) => one && !isEqual(one, setting))
      if (other) {
        const help = 'Leave the tenant out of one of the overlays, or give both the same value.'
        report.doubled('P129', setting.span, other.span, `two overlays give a tenant two values of \`${param}\``, help)
      }
      for (const tenant of tenants) known.set(JSON.stringify([param, tenant]), setting)
    }
  }
}

function isEqual({ value: a }: Setting<Literal>, { value: b }: Setting<Literal>): boolean {
  return a.kind !== 'list' && b.kind !== 'list' && a.value === b.value
}
