// Compiles overlays away: a policy that overlays touch becomes variants, one for each set of overlays that some tenants have, and the
// policy as written for everybody else. Their guards on `tenant.id` are disjoint, so nothing at run time knows of overlays.
import { find, fullName, type Module, type Names } from './names.ts'
import type { CompiledPolicy, JsonLogic } from '../compile/bundle.ts'
import type { DeclarationOf, Literal } from '../syntax/ast.ts'
import type { Overlay } from './overlays.ts'
import type { Report } from './report.ts'

const MODES: readonly CompiledPolicy['mode'][] = ['off', 'shadow', 'enforce']

/** Each takes memory and time to prove things about, in all policies together. */
const MAX_VARIANTS = 20_000

/** How many variants the overlays made so far. */
export class VariantBudget {
  #left = MAX_VARIANTS

  /** False where there are too many; said once. */
  take(count: number, { name: { span } }: DeclarationOf<'policy'>, report: Report): boolean {
    const before = this.#left
    this.#left -= count
    if (before >= 0 && this.#left < 0) {
      const help =
        'Let one overlay speak for all tenants that have the same (`for tenant "a", "b"`), or read what differs from an attribute such as `tenant.quota.…`.'
      report.error('P136', span, `the overlays make more than ${MAX_VARIANTS} variants of policies`, help)
    }
    return this.#left >= 0
  }
}

/** Lowers the policy with other values of its params, by full name. */
export type Lower = (overrides: ReadonlyMap<string, Literal>) => CompiledPolicy

export function variantsOf(
  base: CompiledPolicy,
  params: ReadonlySet<string>,
  overlays: readonly Overlay[],
  lower: Lower,
  fits: (count: number) => boolean,
): readonly CompiledPolicy[] {
  const touching = overlays.filter((overlay) => overlay.modes.has(base.id) || [...overlay.params.keys()].some((name) => params.has(name)))
  if (touching.length === 0) return [base]
  const groups = groupsOf(touching)
  if (!fits(groups.size)) return [base]
  const tenants = [...groups.values()].flatMap((group) => group.tenants).sort()
  if (tenants.length === 0) return [base]
  const variants = [...groups].map(([label, group]) => variantOf(base, label, group, lower))
  return [{ ...base, when: guarded({ '!': [{ in: [TENANT, tenants] }] }, base.when) }, ...variants]
}

function variantOf(base: CompiledPolicy, overlay: string, { overlays, tenants }: Group, lower: Lower): CompiledPolicy {
  const lowered = lower(new Map(overlays.flatMap(({ params }) => [...params].map(([name, { value }]) => [name, value] as const))))
  const own: JsonLogic = tenants.length === 1 ? { '===': [TENANT, tenants[0]!] } : { in: [TENANT, tenants] }
  return { ...lowered, overlay, mode: raised(base, overlays), when: guarded(own, lowered.when) }
}

interface Group {
  readonly overlays: readonly Overlay[]
  readonly tenants: readonly string[]
}

/** Tenants with the same overlays go together, by the names of those. */
function groupsOf(overlays: readonly Overlay[]): ReadonlyMap<string, Group> {
  const groups = new Map<string, { overlays: readonly Overlay[]; tenants: string[] }>()
  for (const [tenant, own] of overlaysByTenant(overlays)) {
    const label = own.map(({ name }) => name).join('+')
    const group = groups.get(label)
    if (group) group.tenants.push(tenant)
    else groups.set(label, { overlays: own, tenants: [tenant] })
  }
  for (const { tenants } of groups.values()) tenants.sort()
  return groups
}

function overlaysByTenant(overlays: readonly Overlay[]): ReadonlyMap<string, readonly Overlay[]> {
  const byTenant = new Map<string, Overlay[]>()
  for (const overlay of overlays) {
    for (const tenant of overlay.tenants) {
      const own = byTenant.get(tenant)
      if (own) own.push(overlay)
      else byTenant.set(tenant, [overlay])
    }
  }
  return byTenant
}

function raised({ id, mode }: CompiledPolicy, overlays: readonly Overlay[]): CompiledPolicy['mode'] {
  const ranks = overlays.flatMap(({ modes }) => modes.get(id)?.value ?? []).map((raise) => MODES.indexOf(raise))
  return MODES[Math.max(MODES.indexOf(mode), ...ranks)]!
}

/** An overlay that would lower a mode, or let a policy speak that allows, is refused. */
export function checkRaises({ id, mode, effects }: CompiledPolicy, overlays: readonly Overlay[], report: Report): void {
  const allows = effects.some(({ verb }) => verb === 'allow')
  for (const { name, modes } of overlays) {
    const setting = modes.get(id)
    if (!setting || setting.value === mode) continue
    if (allows && setting.value === 'enforce')
      report.error(
        'P128',
        setting.span,
        `\`${id}\` allows, so the overlay \`${name}\` would loosen`,
        'Write a policy of its own with a condition on `tenant.id`.',
      )
    if (MODES.indexOf(setting.value) > MODES.indexOf(mode)) continue
    const help = 'An overlay only raises a mode. To loosen a policy write an `exception`.'
    report.error('P128', setting.span, `the overlay \`${name}\` lowers \`${id}\` from \`${mode}\` to \`${setting.value}\``, help)
  }
}

// ── guards ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const TENANT: JsonLogic = { var: 'tenant.id' }

/** The guard stands first, where an index looks for it. */
function guarded(guard: JsonLogic, when: JsonLogic): JsonLogic {
  if (when === true) return guard
  if (typeof when !== 'object' || when === null || Array.isArray(when) || !('and' in when)) return { and: [guard, when] }
  return { and: [guard, ...(when as { readonly and: readonly JsonLogic[] }).and] }
}

// ── what a policy reads ──────────────────────────────────────────────────────────────────────────────────────────────

/** Full names of the params that stand anywhere in a policy or an exception. */
export function paramsIn(block: DeclarationOf<'policy' | 'exception'>, names: Names, module: Module): readonly string[] {
  return [...pathsIn(block.clauses)].flatMap((text) => {
    const found = find(names, module, 'values', text)
    return found?.declaration.kind === 'param' ? [fullName(found.module, found.declaration.name.text)] : []
  })
}

/** Every name that stands as an operand or in a condition. */
function pathsIn(node: unknown, paths = new Set<string>()): ReadonlySet<string> {
  if (typeof node !== 'object' || node === null) return paths
  const { kind, name } = node as { readonly kind?: unknown; readonly name?: { readonly text: string } }
  if (kind === 'path' && name) paths.add(name.text)
  else for (const inner of Object.values(node)) pathsIn(inner, paths)
  return paths
}
