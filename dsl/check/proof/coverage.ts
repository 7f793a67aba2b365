// Which policies no test makes fire, and which no test keeps silent. Whoever has run the tests knows; what tests say that they expect is a
// first answer without running them.
import { headOf } from './claims.ts'
import { readPaths } from '../../evaluate/paths.ts'
import type { CompiledPolicy, JsonLogic } from '../../compile/bundle.ts'
import type { CompiledTest } from '../tests.ts'
import type { Diagnostic } from '../../diagnostics/diagnostic.ts'

/** Ids of policies. */
export interface Seen {
  readonly fired: ReadonlySet<string>
  readonly silent: ReadonlySet<string>
}

/** What tests expect: a policy by its id, or by the code that it alone gives. Says nothing about what they reach without naming it. */
export function seenInExpectations(policies: readonly CompiledPolicy[], tests: readonly CompiledTest[]): Seen {
  const byCode = Map.groupBy(
    policies.flatMap(({ id, effects }) =>
      effects.flatMap(({ verb, operands }) => ('code' in operands ? [{ id, key: `${verb} ${String(operands['code'])}` }] : [])),
    ),
    ({ key }) => key,
  )
  const fired = new Set<string>()
  const silent = new Set<string>()
  for (const expected of tests.flatMap(({ expect }) => expect)) {
    if (expected.kind === 'policy') (expected.outcome === 'fires' ? fired : silent).add(expected.policy)
    else if (expected.kind === 'effect') {
      const ids = new Set(byCode.get(`${expected.verb} ${String(expected.operands['code'])}`)?.map(({ id }) => id))
      if (ids.size === 1) for (const id of ids) fired.add(id)
    }
  }
  return { fired, silent }
}

/** A warning for each test that is missing; one for all where a module has policies and no test at all. */
export function missingTests(policies: readonly CompiledPolicy[], tests: readonly CompiledTest[], seen: Seen): readonly Diagnostic[] {
  const tested = new Set(tests.map(({ module }) => module))
  const distinct = [...new Map(policies.filter(({ mode }) => mode !== 'off').map((policy) => [policy.id, policy])).values()]
  return [...Map.groupBy(distinct, ({ module }) => module)].flatMap(([module, members]) =>
    tested.has(module) ? members.flatMap((policy) => missingFor(policy, seen)) : [untested(module, members)],
  )
}

/** What has no condition fires always, so no test can keep it silent. */
function missingFor(policy: CompiledPolicy, { fired, silent }: Seen): readonly Diagnostic[] {
  const { id, when } = policy
  const missing = (code: string, message: string, outcome: string): Diagnostic => ({
    code,
    severity: 'warning',
    message,
    span: headOf(policy),
    help: `Write a test with \`expect policy ${id} ${outcome}\`.`,
  })
  return [
    ...(fired.has(id) || asksOfRecords(when) ? [] : [missing('P400', `no test makes \`${id}\` fire`, 'fires')]),
    ...(silent.has(id) || when === true ? [] : [missing('P401', `no test keeps \`${id}\` silent`, 'silent')]),
  ]
}

/** Does it look into the fields of records in a list? A test cannot give such a list, so it may not be able to make the policy fire. */
function asksOfRecords(when: JsonLogic): boolean {
  if (when === null || typeof when !== 'object') return false
  if (Array.isArray(when)) return (when as readonly JsonLogic[]).some(asksOfRecords)
  const [operator, operands] = Object.entries(when)[0]!
  const body = QUANTIFIERS.has(operator) ? (operands as readonly JsonLogic[])[1]! : null
  return (body !== null && readPaths(body).some((path) => !PLAIN_ELEMENT.test(path))) || asksOfRecords(operands!)
}

const QUANTIFIERS: ReadonlySet<string> = new Set(['some', 'none', 'filter'])
/** The element itself, or a value that `bind` brought in. */
const PLAIN_ELEMENT = /^(?:|it|k\d+)$/

function untested(module: string, members: readonly CompiledPolicy[]): Diagnostic {
  const count = members.length === 1 ? 'a policy' : `${members.length} policies`
  return {
    code: 'P402',
    severity: 'warning',
    message: `${module === '' ? 'the files without a module have' : `the module \`${module}\` has`} ${count} and no test`,
    span: headOf(members[0]!),
    help: 'Write two tests for each policy: one in which it fires, one in which it stays silent.',
  }
}
